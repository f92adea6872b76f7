"""The tests mirror the packages; ``conftest.py`` holds what they share, ``needs.py`` what they want."""
