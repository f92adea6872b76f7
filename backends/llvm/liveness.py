"""What must be where at each point of a function: slots that are newer than the state, and flags.

Slots are numbered in ``slots.py``; sets of them are masks. A slot is dirty where its variable may
be newer than the state, and live where a later instruction (or the store of a dirty slot) reads
the variable. Flags do not cross calls and returns unless somebody is known to read them
(docs/decisions/0011): a comparison whose outcome nothing in the function reads is taken for a
message to the caller, as ``__aeabi_cdcmple`` does.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from backends.llvm.slots import ALL_FLAGS, FLAG_SLOTS, LESS, LOCALS
from backends.llvm.snippet import Snippet
from xlate.ir import Block

_N_AND_V = 1 << FLAG_SLOTS["N"] | 1 << FLAG_SLOTS["V"]
PLAIN = LOCALS & ~ALL_FLAGS  # slots that are no flags
GOTO = -1  # the node, of no instruction, that computed jumps with many known targets go through


class Flow(Protocol):
    """How an instruction ends; see the guest's ``recorded.py``."""

    @property
    def kind(self) -> str:
        """Next, jump, call, branch, indirect, stop or refused."""

    @property
    def how(self) -> str:
        """What an indirect jump or a stop is for."""

    @property
    def reason(self) -> str:
        """Why it is refused."""

    def target_at(self, pc: int) -> int:
        """Key of a known target."""


class Recording(Protocol):
    """A recorded instruction; one object for all alike, so that what is made of it is kept."""

    def __hash__(self) -> int:
        """By identity."""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What it does, its condition apart."""

    @property
    def flow(self) -> Flow:
        """Where control goes."""


@dataclass(slots=True)
class Step:
    """One instruction: how it ends, its snippet with all flags live, its condition."""

    recording: Recording
    snippet: Snippet
    predicate: Snippet | None
    live_after: int = 0


@dataclass(slots=True)
class Node:
    """A block for the analysis; slots of a variable's own are masks throughout."""

    key: int
    steps: list[Step]
    successors: tuple[int, ...]  # entered with the variables as they are
    resumes: tuple[int, ...] = ()  # entered from the state, behind a call
    gotos: tuple[int, ...] = ()  # entered with the variables as they are, by way of GOTO
    outside: tuple[int, ...] = ()  # keys that it goes on at without coming back
    leaves: bool = False  # may leave the function here, or call
    wants: int = 0  # flags that who it goes to reads
    dirty_in: int = 0
    dirty_out: int = 0
    live_in: int = 0


@dataclass
class Result:
    """What other functions have to know: flags read at entry, flags read behind its calls."""

    reads_flags: int = 0
    reads_if_jumped_to: int = 0  # the same, and FPSCR's NZCV, which calls do not hand over
    keeps_flags: bool = False
    wants_flags_of: frozenset[int] = field(default_factory=frozenset)


def analyse(nodes: dict[int, Node], roots: list[int]) -> None:
    """Fill in ``dirty_in``, ``dirty_out``, ``live_in`` and every step's ``live_after``."""
    _dirty(nodes, roots)
    _live(nodes)


def _dirty(nodes: dict[int, Node], roots: list[int]) -> None:
    written = {
        key: _union(step.snippet.writes for step in node.steps) & LOCALS
        for key, node in nodes.items()
    }
    reached: set[int] = set()
    work = list(roots)
    while work:
        key = work.pop()
        node = nodes[key]
        node.dirty_out = node.dirty_in | written[key]
        first = key not in reached
        reached.add(key)
        for target in node.successors:
            other = nodes[target]
            if node.dirty_out & ~other.dirty_in:
                other.dirty_in |= node.dirty_out
                work.append(target)
            elif target not in reached:
                work.append(target)
        if first:
            work.extend(target for target in node.resumes if target not in reached)


def _union(masks: Iterable[int]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total


def _live(nodes: dict[int, Node]) -> None:
    before: dict[int, list[int]] = {key: [] for key in nodes}
    for key, node in nodes.items():
        for target in node.successors + node.resumes:
            before[target].append(key)
    work = list(nodes)
    waiting = set(work)
    while work:
        key = work.pop()
        waiting.discard(key)
        node = nodes[key]
        live = _step_back(node, _live_out(nodes, node))
        if live != node.live_in:
            node.live_in = live
            for other in before[key]:
                if other not in waiting:
                    waiting.add(other)
                    work.append(other)


def _live_out(nodes: dict[int, Node], node: Node) -> int:
    live = 0
    for target in node.successors:
        live |= nodes[target].live_in
    if node.leaves:
        live |= node.dirty_out & PLAIN | node.wants
    return live | passing_flags(nodes, node)


def passing_flags(nodes: dict[int, Node], node: Node) -> int:
    """Flags that are read behind the call at the node's end: it may leave them as they are."""
    return _union(entry_flags(nodes[target].live_in) for target in node.resumes)


def _step_back(node: Node, live: int) -> int:
    for index in range(len(node.steps) - 1, -1, -1):
        step = node.steps[index]
        snippet = step.snippet
        step.live_after = live
        if step.predicate is None:
            wanted_less = live >> LESS & 1
            live &= ~snippet.writes
        else:
            wanted_less = live >> LESS & 1
            live |= step.predicate.reads
        live |= snippet.reads
        if wanted_less:
            live |= snippet.less_reads
        if mode_register(step.recording) is not None:
            live |= dirty_before(node, index)
    return live


@functools.lru_cache(maxsize=1 << 17)
def mode_register(recording: Recording) -> int | None:
    """The register that an instruction writes to FPSCR; it may leave the function instead."""
    for block in recording.blocks:
        for op in block:
            if op.name == "set_fp_mode" and op.args[0].op.name == "get_reg":
                return int(op.args[0].op.params["reg"])
    return None


def dirty_before(node: Node, index: int) -> int:
    """Slots that may be newer than the state before a step."""
    return node.dirty_in | _union(step.snippet.writes for step in node.steps[:index]) & LOCALS


def entry_flags(live: int) -> int:
    """Flags that have to come from the state where ``live`` are live."""
    if live >> LESS & 1:
        live |= _N_AND_V
    return live & ALL_FLAGS & ~(1 << LESS)
