"""Tests of the developer programs and of rules that every source file keeps."""
