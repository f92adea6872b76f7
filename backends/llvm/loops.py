"""Loops that need no poll in every round: innermost, without calls, counted by one register.

Such a loop is strip-mined: a room says how far the register can still move while the loop is
certain to go on, and only when it is used up the guest's own condition is tested, the pending word
is polled and the room is worked out again (docs/decisions/0007). The room may be too small, never
too large: then the loop is as slow as a polled one and still right. It is measured in the
register's own units, so that no division is needed. Short loops of one block are unrolled: while
there is room for several rounds nothing is tested between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backends.llvm.liveness import Node, Step
from backends.llvm.slots import ALL_FLAGS
from backends.llvm.source import ALWAYS, Source
from xlate.ir import Op, Value
from xlate.ir.ops import OPS, Effect

CHUNK = 4096  # rounds between two polls, at most, where the stride is a number
MOST_STRIDE = 1 << 14  # of a loop that is worth it
LONGEST = 1 << 18  # room where the stride is a register, which may be 1
ROUNDS = 4  # of an unrolled loop
FEWER = 2  # where each looks for NaNs
MORE = 8  # where all together ask MXCSR, which waits
LARGEST = 16  # guest instructions in a loop that is unrolled, its branch included

EQ, NE, CS, CC, MI, PL, HI, LS, GE, LT, GT, LE = 0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13
_MIRROR = {NE: NE, CC: HI, HI: CC, LS: CS, CS: LS, LT: GT, GT: LT, LE: GE, GE: LE}
_UPWARDS = (NE, CC, LS, LT, LE)
_DOWNWARDS = (NE, CS, HI, GE, GT)
_SIGNED = (LT, LE, GT, GE)
_STRICT = (CC, HI, LT, GT)


@dataclass(frozen=True)
class Change:
    """What a round adds to a register: a number, or a register's value that is taken for positive.

    ``late``: the comparison still sees the value from before.
    """

    amount: int
    register: int | None = None
    late: bool = False

    @property
    def up(self) -> bool:
        """The register grows."""
        return self.register is not None or self.amount > 0


@dataclass(frozen=True)
class Counted:
    """The loop goes on while ``register``, changed by ``step`` each round, is ``cond`` bound."""

    header: int
    latch: int
    register: int
    step: Change
    cond: int
    bound: int
    bound_is_register: bool

    def room(self, value: Callable[[str], str]) -> str:
        """LLVM operand: round k is followed by another for certain while k strides are less."""
        x = value(f"load i32, ptr %r{self.register}")
        y = value(f"load i32, ptr %r{self.bound}") if self.bound_is_register else str(self.bound)
        first, second = (y, x) if self.step.up else (x, y)
        distance = value(f"sub i32 {first}, {second}")
        most = LONGEST if self.step.register is not None else CHUNK * abs(self.step.amount)
        room = value(f"call i32 @llvm.umin.i32(i32 {distance}, i32 {most})")
        if self.cond == NE:  # equal at once means a long way round, of which nothing is made
            late = self.step.late
            return value(f"add i32 {room}, {abs(self.step.amount)}") if late else room
        sign = "s" if self.cond in _SIGNED else "u"
        strict = self.cond in _STRICT
        ahead = value(f"icmp {sign}{'gt' if strict else 'ge'} i32 {first}, {second}")
        if not strict:
            room = value(f"add i32 {room}, 1")
        if self.step.register is not None:
            less = value(f"sub i32 {self.stride(value)}, 1")
            ahead = value(f"and i1 {ahead}, {value(f'icmp ult i32 {less}, {MOST_STRIDE}')}")
        return value(f"select i1 {ahead}, i32 {room}, i32 0")

    def stride(self, value: Callable[[str], str], rounds: int = 1) -> str:
        """LLVM operand: how far so many rounds move the register; anything where room is 0."""
        if self.step.register is None:
            return str(abs(self.step.amount) * rounds)
        step = value(f"load i32, ptr %r{self.step.register}")
        return step if rounds == 1 else value(f"mul i32 {step}, {rounds}")

    @property
    def rounds(self) -> int:
        """How many rounds the room is for at most, whatever the stride."""
        return CHUNK if self.step.register is None else LONGEST

    def unrolled(self, steps: list[Step]) -> int:
        """How many rounds are written one behind the other, for a body of these instructions."""
        if self.header != self.latch or len(steps) > LARGEST:
            return 1
        ops = [op for step in steps for block in step.recording.blocks for op in block]
        if not any(op.name in ("nan_fix", "vf_fix") for op in ops):
            return ROUNDS
        # Exact arithmetic is long; but without a store one look is enough for all rounds.
        if any(OPS[op.name].effect is Effect.WRITE_MEMORY for op in ops):
            return FEWER
        lanes = any(op.name == "vf_fix" for op in ops)
        return MORE if lanes and self.step.register is None else ROUNDS


def counted_loops(
    source: Source, nodes: dict[int, Node], roots: tuple[int, ...]
) -> dict[int, Counted]:
    """The loops that can be strip-mined, by key of the header."""
    before: dict[int, list[int]] = {key: [] for key in nodes}
    for key, node in nodes.items():
        for target in node.successors + node.resumes:
            before[target].append(key)
    found: dict[int, Counted] = {}
    taken: set[int] = set()
    for latch, node in nodes.items():
        if not node.steps:
            continue
        last = source.blocks[latch][-1]
        flow = node.steps[-1].recording.flow
        if flow.kind != "jump" or last.cond >= ALWAYS:
            continue
        header = flow.target_at(last.pc)
        if header not in nodes or header & ~1 > last.pc or header in taken:
            continue
        body = _body(nodes, before, header, latch)
        if body is None or any(root in body and root != header for root in roots):
            continue
        if _is_simple(source, nodes, body, header, latch):
            loop = _count(nodes, body, header, latch, last.cond)
            if loop is not None:
                found[header] = loop
        taken.add(header)
    return found


def _body(
    nodes: dict[int, Node], before: dict[int, list[int]], header: int, latch: int
) -> set[int] | None:
    """Blocks of the natural loop; None when it is large, or calls or leaves the function."""
    body = {header, latch}
    work = [latch] if latch != header else []
    while work:
        for key in before[work.pop()]:
            if key not in body:
                body.add(key)
                work.append(key)
        if len(body) > 64:
            return None
    return None if any(nodes[key].leaves for key in body) else body


def _is_simple(
    source: Source, nodes: dict[int, Node], body: set[int], header: int, latch: int
) -> bool:
    """No loop inside, nothing jumps into the middle, the last branch stands alone."""
    for key, node in nodes.items():
        for target in node.successors:
            if target not in body:
                continue
            if target != header and key not in body:
                return False
            back = key in body and target & ~1 <= source.blocks[key][-1].pc
            if back and (key, target) != (latch, header):
                return False
    steps = nodes[latch].steps
    return len(steps) < 2 or steps[-2].predicate is not steps[-1].predicate


def _count(
    nodes: dict[int, Node], body: set[int], header: int, latch: int, cond: int
) -> Counted | None:
    steps = nodes[latch].steps[:-1]
    at = len(steps) - 1
    while at >= 0 and not steps[at].snippet.writes & ALL_FLAGS:
        at -= 1
    if at < 0 or steps[at].predicate is not None:
        return None
    compared = _compared(steps[at], cond)
    if compared is None:
        return None
    register, bound, is_register, cond, own_step = compared
    candidates = [(register, bound, cond)]
    if is_register and cond in _MIRROR:
        candidates.append((bound, register, _MIRROR[cond]))
    for x, y, condition in candidates:
        if _writers(nodes, body, x) != 1 or (is_register and _writers(nodes, body, y)):
            continue
        change = Change(own_step) if own_step else _induction(nodes, header, latch, at, x)
        if change is None or condition not in (_UPWARDS if change.up else _DOWNWARDS):
            continue
        if abs(change.amount) > MOST_STRIDE:
            continue
        if change.register is not None and (
            condition == NE or _writers(nodes, body, change.register)
        ):
            continue
        return Counted(header, latch, x, change, condition, y, is_register)
    return None


def _compared(step: Step, cond: int) -> tuple[int, int, bool, int, int | None] | None:
    """Register, bound, whether that is a register, condition, change that it makes itself."""
    ops = [op for block in step.recording.blocks for op in block]
    written = [op for op in ops if op.name == "set_reg"]
    overflow = next(
        (op.args[0].op for op in ops if op.name == "set_flag" and op.params["flag"] == "V"), None
    )
    if overflow is None or overflow.name not in ("sub_v", "add_v"):
        return None
    a, b = overflow.args[0], overflow.args[1]
    if a.op.name != "get_reg" or (overflow.name == "add_v" and not _is_const(overflow.args[2], 0)):
        return None
    x = a.op.params["reg"]
    number = _number(b)
    down = overflow.name == "sub_v"
    if written:
        if len(written) != 1 or written[0].params["reg"] != x or not number or number >> 31:
            return None
        if not down and cond != NE:
            return None
        return x, 0, False, GE if cond == PL else cond, -number if down else number
    if number is not None:
        if not down and cond != NE:
            return None
        return x, number if down else -number & 0xFFFFFFFF, False, cond, None
    if not down or b.op.name != "get_reg":
        return None
    return x, b.op.params["reg"], True, cond, None


def _number(value: Value) -> int | None:
    constant = value.op.params.get("value") if value.op.name == "const" else None
    return constant if isinstance(constant, int) else None


def _is_const(value: Value, number: int) -> bool:
    return _number(value) == number


def _writers(nodes: dict[int, Node], body: set[int], register: int) -> int:
    return sum(step.snippet.writes >> register & 1 for key in body for step in nodes[key].steps)


def _induction(
    nodes: dict[int, Node], header: int, latch: int, compared: int, register: int
) -> Change | None:
    """The register's only change in the loop, in a block that every round goes through."""
    steps = [(step, index > compared) for index, step in enumerate(nodes[latch].steps[:-1])]
    if header != latch:
        steps = [(step, False) for step in nodes[header].steps] + steps
    for step, late in steps:
        if step.snippet.writes >> register & 1:
            return None if step.predicate is not None else change_of(step, register, late=late)
    return None


def change_of(step: Step, register: int, *, late: bool) -> Change | None:
    """What an instruction that executes adds to a register; None when it does anything else."""
    ops = [op for block in step.recording.blocks for op in block]
    written = [op for op in ops if op.name == "set_reg" and op.params["reg"] == register]
    value: Op = written[-1].args[0].op
    if len(written) != 1 or value.name not in ("add", "sub"):
        return None
    a, b = (arg.op for arg in value.args)
    if value.name == "add" and b.params.get("reg") == register:
        a, b = b, a
    if a.name != "get_reg" or a.params["reg"] != register:
        return None
    if b.name == "get_reg" and b.params["reg"] != register and value.name == "add":
        return Change(0, b.params["reg"], late)
    number = _number(value.args[1])
    if not number:
        return None
    signed = number - (1 << 32) if number >> 31 else number
    return Change(signed if value.name == "add" else -signed, None, late)
