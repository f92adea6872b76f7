"""The waist: recorded operations that know neither guest nor host."""

from xlate.ir.block import Block, Op, Value
from xlate.ir.ops import OPS, OpRow

__all__ = ["OPS", "Block", "Op", "OpRow", "Value"]
