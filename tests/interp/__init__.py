"""The reference interpreter: its arithmetic against other arithmetic, its arms against the table."""
