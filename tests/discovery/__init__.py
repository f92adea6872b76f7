"""Tests of code discovery: what is found in images made of words, in programs, in random bytes."""
