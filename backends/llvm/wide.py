"""Addresses of an unrolled loop in 64 bits, so that the host's addressing modes take them whole.

A guest address is a sum modulo 2^32, which costs an instruction of its own before every access.
In a loop whose registers are invariant or move by a constant a round, how far an address can come
is known before: one comparison for each kind of address says that no sum wraps. Where it might,
the loop is not entered in its unrolled form. The registers that addresses are made of then have a
64-bit twin, and addresses are sums of twins (docs/decisions/0007).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backends.llvm.liveness import Recording, Step
from backends.llvm.loops import MOST_STRIDE, Change, Counted, change_of
from backends.llvm.places import Locals
from backends.llvm.slots import ALL_FLAGS
from backends.llvm.snippet import Snippet, make_snippet
from backends.llvm.source import Module
from backends.llvm.text import Text
from xlate.ir import Op, Value

FARTHEST = 1 << 28  # that addresses move in one go
SPARE = 8  # rounds that are counted beyond the room, for what is read early or late

Terms = tuple[tuple[int, int], ...]  # registers with how far they are shifted left


@dataclass
class Wide:
    """Registers with twins, and for each sum of them how far it falls and rises at most.

    ``by_register`` is the pair of a register and its stride when that is a register: its value in
    the n-th round is made of the first one's, so that rounds do not wait for each other.
    """

    registers: frozenset[int]
    sums: dict[Terms, tuple[int, int]]
    by_register: tuple[int, int] | None = None
    start: str = ""
    next: str = ""

    def begin(self, value: Callable[[str], str], add: Callable[[str], None]) -> str:
        """Set the twins; LLVM operand: whether no address of the loop can wrap."""
        for number in sorted(self.registers):
            wide = value(f"zext i32 {value(f'load i32, ptr %r{number}')} to i64")
            add(f"store i64 {wide}, ptr %w{number}")
        good = "true"
        for terms, (down, up) in sorted(self.sums.items()):
            if not (terms[1:] or terms[0][1] or down or up):
                continue  # a register that stays
            at = total(value, terms)
            if down:
                at = value(f"sub i64 {at}, {down}")
            fits = value(f"icmp ult i64 {at}, {(1 << 32) - up - down}")
            good = fits if good == "true" else value(f"and i1 {good}, {fits}")
        return good

    def start_round(self, number: int, value: Callable[[str], str]) -> None:
        """Another copy of the loop's body begins."""
        if self.by_register is None:
            return
        register, stride = (value(f"load i64, ptr %w{n}") for n in self.by_register)
        if number % 2:
            self.next = value(
                f"add i64 {self.start}, {value(f'shl i64 {stride}, {number // 2 + 1}')}"
            )
        else:
            self.start = register if number == 0 else self.start
            self.next = value(f"add i64 {register}, {stride}")

    def touches(self, snippet: Snippet) -> bool:
        """The instruction reads or writes a register with a twin."""
        return any((snippet.reads | snippet.writes) >> n & 1 for n in self.registers)

    def snippet(self, recording: Recording, live: int, module: Module, *, hasty: bool) -> Snippet:
        """The instruction with twins."""
        return make_snippet(
            recording.blocks,
            module.offsets,
            live & ALL_FLAGS,
            relative=module.relative,
            fold=True,
            exact=not hasty,
            fast=module.fast,
            places=WideLocals(module.offsets, self, relative=module.relative),
        )


def total(value: Callable[[str], str], terms: Terms) -> str:
    """The sum of some twins."""
    found = ""
    for number, left in terms:
        term = value(f"load i64, ptr %w{number}")
        if left:
            term = value(f"shl i64 {term}, {left}")
        found = value(f"add i64 {found}, {term}") if found else term
    return found


def wide_registers(loop: Counted, steps: list[Step]) -> Wide | None:
    """What the addresses in the steps of a one-block loop are made of; None when that is too far.

    Addresses that are made of anything else are left as they are.
    """
    changes = _changes(loop, steps)
    sums: dict[Terms, tuple[int, int]] = {}
    registers: set[int] = set()
    for step in steps:
        for block in step.recording.blocks:
            for op in block:
                terms = _terms(op.args[0]) if op.name in ("load", "store") else None
                if terms is None or any(number not in changes for number, _ in terms):
                    continue
                sums[terms] = _reach(loop, changes, terms)
                registers |= {number for number, _ in terms}
    if not registers or any(down + up > FARTHEST for down, up in sums.values()):
        return None
    if all(changes[number] is None for number in registers):
        return None  # nothing moves: LLVM knows enough
    step_by = loop.step.register
    if step_by is not None and loop.register in registers:
        registers.add(step_by)
        return Wide(frozenset(registers), sums, (loop.register, step_by))
    return Wide(frozenset(registers), sums)


