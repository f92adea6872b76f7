"""From what discovery found to the LLVM text of every function.

Joins the guest's decoder, discovery's functions and ``backends.llvm.function``; decides which
functions poll at their entry, and settles which flags cross calls before any text is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import networkx as nx

from backends.llvm.function import Lifter
from backends.llvm.liveness import Node, Result
from backends.llvm.slots import ALL_FLAGS, FP_FLAGS, slot_table
from backends.llvm.source import Module, Snippets, Source, nodes_of, summarise
from backends.llvm.unit import FunctionText
from frontends.arm32.decode import ALWAYS, Insn, record_predicate
from frontends.arm32.recorded import recorded
from xlate.discovery.model import Discovery, Function
from xlate.errors import as_mistake
from xlate.ir import Block
from xlate.loader import Image, Prot
from xlate.targets import ARM32

PAGE = 4096
# Of a function that could not be looked at: it gets all flags, from who calls and who jumps there.
UNKNOWN = Result(ALL_FLAGS & ~(1 << FP_FLAGS), ALL_FLAGS)


def sources(discovery: Discovery) -> dict[int, Source]:
    """Functions in the neutral terms of the backend."""
    return {
        key: Source(
            key,
            {k: block.insns for k, block in function.blocks.items()},
            function.tables,
            tuple(sorted(function.entries - {key})),
        )
        for key, function in discovery.functions.items()
    }


def polled(functions: dict[int, Function]) -> frozenset[int]:
    """Functions that must poll at entry: they recurse, or call what is not known."""
    graph = nx.DiGraph()
    graph.add_nodes_from(functions)
    for key, function in functions.items():
        for callee in function.calls | function.tail_calls:
            if callee in functions:
                graph.add_edge(key, callee)
    found = {
        k for group in nx.strongly_connected_components(graph) if len(group) > 1 for k in group
    }
    found |= {k for k in graph if graph.has_edge(k, k)}
    for key, function in functions.items():
        if any(
            recorded(b.insns[-1]).flow.kind == "indirect" and _calls(b.insns[-1])
            for b in function.blocks.values()
        ):
            found.add(key)
    return frozenset(found)


def _calls(insn: Insn) -> bool:
    return recorded(insn).flow.how in ("call", "jump")


def predicate(insn: Insn) -> Block | None:
    """The test that skips an instruction, None for one that always executes."""
    if insn.cond >= ALWAYS:
        return None
    machine = record_predicate(insn)
    return machine.steps[0].block if machine.steps[0].block.ops else None


def _is_tail(insn: Any, link_written: bool) -> bool:
    """``bx`` calls functions; other computed jumps stay inside once lr was used for something."""
    return not link_written or (insn.row is not None and insn.row.name.startswith("bx"))


class Lifting:
    """The functions of one image on their way to LLVM text.

    When ``tolerant``, a function on which our code fails is left out, its key and why kept in
    ``broken``: the others lose nothing, since who calls it takes it for one that has no code.
    """

    def __init__(
        self, image: Image, discovery: Discovery, *, fast: bool = False, tolerant: bool = False
    ) -> None:
        self.tolerant = tolerant
        self.broken: dict[int, str] = {}
        self.image = image
        self.discovery = discovery
        self.sources = sources(discovery)
        self.nodes: dict[int, dict[int, Node]] = {}
        self.left: dict[str, int] = {}  # instructions for the baseline tier, by reason
        offsets = ARM32.state.offsets()
        top = max(s.end for s in image.segments)
        self.module = Module(
            offsets=offsets,
            slots=slot_table(offsets),
            relative=image.position_independent,
            bias_limit=(1 << 32) - (top + PAGE),
            recorded=recorded,
            predicate=predicate,
            literal=self._literal,
            is_tail=_is_tail,
            known=frozenset(self.sources),
            polled=polled(discovery.functions),
            fast=fast,
        )
        self.snippets = Snippets(self.module)
        self._readonly = [s for s in image.segments if Prot.WRITE not in s.prot]

    def _literal(self, guest_va: int, size: int) -> int | None:
        for segment in self._readonly:
            at = guest_va - segment.guest_va
            if at >= 0 and at + size <= len(segment.data):
                return int.from_bytes(segment.data[at : at + size], "little")
        return None

    def settle_flags(self) -> None:
        """Find out which flags cross calls and returns; ends when nothing changes any more."""
        results = self.module.results
        callers = self._callers()
        work = set(self.sources)
        while work:
            changed: set[int] = set()
            for key in sorted(work & self.sources.keys()):
                old = results.get(key, Result())
                with self._sparing(key):
                    nodes = self.nodes[key] = nodes_of(self.sources[key], self.snippets, (key,))
                    results[key] = summarise(self.sources[key], self.snippets, nodes, old)
                if key in self.broken:
                    results[key] = UNKNOWN
                    changed |= callers.get(key, set())
                    continue
                new = results[key]
                outside = {k for node in nodes.values() for k in node.outside}
                for other in outside:
                    callers.setdefault(other, set()).add(key)
                if new.reads_if_jumped_to != old.reads_if_jumped_to:
                    changed |= callers.get(key, set())
                if new.keeps_flags != old.keeps_flags:
                    changed.add(key)  # what it does at its returns is another thing now
                wanted = new.wants_flags_of
                if new.keeps_flags:  # so must whoever returns in its place
                    wanted |= outside
                for callee in wanted & self.sources.keys():
                    known = results.get(callee, Result())
                    if not known.keeps_flags:
                        results[callee] = replace(known, keeps_flags=True)
                        changed.add(callee)
            work = changed

    @contextmanager
    def _sparing(self, key: int) -> Iterator[None]:
        """Let what goes wrong inside cost this function only."""
        try:
            yield
        except MemoryError:
            raise
        except Exception as error:
            if not self.tolerant:
                raise
            self.broken[key] = as_mistake(error)
            self.sources.pop(key, None)

    def _callers(self) -> dict[int, set[int]]:
        """Functions by the functions that they call or jump to."""
        found: dict[int, set[int]] = {}
        for key, function in self.discovery.functions.items():
            for callee in function.calls | function.tail_calls:
                found.setdefault(callee, set()).add(key)
        return found

    def texts(self) -> Iterator[FunctionText]:
        """Every function, then where it is entered in the middle, in order of address."""
        self.settle_flags()
        for key in list(self.sources):
            yield from self.texts_of(key)

    def text_of(self, key: int) -> FunctionText | None:
        """One function's text, None when there is none at that key."""
        self.settle_flags()
        return next(self.texts_of(key), None) if key in self.sources else None

    def texts_of(self, key: int) -> Iterator[FunctionText]:
        """One function, then its entries in the middle; once only, with flags settled."""
        texts: list[FunctionText] = []
        with self._sparing(key):
            texts = self._texts_of(self.sources[key])
        yield from texts

    def _texts_of(self, source: Source) -> list[FunctionText]:
        lifter = Lifter(source, self.snippets, (source.key,), self.nodes.pop(source.key))
        texts = [lifter.text()]
        inside = tuple(k for k in source.entries if k in source.blocks)
        if inside:
            texts.append(Lifter(source, self.snippets, inside).text())
        for why in lifter.left:
            self.left[why] = self.left.get(why, 0) + 1
        return texts
