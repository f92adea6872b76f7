"""T32 loads and stores of register lists; PUSH.W and POP.W are STMDB and LDM of sp.

The accesses and their order are ``load_store_multiple``.
"""

from __future__ import annotations

from frontends.arm32.load_store_multiple import load_multiple, store_multiple
from frontends.arm32.machine import PC, SP, Arm32
from frontends.arm32.rows import T32
from xlate.isa import Imm, Reg
from xlate.isa.expr import popcount


def _refuse_list(m: Arm32, registers: Imm) -> None:
    if registers >> SP & 1:
        m.unpredictable("sp in a register list")
    if popcount(registers) < 2:
        m.unpredictable("list of less than two registers")


def _store(m: Arm32, Rn: Reg, registers: Imm, *, P: int, U: int, W: Imm) -> None:
    _refuse_list(m, registers)
    if registers >> PC:
        m.unpredictable("pc stored in a register list")
    if W and registers >> Rn & 1:
        m.unpredictable("base stored and written back")
    store_multiple(m, Rn, registers, P=P, U=U, W=W)


@T32("1110100 01 0 W:1 0 Rn:4 registers:16", manual="STM (STMIA, STMEA)")
def stm_t32(m: Arm32, W: Imm, Rn: Reg, registers: Imm) -> None:
    """mem32[Rn..] := R of each bit; W moves Rn past them."""
    _store(m, Rn, registers, P=0, U=1, W=W)


@T32("1110100 10 0 W:1 0 Rn:4 registers:16", manual="STMDB (STMFD)")
def stmdb_t32(m: Arm32, W: Imm, Rn: Reg, registers: Imm) -> None:
    """Words below Rn := R of each bit; W moves Rn to the lowest (PUSH)."""
    _store(m, Rn, registers, P=1, U=0, W=W)


@T32("1110100 01 0 W:1 1 Rn:4 registers:16", manual="LDM/LDMIA/LDMFD (Thumb)")
def ldm_t32(m: Arm32, W: Imm, Rn: Reg, registers: Imm) -> None:
    """R of each bit := mem32[Rn..]; W moves Rn past them (POP)."""
    _refuse_list(m, registers)
    load_multiple(m, Rn, registers, P=0, U=1, W=W)


@T32("1110100 10 0 W:1 1 Rn:4 registers:16", manual="LDMDB/LDMEA")
def ldmdb_t32(m: Arm32, W: Imm, Rn: Reg, registers: Imm) -> None:
    """R of each bit := words below Rn; W moves Rn to the lowest."""
    _refuse_list(m, registers)
    load_multiple(m, Rn, registers, P=1, U=0, W=W)


@T32("1110100 00 0 W:1 L:1 xxxx xxxxxxxxxxxxxxxx", manual="SRS (Thumb), RFE", name="srs_rfe_db_t32")
@T32("1110100 11 0 W:1 L:1 xxxx xxxxxxxxxxxxxxxx", manual="SRS (Thumb), RFE", name="srs_rfe_ia_t32")
def srs_rfe_t32(m: Arm32, W: Imm, L: Imm) -> None:
    """Undefined in User mode."""
    m.undefined("exception state belongs to the system")
