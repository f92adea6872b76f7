"""Lines of one optimised function: names, variables of slots, snippets filled in.

Knows nothing of control flow; ``exits.py`` and ``function.py`` build on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from backends.llvm.chains import has_lanes
from backends.llvm.gotos import perfect_hash
from backends.llvm.liveness import GOTO, Node, Step
from backends.llvm.loops import counted_loops
from backends.llvm.rounds import short_loops
from backends.llvm.slots import FLAG_SLOTS, LESS, LOCALS, bits
from backends.llvm.snippet import Snippet
from backends.llvm.source import Snippets, Source, nodes_of
from backends.llvm.wide import Wide

MOST_CASES = 4096  # of all jump tables of a function that computed gotos have, else they share one
_LABEL = re.compile(r"label %(x\d\w*)")
# A single one stays: LLVM lays out other code where it is taken away, and not better code.
_NOT_NOT = re.compile(r"  (%\d+) = xor i1 (%\d+), true\n  (%\d+) = xor i1 \1, true\n\Z")
_NOT_NOT_BYTES = 100
# Of functions with lanes: MXCSR as it is known to be, or 0; as it was before a run; room for it.
KNOWN, BEFORE, MXCSR = "%mxk", "%mxb", "%mx"
FAILED = "%mxf"  # and how many runs would not go without it
_BYTES = {"i8": 1, "i16": 2, "i32": 4, "i64": 8, "f32": 4, "f64": 8, "v64": 8, "v128": 16}
# What a load or store turns into a host address; a constant offset would follow it.
_ADDRESS = re.compile(
    r"zext i32 (\S+) to i64\n\s*(\S+) = inttoptr i64 \S+ to ptr addrspace\(256\)\n"
    r"\s*\S+ = load [^\n]* \2,"
)


class Writer:
    """Collects the text of one function."""

    def __init__(
        self,
        source: Source,
        snippets: Snippets,
        roots: tuple[int, ...],
        nodes: dict[int, Node] | None = None,
    ) -> None:
        self.source = source
        self.snippets = snippets
        self.module = snippets.module
        self.roots = roots
        self.secondary = roots != (source.key,)
        self.name = f"{'s' if self.secondary else 'f'}_{source.key:08x}"
        self.out: list[str] = []
        self.allocas: list[str] = []
        self.hops: dict[str, str] = {}  # blocks that only go on: where
        self.refs: set[str] = set()
        self.count = 0
        self.left: list[str] = []  # reasons of instructions that the baseline tier has to do
        self.cold = False  # the common way out is used
        self.nodes = nodes_of(source, snippets, roots) if nodes is None else nodes
        goto = self.nodes.get(GOTO)
        self.hashed = perfect_hash(goto.successors) if goto else None
        slots = len(self.hashed.slots) if self.hashed else 1
        self.joined = slots * len(list(self.gotos())) > MOST_CASES
        self.addresses: dict[int, str] = {}  # of this block's loads, by instruction
        loops = counted_loops(source, self.nodes, roots)
        short = short_loops(self.nodes, roots, loops.values())
        self.loops = {key: loop for key, loop in loops.items() if key not in short}
        # Jumps back that need no poll: where they are, and to which block.
        self.short = {(source.blocks[loops[key].latch][-1].pc, key) for key in short}
        self.wide: Wide | None = None  # while an unrolled loop is written
        self.round_of = 0  # instructions in each of its rounds, while those are one run
        self.strides: list[str] = []  # of its register, by round
        self.offsets = self.module.offsets
        steps = (step for node in self.nodes.values() for step in node.steps)
        self.lanes = not self.module.fast and any(has_lanes(s.recording) for s in steps)

    def gotos(self) -> Iterator[Any]:
        """The jumps that go through the node GOTO."""
        for key, node in self.nodes.items():
            if node.gotos:
                yield self.source.blocks[key][-1]

    # --- small pieces ------------------------------------------------------------------------
    def new(self) -> str:
        """A prefix for labels that nothing else uses."""
        self.count += 1
        return f"x{self.count}"

    def add(self, text: str) -> None:
        """Append one line."""
        if text.startswith("br "):
            self._branch(text)
        else:
            self.out.append(f"  {text}\n")

    def _branch(self, text: str) -> None:
        """Append a branch, unless a block of ours has nothing else; nots of nots go."""
        last = self.out[-1]
        if text.startswith("br label %"):
            if last.startswith("x") and last.endswith(":\n"):
                self.hops[last[:-2]] = text.removeprefix("br label %")
                self.out.pop()
                return
        elif (
            not_not := _NOT_NOT.search(last, max(0, len(last) - _NOT_NOT_BYTES))
        ) and text.startswith(f"br i1 {not_not[3]}, "):
            self.out[-1] = last[: not_not.start()]
            text = text.replace(not_not[3], not_not[2], 1)
        self.out.append(f"  {text}\n")

    def lines_out(self) -> str:
        """All lines; branches to blocks that only go on go there themselves."""

        def there(match: re.Match[str]) -> str:
            name = match[1]
            while name in self.hops:
                name = self.hops[name]
            return f"label %{name}"

        return _LABEL.sub(there, "".join(self.out))

    def label(self, name: str) -> None:
        """Begin a block."""
        self.out.append(f"{name}:\n")

    def value(self, text: str) -> str:
        """Append ``%number = text`` and return ``%number``; numbers grow from line to line."""
        self.count += 1
        name = f"%{self.count}000"  # a number: names cost LLVM more
        self.out.append(f"  {name} = {text}\n")
        return name

    def key_operand(self, key: int) -> str:
        """A guest address as the running module has it."""
        return self.value(f"add i32 %base, {key}") if self.module.relative else str(key)

    def at(self, key: int) -> str:
        """Label of a block; a counted loop is entered where its countdown is worked out."""
        return f"p{key:x}" if key in self.loops else f"b{key:x}"

    def state(self, field_name: str, more: int = 0) -> str:
        """Pointer to a member of the state."""
        return self.value(f"getelementptr i8, ptr %st, i64 {self.offsets[field_name] + more}")

    def forget_host(self) -> None:
        """Exceptions may have been raised since MXCSR was read."""
        if self.lanes:
            self.add(f"store i32 0, ptr {KNOWN}")

    # --- slots -------------------------------------------------------------------------------
    def flush(self, mask: int) -> None:
        """Store variables of the slots in ``mask`` to the state."""
        for bit in bits(mask & LOCALS & ~(1 << LESS)):
            slot = self.module.slots[bit]
            at = self.value(f"getelementptr i8, ptr %st, i64 {slot.offset}")
            value = self.value(f"load {slot.ty}, ptr {slot.local}")
            if slot.ty == "i1":
                value = self.value(f"zext i1 {value} to i8")
            if slot.mask != 0xFFFFFFFF:
                rest = self.value(f"and i32 {self.value(f'load i32, ptr {at}')}, {~slot.mask}")
                value = self.value(f"or i32 {value}, {rest}")
            ty = "i8" if slot.ty == "i1" else slot.ty
            self.add(f"store {ty} {value}, ptr {at}{', align 8' if ty[0] == '<' else ''}")

    def reload(self, mask: int) -> None:
        """Load the slots in ``mask`` from the state; N differs from V is worked out."""
        wanted = mask & LOCALS
        if wanted >> LESS & 1:
            wanted |= 1 << FLAG_SLOTS["N"] | 1 << FLAG_SLOTS["V"]
        for bit in bits(wanted & ~(1 << LESS)):
            slot = self.module.slots[bit]
            at = self.value(f"getelementptr i8, ptr %st, i64 {slot.offset}")
            ty = "i8" if slot.ty == "i1" else slot.ty
            value = self.value(f"load {ty}, ptr {at}{', align 8' if ty[0] == '<' else ''}")
            if slot.ty == "i1":
                value = self.value(f"icmp ne i8 {value}, 0")
            elif slot.mask != 0xFFFFFFFF:
                value = self.value(f"and i32 {value}, {slot.mask}")
            self.add(f"store {slot.ty} {value}, ptr {slot.local}")
        if wanted >> LESS & 1:
            n, v = (self.value(f"load i1, ptr %f{name}") for name in "nv")
            self.add(f"store i1 {self.value(f'xor i1 {n}, {v}')}, ptr %fl")

    # --- instructions ------------------------------------------------------------------------
    def fill(self, snippet: Snippet, insn: Any, distance: int = 0) -> str:
        """Append an instruction's snippet; returns its outcome."""
        self.count += 1
        prefix = str(self.count)
        text = snippet.text.replace("\1", prefix)
        for number, (expr, width) in enumerate(snippet.consts):
            value = expr.at(insn.pc) & ((1 << width) - 1)
            text = text.replace(f"\2{number}\2", str(value))
        for number, (expr, ty) in enumerate(snippet.literals):
            value_at = self.module.literal(expr.at(insn.pc), _BYTES[ty])
            text = text.replace(f"\3{number}\3", str(value_at))
        if "\5" in text:
            at = insn.pc - (self.source.key & ~1)
            text = text.replace("\5", f", !pcsections !L{at}s{distance}")
        if snippet.allocas:
            self.allocas.append(snippet.allocas.replace("\1", prefix))
        if text:
            self.out.append(text)
        return snippet.outcome.replace("\1", prefix)

    def note_address(self, insn: Any) -> None:
        """Remember the guest address that the instruction just written loads from."""
        found = _ADDRESS.findall(self.out[-1])
        if len(found) == 1:
            self.addresses[insn.pc] = found[0][0]

    def snippet_for(
        self, insn: Any, step: Step, live: int, *, hasty: bool = False, looks: int | None = None
    ) -> Snippet:
        """The snippet with literals folded where they never change."""
        recording = step.recording
        if self.wide is not None and self.wide.touches(step.snippet):
            return self.wide.snippet(recording, live, self.module, hasty=hasty)
        snippet = self.snippets.variant(recording, live, fold=True)
        if hasty:
            snippet = self.snippets.hasty(recording, looks)
        for expr, ty in snippet.literals:
            if self.module.literal(expr.at(insn.pc), _BYTES[ty]) is None:
                return self.snippets.variant(recording, live, fold=False, exact=not hasty)
        return snippet
