"""Ahead of time: programs and libraries to packages, one file after the other."""
