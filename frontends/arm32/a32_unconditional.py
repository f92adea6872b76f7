"""The A32 space with condition 1111: preloads, barriers, CLREX and refusals.

BLX (immediate) stands in a32_branch.py, Advanced SIMD in the neon files.
"""

from __future__ import annotations

from frontends.arm32.exclusive import clear_exclusive, fence
from frontends.arm32.machine import Arm32
from frontends.arm32.rows import A32
from frontends.arm32.system import instruction_barrier

# --- memory hints -------------------------------------------------------------------------


@A32(
    "1111 0101 xx 01 xxxx 1111 xxxx xxxx xxxx",
    name="pld_immediate",
    manual="PLD, PLDW (immediate, literal)",
    over=("pld_immediate_space",),
)
@A32(
    "1111 0111 xx 01 xxxx 1111 xxxx xxx0 xxxx",
    name="pld_register",
    manual="PLD, PLDW (register)",
    over=("pld_register_space",),
)
@A32(
    "1111 0100 x1 01 xxxx 1111 xxxx xxxx xxxx",
    name="pli_immediate",
    manual="PLI (immediate, literal)",
    over=("pli_immediate_space",),
)
@A32(
    "1111 0110 x1 01 xxxx 1111 xxxx xxx0 xxxx",
    name="pli_register",
    manual="PLI (register)",
    over=("pli_register_space",),
)
@A32("1111 0100 x0 01 xxxx xxxx xxxx xxxx xxxx", name="hint_0100_x001", manual="Memory hints")
@A32("1111 0110 x0 01 xxxx xxxx xxxx xxx0 xxxx", name="hint_0110_x001", manual="Memory hints")
def preload(m: Arm32) -> None:
    """Nothing: preloads are hints, and so are the unallocated encodings among them."""


@A32(
    "1111 0101 xx 01 xxxx xxxx xxxx xxxx xxxx",
    name="pld_immediate_space",
    manual="PLD, PLDW (immediate, literal)",
)
@A32(
    "1111 0111 xx 01 xxxx xxxx xxxx xxx0 xxxx",
    name="pld_register_space",
    manual="PLD, PLDW (register)",
)
@A32(
    "1111 0100 x1 01 xxxx xxxx xxxx xxxx xxxx",
    name="pli_immediate_space",
    manual="PLI (immediate, literal)",
)
@A32("1111 0110 x1 01 xxxx xxxx xxxx xxx0 xxxx", name="pli_register_space", manual="PLI (register)")
@A32("1111 0100 xx 11 xxxx xxxx xxxx xxxx xxxx", name="hint_0100_xx11", manual="Memory hints")
@A32("1111 0101 1x 11 xxxx xxxx xxxx xxxx xxxx", name="hint_0101_1x11", manual="Memory hints")
@A32("1111 0101 00 11 xxxx xxxx xxxx xxxx xxxx", name="hint_0101_0011", manual="Memory hints")
@A32("1111 011x xx 11 xxxx xxxx xxxx xxx0 xxxx", name="hint_011x_xx11", manual="Memory hints")
def hint_unpredictable(m: Arm32) -> None:
    """Refuse what the manual leaves open."""
    m.unpredictable("memory hint space")


@A32(
    "1111 0101 xx x0 xxxx xxxx xxxx xxxx xxxx", name="unallocated_0101_xxx0", manual="Memory hints"
)
@A32("1111 011x xx xx xxxx xxxx xxxx xxx1 xxxx", name="unallocated_011x_1", manual="Memory hints")
@A32(
    "1111 011x xx x0 xxxx xxxx xxxx xxx0 xxxx", name="unallocated_011x_xxx0", manual="Memory hints"
)
def hint_unallocated(m: Arm32) -> None:
    """Nothing is allocated here."""
    m.undefined("unallocated unconditional instruction")


# --- barriers -----------------------------------------------------------------------------

_BARRIERS = ("barrier_unallocated",)


