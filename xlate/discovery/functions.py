"""Runs to functions: cut at every place control may enter, then dealt out to their owners.

Decides which jumps are tail calls: those that leave the stretch between two known function
starts without being one of the function's own outlying parts. Everything that leaves a function,
falls and places behind unreturned calls included, is in its ``tail_calls``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from typing import NamedTuple

from xlate.discovery.entries import chosen
from xlate.discovery.graph import Owners
from xlate.discovery.model import Block, Confidence, Function, JumpTable
from xlate.discovery.symbolic import saves_lr
from xlate.discovery.tables import table_form
from xlate.discovery.walk import Run, Walk

DERIVED = Confidence.DERIVED
WEAK = (Confidence.GUESS, Confidence.CONTINUATION)  # does not change what is known of others
UNSURE = (*WEAK, Confidence.OBSERVED)  # may lie inside a function
PROLOGUE = 4  # instructions among which a function that calls saves lr
MOST_ROUNDS = 8  # of finding tail calls, each of which may show more


class _Jump(NamedTuple):
    """A jump at the end of a block, and whether its target saves lr as functions do."""

    block: int
    target: int
    pc: int
    saves: bool


class _Pieces:
    """Blocks of all runs with the ways out of each, before they belong to functions."""

    def __init__(self, walk: Walk, entries: frozenset[int]) -> None:
        self.blocks: dict[int, Block] = {}
        self.nexts: dict[int, list[int]] = {}  # block: blocks it goes on at
        self.leaves: dict[int, set[int]] = {}  # block: keys it goes on at that are no blocks of it
        self.last: dict[int, Run] = {}  # block that ends a run: the run
        leaders = {*walk.starts, *entries}
        for run in walk.runs.values():
            leaders.update(run.nexts)
        inner = {walk.owner[key] for key in leaders if walk.owner.get(key, key) != key}
        for key in sorted(walk.runs):
            self._cut(walk.runs[key], leaders if key in inner else ())
        for key, ways in self.leaves.items():
            self.nexts[key] = sorted(k for k in ways if k in self.blocks)
            ways.difference_update(self.nexts[key])
            if key in self.last:
                run = self.last[key]
                ways.update(k for k in (run.falls, run.after) if k is not None)
                ways.difference_update(self.nexts[key])

    def _cut(self, run: Run, leaders: Collection[int]) -> None:
        thumb = run.start & 1
        cuts = [0]
        if leaders:
            for index, insn in enumerate(run.insns):
                if index and insn.itstate == 0 and (insn.pc | thumb) in leaders:
                    cuts.append(index)
        for at, end in zip(cuts, [*cuts[1:], len(run.insns)], strict=True):
            insns = run.insns[at:end] if len(cuts) > 1 else run.insns
            block = Block(insns[0].pc, bool(thumb), 0, insns, confidence=run.confidence)
            self.blocks[block.key] = block
            if end < len(run.insns):
                self.leaves[block.key] = {block.end | thumb}
            else:
                self.leaves[block.key] = set(run.nexts)
                self.last[block.key] = run


def shape(walk: Walk, names: Mapping[int, str], entries: frozenset[int]) -> dict[int, Function]:
    """Return the functions by key, in order of address; ``entries`` are keys that runs entered."""
    pieces = _Pieces(walk, entries)
    starts = {key for key in walk.starts if key in pieces.blocks}
    for target, key in _switches(pieces):
        starts.add(target)
        walk.evidence.setdefault(target, []).append(f"change of instruction set at {key & ~1:#x}")
    owners = Owners(starts, pieces.nexts)
    owner = owners.all()
    jumps = _jumps(pieces)
    for _ in range(MOST_ROUNDS):
        found = _tail_calls(jumps, starts, walk.starts, owner)
        if not found:
            break
        for target, jump in found.items():
            starts.add(target)
            walk.evidence.setdefault(target, []).append(f"jump from {jump:#x}")
        owners.add(found)
        owner = owners.all()
    members: dict[int, list[int]] = {}
    for key in sorted(pieces.blocks):
        if key in owner:
            members.setdefault(owner[key], []).append(key)
    return {
        key: _function(walk, pieces, key, members[key], names, entries) for key in sorted(members)
    }


def _switches(pieces: _Pieces) -> list[tuple[int, int]]:
    """Blocks that another instruction set's go on at, each with one of those.

    They begin functions: all of a function is in one instruction set, which a fault's is told by.
    """
    ways = {
        target: key
        for key in sorted(pieces.nexts, reverse=True)
        for target in pieces.nexts[key]
        if (target ^ key) & 1
    }
    return sorted(ways.items())


def _jumps(pieces: _Pieces) -> list[_Jump]:
    """Unconditional jumps from known code to known code."""
    saving: dict[int, bool] = {}
    found = []
    for key, run in pieces.last.items():
        target = run.jump
        if target is None or target not in pieces.blocks or run.confidence in WEAK:
            continue
        if target not in saving:
            saving[target] = any(saves_lr(i) for i in pieces.blocks[target].insns[:PROLOGUE])
        found.append(_Jump(key, target, run.insns[-1].pc, saving[target]))
    return found


def _tail_calls(
    jumps: list[_Jump], starts: set[int], sure: Mapping[int, Confidence], owner: Mapping[int, int]
) -> dict[int, int]:
    """Targets of jumps that leave their function, with the address of one such jump."""
    addresses = sorted(key & ~1 for key in starts if sure.get(key, DERIVED) not in UNSURE)
    found: dict[int, int] = {}
    for key, target, pc, saves in jumps:
        if target in starts or target in found or key not in owner:
            continue
        stretch = bisect_right(addresses, target & ~1)
        if saves or not any(
            stretch == bisect_right(addresses, at & ~1) for at in (key, owner[key])
        ):
            found[target] = pc
    return found


def _function(
    walk: Walk,
    pieces: _Pieces,
    key: int,
    members: list[int],
    names: Mapping[int, str],
    entries: frozenset[int],
) -> Function:
    inside = set(members)
    calls: set[int] = set()
    leaves: set[int] = set()
    tables: dict[int, JumpTable] = {}
    for at in members:
        block = pieces.blocks[at]
        block.successors = tuple(k for k in pieces.nexts[at] if k in inside)
        leaves.update(k for k in pieces.nexts[at] if k not in inside)
        leaves.update(pieces.leaves[at] - inside)
        # A call that was not seen to return may still: what follows is here in any case.
        returns = pieces.leaves[at] & inside
        if returns:
            block.successors = tuple(sorted({*block.successors, *returns}))
        if at in entries:
            block.confidence = max(block.confidence, Confidence.OBSERVED)
        run = pieces.last.get(at)
        if run is not None and run.call is not None:
            calls.add(run.call)
        if run is not None and run.table is not None:
            tables[block.insns[-1].pc] = _table(walk, run, block)
    first = pieces.blocks[key]
    blocks = {at: pieces.blocks[at] for at in members}
    entered = entries & inside
    kept = chosen(blocks, entered)
    return Function(
        key=key,
        name=names.get(key, f"f_{key:08x}"),
        confidence=walk.starts.get(key, min(first.confidence, Confidence.DERIVED)),
        evidence=tuple(walk.evidence.get(key, ("shared by functions",))),
        blocks=blocks,
        tables=tables,
        calls=frozenset(calls),
        tail_calls=frozenset(leaves),
        entries=kept,
        passed_over=len(entered) - len(kept),
    )


def _table(walk: Walk, run: Run, block: Block) -> JumpTable:
    """The run's table, as far as the block itself proves what selects."""
    table = run.table
    assert table is not None
    if table.index is None or block.insns is run.insns:
        return table
    form = table_form(walk.text, block.insns)
    same = form is not None and run.form is not None and form.same_as(run.form)
    return table if same else JumpTable(None, 0, table.targets, table.data)
