"""Functions in the shape that the lifter gives, written by hand or drawn at random."""

from __future__ import annotations

import random

from backends.llvm.unit import FunctionText

REGS = ("r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "sp")
_INTS = ", ".join(["i32"] * 10)
_FLOATS = ", ".join(["double"] * 16)
DOUBLES = 15  # that are passed; the last member carries nothing

PRELUDE = f"""%A = type {{ {_INTS}, {_FLOATS} }}
%G = type {{ i32, %A }}
@xlate_bias = external dso_local global i32
attributes #0 = {{ nounwind "frame-pointer"="none" "target-cpu"="x86-64" }}
attributes #1 = {{ nounwind }}
!0 = !{{!"branch_weights", i32 1, i32 2000}}
"""


class Body:
    """Lines of one function: registers in allocas, results through ``leave``."""

    def __init__(self, key: int) -> None:
        self.key = key
        self.out: list[str] = []
        self.count = 0
        self.at = 0
        self.refs: set[str] = set()

    def line(self, text: str) -> None:
        """One line, with the place of the current instruction."""
        access = "addrspace(256)" in text and "volatile" in text
        mark = f", !pcsections !L{self.at}s0" if access else ""
        self.out.append(f"  {text}{mark}")

    def new(self, text: str) -> str:
        """One value."""
        self.count += 1
        self.line(f"%v{self.count} = {text}")
        return f"%v{self.count}"

    def get(self, reg: str) -> str:
        """A register."""
        return self.new(f"load i32, ptr %{reg}")

    def set(self, reg: str, value: str) -> None:
        """Write a register."""
        self.line(f"store i32 {value}, ptr %{reg}")

    def gather(self) -> str:
        """All registers as one %A."""
        value = "poison"
        for i, reg in enumerate(REGS):
            value = self.new(f"insertvalue %A {value}, i32 {self.get(reg)}, {i}")
        for i in range(DOUBLES):
            loaded = self.new(f"load double, ptr %d{i}")
            value = self.new(f"insertvalue %A {value}, double {loaded}, {10 + i}")
        return value

    def leave(self, key: str) -> None:
        """Return with the next guest pc."""
        first = self.new(f"insertvalue %G poison, i32 {key}, 0")
        value = self.new(f"insertvalue %G {first}, %A {self.gather()}, 1")
        self.line(f"ret %G {value}")

    def call(self, name: str, back: int) -> None:
        """Call a function, expecting the key ``back``; anything else is returned outward."""
        self.refs.add(name)
        got = self.new(f"call x86_regcallcc %G @{name}(ptr %st, %A {self.gather()}) #1")
        key = self.new(f"extractvalue %G {got}, 0")
        same = self.new(f"icmp eq i32 {key}, {back}")
        self.count += 1
        here = self.count
        self.line(f"br i1 {same}, label %on{here}, label %out{here}")
        self.out.append(f"out{here}:")
        self.line(f"ret %G {got}")
        self.out.append(f"on{here}:")
        for i, reg in enumerate(REGS):
            self.set(reg, self.new(f"extractvalue %G {got}, 1, {i}"))
        for i in range(DOUBLES):
            self.line(f"store double {self.new(f'extractvalue %G {got}, 1, {10 + i}')}, ptr %d{i}")

    def function(self, entries: tuple[int, ...] | None = None) -> FunctionText:
        """The whole text."""
        name = f"f_{self.key:08x}"
        head = [f"define dso_local x86_regcallcc %G @{name}(ptr %st, %A %in) #0 {{", "entry:"]
        for i, reg in enumerate(REGS):
            head += [f"  %{reg} = alloca i32", f"  %i{i} = extractvalue %A %in, {i}"]
            head += [f"  store i32 %i{i}, ptr %{reg}"]
        for i in range(DOUBLES):
            head += [f"  %d{i} = alloca double", f"  %j{i} = extractvalue %A %in, {10 + i}"]
            head += [f"  store double %j{i}, ptr %d{i}"]
        text = "\n".join([*head, *self.out, "}", ""])
        keys = (self.key,) if entries is None else entries
        return FunctionText(self.key, name, text, keys, frozenset(self.refs))


def _instruction(b: Body, rng: random.Random) -> None:
    kind = rng.randrange(10)
    rd, rn, rm = (rng.choice(REGS[:9]) for _ in range(3))
    if kind < 4:
        op = rng.choice(("add", "sub", "and", "or", "xor", "shl"))
        other = str(rng.randrange(1, 31)) if op == "shl" else b.get(rm)
        b.set(rd, b.new(f"{op} i32 {b.get(rn)}, {other}"))
    elif kind < 8:
        wide = b.new(f"zext i32 {b.get(rng.choice((rn, 'sp')))} to i64")
        place = b.new(f"add i64 {wide}, {rng.randrange(0, 256, 4)}")
        pointer = b.new(f"inttoptr i64 {place} to ptr addrspace(256)")
        if kind < 6:
            b.set(rd, b.new(f"load volatile i32, ptr addrspace(256) {pointer}, align 1"))
        else:
            b.line(f"store volatile i32 {b.get(rm)}, ptr addrspace(256) {pointer}, align 1")
    elif kind == 8:
        field = b.new(f"getelementptr i8, ptr %st, i64 {rng.choice((36, 40, 44, 48, 56))}")
        b.line(f"store i32 {b.get(rn)}, ptr {field}")
    else:
        wide = b.new(f"sitofp i32 {b.get(rn)} to double")
        d = rng.randrange(DOUBLES)
        b.line(f"store double {b.new(f'fmul double {wide}, 3.5')}, ptr %d{d}")


def random_function(key: int, size: int, callees: list[str], seed: int) -> FunctionText:
    """Blocks of some seven instructions with compares, branches back and forth, and calls."""
    rng = random.Random(seed)
    b = Body(key)
    blocks = max(1, size // 7)
    b.line("br label %b0")
    for k in range(blocks):
        b.out.append(f"b{k}:")
        for _ in range(5):
            b.at += 4
            _instruction(b, rng)
        b.at += 8
        if k % 3 == 1 and callees:
            b.line(f"store i32 {b.key + b.at}, ptr {b.new('getelementptr i8, ptr %st, i64 56')}")
            b.call(rng.choice(callees), b.key + b.at)
        target = rng.randrange(blocks)
        test = b.new(f"icmp slt i32 {b.get(rng.choice(REGS[:9]))}, {b.get(rng.choice(REGS[:9]))}")
        onward = f"b{k + 1}" if k + 1 < blocks else "end"
        b.line(
            f"br i1 {test}, label %{onward}, label %b{target}" if target else f"br label %{onward}"
        )
    b.out.append("end:")
    b.leave(b.new(f"load i32, ptr {b.new('getelementptr i8, ptr %st, i64 56')}"))
    return b.function()
