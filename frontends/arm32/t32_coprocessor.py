"""T32 coprocessor space: what User mode may use of CP15, and the refusal of all the rest.

Coprocessors 10 and 11 are floating point and Advanced SIMD, whose rows stand elsewhere; no row here
matches them.
"""

from __future__ import annotations

from frontends.arm32.exclusive import fence
from frontends.arm32.machine import Arm32
from frontends.arm32.rows import T32
from frontends.arm32.system import (
    instruction_barrier,
    read_thread_register,
    read_user_enable,
    write_thread_register,
)
from xlate.isa import Reg

_NUMBERS = ("0xxx", "100x", "11xx")  # all but 1010 and 1011
_REGISTER_SPACE = tuple(f"coprocessor_operation_{n}_t32" for n in _NUMBERS)


def _no_transfer(m: Arm32) -> None:
    """LDC, STC, MCRR, MRRC, and their second forms: undefined."""
    m.undefined("coprocessor that the machine lacks or keeps for the system")


def _no_operation(m: Arm32) -> None:
    """CDP, MCR, MRC, and their second forms: undefined."""
    m.undefined("coprocessor that the machine lacks or keeps for the system")


for _number in _NUMBERS:
    T32(
        f"111 x 110 xxxxx xxxx xxxx {_number} xxxxxxxx",
        manual="LDC, STC, MCRR, MRRC",
        name=f"coprocessor_transfer_{_number}_t32",
    )(_no_transfer)
    T32(
        f"111 x 1110 xxxx xxxx xxxx {_number} xxxxxxxx",
        manual="CDP, MCR, MRC",
        name=f"coprocessor_operation_{_number}_t32",
    )(_no_operation)


@T32("1110 1110 000 1 1101 Rt:4 1111 011 1 0000", manual="MRC", over=_REGISTER_SPACE)
def mrc_tpidruro_t32(m: Arm32, Rt: Reg) -> None:
    """Rt := TPIDRURO, the thread pointer."""
    read_thread_register(m, Rt, "tpidruro")


@T32("1110 1110 000 1 1101 Rt:4 1111 010 1 0000", manual="MRC", over=_REGISTER_SPACE)
def mrc_tpidrurw_t32(m: Arm32, Rt: Reg) -> None:
    """Rt := TPIDRURW."""
    read_thread_register(m, Rt, "tpidrurw")


@T32("1110 1110 000 0 1101 Rt:4 1111 010 1 0000", manual="MCR", over=_REGISTER_SPACE)
def mcr_tpidrurw_t32(m: Arm32, Rt: Reg) -> None:
    """TPIDRURW := Rt."""
    write_thread_register(m, Rt, "tpidrurw")


@T32("1110 1110 000 1 1001 Rt:4 1111 000 1 1110", manual="MRC", over=_REGISTER_SPACE)
def mrc_pmuserenr_t32(m: Arm32, Rt: Reg) -> None:
    """Rt := PMUSERENR, which is 0: User mode has no counters."""
    read_user_enable(m, Rt)


@T32("1110 1110 000 0 0111 xxxx 1111 100 1 1010", manual="CP15DSB", over=_REGISTER_SPACE)
def cp15_dsb_t32(m: Arm32) -> None:
    """Order all memory accesses, whatever the register holds."""
    fence(m)


@T32("1110 1110 000 0 0111 xxxx 1111 101 1 1010", manual="CP15DMB", over=_REGISTER_SPACE)
def cp15_dmb_t32(m: Arm32) -> None:
    """Order all memory accesses, whatever the register holds."""
    fence(m)


@T32("1110 1110 000 0 0111 xxxx 1111 100 1 0101", manual="CP15ISB", over=_REGISTER_SPACE)
def cp15_isb_t32(m: Arm32) -> None:
    """Fetch what follows again, whatever the register holds."""
    instruction_barrier(m)
