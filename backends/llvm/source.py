"""A guest function in the backend's terms, its blocks analysed, and the snippets that are shared.

Decides what belongs to a function and where its blocks go on; what is alive where is
``liveness.py``'s, how it is written ``function.py``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from backends.llvm.gotos import FEW
from backends.llvm.liveness import GOTO, Node, Recording, Result, Step, analyse, entry_flags
from backends.llvm.slots import ALL_FLAGS, FP_FLAGS, Slot
from backends.llvm.snippet import Snippet, make_snippet
from xlate.ir import Block

ALWAYS = 14  # conditions from here on are none


class Instruction(Protocol):
    """What is read of a decoded instruction."""

    pc: int
    size: int
    thumb: bool
    cond: int
    itstate: int
    next_itstate: int


class Table(Protocol):
    """A jump table; ``index`` is None where only the possible targets are known."""

    @property
    def index(self) -> int | None:
        """Number of the register that selects."""

    @property
    def first(self) -> int:
        """The case of the first target."""

    @property
    def targets(self) -> tuple[int, ...]:
        """Keys by case."""

    @property
    def load(self) -> int | None:
        """Address of the instruction that loads the target, when ``targets`` are by case."""

    @property
    def base(self) -> int:
        """Where it loads case 0 from."""


@dataclass(frozen=True)
class Source:
    """A function as discovery found it, in neutral terms."""

    key: int
    blocks: dict[int, list[Any]]  # instructions by key of the block
    tables: Mapping[int, Table]
    entries: tuple[int, ...] = ()  # keys of blocks that are entered from outside


@dataclass(frozen=True)
class Module:
    """What all functions of an image share."""

    offsets: dict[str, int]
    slots: dict[int, Slot]
    relative: bool  # position independent: addresses are the bias plus a constant
    bias_limit: int  # the bias is below it
    recorded: Callable[[Any], Recording]
    predicate: Callable[[Any], Block | None]
    literal: Callable[[int, int], int | None]  # address, bytes: the value when it never changes
    is_tail: Callable[[Any, bool], bool]  # a computed jump is a tail call; lr was written
    known: frozenset[int]  # keys that have a function
    results: dict[int, Result] = field(default_factory=dict)
    polled: frozenset[int] = frozenset()  # functions that poll at entry
    fast: bool = False  # floating point is the host's: other NaNs, flags, denormals of lanes


class Snippets:
    """Snippets by a recording's blocks, which recordings may share, and variants by flags alive."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._memo: dict[int, tuple[tuple[Block, ...], Snippet]] = {}
        self._unfolded: dict[tuple[int, int, bool], Snippet] = {}
        self._hasty: dict[tuple[int, int | None], Snippet] = {}
        self._predicates: dict[int, Snippet] = {}

    def full(self, recording: Recording) -> Snippet:
        """The snippet that writes all its flags."""
        found = self._memo.get(id(recording.blocks))
        if found is None:  # the blocks are kept, so that their identity stays theirs
            found = (recording.blocks, self._make(recording, ALL_FLAGS, fold=True))
            self._memo[id(recording.blocks)] = found
        return found[1]

    def variant(
        self, recording: Recording, live: int, *, fold: bool, exact: bool = True
    ) -> Snippet:
        """The snippet that writes only the flags in ``live``."""
        full = self.full(recording)
        mask = live & full.writes & ALL_FLAGS
        if not fold:
            key = (id(recording.blocks), mask, exact)
            if key not in self._unfolded:
                self._unfolded[key] = self._make(recording, mask, fold=False, exact=exact)
            return self._unfolded[key]
        if mask == full.writes & ALL_FLAGS:
            return full
        if mask not in full.tables:
            full.tables[mask] = self._make(recording, mask, fold=True)
        return full.tables[mask]

    def hasty(self, recording: Recording, looks: int | None = None) -> Snippet:
        """The snippet that does not look for NaNs; of an instruction without flags.

        With ``looks`` it looks at these operands (``ranges.py``).
        """
        key = (id(recording.blocks), looks)
        found = self._hasty.get(key)
        if found is None:
            found = self._hasty[key] = self._make(recording, 0, fold=True, exact=False, looks=looks)
        return found

    def _make(
        self,
        recording: Recording,
        live: int,
        *,
        fold: bool,
        exact: bool = True,
        looks: int | None = None,
    ) -> Snippet:
        return make_snippet(
            recording.blocks,
            self.module.offsets,
            live,
            relative=self.module.relative,
            fold=fold,
            exact=exact,
            fast=self.module.fast,
            looks=looks,
        )

    def predicate(self, insn: Instruction) -> Snippet | None:
        """The snippet whose outcome is whether to skip, None for one that always executes."""
        found = self._predicates.get(insn.cond)
        if found is None:
            block = self.module.predicate(insn)
            if block is None:
                return None
            found = make_snippet((block,), self.module.offsets, 0, relative=False, fold=False)
            self._predicates[insn.cond] = found
        return found


def nodes_of(
    source: Source, snippets: Snippets, roots: tuple[int, ...], *, cautious: bool = True
) -> dict[int, Node]:
    """The blocks that control can reach from ``roots``, analysed, in order of address.

    When ``cautious``, code that nobody knows is taken to read all flags.
    """
    module = snippets.module
    nodes: dict[int, Node] = {}
    work = list(roots)
    while work:
        key = work.pop()
        if key in nodes:
            continue
        steps = []
        for insn in source.blocks[key]:
            recording = module.recorded(insn)
            predicate = snippets.predicate(insn) if insn.cond < ALWAYS else None
            steps.append(Step(recording, snippets.full(recording), predicate))
        node = Node(key, steps, ())
        _ends(node, source, module, source.blocks[key][-1])
        if not cautious:
            node.wants = _known_to_read(node, source, module)
        nodes[key] = node
        work.extend(k for k in node.successors + node.resumes + node.gotos if k != GOTO)
    _join(nodes, source, module)
    ordered = {key: nodes[key] for key in sorted(nodes, key=lambda k: k & ~1)}
    analyse(ordered, list(roots))
    return ordered


