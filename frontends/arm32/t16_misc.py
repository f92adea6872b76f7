"""T16 miscellaneous: sp and pc arithmetic, extension, byte reversal, and what is not for user programs.

Branches, IT and hints are ``t16_branch``; PUSH and POP ``t16_load_store_multiple``.
"""

from __future__ import annotations

from frontends.arm32.dp import ADD, SUB, data_processing
from frontends.arm32.machine import SP, Arm32
from frontends.arm32.media import extend, reverse_halves, reverse_signed_half, reverse_word
from frontends.arm32.rows import T16
from xlate.isa import Imm, Reg


@T16("10100 Rd:3 imm8:8", manual="ADR")
def adr_t16(m: Arm32, Rd: Reg, imm8: Imm) -> None:
    """Rd := Align(pc, 4) + imm8:00."""
    m.R[Rd] = m.const(m.pc_aligned + (imm8 << 2))


@T16("10101 Rd:3 imm8:8", manual="ADD (SP plus immediate)")
def add_sp_imm8_t16(m: Arm32, Rd: Reg, imm8: Imm) -> None:
    """Rd := sp + imm8:00."""
    data_processing(m, ADD, 0, Rd, SP, m.const(imm8 << 2), None)


@T16("1011 0000 0 imm7:7", manual="ADD (SP plus immediate)")
def add_sp_imm7_t16(m: Arm32, imm7: Imm) -> None:
    """Sp := sp + imm7:00."""
    data_processing(m, ADD, 0, SP, SP, m.const(imm7 << 2), None)


@T16("1011 0000 1 imm7:7", manual="SUB (SP minus immediate)")
def sub_sp_imm7_t16(m: Arm32, imm7: Imm) -> None:
    """Sp := sp - imm7:00."""
    data_processing(m, SUB, 0, SP, SP, m.const(imm7 << 2), None)


@T16("1011 0010 00 Rm:3 Rd:3", manual="SXTH")
def sxth_t16(m: Arm32, Rm: Reg, Rd: Reg) -> None:
    """Rd := SignExtend(Rm<15:0>)."""
    extend(m, Rd, None, Rm, 0, bits=16, unsigned=0)


@T16("1011 0010 01 Rm:3 Rd:3", manual="SXTB")
def sxtb_t16(m: Arm32, Rm: Reg, Rd: Reg) -> None:
    """Rd := SignExtend(Rm<7:0>)."""
    extend(m, Rd, None, Rm, 0, bits=8, unsigned=0)


@T16("1011 0010 10 Rm:3 Rd:3", manual="UXTH")
def uxth_t16(m: Arm32, Rm: Reg, Rd: Reg) -> None:
    """Rd := ZeroExtend(Rm<15:0>)."""
    extend(m, Rd, None, Rm, 0, bits=16, unsigned=1)


@T16("1011 0010 11 Rm:3 Rd:3", manual="UXTB")
def uxtb_t16(m: Arm32, Rm: Reg, Rd: Reg) -> None:
    """Rd := ZeroExtend(Rm<7:0>)."""
    extend(m, Rd, None, Rm, 0, bits=8, unsigned=1)


@T16("1011 1010 00 Rm:3 Rd:3", manual="REV")
def rev_t16(m: Arm32, Rm: Reg, Rd: Reg) -> None:
    """Rd := bytes of Rm in reverse order."""
    reverse_word(m, Rd, Rm)


@T16("1011 1010 01 Rm:3 Rd:3", manual="REV16")
def rev16_t16(m: Arm32, Rm: Reg, Rd: Reg) -> None:
    """Rd := bytes of each halfword of Rm swapped."""
    reverse_halves(m, Rd, Rm)


@T16("1011 1010 11 Rm:3 Rd:3", manual="REVSH")
def revsh_t16(m: Arm32, Rm: Reg, Rd: Reg) -> None:
    """Rd := bottom halfword of Rm with bytes swapped, sign-extended."""
    reverse_signed_half(m, Rd, Rm)


@T16("1011 1010 10 imm6:6", manual="HLT")
def hlt_t16(m: Arm32, imm6: Imm) -> None:
    """Undefined: there is no halting debugger."""
    m.undefined("HLT without a debugger")


@T16("1011 0110 010 x E:1 xxx", manual="SETEND")
def setend_t16(m: Arm32, E: Imm) -> None:
    """No effect for LE, which is what there is; BE is refused."""
    if E:
        m.unimplemented("SETEND BE: big-endian data")


@T16("1011 0110 011 im:1 x AIF:3", manual="CPS (Thumb)")
def cps_t16(m: Arm32, im: Imm, AIF: Imm) -> None:
    """No effect in User mode."""
