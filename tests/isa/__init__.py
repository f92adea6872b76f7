"""How instruction sets are written: expressions, encodings, the laws that every row obeys."""
