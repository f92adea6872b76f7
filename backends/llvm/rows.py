"""Many rounds of a loop on lanes before one look at what MXCSR says of them (``abreast.py``).

To ask MXCSR waits for all arithmetic before it, as long as some fifteen instructions take. So
results go to a buffer first, and where the host's lanes were ARM's, from there to the guest's
memory; sums go on in registers. Otherwise nothing has happened yet: registers and MXCSR are put
back, and as many rounds are done one by one, exactly (docs/decisions/0030).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backends.llvm.abreast import Access, Rounds
from backends.llvm.exact import LINK
from backends.llvm.hasty import LANES
from backends.llvm.loops import Counted
from backends.llvm.side import Side
from backends.llvm.vector_floats import SMALLER

_MANY = 32  # vectors in the buffer; rounds that are looked at together
_SHORT = 6  # numbers of a round of which four are written one behind the other, else two


@dataclass
class _Row:
    """What the parts of one loop's code have in common; operands of LLVM."""

    rounds: Rounds
    insns: list[Any]
    key: int
    name: str
    stride: int
    asks: bool
    stays: dict[tuple[str, int], str] = field(default_factory=dict)
    registers: dict[int, str] = field(default_factory=dict)  # in front of the group
    sums: dict[int, str] = field(default_factory=dict)

    @property
    def together(self) -> int:
        """Rounds one behind the other."""
        return 4 if len(self.rounds.numbers) <= _SHORT else 2

    @property
    def most(self) -> int:
        """Rounds of a group."""
        return _MANY // max(1, len(self.rounds.stores)) & -self.together

    def at(self, what: str) -> str:
        """The name of a variable of this loop's."""
        return f"%s{what}{self.key:x}"


