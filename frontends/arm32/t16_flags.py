"""The flag rule of 16-bit T32 instructions, in one place: ``setflags = !InITBlock()``.

What each instruction computes is left to its row; tests and compares always write the flags and do not
ask here.
"""

from __future__ import annotations

from frontends.arm32.machine import Arm32


def sets_flags(m: Arm32) -> bool:
    """Say whether the plain form writes the flags: outside an IT block only."""
    return not m.in_it_block
