"""T16 special data processing on all sixteen registers, and branch and exchange.

ADD and MOV to the pc are plain branches: they stay in T32 state whatever bit 0 of the value is
(ALUWritePC in the manual), so the rows set that bit. BX and BLX interwork.
"""

from __future__ import annotations

from frontends.arm32.dp import CMP, data_processing
from frontends.arm32.machine import LR, PC, Arm32
from frontends.arm32.rows import T16
from xlate.ir import Value
from xlate.isa import Imm, Reg


def _write(m: Arm32, Rd: Reg, value: Value) -> None:
    """Rd := value, where a write to the pc branches without interworking."""
    if Rd == PC:
        m.branch_exchange(value | 1)
    else:
        m.R[Rd] = value


@T16("01000100 DN:1 Rm:4 Rdn:3", manual="ADD (register, Thumb)")
def add_high_t16(m: Arm32, DN: Imm, Rm: Reg, Rdn: Imm) -> None:
    """Rdn := Rdn + Rm, no flags."""
    Rd = DN << 3 | Rdn
    if Rd == PC and Rm == PC:
        m.unpredictable("pc added to pc")
    _write(m, Rd, m.R[Rd] + m.R[Rm])


@T16("01000101 N:1 Rm:4 Rn:3", manual="CMP (register)")
def cmp_high_t16(m: Arm32, N: Imm, Rm: Reg, Rn: Imm) -> None:
    """NZCV := Rn - Rm."""
    first = N << 3 | Rn
    if first == PC or Rm == PC:
        m.unpredictable("compare with the pc")
    data_processing(m, CMP, 1, first, first, m.R[Rm], None)


@T16("01000110 D:1 Rm:4 Rd:3", manual="MOV (register, Thumb)")
def mov_high_t16(m: Arm32, D: Imm, Rm: Reg, Rd: Imm) -> None:
    """Rd := Rm, no flags."""
    _write(m, D << 3 | Rd, m.R[Rm])


@T16("01000111 0 Rm:4 xxx", manual="BX")
def bx_t16(m: Arm32, Rm: Reg) -> None:
    """Go to Rm, bit 0 chooses the state."""
    m.branch_exchange(m.R[Rm], kind="return" if Rm == LR else "jump")


@T16("01000111 1 Rm:4 xxx", manual="BLX (register)")
def blx_reg_t16(m: Arm32, Rm: Reg) -> None:
    """LR := next instruction; go to Rm, bit 0 chooses the state."""
    if Rm == PC:
        m.unpredictable("call to the pc")
    target = m.R[Rm]
    m.link()
    m.branch_exchange(target, kind="call")