class Rows(Side):
    """Writes such loops; the rest of a function is ``function.py``'s."""

    def row(self, rounds: Rounds, loop: Counted, insns: list[Any]) -> None:
        """Groups of rounds while they may be done; what remains goes on at the loop's body.

        What follows is for a loop that has no room for a group.
        """
        stride = abs(loop.step.amount)
        row = _Row(rounds, insns, loop.header, self.new(), stride, self.lanes)
        name = row.name
        self._row_variables(row)
        room = loop.room(self.value)
        limit = self.limit(rounds, room, stride) if rounds.stores else room
        enough = self.value(f"icmp ugt i32 {limit}, {row.together * stride}")
        good = self.value(f"and i1 {enough}, {self.apart(rounds, row.most)}")
        if row.asks:
            self.begin_lanes()
            good = self.value(f"and i1 {good}, {self.is_even()}")
        self.add(f"br i1 {good}, label %{name}x, label %{name}p")
        self.label(f"{name}x")
        row.stays = self.staying(rounds)
        for at in rounds.carried:
            self.add(f"store {LANES} {self.four(at, whole=True)}, ptr {row.at('c')}q{at}")
        self.add(f"store i32 {room}, ptr {row.at('r')}")
        self.add(f"store i32 {limit}, ptr {row.at('l')}")
        self.add(f"br label %{name}a")
        self._row_group(row)
        self._row_end(row)
        self.label(f"{name}p")

    def _row_variables(self, row: _Row) -> None:
        for what in "rlpnm":
            self.allocas.append(f"  {row.at(what)} = alloca i32\n")
        self.allocas += [f"  {row.at('c')}q{at} = alloca {LANES}\n" for at in row.rounds.carried]
        if row.asks and row.rounds.stores:
            self.allocas.append(f"  {row.at('b')} = alloca [{_MANY} x {LANES}], align 16\n")

    def _row_group(self, row: _Row) -> None:
        """As many rounds as there is room for, in small groups; then the look, and what follows."""
        name, far = row.name, row.together * row.stride
        self.label(f"{name}a")
        limit = self.value(f"load i32, ptr {row.at('l')}")
        self.add(
            f"br i1 {self.value(f'icmp ugt i32 {limit}, {far}')}, label %{name}g, label %{name}e"
        )
        self.label(f"{name}g")
        if row.asks:
            self.remember_host()
        row.registers = {n: self.value(f"load i32, ptr %r{n}") for n in row.rounds.moves}
        row.sums = {
            at: self.value(f"load {LANES}, ptr {row.at('c')}q{at}") for at in row.rounds.carried
        }
        whole = row.most * row.stride + 1
        part = self.value(f"call i32 @llvm.umin.i32(i32 {limit}, i32 {whole})")
        self.add(f"store i32 {part}, ptr {row.at('p')}\n  store i32 0, ptr {row.at('n')}")
        self.add(f"br label %{name}h")
        self.label(f"{name}h")
        self._row_rounds(row)
        left = self.value(f"load i32, ptr {row.at('p')}")
        left = self.value(f"sub i32 {left}, {far}")
        self.add(f"store i32 {left}, ptr {row.at('p')}")
        more = self.value(f"icmp ugt i32 {left}, {far}")
        self.add(f"br i1 {more}, label %{name}h, label %{name}i")
        self.label(f"{name}i")
        if row.asks:
            sums = [
                self.value(f"load {LANES}, ptr {row.at('c')}q{at}") for at in row.rounds.carried
            ]
            self.branch_to_odd(sums, f"{name}o")
            self._row_stores(row)
        done = self.value(f"sub i32 {part}, {left}")
        for what in "lr":
            rest = self.value(f"sub i32 {self.value(f'load i32, ptr {row.at(what)}')}, {done}")
            self.add(f"store i32 {rest}, ptr {row.at(what)}")
        self.add(f"br label %{name}a")

    def _row_rounds(self, row: _Row) -> None:
        """A few rounds, one behind the other; behind them their registers have moved."""
        rounds = row.rounds
        found = [self._round(row, number) for number in range(row.together)]
        if row.asks:
            self.compare_lanes([value for values in found for value in values])
        count = len(rounds.stores)
        if count and row.asks:
            index = self.value(f"load i32, ptr {row.at('n')}")
            for number, value in enumerate(value for values in found for value in values):
                self.add(f"store {LANES} {value}, ptr {self._kept(row, index, number)}")
            behind = self.value(f"add i32 {index}, {count * row.together}")
            self.add(f"store i32 {behind}, ptr {row.at('n')}")
        elif count:
            for number, values in enumerate(found):
                for (access, _), value in zip(rounds.stores, values, strict=True):
                    start = self.value(f"load i32, ptr %r{access.register}")
                    self._put(row, access, value, start, number)
        for register, amount in sorted(rounds.moves.items()):
            old = self.value(f"load i32, ptr %r{register}")
            new = self.value(f"add i32 {old}, {amount * row.together}")
            self.add(f"store i32 {new}, ptr %r{register}")
            if register == LINK:
                self.store(LINK)

    def _round(self, row: _Row, number: int) -> list[str]:
        """The arithmetic of one round; returns what it stores."""
        rounds = row.rounds
        values: list[str] = []
        for one in rounds.numbers:
            if one.access is not None:
                start = self.value(f"load i32, ptr %r{one.access.register}")
                pointer, tag = self._at(row, one.access, start, number)
                place = f"{LANES}, ptr addrspace(256) {pointer}"
                values.append(self.value(f"load volatile {place}, align 1{tag}"))
            elif one.name == "carried":
                values.append(self.value(f"load {LANES}, ptr {row.at('c')}q{one.at}"))
            elif one.operands:
                operands = [values[n] for n in one.operands]
                values.append(value := self.computed(rounds, one, operands))
                if row.asks and one.name == "fmul":  # says whether it is tiny
                    self.computed(rounds, one, [value, SMALLER])
            else:
                values.append(row.stays[one.name, one.at])
        for at, new in rounds.carried.items():
            self.add(f"store {LANES} {values[new]}, ptr {row.at('c')}q{at}")
        return [values[stored] for _, stored in rounds.stores]

    def _kept(self, row: _Row, index: str, more: int) -> str:
        """Pointer into the buffer."""
        at = self.value(f"add i32 {index}, {more}")
        return self.value(f"getelementptr {LANES}, ptr {row.at('b')}, i32 {at}")

    def _at(self, row: _Row, access: Access, start: str, number: int) -> tuple[str, str]:
        """Host pointer of an access of a round, and what it carries."""
        more = row.rounds.step * number
        return self.pointer(Access(access.index, 0, access.offset + more), row.insns, start)

    def _put(self, row: _Row, access: Access, value: str, start: str, number: int) -> None:
        pointer, tag = self._at(row, access, start, number)
        kind = f"{LANES} {value}"
        self.add(f"store volatile {kind}, ptr addrspace(256) {pointer}, align 1{tag}")

    def _row_stores(self, row: _Row) -> None:
        """From the buffer to the guest's memory, in the order of the rounds."""
        if not row.rounds.stores:
            return
        name, count = row.name, len(row.rounds.stores) * row.together
        end = self.value(f"load i32, ptr {row.at('n')}")
        self.add(f"store i32 0, ptr {row.at('n')}\n  store i32 0, ptr {row.at('m')}")
        self.add(f"br label %{name}c")
        self.label(f"{name}c")
        index = self.value(f"load i32, ptr {row.at('n')}")
        moved = self.value(f"load i32, ptr {row.at('m')}")
        more = 0
        for number in range(row.together):
            for access, _ in row.rounds.stores:
                start = self.value(f"add i32 {row.registers[access.register]}, {moved}")
                value = self.value(f"load {LANES}, ptr {self._kept(row, index, more)}")
                self._put(row, access, value, start, number)
                more += 1
        behind = self.value(f"add i32 {index}, {count}")
        self.add(f"store i32 {behind}, ptr {row.at('n')}")
        moved = self.value(f"add i32 {moved}, {row.rounds.step * row.together}")
        self.add(f"store i32 {moved}, ptr {row.at('m')}")
        again = self.value(f"icmp ult i32 {behind}, {end}")
        self.add(f"br i1 {again}, label %{name}c, label %{name}d")
        self.label(f"{name}d")

    def _row_end(self, row: _Row) -> None:
        """Nothing more may be done so, or a group is taken back: on with single rounds."""
        name, rounds = row.name, row.rounds
        if row.asks:
            self.label(f"{name}o")
            self.as_before()
            for register, old in row.registers.items():
                self.add(f"store i32 {old}, ptr %r{register}")
                if register == LINK:
                    self.store(LINK)
            for at, old in row.sums.items():
                self.add(f"store {LANES} {old}, ptr {row.at('c')}q{at}")
            self.add(f"br label %{name}e")
        self.label(f"{name}e")
        for at in rounds.carried:
            value = self.value(f"load <2 x double>, ptr {row.at('c')}q{at}")
            for half in (0, 1):
                part = self.value(f"extractelement <2 x double> {value}, i32 {half}")
                self.add(f"store double {part}, ptr {self.double(at + 8 * half)}")
        left = self.value(f"load i32, ptr {row.at('r')}")
        most = row.most * row.stride
        left = self.value(f"call i32 @llvm.umin.i32(i32 {left}, i32 {most})")
        self.add(f"store i32 {left}, ptr %room{row.key:x}")
        self.add(f"br label %b{row.key:x}")
