"""Guests: bytes of one instruction to recorded IR, one folder each."""
