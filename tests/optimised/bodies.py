"""Optimised code for functions.S, written by hand in the shape that the tiers have agreed on.

These show the hand-over alone, and take each unusual path on purpose; what the lifter makes of the
same guest functions is tested beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from backends.llvm.unit import FunctionText
from frontends.arm32.state import STATE
from tests.llvm.sample import DOUBLES, REGS, Body
from tests.llvm.sample import PRELUDE as SAMPLE_PRELUDE

OFFSETS = STATE.offsets()
PRELUDE = SAMPLE_PRELUDE + '!9 = !{!"rsp"}\ndeclare i64 @llvm.read_register.i64(metadata)\n'
SP, LR = "sp", OFFSETS["r"] + 4 * 14


class Guest(Body):
    """A body with names for what functions do: stack, state, calls of the runtime."""

    def __init__(self, symbols: Mapping[str, int], name: str) -> None:
        super().__init__(symbols[name])
        self.symbols = symbols

    def state(self, offset: int) -> str:
        """A pointer into the state."""
        return self.new(f"getelementptr i8, ptr %st, i64 {offset}")

    def put(self, offset: int, value: str | int, ty: str = "i32") -> None:
        """Write the state."""
        self.line(f"store {ty} {value}, ptr {self.state(offset)}")

    def lr(self) -> str:
        """The return address."""
        return self.new(f"load i32, ptr {self.state(LR)}")

    def memory(self, address: str) -> str:
        """A pointer to guest memory."""
        wide = self.new(f"zext i32 {address} to i64")
        return self.new(f"inttoptr i64 {wide} to ptr addrspace(256)")

    def push(self, first: str) -> None:
        """push {first, lr}"""
        sp = self.new(f"sub i32 {self.get(SP)}, 8")
        for address, value in ((sp, self.get(first)), (self.new(f"add i32 {sp}, 4"), self.lr())):
            pointer = self.memory(address)
            self.line(f"store volatile i32 {value}, ptr addrspace(256) {pointer}")
        self.set(SP, sp)

    def pop(self, first: str) -> None:
        """pop {first, pc}"""
        sp = self.get(SP)
        low, high = self.memory(sp), self.memory(self.new(f"add i32 {sp}, 4"))
        self.set(first, self.new(f"load volatile i32, ptr addrspace(256) {low}"))
        self.set(SP, self.new(f"add i32 {sp}, 8"))
        self.leave(self.new(f"load volatile i32, ptr addrspace(256) {high}"))

    def field(self, name: str) -> str:
        """A function of the runtime."""
        return self.new(f"load ptr, ptr {self.state(OFFSETS[name])}")

    def call_value(self, pointer: str, back: int) -> None:
        """Call a function by a value, expecting the key ``back``; anything else goes outward."""
        got = self.new(f"call x86_regcallcc %G {pointer}(ptr %st, %A {self.gather()}) #1")
        key = self.new(f"extractvalue %G {got}, 0")
        same = self.new(f"icmp eq i32 {key}, {back}")
        here = self.branch(same)
        self.out.append(f"no{here}:")
        self.line(f"ret %G {got}")
        self.out.append(f"yes{here}:")
        for i, reg in enumerate(REGS):
            self.set(reg, self.new(f"extractvalue %G {got}, 1, {i}"))
        for i in range(DOUBLES):
            value = self.new(f"extractvalue %G {got}, 1, {10 + i}")
            self.line(f"store double {value}, ptr %d{i}")

    def branch(self, condition: str) -> int:
        """Branch to labels yesN and noN; the caller opens both."""
        self.count += 1
        self.line(f"br i1 {condition}, label %yes{self.count}, label %no{self.count}")
        return self.count

    def leave_if(self, condition: str, key: str) -> None:
        """Return with a key when the condition holds."""
        here = self.branch(condition)
        self.out.append(f"yes{here}:")
        self.leave(key)
        self.out.append(f"no{here}:")

    def nest(self, target: str, back: int) -> None:
        """Call code that has no optimised form."""
        self.put(LR, back)
        self.put(OFFSETS["target"], target)
        self.call_value(self.field("nest"), back)

    def poll(self) -> None:
        """Entry poll."""
        rsp = self.new("call i64 @llvm.read_register.i64(metadata !9)")
        limit = self.new(f"load volatile i64, ptr {self.state(OFFSETS['stack_limit'])}")
        here = self.branch(self.new(f"icmp ult i64 {rsp}, {limit}"))
        self.out.append(f"yes{here}:")
        self.safepoint(str(self.key))
        self.out.append(f"no{here}:")

    def safepoint(self, key: str) -> None:
        """Leave at ``key`` to the runtime, which may come back there."""
        self.put(OFFSETS["target"], key)
        runtime = self.field("safepoint")
        done = f"musttail call x86_regcallcc %G {runtime}(ptr %st, %A {self.gather()})"
        self.line(f"ret %G {self.new(done)}")

    def add(self, reg: str, value: int) -> None:
        """Add a constant to a register."""
        self.set(reg, self.new(f"add i32 {self.get(reg)}, {value}"))


def _leaf(b: Guest) -> None:
    b.set("r0", b.new(f"mul i32 {b.get('r0')}, 3"))
    b.add("r0", 1)
    b.leave(b.lr())


def _through(b: Guest) -> None:
    b.push("r4")
    b.nest(str(b.symbols["plain"]), b.symbols["through_back"])
    b.add("r0", 5)
    b.pop("r4")


def _tail(b: Guest) -> None:
    b.put(OFFSETS["target"], b.symbols["plain"])
    got = b.new(f"musttail call x86_regcallcc %G {b.field('nest')}(ptr %st, %A {b.gather()}) #1")
    b.line(f"ret %G {got}")


def _recursive(b: Guest, back: str, call: Callable[[], None]) -> None:
    b.poll()
    b.leave_if(b.new(f"icmp eq i32 {b.get('r0')}, 0"), b.lr())
    b.push("r4")
    b.add("r0", -1)
    b.put(LR, b.symbols[back])
    call()
    b.add("r0", 1)
    b.pop("r4")


def _down(b: Guest) -> None:
    back = b.symbols["down_back"]
    _recursive(b, "down_back", lambda: b.nest(str(b.symbols["down_plain"]), back))


def _deep(b: Guest) -> None:
    back = b.symbols["deep_back"]
    _recursive(b, "deep_back", lambda: b.call(f"f_{b.key:08x}", back))


def _endless(b: Guest) -> None:
    b.poll()
    b.push("r4")
    b.put(LR, b.symbols["endless_back"])
    b.call(f"f_{b.key:08x}", b.symbols["endless_back"])
    b.pop("r4")


def _spin(b: Guest) -> None:
    b.set("r1", b.get("r0"))
    b.line("br label %loop")
    b.out.append("loop:")
    value = b.new(f"load volatile i32, ptr addrspace(256) {b.memory(b.get('r1'))}")
    b.set("r0", value)
    b.leave_if(b.new(f"icmp ne i32 {value}, 0"), b.lr())
    pending = b.new(f"load volatile i32, ptr {b.state(OFFSETS['pending'])}")
    here = b.branch(b.new(f"icmp eq i32 {pending}, 0"))
    b.out.append(f"yes{here}:")
    b.line("br label %loop")
    b.out.append(f"no{here}:")
    for flag, bit in (("nf", 0), ("zf", 1), ("cf", 1), ("vf", 0)):
        b.put(OFFSETS[flag], bit, "i8")
    b.safepoint(str(b.symbols["spin_loop"]))


def _trap(b: Guest) -> None:
    b.push("r7")
    for to, source in (("r7", "r0"), ("r0", "r1"), ("r1", "r2"), ("r2", "r3")):
        b.set(to, b.get(source))
    b.put(OFFSETS["svc_imm"], 0)
    b.put(OFFSETS["r"] + 60, b.symbols["trap_back"])
    b.put(OFFSETS["thumb"], 0, "i8")
    b.call_value(b.field("svc"), b.symbols["trap_back"])
    b.pop("r7")


def _apply(b: Guest) -> None:
    """The indirect call: the table, else the nest."""
    b.push("r4")
    key = b.get("r0")
    b.set("r3", key)
    b.set("r0", b.get("r1"))
    b.put(LR, b.symbols["apply_back"])
    b.put(OFFSETS["target"], key)
    table = b.new(f"load ptr, ptr {b.state(OFFSETS['table'])}")
    high, low = b.new(f"shl i32 {key}, 31"), b.new(f"lshr i32 {key}, 1")
    index = b.new(f"zext i32 {b.new(f'or i32 {high}, {low}')} to i64")
    distance = b.new(f"load i32, ptr {b.new(f'getelementptr i32, ptr {table}, i64 {index}')}")
    arena = b.new(f"load i64, ptr {b.state(OFFSETS['arena'])}")
    eight = b.new(f"shl i64 {b.new(f'zext i32 {key} to i64')}, 3")
    near = b.new(f"add i64 {b.new(f'add i64 {arena}, {eight}')}, -8")
    entry = b.new(f"add i64 {near}, {b.new(f'sext i32 {distance} to i64')}")
    none = b.new(f"icmp eq i32 {distance}, 0")
    pointer = b.new(f"inttoptr i64 {entry} to ptr")
    b.call_value(
        b.new(f"select i1 {none}, ptr {b.field('nest')}, ptr {pointer}"), b.symbols["apply_back"]
    )
    b.add("r0", 1)
    b.pop("r4")


def _fetch(b: Guest) -> None:
    b.at = 0
    b.set("r0", b.new(f"load volatile i32, ptr addrspace(256) {b.memory(b.get('r0'))}"))
    b.leave(b.lr())


_BODIES: dict[str, Callable[[Guest], None]] = {
    "leaf": _leaf,
    "through": _through,
    "tail": _tail,
    "down": _down,
    "deep": _deep,
    "endless": _endless,
    "spin": _spin,
    "trap": _trap,
    "apply": _apply,
    "fetch": _fetch,
}


def functions(symbols: Mapping[str, int]) -> list[FunctionText]:
    """All of them, for a program whose symbols are at these addresses."""
    out = []
    for name, body in _BODIES.items():
        guest = Guest(symbols, name)
        body(guest)
        out.append(guest.function())
    return out
