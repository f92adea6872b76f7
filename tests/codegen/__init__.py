"""Tests of the code that templates give, and of the machinery that makes templates."""
