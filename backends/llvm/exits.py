"""How an optimised function goes on: inside itself, into other functions, outward to its caller.

What leaves the function goes to the caller with the guest address it goes on at; the caller
compares, and passes outward what it did not expect. So host frames hold no guest state, and
longjmp, coroutines and signals need nothing special (docs/decisions/0006).
"""

from __future__ import annotations

from typing import Any

from backends.llvm.exact import LINK, Exact
from backends.llvm.liveness import GOTO, Node, entry_flags, passing_flags
from backends.llvm.slots import ALL_FLAGS
from backends.llvm.source import ALWAYS, Table


class Exits(Exact):
    """The ends of blocks."""

    # --- leaving -----------------------------------------------------------------------------
    def give(self, key: str) -> None:
        """Return outward: registers as they are, going on at ``key``."""
        self.hand_over()
        regs = self.value("load %A, ptr %abi")
        first = self.value(f"insertvalue %G poison, i32 {key}, 0")
        self.add(f"ret %G {self.value(f'insertvalue %G {first}, %A {regs}, 1')}")

    def outward(self, key: int, dirty: int, flags: int) -> None:
        """Leave to whoever runs ``key``."""
        self.flush(dirty & ~ALL_FLAGS | dirty & flags)
        self.safepoint(self.key_operand(key))

    def safepoint(self, key: str) -> None:
        """Let the runtime deliver signals and decide how to go on at ``key``; state is current."""
        self.add(f"store i32 {key}, ptr {self.state('target')}")
        self.add("br label %outward")
        self.cold = True

    def edge(self, here: int, key: int, dirty: int) -> None:
        """Go on at a known key: a block of this function, another function, or outward."""
        if key not in self.nodes:
            self.tail(key, dirty)
            return
        self.check_sp(key)
        if key & ~1 > here or (here, key) in self.short or self._polls_anyway(key):
            self.add(f"br label %{self.at(key)}")
            return
        where = self.new()
        pending = self.value(f"load volatile i32, ptr {self.state('pending')}")
        stop = self.value(f"icmp ne i32 {pending}, 0")
        self.add(f"br i1 {stop}, label %{where}, label %{self.at(key)}, !prof !0")
        self.label(where)
        self.outward(key, dirty, entry_flags(self.nodes[key].live_in))

    def _polls_anyway(self, key: int) -> bool:
        """The block ends with a call of a function that polls at its entry."""
        flow, last = self.nodes[key].steps[-1].recording.flow, self.source.blocks[key][-1]
        polled = flow.kind == "call" and flow.target_at(last.pc) in self.module.polled
        return polled and bool(last.cond >= ALWAYS)

    def tail(self, key: int, dirty: int) -> None:
        """Jump to another function; code that is none is left to the dispatcher."""
        wanted = self.module.results.get(key)
        flags = wanted.reads_if_jumped_to if wanted else 0
        own = self.module.results.get(self.source.key)
        if key not in self.module.known or (own and own.keeps_flags):
            flags = ALL_FLAGS
        if key not in self.module.known:
            self.outward(key, dirty, flags)
            return
        self.flush(dirty & ~ALL_FLAGS | dirty & flags)
        self.tail_call(self.callee(key))

    def callee(self, key: int) -> str:
        """Name of a function of this image."""
        name = f"f_{key:08x}"
        if key != self.source.key or self.secondary:
            self.refs.add(name)
        return f"@{name}"

    def tail_call(self, callee: str) -> None:
        """The last thing that a function does."""
        self.hand_over()
        regs = self.value("load %A, ptr %abi")
        done = self.value(f"musttail call x86_regcallcc %G {callee}(ptr %st, %A {regs})")
        self.add(f"ret %G {done}")

    def look_up(self, key: str) -> str:
        """The host function for a key that is known only now; it goes to the nest when none is."""
        self.add(f"store i32 {key}, ptr {self.state('target')}")
        index = self.value(f"call i32 @llvm.fshl.i32(i32 {key}, i32 {key}, i32 31)")
        table = self.value(f"load ptr, ptr {self.state('table')}")
        at = self.value(
            f"getelementptr i32, ptr {table}, i64 {self.value(f'zext i32 {index} to i64')}"
        )
        entry = self.value(f"load i32, ptr {at}")
        none = self.value(f"icmp eq i32 {entry}, 0")
        name = self.new()
        self.add(f"br i1 {none}, label %{name}n, label %{name}h, !prof !0")
        self.label(f"{name}n")
        nest = self.value(f"load ptr, ptr {self.state('nest')}")
        self.add(f"br label %{name}j")
        self.label(f"{name}h")
        arena = self.value(f"load ptr, ptr {self.state('arena')}")
        eight = self.value(f"shl i64 {self.value(f'zext i32 {key} to i64')}, 3")
        total = self.value(f"add i64 {eight}, {self.value(f'sext i32 {entry} to i64')}")
        total = self.value(f"add i64 {total}, -8")
        host = self.value(f"getelementptr i8, ptr {arena}, i64 {total}")
        self.add(f"br label %{name}j")
        self.label(f"{name}j")
        return self.value(f"phi ptr [ {nest}, %{name}n ], [ {host}, %{name}h ]")

    def call(self, callee: str, back: int) -> None:
        """Call and go on at ``back`` when that is where it returns to; else pass it outward."""
        self.hand_over()
        regs = self.value("load %A, ptr %abi")
        if back not in self.nodes:
            done = self.value(f"call x86_regcallcc %G {callee}(ptr %st, %A {regs})")
            self.add(f"ret %G {done}")
            return
        expected = self.key_operand(back)
        done = self.value(f"call x86_regcallcc %G {callee}(ptr %st, %A {regs})")
        key = self.value(f"extractvalue %G {done}, 0")
        other = self.value(f"icmp ne i32 {key}, {expected}")
        name = self.new()
        self.add(f"br i1 {other}, label %{name}o, label %{name}c, !prof !0")
        self.label(f"{name}o")
        self.add(f"ret %G {done}")
        self.label(f"{name}c")
        self.add(f"store %A {self.value(f'extractvalue %G {done}, 1')}, ptr %abi")
        self.forget_host()
        self.reload(self.nodes[back].live_in)
        self.add(f"br label %{self.at(back)}")

    # --- ends of blocks ----------------------------------------------------------------------
    def end(self, insn: Any, node: Node, outcome: str) -> None:
        """What the block's last instruction does about control, once it executes."""
        flow = node.steps[-1].recording.flow
        dirty = node.dirty_out
        after = (insn.pc + insn.size) | int(insn.thumb)
        flags = node.wants
        if flow.kind == "next":
            self.edge(insn.pc, after, dirty)
        elif flow.kind == "jump":
            self.edge(insn.pc, flow.target_at(insn.pc), dirty)
        elif flow.kind == "branch":
            name = self.new()
            self.add(f"br i1 {outcome}, label %{name}t, label %{name}f")
            self.label(f"{name}t")
            self.edge(insn.pc, flow.target_at(insn.pc), dirty)
            self.label(f"{name}f")
            self.edge(insn.pc, after, dirty)
        elif flow.kind == "call":
            flags |= passing_flags(self.nodes, node)
            self.flush(dirty & ~ALL_FLAGS | dirty & flags)
            self.call(self.known_callee(flow.target_at(insn.pc)), after)
        elif flow.kind == "indirect":
            self.indirect(insn, flow.how, outcome, node)
        elif (flow.kind, flow.how) == ("stop", "svc"):
            self.system_call(after, dirty, node)
        else:
            why = f"{flow.kind} {flow.how}" if flow.kind == "stop" else flow.reason
            self.left.append(why)
            self.outward(insn.pc | int(insn.thumb), dirty, ALL_FLAGS)

    def known_callee(self, key: int) -> str:
        """A function of this image, or the nest with its target set."""
        if key in self.module.known:
            return self.callee(key)
        self.add(f"store i32 {self.key_operand(key)}, ptr {self.state('target')}")
        return self.value(f"load ptr, ptr {self.state('nest')}")

    def system_call(self, after: int, dirty: int, node: Node) -> None:
        """The runtime's own function, called like any other."""
        flags = node.wants | passing_flags(self.nodes, node)
        self.flush(dirty & ~ALL_FLAGS | dirty & flags)
        pc = self.key_operand(after & ~1)
        self.add(f"store i32 {pc}, ptr {self.state('r', 60)}")
        self.add(f"store i8 {after & 1}, ptr {self.state('thumb')}")
        self.distance = 0  # it takes sp from the register
        self.call(self.value(f"load ptr, ptr {self.state('svc')}"), after)

    def indirect(self, insn: Any, how: str, target: str, node: Node) -> None:
        """Go where a value says."""
        dirty, flags = node.dirty_out, node.wants
        if how == "call":
            flags |= passing_flags(self.nodes, node)
            self.flush(dirty & ~ALL_FLAGS | dirty & flags)
            back = (insn.pc + insn.size) | int(insn.thumb)
            self.call(self.look_up(target), back)
            return
        if GOTO in node.successors:
            self.hand_over()
            self.go_to(target, self.source.tables.get(insn.pc))
            return
        inside = [k for k in self._possible(insn) if k in self.nodes] if how == "jump" else []
        if inside:
            name = self.new()
            link = self.value(f"sub i32 {target}, %base") if self.module.relative else target
            cases = " ".join(f"i32 {k}, label %{name}c{k:x}" for k in inside)
            self.add(f"switch i32 {link}, label %{name}d [ {cases} ]")
            for key in inside:
                self.label(f"{name}c{key:x}")
                self.edge(insn.pc, key, dirty)
            self.label(f"{name}d")
        self.flush(dirty & ~ALL_FLAGS | dirty & flags)
        if how == "jump" and self.module.is_tail(insn, bool(dirty >> LINK & 1)):
            self.tail_call(self.look_up(target))
        elif how == "jump":  # leaves no way back that anybody could name
            self.safepoint(target)
        else:
            self.give(target)

    def go_to(self, target: str, table: Table | None) -> None:
        """A computed jump with many known targets; each has its own jump, for the predictor."""
        link = self.value(f"sub i32 {target}, %base") if self.module.relative else target
        self.add(f"store i32 {link}, ptr %going")
        address = self.addresses.get(table.load) if table and table.load is not None else None
        if table and address:
            self._choose(self._case(address, table), "gotox", dict(enumerate(table.targets)))
        elif self.joined or self.hashed is None:
            self.add("br label %goto")
        else:
            self._choose(self._place(link), "gotou", dict(enumerate(self.hashed.slots)))

    def _case(self, address: str, table: Table) -> str:
        """Number of the word that was loaded, which is known before the word is."""
        base = self.key_operand(table.base)
        distance = self.value(f"sub i32 {address}, {base}")
        return self.value(f"call i32 @llvm.fshl.i32(i32 {distance}, i32 {distance}, i32 30)")

    def _place(self, link: str) -> str:
        assert self.hashed is not None
        product = self.value(f"mul i32 {link}, {self.hashed.factor}")
        return self.value(f"lshr i32 {product}, {32 - self.hashed.bits}")

    def goto(self, node: Node) -> None:
        """Where computed jumps with many known targets meet."""
        self.distance = 0
        dirty = node.dirty_out
        keep = dirty & ~ALL_FLAGS | dirty & entry_flags(node.live_in)
        if self.joined or self.hashed is None:
            self.label("goto")
            link = self.value("load i32, ptr %going")
            if self.hashed is None:
                self._choose(link, "gotox", {key: key for key in node.successors})
            else:
                self._choose(self._place(link), "gotou", dict(enumerate(self.hashed.slots)))
        for label in ("gotop", "gotox"):
            self.label(label)
            link = self.value("load i32, ptr %going")
            target = self.value(f"add i32 {link}, %base") if self.module.relative else link
            self.flush(keep)
            if label == "gotop":
                self.safepoint(target)
            elif all(self.module.is_tail(insn, bool(dirty >> LINK & 1)) for insn in self.gotos()):
                self.tail_call(self.look_up(target))
            else:
                self.safepoint(target)
        self.label("gotou")
        self.add("unreachable")
        for key in node.successors:
            self.label(f"g{key:x}")
            link = self.value("load i32, ptr %going")
            other = self.value(f"icmp ne i32 {link}, {key}")
            self.add(f"br i1 {other}, label %gotox, label %{self.at(key)}, !prof !0")

    def _choose(self, case: str, other: str, keys: dict[int, int | None]) -> None:
        """Poll, then try the block of the key that a case stands for."""
        name = self.new()
        pending = self.value(f"load volatile i32, ptr {self.state('pending')}")
        stop = self.value(f"icmp ne i32 {pending}, 0")
        self.add(f"br i1 {stop}, label %gotop, label %{name}c, !prof !0")
        self.label(f"{name}c")
        known = self.nodes[GOTO].successors
        names = {at: f"g{key:x}" if key in known else "gotox" for at, key in keys.items()}
        cases = " ".join(f"i32 {at}, label %{name}" for at, name in names.items())
        self.add(f"switch i32 {case}, label %{other} [ {cases} ]")

    def _possible(self, insn: Any) -> tuple[int, ...]:
        """Keys that a computed jump may well go to, inside this function."""
        table = self.source.tables.get(insn.pc)
        if table is None:
            return self.source.entries
        return tuple(dict.fromkeys(table.targets)) if table.index is None else ()

    def switch(self, table: Table, insn: Any, dirty: int) -> None:
        """A jump table by its index; what is outside goes the general way, behind this."""
        name = self.new()
        index = self.value(f"load i32, ptr %r{table.index}")
        cases = []
        for number, key in enumerate(table.targets):
            cases.append(f"i32 {table.first + number}, label %{name}c{key:x}")
        self.add(f"switch i32 {index}, label %{name}d [ {' '.join(cases)} ]")
        for key in dict.fromkeys(table.targets):
            self.label(f"{name}c{key:x}")
            self.edge(insn.pc, key, dirty)
        self.label(f"{name}d")
