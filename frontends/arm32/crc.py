"""CRC32 and CRC32C, written once for A32 and T32.

UNPREDICTABLE under a condition and in an IT block: it is kept there, like any other instruction's.
"""

from __future__ import annotations

from typing import Any

from frontends.arm32.machine import OFFSET, Arm32
from frontends.arm32.operands import refuse_pc

DOUBLEWORD = 3


def crc32(m: Arm32, Rd: Any, Rn: Any, Rm: Any, *, sz: int, C: int) -> None:
    """Rd := checksum Rn gone on with the low byte, halfword or word of Rm."""
    if sz == DOUBLEWORD:
        m.unpredictable("checksum of a doubleword")
    refuse_pc(m, Rd, Rn, Rm)
    host = m.get_state(OFFSET["host"], "i64")
    m.R[Rd] = m.block.op("crc32", m.R[Rn], m.R[Rm], host, bits=8 << sz, castagnoli=C)
