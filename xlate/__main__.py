"""Lets ``python -m xlate`` be the command ``xlate``."""

from xlate.cli import main

if __name__ == "__main__":
    main()
