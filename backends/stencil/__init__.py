"""Copy-and-patch: machine-code templates made from recorded IR when the package is built."""
