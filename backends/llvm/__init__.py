"""IR to LLVM: text (shared with the stencil generator), passes, object code."""

# The families register their lowerings when they are imported.
from backends.llvm import ciphers, floats, fused, integer, lanes, state, vector_floats  # noqa: F401
