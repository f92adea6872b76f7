"""Tests of the rows as a decoder: gaps, and agreement with other disassemblers."""
