"""What a handler of a fault is told of sp and lr: where the state has them at every access.

The state's sp is that at the function's entry, or behind its last call; how far the guest's is from
there is known at every access and carried by it (``accesses.py``), so that pushing and popping
costs nothing. What moves sp by an amount that only a run knows stores it, as calls and
returns do, for whom it is where they begin. Of lr the state has the return address wherever an
unwinder takes it from there: a function that keeps it on the stack stores lr when it is popped, one
that keeps it elsewhere stores lr with each write that an access may follow (docs/decisions/0022).
Such stores are volatile: they stay where they are among accesses.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable
from typing import Any

from backends.llvm.liveness import GOTO, Node, Recording, Step
from backends.llvm.slots import WORD
from backends.llvm.snippet import Snippet
from backends.llvm.writer import Writer
from xlate.errors import Inconsistent
from xlate.ir import Op

SP, LINK = 13, 14
FAR = 1 << 16  # more bytes either way are no frame's


def moves(recording: Recording) -> int | None:
    """By how much an instruction moves sp; None where that is not a known number of words."""
    writes = [
        op.args[0].op
        for block in recording.blocks
        for op in block
        if op.name == "set_reg" and op.params["reg"] == SP
    ]
    far = _from_sp(writes[0]) if len(writes) == 1 and len(recording.blocks) == 1 else None
    return None if far is None or far % WORD else far


def _from_sp(op: Op) -> int | None:
    total = 0
    while op.name in ("add", "sub"):
        a, b = (arg.op for arg in op.args)
        if op.name == "add" and a.name == "const":
            a, b = b, a
        amount = b.params.get("value") if b.name == "const" else None
        if not isinstance(amount, int):
            return None
        total += amount if op.name == "add" else -amount
        op = a
    known = op.name == "get_reg" and op.params["reg"] == SP
    return ((total + (1 << 31)) & 0xFFFFFFFF) - (1 << 31) if known else None


def writes(step: Step, register: int) -> bool:
    """Whether an instruction writes a register."""
    return bool(step.snippet.writes >> register & 1)


def _behind(step: Step, distance: int, *, stored: bool) -> int | None:
    """The distance behind an instruction that writes sp; None where it must store it."""
    far = None if stored or step.predicate is not None else moves(step.recording)
    if far is None or not -FAR < distance + far < FAR:
        return None
    return distance + far


def distances(
    nodes: dict[int, Node], roots: Iterable[int], loops: Collection[int]
) -> dict[int, int | None]:
    """Distance of sp at the start of each block; None where ways meet that differ: it stores sp.

    Blocks of ``loops`` are written several times in a row: theirs is the same in every round.
    """
    known: dict[int, int | None] = dict.fromkeys(roots, 0)
    work = list(known)
    while work:
        key = work.pop()
        node = nodes[key]
        out = known[key] or 0
        for step in node.steps:
            if writes(step, SP):
                out = _behind(step, out, stored=key in loops) or 0
        ways = [(k, 0 if GOTO in (k, key) else out) for k in node.successors]
        for target, there in [*ways, *((k, 0) for k in node.resumes)]:
            if target not in known:
                known[target] = there
            elif known[target] in (there, None):
                continue
            else:
                known[target] = None
            work.append(target)
    return known


@functools.lru_cache(maxsize=1 << 17)
def saves_link(recording: Recording) -> bool:
    """Whether an instruction stores lr: what is in it later is a value like any other."""
    stored = (op.args[1].op for block in recording.blocks for op in block if op.name == "store")
    return any(op.name == "get_reg" and op.params["reg"] == LINK for op in stored)


def is_seen(steps: list[Step], index: int, *, saved: bool) -> bool:
    """Whether an access may follow an instruction's write of lr before the next write of it.

    Of a function that has ``saved`` lr, only for one that pops it: until then it is no address
    that anybody returns to.
    """
    if saved and not writes(steps[index], SP):
        return False
    for step in steps[index + 1 :]:
        if "\5" in step.snippet.text:
            return True
        if writes(step, LINK) and step.predicate is None:
            return False
    flow = steps[-1].recording.flow
    stored = flow.kind in ("call", "stop") or (flow.kind == "indirect" and flow.how != "jump")
    return not stored or (steps[-1].predicate is not None and index + 1 < len(steps))


class Exact(Writer):
    """Keeps sp and lr in the state as far as faults need them."""

    distance = 0  # of sp from the state's, where text is being written
    stores = 0  # of sp or lr, so far
    known_sp: dict[int, int | None]  # the distance at the start of each block
    link_saved: bool  # on the stack, somewhere in this function

    def block_distances(self) -> dict[int, int | None]:
        """The distance at the start of every block of this function."""
        insns = (insn for block in self.source.blocks.values() for insn in block)
        self.link_saved = any(saves_link(self.module.recorded(insn)) for insn in insns)
        self.rounds = {
            key for key in self.loops if any(writes(step, SP) for step in self.nodes[key].steps)
        }
        known = distances(self.nodes, self.roots, self.rounds)
        return {**known, **dict.fromkeys(self.rounds)}

    def begin(self, key: int) -> None:
        """What is known of sp at the start of a block, behind its label."""
        known = self.known_sp[key]
        self.distance = known or 0
        if known is None:
            self.store(SP)

    def store(self, number: int, distance: int = 0) -> None:
        """Make the state's sp or lr the guest's; or sp what the guest's is so far from."""
        value = self.value(f"load i32, ptr %r{number}")
        if distance:
            value = self.value(f"sub i32 {value}, {distance}")
        self.add(f"store volatile i32 {value}, ptr {self.state('r', WORD * number)}")
        self.stores += 1

    def hand_over(self) -> None:
        """Make the state's sp the guest's where the function is left."""
        if self.distance:
            self.store(SP)

    def check_sp(self, key: int) -> None:
        """A block that is jumped to knows the distance here."""
        if self.known_sp[key] not in (self.distance, None):
            raise Inconsistent(f"sp is {self.distance} and {self.known_sp[key]} at {key:#x}")

    def before_region(self, steps: list[Step]) -> int:
        """In front of instructions under one condition; returns the distance behind them."""
        if any(writes(step, SP) for step in steps):
            self.hand_over()
            self.distance = 0
        return self.distance

    def fill_step(self, snippet: Snippet, insn: Any, node: Node, index: int) -> str:
        """Append an instruction and what faults behind it need of it; returns its outcome."""
        step = node.steps[index]
        outcome = self.fill(snippet, insn, self.distance)
        if writes(step, SP):
            behind = _behind(step, self.distance, stored=node.key in self.rounds)
            self.distance = behind or 0
            if behind is None:
                self.store(SP)
        if writes(step, LINK) and is_seen(node.steps, index, saved=self.link_saved):
            self.store(LINK)
        return outcome
