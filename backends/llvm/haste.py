"""What of a recording matters where the host's arithmetic is taken as it is, and looked at later.

Decides nothing about runs (``chains.py``); both they and the snippets ask here.
"""

from __future__ import annotations

from collections.abc import Iterable

from xlate.ir import Block, Op, Value
from xlate.ir.ops import OPS, Effect

_EXACT = {"nan_fix": 2, "vf_fix": 1}  # operands in front that are for the exact form


def on_lanes(blocks: Iterable[Block]) -> bool:
    """Whether there is arithmetic on lanes, which flushes denormals where it is exact."""
    return any(op.name == "vf_fix" for block in blocks for op in block.ops)


def hasty_ops(block: Block, qc_offset: int) -> tuple[Op, ...]:
    """The operations of one block that matter then, in their order."""
    needed: set[int] = set()
    lanes = on_lanes((block,))
    for op in reversed(block.ops):
        if op.name == "set_state" and op.params["offset"] == qc_offset and lanes:
            continue  # of the exact form, as whoever wrote vf_fix promises
        wanted = OPS[op.name].effect not in (Effect.PURE, Effect.READ_STATE) or op.name == "fcmp"
        if wanted or op.index in needed:
            needed.add(op.index)
            needed.update(arg.op.index for arg in hasty_args(op))
    return tuple(op for op in block.ops if op.index in needed)


def hasty_args(op: Op) -> tuple[Value, ...]:
    """The operands that count then."""
    return tuple(op.args[_EXACT.get(op.name, 0) :])
