"""How an instruction set is written down: encodings, rows, recording, decoding."""

from xlate.isa.expr import Expr, fits, sext, transform
from xlate.isa.insn import Imm, Reg, Row, RowSet
from xlate.isa.machine import Context, Machine, Refusal
from xlate.isa.record import Loop, Shape, Step, record, shapes

__all__ = [
    "Context",
    "Expr",
    "Imm",
    "Loop",
    "Machine",
    "Refusal",
    "Reg",
    "Row",
    "RowSet",
    "Shape",
    "Step",
    "fits",
    "record",
    "sext",
    "shapes",
    "transform",
]
