"""The four-bit opcode of 32-bit T32 data processing, and what pc as an operand turns it into.

Modified immediates and shifted registers share this table; how the second operand is made is left to
their rows, what the operations do to ``dp``.
"""

from __future__ import annotations

from frontends.arm32.dp import (
    ADC,
    ADD,
    AND,
    BIC,
    CMN,
    CMP,
    EOR,
    MOV,
    MVN,
    ORN,
    ORR,
    RSB,
    SBC,
    SUB,
    TEQ,
    TST,
)
from frontends.arm32.machine import PC, Arm32
from xlate.isa import Reg

_OPERATION = {
    0: AND,
    1: BIC,
    2: ORR,
    3: ORN,
    4: EOR,
    8: ADD,
    10: ADC,
    11: SBC,
    13: SUB,
    14: RSB,
}
_TEST = {AND: TST, EOR: TEQ, ADD: CMN, SUB: CMP}  # when Rd is 1111 and S is 1
_MOVE = {ORR: MOV, ORN: MVN}  # when Rn is 1111


def operation(m: Arm32, op: int, S: int, Rn: Reg, Rd: Reg) -> int:
    """Return the operation that the fields mean; refuses the opcodes and registers that mean none."""
    if op not in _OPERATION:
        m.undefined("no data-processing operation")
    meant = _OPERATION[op]
    if Rd == PC:
        if not S or meant not in _TEST:
            m.unpredictable("data processing to the pc")
        meant = _TEST[meant]
    if Rn == PC:
        if meant not in _MOVE:
            m.unpredictable("data processing of the pc")
        meant = _MOVE[meant]
    return meant


def takes_carry(op: int) -> bool:
    """Say whether the flag-setting form writes the shifter's carry to C."""
    return op in (AND, BIC, ORR, ORN, EOR, TST, TEQ, MOV, MVN)