def _join(nodes: dict[int, Node], source: Source, module: Module) -> None:
    """Make the node that all computed jumps with many targets go through.

    What goes elsewhere from there is no code that anybody knows, and compilers keep no flags in
    such jumps (docs/decisions/0011).
    """
    sites = [node for node in nodes.values() if node.gotos]
    if not sites:
        return
    targets = tuple(sorted({key for site in sites for key in site.gotos}))
    own = module.results.get(source.key)
    wants = ALL_FLAGS if own is not None and own.keeps_flags else 0
    nodes[GOTO] = Node(GOTO, [], targets, leaves=True, wants=wants)


def _ends(node: Node, source: Source, module: Module, last: Any) -> None:
    """Where control goes behind the block's last instruction."""
    flow = node.steps[-1].recording.flow
    after = (last.pc + last.size) | int(last.thumb)
    falls: list[int] = [after] if flow.kind in ("next", "branch") or last.cond < ALWAYS else []
    goes: list[int] = []
    if flow.kind in ("jump", "branch"):
        goes = [flow.target_at(last.pc)]
    elif last.pc in source.tables:
        goes = list(source.tables[last.pc].targets)
        node.leaves = True
        node.wants = ALL_FLAGS
    elif flow.kind == "call" or (flow.kind, flow.how) in (("indirect", "call"), ("stop", "svc")):
        node.resumes = (after,) if after in source.blocks else ()
        node.leaves = True
        if flow.kind == "call":
            callee = module.results.get(flow.target_at(last.pc))
            node.wants = callee.reads_flags if callee else 0
    elif flow.kind != "next":
        node.leaves = True
        computed = (flow.kind, flow.how) != ("indirect", "return")
        node.wants = ALL_FLAGS if computed else 0
        if computed and source.entries:
            goes = [k for k in source.entries if k in source.blocks]
    if _is_goto(node, source, last, goes):
        node.gotos, goes = tuple(k for k in goes if k in source.blocks), [GOTO]
        node.leaves, node.wants = False, 0
        node.successors = (GOTO, *(k for k in falls if k in source.blocks))
        return
    inside = [k for k in goes + falls if k in source.blocks]
    node.successors = tuple(dict.fromkeys(inside))
    node.outside = tuple(k for k in goes + falls if k not in source.blocks)
    for outside in node.outside:
        node.leaves = True
        known = module.results.get(outside)
        read = known.reads_if_jumped_to if known else 0
        node.wants |= read if known or outside in module.known else ALL_FLAGS
    own = module.results.get(source.key)
    if node.leaves and own is not None and own.keeps_flags:
        node.wants |= ALL_FLAGS  # who it jumps to may hand them on as they are


def _is_goto(node: Node, source: Source, last: Any, goes: list[int]) -> bool:
    """A computed jump to one of many places of the function, none of which an index tells."""
    flow = node.steps[-1].recording.flow
    table = source.tables.get(last.pc)
    if (flow.kind, flow.how) != ("indirect", "jump") or (table and table.index is not None):
        return False
    return len({k for k in goes if k in source.blocks}) > FEW and last.cond >= ALWAYS


def _known_to_read(node: Node, source: Source, module: Module) -> int:
    """Flags that functions called or jumped to are known to read: caution must not spread."""
    last = source.blocks[node.key][-1]
    flow = node.steps[-1].recording.flow
    goes = [flow.target_at(last.pc)] if flow.kind in ("jump", "branch", "call") else []
    goes.append((last.pc + last.size) | int(last.thumb))
    wants = 0
    for key in goes:
        known = module.results.get(key)
        if known is not None and key not in source.blocks:
            called = flow.kind == "call" and key == goes[0]
            wants |= known.reads_flags if called else known.reads_if_jumped_to
    return wants


def summarise(source: Source, snippets: Snippets, nodes: dict[int, Node], old: Result) -> Result:
    """What callers and callees have to know of the function's flags."""
    keeps = old.keeps_flags or any(
        step.snippet.only_flags and not step.live_after & step.snippet.writes & ALL_FLAGS
        for node in nodes.values()
        for step in node.steps
    )
    if any(_crossing(nodes[k]) for node in nodes.values() for k in node.resumes) or (
        entry_flags(nodes[source.key].live_in)
    ):
        nodes = nodes_of(source, snippets, (source.key,), cautious=False)
    wanted = set()
    for node in nodes.values():
        if not node.steps:
            continue
        flow = node.steps[-1].recording.flow
        if flow.kind == "call" and any(_crossing(nodes[k]) for k in node.resumes):
            wanted.add(flow.target_at(source.blocks[node.key][-1].pc))
    at_entry = nodes[source.key]
    return Result(_crossing(at_entry), entry_flags(at_entry.live_in), keeps, frozenset(wanted))


def _crossing(node: Node) -> int:
    """Flags that a block reads and calls may hand over; FPSCR's survive none, by the standard."""
    return entry_flags(node.live_in) & ~(1 << FP_FLAGS)
