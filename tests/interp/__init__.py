"""The interpreter: its arithmetic against other arithmetic, its arms against the op table."""
