"""What one instruction does, recorded once for every word: operations, and where control goes.

Instructions repeat, so a recording is kept by its word; the address stays the expression ``pc``.
Branches hardly repeat, but differ in their targets alone: the recordings of such a row share their
blocks, and what is made of them. Targets stand in the flow; no word's own is left in the blocks.
Discovery reads the flow, the optimised tier reads the operations: neither decodes anything itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from frontends.arm32.decode import Insn, misplaced
from frontends.arm32.machine import Arm32
from xlate.errors import Inconsistent
from xlate.ir import Block, Op
from xlate.ir.block import WIDTHS
from xlate.isa import Context, Expr, Refusal

PC = Expr.var("pc")
_STAYS = ("next", "refused")
MOST_WORDS = 200_000  # recordings kept: random words must not fill the memory


@dataclass(slots=True)
class Flow:
    """How an instruction ends.

    ``kind`` is next (falls through), jump, call, branch (tests a register itself), indirect, stop
    or refused. ``how`` says for indirect: jump, call or return; for stop: svc, undefined, bkpt or
    refetch; for refused: undefined, unpredictable or unimplemented. ``target`` is a key (address
    and Thumb bit), or what has to be added to ``pc`` where it is a multiple of four and where it
    is not; None where it is known at run time only, an expression while fields are left open.
    """

    kind: str
    how: str = ""
    target: Expr | tuple[int, int] | int | None = None
    reason: str = ""

    def target_at(self, pc: int) -> int:
        """The key (address and Thumb bit) of a known target for an instruction at ``pc``."""
        target = self.target
        if isinstance(target, tuple):
            return (target[pc >> 1 & 1] + pc) & 0xFFFFFFFF
        assert isinstance(target, int)
        return target


@dataclass(eq=False, slots=True)
class Recorded:
    """Operations without the predicate, flow, and the loads from constant addresses.

    None of it ever changes; ``effects`` is discovery's, who works them out when it first asks.
    """

    blocks: tuple[Block, ...]
    flow: Flow
    literals: tuple[tuple[Expr, int], ...]  # address expression in pc, bytes
    effects: Any = None

    @property
    def ops(self) -> tuple[Op, ...]:
        """All operations in order."""
        return tuple(op for block in self.blocks for op in block)


def address_at(address: Expr | int, pc: int) -> int:
    """The value of an address expression for an instruction at ``pc``.

    Such expressions are linear in Align(pc, 4), so each is evaluated once for each pc & 3.
    """
    if isinstance(address, int):
        return address
    low = pc & 3
    key = (address.text, low)
    offset = _offsets.get(key)
    if offset is None:
        if len(_offsets) >= MOST_WORDS:
            _offsets.clear()
        offset = _offsets[key] = address.evaluate({"pc": low})
    return (offset + pc - low) & 0xFFFFFFFF


def recorded(insn: Insn) -> Recorded:
    """The recording of a decoded instruction; the same object for the same word."""
    # What the recording depends on besides the word: instruction set, size, place in an IT block.
    it = insn.itstate & 15
    mode = (1 if insn.thumb else 0) | (insn.size & 2) | (4 if it else 0) | (8 if it & 7 else 0)
    key = insn.word << 4 | mode
    found = _memo.get(key)
    if found is None:
        if len(_memo) >= MOST_WORDS:
            _memo.clear()
        found = _memo[key] = _make(insn)
    return found


_memo: dict[int, Recorded] = {}
_offsets: dict[tuple[str, int], int] = {}
_Mode = tuple[str, int, bool, bool]  # row, bytes, T32, in an IT block
_open: dict[_Mode, frozenset[str]] = {}  # fields that say nothing but where a branch goes


class _Form(NamedTuple):
    """What all branches of a row have in common, and where they go by their fields and ``pc``."""

    own: Recorded
    target: Callable[[dict[str, int]], int]


_forms: dict[tuple[_Mode, tuple[int, ...]], _Form] = {}  # by the other fields' values


def _make(insn: Insn) -> Recorded:
    if insn.row is None:
        return Recorded((), Flow("refused", "undefined", reason="no such encoding"), ())
    if misplaced(insn):
        why = "conditional branch or IT inside an IT block"
        return Recorded((), Flow("refused", "unpredictable", reason=why), ())
    found = _branch(insn) or _record(insn, _fields(insn))
    # Only the last instruction of an IT block may go elsewhere: blocks never begin inside one.
    if insn.itstate & 7 and found.flow.kind not in _STAYS:
        why = "leaves in the middle of an IT block"
        return Recorded((), Flow("refused", "unpredictable", reason=why), ())
    return found


class _Unrolled(Arm32):
    """Writes every round out: with the word known, so is the number of rounds."""

    def repeat(self, count: Any, body: Callable[[Any, Any], None]) -> None:
        """Run ``body(round, round)`` ``count`` times."""
        super().repeat(Expr.of(count).evaluate({}), body)


def _fields(insn: Insn) -> dict[str, Any]:
    assert insn.row is not None
    fields: dict[str, Any] = insn.row.encoding.extract(insn.word)
    if insn.row.predicated:
        del fields["cond"]
    return fields


def _branch(insn: Insn) -> Recorded | None:
    """The recording of a direct branch with its row's blocks, None for all else."""
    assert insn.row is not None
    mode = (insn.row.name, insn.size, insn.thumb, insn.in_it_block)
    opened = _open.get(mode)
    if opened is None:
        own = _record(insn, _fields(insn))
        if not isinstance(own.flow.target, tuple):
            return own
        opened = _open[mode] = _offset_fields(insn)
    if not opened:
        return None
    fields = _fields(insn)
    key = (mode, tuple([value for name, value in fields.items() if name not in opened]))
    form = _forms.get(key)
    if form is None:
        form = _forms[key] = _form(insn, fields | {name: Expr.var(name) for name in opened})
    own, flow = form.own, form.own.flow
    if not isinstance(flow.target, Expr):
        return own
    return Recorded(own.blocks, Flow(flow.kind, flow.how, _relative(form.target, fields)), ())


