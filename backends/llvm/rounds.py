"""How many rounds a counted loop makes, where the code before it tells: a few need no poll.

Registers are followed through the function as distances from something that has a name: a value
at the entry, an instruction's result, what several ways bring to a block. Two that are counted
from the same are a known distance apart, and a loop over that distance a known number of rounds
long. Such a loop is written as it stands, without room (``loops.py``): to work that out costs more
than it saves in a few rounds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from backends.llvm.liveness import GOTO, Node, Step
from backends.llvm.loops import CC, CS, EQ, GE, GT, HI, LE, LS, LT, NE, Counted
from xlate.ir import Op, Value

MOST = 16  # rounds that are better off without a room
REGISTERS = range(15)
_WORD = 0xFFFFFFFF


class Place(NamedTuple):
    """A value ``distance`` behind what is named; a number where nothing is."""

    name: tuple[str | int, ...]
    distance: int


Places = dict[int, Place]  # by register
NUMBER: tuple[str | int, ...] = ()


def short_loops(
    nodes: dict[int, Node], roots: tuple[int, ...], loops: Iterable[Counted]
) -> dict[int, int]:
    """The most rounds of those loops that have few at every entry, by key of the header."""
    candidates = [loop for loop in loops if loop.step.register is None and loop.header not in roots]
    if not candidates or GOTO in nodes:
        return {}
    ends = _follow(nodes, roots)
    found = {loop.header: _rounds(nodes, ends, loop) for loop in candidates}
    return {header: rounds for header, rounds in found.items() if rounds is not None}


def _rounds(nodes: dict[int, Node], ends: dict[int, Places], loop: Counted) -> int | None:
    """Rounds at most, whichever way the loop is entered; None when that is not known or many."""
    most = 0
    for key, node in nodes.items():
        if loop.header in node.resumes:
            return None
        if loop.header not in node.successors or key == loop.latch or key not in ends:
            continue
        x = ends[key][loop.register]
        y = ends[key][loop.bound] if loop.bound_is_register else Place(NUMBER, loop.bound)
        rounds = _count(loop, x, y)
        if rounds is None:
            return None
        most = max(most, rounds)
    return most or None


def _count(loop: Counted, x: Place, y: Place) -> int | None:
    """Rounds from here; only whether they are equal is known of places without a number."""
    if x.name != y.name or (x.name != NUMBER and loop.cond != NE):
        return None
    value = x.distance
    for rounds in range(1, MOST + 1):
        after = value + loop.step.amount & _WORD
        if not _holds(loop.cond, value if loop.step.late else after, y.distance):
            return rounds
        value = after
    return None


def _holds(cond: int, a: int, b: int) -> bool:
    """Whether a condition holds behind a comparison of a with b, both unsigned."""
    x, y = (value - ((value >> 31) << 32) for value in (a, b))
    told = {
        **{EQ: a == b, NE: a != b, CS: a >= b, CC: a < b, HI: a > b, LS: a <= b},
        **{GE: x >= y, LT: x < y, GT: x > y, LE: x <= y},
    }
    return told[cond]


# --- following registers ------------------------------------------------------------------------
def _follow(nodes: dict[int, Node], roots: tuple[int, ...]) -> dict[int, Places]:
    """Where registers are at the end of every block that is reached."""
    starts: dict[int, Places] = {}
    ends: dict[int, Places] = {}
    work = list(roots)
    for key in roots:
        starts[key] = _fresh(key)
    while work:
        key = work.pop()
        node = nodes[key]
        ends[key] = _through(node, starts[key])
        ways = [(target, ends[key]) for target in node.successors]
        ways += [(target, _fresh(target)) for target in node.resumes]
        work += [target for target, places in ways if _meet(starts, target, places)]
    return ends


def _fresh(key: int) -> Places:
    """Registers of which nothing is known at the start of a block."""
    return {number: Place(("start", key, number), 0) for number in REGISTERS}


def _meet(starts: dict[int, Places], key: int, coming: Places) -> bool:
    """Take one more way to a block into account; True when that changes what is known there.

    Registers that are as far from each other on the new way as on the old ones stay together, and
    are from then on counted from the first of them; its name tells all of them, so that what is
    left of a group that parts is not taken for the whole.
    """
    if key not in starts:
        starts[key] = dict(coming)
        return True
    now = starts[key]
    if now == coming:
        return False
    groups: dict[tuple[object, object, int], list[int]] = {}
    for number, old in now.items():
        new = coming[number]
        if new != old:
            apart = old.distance - new.distance & _WORD
            groups.setdefault((old.name, new.name, apart), []).append(number)
    changed = False
    for members in groups.values():
        first = now[members[0]].distance
        for number in members:
            place = Place(("start", key, *members), now[number].distance - first & _WORD)
            changed |= place != now[number]
            now[number] = place
    return changed


def _through(node: Node, start: Places) -> Places:
    """Registers behind a block's instructions."""
    now = dict(start)
    for index, step in enumerate(node.steps):
        written = [number for number in REGISTERS if step.snippet.writes >> number & 1]
        if written:
            results = _results(step, now)
            for number in written:
                at = results.get(number)
                now[number] = at or Place(("of", node.key, index, number), 0)
    return now


def _results(step: Step, now: Places) -> Places:
    """What an instruction that always executes writes, where that is a place."""
    if step.predicate is not None or len(step.recording.blocks) != 1:
        return {}
    found: dict[int, Place | None] = {}
    for op in step.recording.blocks[0]:
        if op.name == "get_reg" and op.params["reg"] in found:
            return {}  # of the value that it has just written
        if op.name == "set_reg":
            found[op.params["reg"]] = _place(op.args[0], now)
    return {number: place for number, place in found.items() if place is not None}


def _place(value: Value, now: Places) -> Place | None:
    op: Op = value.op
    if op.name == "const":
        number = op.params["value"]
        return Place(NUMBER, number & _WORD) if isinstance(number, int) else None
    if op.name == "get_reg":
        return now.get(op.params["reg"])
    if op.name not in ("add", "sub", "and", "or"):
        return None
    a, b = (_place(arg, now) for arg in op.args)
    if a is None or b is None:
        return None
    if op.name == "add" and a.name == NUMBER:
        a, b = b, a
    if b.name != NUMBER or (op.name in ("and", "or") and a.name != NUMBER):
        return None
    results = {
        "add": a.distance + b.distance,
        "sub": a.distance - b.distance,
        "and": a.distance & b.distance,
        "or": a.distance | b.distance,
    }
    return Place(a.name, results[op.name] & _WORD)
