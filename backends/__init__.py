"""Readers of recorded IR: interpreter, LLVM text, stencils."""