def _changes(loop: Counted, steps: list[Step]) -> dict[int, Change | None]:
    """Registers by what a round adds to them; those that change in another way are left out."""
    found: dict[int, Change | None] = {}
    for number in range(15):
        writers = [step for step in steps if step.snippet.writes >> number & 1]
        if not writers:
            found[number] = None
        elif len(writers) == 1 and writers[0].predicate is None:
            change = change_of(writers[0], number, late=False)
            own = number == loop.register and loop.step.register is not None
            if change is not None and (change.register is None or own):
                found[number] = change
    return found


def _reach(loop: Counted, changes: dict[int, Change | None], terms: Terms) -> tuple[int, int]:
    """How far a sum may fall and rise while the loop has room."""
    down = up = 0
    for number, left in terms:
        change = changes[number]
        if change is None:
            continue
        if change.register is not None:
            up += loop.rounds + SPARE * MOST_STRIDE << left
            continue
        far = (loop.rounds + SPARE) * abs(change.amount) << left
        if change.amount > 0:
            up += far
        else:
            down += far
    return down, up


def _terms(address: Value) -> Terms | None:
    """Registers that an address is the sum of, constants apart; None for anything else."""
    found: list[tuple[int, int]] = []
    work = [(address.op, 0)]
    while work:
        op, left = work.pop()
        if op.name == "add":
            work += [(arg.op, left) for arg in op.args]
        elif op.name == "shl" and isinstance(number := op.args[1].op.params.get("value"), int):
            work.append((op.args[0].op, left + number))
        elif op.name == "get_reg":
            found.append((op.params["reg"], left))
        elif op.name != "const" or left or not isinstance(op.params["value"], int):
            return None
    in_range = all(left < 8 for _, left in found)
    return tuple(sorted(found)) if found and in_range else None


class WideLocals(Locals):
    """Places of an unrolled loop: registers with twins, addresses that are sums of those."""

    def __init__(self, offsets: dict[str, int], wide: Wide, *, relative: bool) -> None:
        super().__init__(offsets, relative=relative)
        self.wide = wide
        self.twins: dict[int, str] = {}  # of registers as the snippet knows them
        self.values: dict[int, str] = {}  # of operations that read registers

    def get_reg(self, out: Text, op: Op) -> str:
        """Read a register's variable, and its twin."""
        number = op.params["reg"]
        if number in self.wide.registers:
            if number not in self.twins:
                self.twins[number] = out.new(f"load i64, ptr %w{number}")
            self.values[id(op)] = self.twins[number]
        return super().get_reg(out, op)

    def set_reg(self, out: Text, op: Op, value: str) -> None:
        """Write a register's variable; one with a twin is the low half of that."""
        number = op.params["reg"]
        if number in self.wide.registers:
            twin = self._next_twin(out, number, op.args[0].op)
            out.line(f"store i64 {twin}, ptr %w{number}")
            self.twins[number] = twin
            value = out.new(f"trunc i64 {twin} to i32")
        super().set_reg(out, op, value)

    def _next_twin(self, out: Text, number: int, change: Op) -> str:
        wide = self.wide
        if wide.by_register is not None and wide.by_register[0] == number:
            return wide.next
        a, b = (self._wide(out, arg.op) for arg in change.args)
        return out.new(f"{change.name} i64 {a}, {b}")

    def _wide(self, out: Text, op: Op) -> str:
        if op.name == "const":
            number: int = op.params["value"]
            return str(number - (1 << 32) if number >> 31 else number)
        return self.values[id(op)]

    def memory_pointer(self, out: Text, addr: Value) -> str:
        """A sum of twins where it is one."""
        terms = _terms(addr)
        if terms is None or terms not in self.wide.sums:
            return super().memory_pointer(out, addr)
        return out.new(f"inttoptr i64 {self._sum(out, addr.op)} to ptr addrspace(256)")

    def _sum(self, out: Text, op: Op) -> str:
        if op.name == "add":
            a, b = (self._sum(out, arg.op) for arg in op.args)
            return out.new(f"add i64 {a}, {b}")
        if op.name == "shl":
            left = op.args[1].op.params["value"]
            return out.new(f"shl i64 {self._sum(out, op.args[0].op)}, {left}")
        return self._wide(out, op)
