"""A word of A64 to recorded IR, its predicate (of B.cond) included."""

from __future__ import annotations

from typing import NamedTuple

import frontends.arm64  # noqa: F401 - importing it registers the rows
from frontends.arm64.machine import Arm64, make
from frontends.arm64.rows import A64
from xlate.isa import Context, Row, record
from xlate.isa.decoder import Decoder
from xlate.isa.nzcv import CONDITIONS

ALWAYS = len(CONDITIONS)
NO_ROW = "not in this guest yet, or no such encoding"
_DECODER = Decoder(A64)


class Insn(NamedTuple):
    """One decoded instruction; ``row`` is None where the table has a gap (undefined)."""

    row: Row | None
    word: int
    pc: int
    cond: int  # 0-13, or 14: executes always


def decode(word: int, pc: int) -> Insn:
    """Return the instruction ``word`` at ``pc``."""
    row = _DECODER.find(word)
    cond = row.encoding.extract(word)["cond"] if row is not None and row.predicated else ALWAYS
    return Insn(row, word, pc, min(cond, ALWAYS))


def record_insn(insn: Insn) -> Arm64:
    """Record the instruction under its predicate; raises Refusal where the row refuses."""
    machine = make(Context(insn.pc, thumb=False, size=4))
    if insn.cond < ALWAYS:
        machine.block.op("exit_skip", machine.holds(insn.cond) ^ 1)
    if insn.row is None:
        machine.unimplemented(NO_ROW)
        raise AssertionError  # unimplemented() does not come back
    record(insn.row, machine, insn.word)
    return machine
