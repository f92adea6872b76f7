"""Tests mirror the packages; conftest.py is what they share, needs.py what they want."""
