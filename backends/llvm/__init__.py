"""IR to LLVM: text (shared with the stencil generator), passes, object code."""
