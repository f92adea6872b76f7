"""The native runtime itself: its tables, and behaviour that only its internals explain."""