def _form(insn: Insn, fields: dict[str, Any]) -> _Form:
    own = _record(insn, fields)
    target = own.flow.target
    return _Form(own, (target if isinstance(target, Expr) else Expr.of(0)).compiled())


def _relative(target: Callable[[dict[str, int]], int], fields: dict[str, int]) -> tuple[int, int]:
    """The target less ``pc`` where that is 0 and 2 modulo 4: it is linear in Align(pc, 4)."""
    at_0 = target(fields | {"pc": 0})
    return at_0 & 0xFFFFFFFF, (target(fields | {"pc": 2}) - 2) & 0xFFFFFFFF


def _offset_fields(insn: Insn) -> frozenset[str]:
    """Fields of the instruction's row that nothing but a branch's target depends on."""
    assert insn.row is not None
    fields = _fields(insn)
    patchable = {name: Expr.var(name) for name in fields if name not in insn.row.structural}
    try:
        found = _record(insn, fields | patchable)
    except Inconsistent:  # the row asks what a field is
        return frozenset()
    target = found.flow.target
    if not isinstance(target, Expr):
        return frozenset()
    elsewhere = [
        value
        for op in found.ops
        for name, value in op.params.items()
        if isinstance(value, Expr) and (name != "target" or value is not target)
    ]
    return (target.names() & patchable.keys()).difference(*(e.names() for e in elsewhere))


def _record(insn: Insn, fields: dict[str, Any]) -> Recorded:
    assert insn.row is not None
    machine = _Unrolled(Context(PC, insn.thumb, insn.size, insn.in_it_block))
    try:
        insn.row.semantics(machine, **fields)
    except Refusal as refusal:
        return Recorded((), Flow("refused", refusal.kind, reason=refusal.reason), ())
    blocks = tuple(step.block for step in machine.steps if step.block.ops)
    return Recorded(blocks, _flow(blocks), tuple(_literals(blocks)))


def _flow(blocks: tuple[Block, ...]) -> Flow:
    exits = [op for block in blocks for op in block if op.name.startswith("exit_")]
    if not exits:
        return Flow("next")
    last = exits[-1]
    if last.name == "exit_jump":
        kind = "call" if last.params["kind"] == "call" else "jump"
        return Flow(kind, target=_settled(last.params["target"]))
    if last.name == "exit_branch":
        return Flow("branch", target=_settled(last.params["target"]))
    if last.name == "exit_indirect":
        value = last.args[0].op
        if value.name == "const":  # bx pc
            kind = "call" if last.params["kind"] == "call" else "jump"
            return Flow(kind, target=_settled(value.params["value"]))
        return Flow("indirect", last.params["kind"])
    return Flow("stop", last.params["reason"])


def _settled(target: Expr | int) -> Expr | tuple[int, int] | int:
    """An expression in ``pc`` alone as what is added to it."""
    if isinstance(target, int) or target.names() - {"pc"}:
        return target
    return _relative(target.evaluate, {})


def _literals(blocks: tuple[Block, ...]) -> list[tuple[Expr, int]]:
    found = []
    for block in blocks:
        for op in block:
            if op.name == "load" and op.args[0].op.name == "const":
                address = Expr.of(op.args[0].op.params["value"])
                found.append((address, WIDTHS[op.ty] // 8))
    return found
