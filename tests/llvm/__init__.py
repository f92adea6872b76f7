"""Tests of the lowering to LLVM text."""