@A32("1111 0101 0111 xxxx xxxx xxxx xxxx xxxx", manual="Miscellaneous unconditional")
def barrier_unallocated(m: Arm32) -> None:
    """Refuse what the manual leaves open."""
    m.unpredictable("unallocated barrier")


@A32("1111 0101 0111 (1111 1111 0000) 0001 (1111)", manual="CLREX", over=_BARRIERS)
def clrex(m: Arm32) -> None:
    """Close the monitor."""
    clear_exclusive(m)


@A32("1111 0101 0111 (1111 1111 0000) 010x xxxx", manual="DSB, DMB", over=_BARRIERS)
def dmb(m: Arm32) -> None:
    """Order memory accesses; all options are as strong as SY."""
    fence(m)


@A32("1111 0101 0111 (1111 1111 0000) 0110 xxxx", manual="ISB", over=_BARRIERS)
def isb(m: Arm32) -> None:
    """Fetch what follows again."""
    instruction_barrier(m)


# --- not in User mode, or not at all ------------------------------------------------------


@A32("1111 0000 xxxx xxxx xxxx xxxx xxxx xxxx", name="unconditional_0000", manual="Unconditional")
@A32(
    "1111 0001 xx1x xxxx xxxx xxxx xxxx xxxx",
    name="unconditional_0001_xx1x",
    manual="Unconditional",
)
@A32(
    "1111 0001 x1 0x xxxx xxxx xxxx xxxx xxxx",
    name="unconditional_0001_x10x",
    manual="Unconditional",
)
@A32(
    "1111 0001 100x xxxx xxxx xxxx xxxx xxxx",
    name="unconditional_0001_100x",
    manual="Unconditional",
)
@A32(
    "1111 0001 0000 xxxx xxxx xxxx xxxx xxxx",
    name="unconditional_0001_0000",
    manual="Unconditional",
)
@A32("1111 0001 0001 xxxx xxxx xxxx xxxx xxxx", name="setpan", manual="SETPAN (ARMv8.1)")
def unconditional_unallocated(m: Arm32) -> None:
    """Nothing is allocated here in ARMv7."""
    m.undefined("unallocated unconditional instruction")


@A32("1111 00010000 xxx 0 (0000 000)x xx0x xxxx", manual="CPS", over=("unconditional_0001_0000",))
def cps(m: Arm32) -> None:
    """Nothing: a change of processor state is ignored in User mode."""


@A32(
    "1111 00010000 (000) 1 (0000 00) E:1 (0) 0000 (0000)",
    manual="SETEND",
    over=("unconditional_0001_0000",),
)
def setend(m: Arm32, E: int) -> None:
    """Nothing for SETEND LE; big-endian is refused, since data stay little-endian for good."""
    if E:
        m.unimplemented("SETEND BE: big-endian data")


@A32("1111 100 xx 1 x 0 xxxx xxxx xxxx xxxx xxxx", manual="SRS")
def srs(m: Arm32) -> None:
    """UNPREDICTABLE in User mode."""
    m.unpredictable("SRS in User mode")


@A32("1111 100 xx 0 x 1 xxxx xxxx xxxx xxxx xxxx", manual="RFE")
def rfe(m: Arm32) -> None:
    """UNPREDICTABLE in User mode."""
    m.unpredictable("RFE in User mode")


@A32(
    "1111 100 xx 0 x 0 xxxx xxxx xxxx xxxx xxxx",
    name="unconditional_100_00",
    manual="Unconditional",
)
@A32(
    "1111 100 xx 1 x 1 xxxx xxxx xxxx xxxx xxxx",
    name="unconditional_100_11",
    manual="Unconditional",
)
@A32(
    "1111 11 xxxxxx xxxx xxxx xxxx xxxx xxxx",
    name="coprocessor2",
    manual="LDC2, STC2, CDP2, MCR2, MRC2, MCRR2, MRRC2",
)
def unconditional_coprocessor(m: Arm32) -> None:
    """No coprocessor has instructions here for User mode."""
    m.undefined("unconditional coprocessor space")
