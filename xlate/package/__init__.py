"""Packages of optimised code: the file, what it is valid for, and the store that keeps it."""
