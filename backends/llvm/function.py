"""One guest function as LLVM text: entry, polls, blocks and the conditions inside them.

Decides the shape of optimised code (docs/decisions/0006 to 0012). What an instruction does comes
from its snippet, what must be stored and loaded where from ``liveness.py``, how blocks end from
``exits.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from backends.llvm.abreast import rounds_abreast
from backends.llvm.chains import chains, raises
from backends.llvm.liveness import GOTO, Node, Step, dirty_before, mode_register
from backends.llvm.loops import Counted
from backends.llvm.modal import DN, FZ
from backends.llvm.rows import Rows
from backends.llvm.slots import (
    ABI_REGISTERS,
    ALL_FLAGS,
    FLAG_SLOTS,
    FP_FLAGS,
    LESS,
    LOCALS,
    bits,
)
from backends.llvm.snippet import Snippet
from backends.llvm.source import Module
from backends.llvm.unit import FunctionText
from backends.llvm.vector_floats import GREATEST, LEAST, OCTETS
from backends.llvm.wide import wide_registers
from backends.llvm.writer import BEFORE, FAILED, KNOWN, MXCSR


class Lifter(Rows):
    """Writes one function."""

    def block(self, key: int) -> None:
        """All instructions of a block and its end."""
        node = self.nodes[key]
        insns = self.source.blocks[key]
        self.addresses = {}
        if key in self.loops:
            self.start_counting(key, node, insns)
        self.label(f"b{key:x}")
        self.begin(key)
        if (cut := _cut(insns, self.module)) is not None:
            self.cut(node, insns, cut)
            return
        self.regions(key, node, insns)
        if not self._leaves(node):
            self.end(insns[-1], node, "")

    def regions(self, key: int, node: Node, insns: list[Any]) -> None:
        """Instructions by runs under one condition; the last of the block may leave it."""
        for first, last, cond in _regions(insns, node.steps):
            name = ""
            ends = last == len(node.steps)
            if ends and key in self.latches:
                self.count_down(self.latches[key])
            if cond is not None:
                behind = self.before_region(node.steps[first:last])
                name = self.new()
                skip = self.fill(cond, insns[first])
                self.add(f"br i1 {skip}, label %{name}s, label %{name}b")
                self.label(f"{name}b")
            self.run(insns, node, first, last)
            ended = ends and self._leaves(node)
            if cond is not None:
                if not ended:
                    self.add(f"br label %{name}s")
                self.label(f"{name}s")
                self.distance = behind
                if ended:
                    after = (insns[-1].pc + insns[-1].size) | int(insns[-1].thumb)
                    self.edge(insns[-1].pc, after, node.dirty_out)

    def run(self, insns: list[Any], node: Node, first: int, last: int) -> None:
        """Instructions under one condition, one after the other."""
        index = first
        looked_at = not self.module.fast
        for chain in chains(node.steps, first, last, self.offsets) if looked_at else ():
            while index < chain.first:
                self.begin_round(index)
                self.instruction(insns[index], node, index)
                index += 1
            self.chain(insns, node, chain)
            index = chain.last
        while index < last:
            self.begin_round(index)
            self.instruction(insns[index], node, index)
            index += 1

    def _leaves(self, node: Node) -> bool:
        return node.steps[-1].recording.flow.kind != "next"

    def start_counting(self, key: int, node: Node, insns: list[Any]) -> None:
        """The way into a counted loop: its room, and several rounds at once while there is some."""
        loop = self.loops[key]
        rounds = loop.unrolled(node.steps)
        self.label(f"p{key:x}")
        self.begin(key)
        if (abreast := rounds_abreast(loop, node.steps, self.offsets)) is not None:
            if abreast.in_lanes:
                rounds = 1
                self.row(abreast, loop, insns)
            else:
                self.side_by_side(abreast, loop, insns)
        room = loop.room(self.value)
        self.add(f"store i32 {room}, ptr %room{key:x}")
        if rounds == 1:
            self.add(f"br label %b{key:x}")
            return
        before = loop.stride(self.value, rounds - 1)
        enough = self.value(f"icmp ugt i32 {room}, {before}")
        self.wide = wide_registers(loop, node.steps[:-1])
        if self.wide is not None:
            self.twins |= self.wide.registers
            fits = self.wide.begin(self.value, self.add)
            enough = self.value(f"and i1 {enough}, {fits}")
        self.add(f"br i1 {enough}, label %n{key:x}, label %b{key:x}")
        self.label(f"n{key:x}")
        # From here on the room is that of the first round of a group.
        self.add(f"store i32 {self.value(f'sub i32 {room}, {before}')}, ptr %room{key:x}")
        self.add(f"br label %u{key:x}")
        self.several(loop, rounds, node, insns[:-1])

    def several(self, loop: Counted, rounds: int, node: Node, insns: list[Any]) -> None:
        """A group of rounds, again while there is room for one; behind it single ones, or none."""
        key = loop.header
        self.label(f"u{key:x}")
        self.begin(key)
        if any(step.predicate for step in node.steps[:-1]):
            for number in range(rounds):
                if self.wide is not None:
                    self.wide.start_round(number, self.value)
                self.regions(key, node, insns)
        else:  # as one run, so that NaNs are looked for once in all of them
            self.round_of, self.strides = len(insns), []
            steps = [*node.steps[:-1] * rounds, node.steps[-1]]
            self.run(insns * rounds, replace(node, steps=steps), 0, len(insns) * rounds)
            self.round_of = 0
        self.wide = None
        room = self.use_room(loop, rounds, f"u{key:x}", f"v{key:x}")
        self.label(f"v{key:x}")
        self.use_room(loop, 1, f"b{key:x}", f"t{key:x}", room)

    def use_room(
        self, loop: Counted, rounds: int, there: str, else_there: str, room: str = ""
    ) -> str:
        """Branch on whether there is room for so many rounds more; returns what there was."""
        at = f"%room{loop.header:x}"
        room = room or self.value(f"load i32, ptr {at}")
        stride = loop.stride(self.value, rounds)
        more = self.value(f"icmp ugt i32 {room}, {stride}")
        self.add(f"store i32 {self.value(f'sub i32 {room}, {stride}')}, ptr {at}")
        self.add(f"br i1 {more}, label %{there}, label %{else_there}")
        return room

    def count_down(self, header: int) -> None:
        """The next round of a counted loop, unless its room is used up."""
        self.use_room(self.loops[header], 1, f"b{header:x}", f"t{header:x}")
        self.label(f"t{header:x}")

    def cut(self, node: Node, insns: list[Any], at: int) -> None:
        """Leave at the IT instruction of a block that would leave within its IT block."""
        self.left.append("leaves in the middle of an IT block")
        del node.steps[at:]
        for step in node.steps:
            step.live_after = ALL_FLAGS
        for first, last, cond in _regions(insns[:at], node.steps):
            name = self.new()
            behind = self.before_region(node.steps[first:last]) if cond is not None else 0
            if cond is not None:
                skip = self.fill(cond, insns[first])
                self.add(f"br i1 {skip}, label %{name}s, label %{name}b")
                self.label(f"{name}b")
            for index in range(first, last):
                snippet = self.snippet_for(insns[index], node.steps[index], ALL_FLAGS)
                self.fill_step(snippet, insns[index], node, index)
            if cond is not None:
                self.add(f"br label %{name}s")
                self.label(f"{name}s")
                self.distance = behind
        self.outward(insns[at].pc | int(insns[at].thumb), node.dirty_out, ALL_FLAGS)

    def instruction(self, insn: Any, node: Node, index: int) -> None:
        """One instruction, the end of the block included when it is the one that leaves."""
        if index + 1 == len(node.steps) and insn.pc in self.source.tables:
            table = self.source.tables[insn.pc]
            if table.index is not None:
                self.switch(table, insn, node.dirty_out)
        step = node.steps[index]
        flow = step.recording.flow
        outcome = ""
        self.leave_for_mode(insn, node, index)
        if flow.kind != "stop" or flow.how == "svc":  # what stops is left to the baseline tier
            snippet = self.snippet_for(insn, step, step.live_after)
            outcome = self.fill_step(snippet, insn, node, index)
        if raises(step.recording):
            self.forget_host()
        if node.gotos and step.predicate is None:
            self.note_address(insn)
        if flow.kind != "next":
            self.end(insn, node, outcome)

    def leave_for_mode(self, insn: Any, node: Node, index: int) -> None:
        """Leave before an instruction that sets FPSCR.FZ or DN: this code takes them for clear."""
        register = mode_register(node.steps[index].recording)
        if register is None:
            return
        value = self.value(f"load i32, ptr %r{register}")
        modes = self.value(f"and i32 {value}, {FZ | DN}")
        name = self.new()
        leaves = self.value(f"icmp ne i32 {modes}, 0")
        self.add(f"br i1 {leaves}, label %{name}m, label %{name}k, !prof !0")
        self.label(f"{name}m")
        self.add(f"store i8 {insn.itstate}, ptr {self.state('itstate')}")
        self.outward(insn.pc | int(insn.thumb), dirty_before(node, index), ALL_FLAGS)
        self.label(f"{name}k")

    # --- the whole ---------------------------------------------------------------------------
    def text(self) -> FunctionText:
        """The function."""
        self.twins: set[int] = set()
        self.known_sp = self.block_distances()
        self.latches = {loop.latch: header for header, loop in self.loops.items()}
        self.enter()
        for key, node in self.nodes.items():
            if key == GOTO:
                self.goto(node)
            else:
                self.block(key)
        if self.cold:
            self.label("outward")
            self.tail_call(self.value(f"load ptr, ptr {self.state('safepoint')}"))
        head = f"define dso_local x86_regcallcc %G @{self.name}(ptr noalias %st, %A %in) #0 {{\n"
        body = "".join(
            [head, "entry:\n", *self._variables(), *self.allocas, self.lines_out(), "}\n"]
        )
        return FunctionText(
            key=self.source.key,
            name=self.name,
            text=body,
            entries=tuple(k for k in self.roots if not self._stuck(k)),
            refs=frozenset(self.refs),
        )

    def _stuck(self, key: int) -> bool:
        """A block that leaves at once must not be entered: nobody would get any further."""
        insns = self.source.blocks[key]
        if _cut(insns, self.module) == 0:
            return True
        first = insns[0]
        recording = self.module.recorded(first)
        flow = recording.flow
        if mode_register(recording) is not None:
            return True
        return flow.kind == "refused" or (flow.kind == "stop" and flow.how != "svc")

    def _variables(self) -> Iterator[str]:
        yield "  %abi = alloca %A, align 16\n"
        if GOTO in self.nodes:
            yield "  %going = alloca i32\n"
        for header in self.loops:
            yield f"  %room{header:x} = alloca i32\n"
        for number in sorted(self.twins):
            yield f"  %w{number} = alloca i64\n"
        for position, number in enumerate(ABI_REGISTERS):
            yield f"  %r{number} = getelementptr i8, ptr %abi, i64 {4 * position}\n"
        if self.lanes:
            yield from (f"  {name} = alloca i32, align 4\n" for name in (KNOWN, BEFORE, MXCSR))
            yield f"  store i32 0, ptr {KNOWN}\n"
            yield f"  {FAILED} = alloca i32\n  store i32 0, ptr {FAILED}\n"
            yield f"  {LEAST} = alloca {OCTETS}\n  {GREATEST} = alloca {OCTETS}\n"
        used = self._slots_used()
        if used >> LESS & 1:
            used |= 1 << FLAG_SLOTS["N"] | 1 << FLAG_SLOTS["V"]
            yield "  %fl = alloca i1\n"
        for bit in bits(used & LOCALS & ~(1 << LESS)):
            slot = self.module.slots[bit]
            yield f"  {slot.local} = alloca {slot.ty}\n"
            if bit == FP_FLAGS:
                # It may leave where nobody computed it; the bits beside it must not suffer.
                yield f"  store {slot.ty} 0, ptr {slot.local}\n"

    def _slots_used(self) -> int:
        used = 0
        for node in self.nodes.values():
            used |= node.live_in | node.dirty_in | node.dirty_out
            for step in node.steps:
                used |= step.snippet.reads | step.snippet.writes | step.snippet.less_reads
                used |= step.predicate.reads if step.predicate else 0
        return used

    def enter(self) -> None:
        """Take the registers over, poll, load what is alive, and go to the first block."""
        self.add("store %A %in, ptr %abi")
        if self.module.relative:
            limit = self.module.bias_limit
            signed = limit - (1 << 32) if limit >> 31 else limit
            self.add("%base = load i32, ptr @xlate_bias, !range !{i32 0, i32 " + f"{signed}}}")
        single = self.roots[0] if len(self.roots) == 1 else None
        target = ""
        if single is None:
            target = self.value(f"load i32, ptr {self.state('target')}")
        if self.secondary or self.source.key in self.module.polled:
            self.entry_poll(target or self.key_operand(self.roots[0]))
        if single is not None:
            self.reload(self.nodes[single].live_in)
            self.add(f"br label %{self.at(single)}")
            return
        link = self.value(f"sub i32 {target}, %base") if self.module.relative else target
        name = self.new()
        cases = " ".join(f"i32 {k}, label %{name}e{k:x}" for k in self.roots)
        self.add(f"switch i32 {link}, label %{name}n [ {cases} ]")
        self.label(f"{name}n")
        self.add("unreachable")
        for key in self.roots:
            self.label(f"{name}e{key:x}")
            self.reload(self.nodes[key].live_in)
            self.add(f"br label %{self.at(key)}")

    def entry_poll(self, key: str) -> None:
        """Leave before anything was done when a signal is due or the host stack runs low."""
        sp = self.value("call i64 @llvm.read_register.i64(metadata !9)")
        limit = self.value(f"load volatile i64, ptr {self.state('stack_limit')}")
        low = self.value(f"icmp ult i64 {sp}, {limit}")
        name = self.new()
        self.add(f"br i1 {low}, label %{name}o, label %{name}g, !prof !0")
        self.label(f"{name}o")
        self.safepoint(key)
        self.label(f"{name}g")


def _cut(insns: list[Any], module: Module) -> int | None:
    """Index of the IT instruction where a block must stop: what leaves inside it loses ITSTATE.

    The last of an IT block may lose it, unless it is refused for standing there.
    """
    last = insns[-1]
    flow = module.recorded(last).flow
    open_there = flow.kind == "refused" and flow.how == "unpredictable"
    if last.itstate & 15 == 0 or (last.itstate & 15 == 8 and not open_there) or flow.kind == "next":
        return None
    for index in range(len(insns) - 1, -1, -1):
        if insns[index].itstate & 15 == 0:
            return index
    return 0


def _regions(insns: list[Any], steps: list[Step]) -> Iterator[tuple[int, int, Snippet | None]]:
    """Runs of instructions under one condition, which none of them but the last may change."""
    first = 0
    while first < len(insns):
        cond = steps[first].predicate
        last = first + 1
        while (
            last < len(insns)
            and steps[last].predicate is cond
            and (cond is None or not steps[last - 1].snippet.writes & ALL_FLAGS)
        ):
            last += 1
        yield first, last, cond
        first = last
