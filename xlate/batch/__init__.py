"""Many conversions: whole trees while somebody waits, and wishes of runs while nobody does."""
