"""Rounds of a loop of scalars side by side: checks, groups of four vectors, single vectors.

Which loops, ``abreast.py`` says. Decides when a group may be done: its rounds are certain, none of
its accesses lies in two pages, no load of it reads what an earlier round stores, and FPSCR asks for
nothing special. A NaN among what a group would store ends it before anything was stored; some
rounds are then done one by one, exactly (docs/decisions/0023).
"""

from __future__ import annotations

from itertools import product
from typing import Any

from backends.llvm.abreast import Access, Number, Rounds
from backends.llvm.exact import LINK
from backends.llvm.hasty import Hasty
from backends.llvm.loops import Counted

_VECTORS = 4  # in a group, first; then single ones
_APART = 8  # rounds one by one before the next try
_PAGE = 4096
_FZ_DN = 3 << 24  # of FPSCR: what they change is done one by one
_STRICT = 'metadata !"round.dynamic", metadata !"fpexcept.strict"'


class Side(Hasty):
    """Writes such loops; the rest of a function is ``function.py``'s."""

    def side_by_side(self, rounds: Rounds, loop: Counted, insns: list[Any]) -> None:
        """Groups of rounds while they may be done; what remains goes on at the loop's body.

        What follows is for a loop that has no room for a single group.
        """
        key, name, stride = loop.header, self.new(), abs(loop.step.amount)
        self.allocas.append(f"  %sr{key:x} = alloca i32\n  %sl{key:x} = alloca i32\n")
        room = loop.room(self.value)
        limit = self.limit(rounds, room, stride)
        enough = self.value(f"icmp ugt i32 {limit}, {rounds.lanes * stride}")
        good = self.value(f"and i1 {enough}, {self.apart(rounds, _VECTORS * rounds.lanes)}")
        self.add(f"br i1 {good}, label %{name}x, label %{name}p")
        self.label(f"{name}x")
        stays = self.staying(rounds)
        self.add(f"store i32 {room}, ptr %sr{key:x}")
        self.add(f"store i32 {limit}, ptr %sl{key:x}")
        self.add(f"br label %{name}a{_VECTORS}")
        for vectors, behind in ((_VECTORS, f"{name}a1"), (1, f"{name}e")):
            here = f"{name}a{vectors}"
            self.label(here)
            limit = self.value(f"load i32, ptr %sl{key:x}")
            far = vectors * rounds.lanes * stride
            more = self.value(f"icmp ugt i32 {limit}, {far}")
            self.add(f"br i1 {more}, label %{here}g, label %{behind}")
            self.label(f"{here}g")
            self._group(rounds, insns, stays, vectors, f"{name}e")
            for variable in (f"%sl{key:x}", f"%sr{key:x}"):
                left = self.value(f"sub i32 {self.value(f'load i32, ptr {variable}')}, {far}")
                self.add(f"store i32 {left}, ptr {variable}")
            self.add(f"br label %{here}")
        self.label(f"{name}e")
        self.forget_host()
        left = self.value(f"load i32, ptr %sr{key:x}")
        left = self.value(f"call i32 @llvm.umin.i32(i32 {left}, i32 {_APART * stride})")
        self.add(f"store i32 {left}, ptr %room{key:x}")
        self.add(f"br label %b{key:x}")
        self.label(f"{name}p")

    def _address(self, access: Access) -> str:
        """Guest address of an access in the next round."""
        start = self.value(f"load i32, ptr %r{access.register}")
        return self.value(f"add i32 {start}, {access.offset}")

    def limit(self, rounds: Rounds, room: str, stride: int) -> str:
        """The room, or less, so that no access leaves its page before."""
        for register, offset in sorted({(a.register, a.offset) for a in rounds.accesses()}):
            at = self._address(Access(0, register, offset))
            left = self.value(f"sub i32 {_PAGE}, {self.value(f'and i32 {at}, {_PAGE - 1}')}")
            number = self.value(f"udiv i32 {left}, {rounds.step}")
            far = self.value(f"mul i32 {number}, {stride}")
            room = self.value(f"call i32 @llvm.umin.i32(i32 {room}, i32 {far})")
        return room

    def apart(self, rounds: Rounds, most: int) -> str:
        """LLVM operand: no load of so many rounds is of bytes that an earlier one of them stores.

        Nor does FPSCR ask for what lanes do not do.
        """
        modes = self.value(f"load i32, ptr {self.state('fpscr')}")
        good = self.value(f"icmp eq i32 {self.value(f'and i32 {modes}, {_FZ_DN}')}, 0")
        # A load is clear when it is not behind the store at all, or so far that it is before all.
        farthest = (most - 1) * rounds.step + rounds.size - 1
        nearest = farthest - rounds.step + rounds.size
        loads, stores = (
            sorted({(access.register, access.offset) for access in accesses})
            for accesses in (rounds.loads(), (access for access, _ in rounds.stores))
        )
        for load, store in product(loads, stores):
            if load != store:
                one, other = (self._address(Access(0, *of)) for of in (load, store))
                behind = self.value(f"add i32 {self.value(f'sub i32 {one}, {other}')}, {farthest}")
                clear = self.value(f"icmp uge i32 {behind}, {nearest}")
                good = self.value(f"and i1 {good}, {clear}")
        return good

    def staying(self, rounds: Rounds) -> dict[tuple[str, int], str]:
        """Vectors of the registers that stay, by what they are and from where."""
        return {
            (number.name, number.at): self._all(rounds, number)
            for number in rounds.numbers
            if number.name in ("stays", "spread")
        }

    def _all(self, rounds: Rounds, number: Number) -> str:
        at = number.at
        if rounds.in_lanes and number.name == "stays":
            return self.four(at, whole=True)
        place = self.double(at & ~7)
        vector, scalar = _vector(rounds), "double" if rounds.ty == "f64" else "float"
        if rounds.ty == "f64":
            value = self.value(f"load double, ptr {place}")
        else:
            pair = self.value(f"load <2 x float>, ptr {place}, align 8")
            value = self.value(f"extractelement <2 x float> {pair}, i32 {at >> 2 & 1}")
        one = self.value(f"insertelement {vector} poison, {scalar} {value}, i32 0")
        mask = f"<{_width(rounds)} x i32> zeroinitializer"
        return self.value(f"shufflevector {vector} {one}, {vector} poison, {mask}")

    def _group(
        self,
        rounds: Rounds,
        insns: list[Any],
        stays: dict[tuple[str, int], str],
        vectors: int,
        odd: str,
    ) -> None:
        """So many vectors, looked at together; behind them their registers have moved."""
        access, _ = rounds.stores[0]
        found = [self._vector(rounds, insns, stays, number) for number in range(vectors)]
        self._leave_for_nans(rounds, found, odd)
        for number, value in enumerate(found):
            pointer, tag = self._pointer(access, insns, number)
            kind = f"{_vector(rounds)} {value}"
            self.add(f"store volatile {kind}, ptr addrspace(256) {pointer}, align 1{tag}")
        for register, amount in sorted(rounds.moves.items()):
            old = self.value(f"load i32, ptr %r{register}")
            new = self.value(f"add i32 {old}, {amount * rounds.lanes * vectors}")
            self.add(f"store i32 {new}, ptr %r{register}")
            if register == LINK:
                self.store(LINK)

    def _vector(
        self, rounds: Rounds, insns: list[Any], stays: dict[tuple[str, int], str], number: int
    ) -> str:
        """The arithmetic of one vector; returns what it stores."""
        values: list[str] = []
        for one in rounds.numbers:
            if one.access is not None:
                pointer, tag = self._pointer(one.access, insns, number)
                kind = f"{_vector(rounds)}, ptr addrspace(256) {pointer}"
                values.append(self.value(f"load volatile {kind}, align 1{tag}"))
            elif one.name == "stays":
                values.append(stays[one.name, one.at])
            else:
                values.append(self.computed(rounds, one, [values[n] for n in one.operands]))
        return values[rounds.stores[0][1]]

    def computed(self, rounds: Rounds, one: Number, operands: list[str]) -> str:
        """The host's own operation on vectors."""
        vector = _vector(rounds)
        suffix = f"v{_width(rounds)}{'f64' if rounds.ty == 'f64' else 'f32'}"
        if one.name == "fneg":
            return self.value(f"fneg {vector} {operands[0]}")
        if one.name == "fabs":
            return self.value(f"call {vector} @llvm.fabs.{suffix}({vector} {operands[0]})")
        name = one.name.replace("fsqrt", "sqrt")
        args = ", ".join(f"{vector} {operand}" for operand in operands)
        intrinsic = f"@llvm.experimental.constrained.{name}.{suffix}"
        return self.value(f"call {vector} {intrinsic}({args}, {_STRICT}) #1")

    def _pointer(self, access: Access, insns: list[Any], number: int) -> tuple[str, str]:
        start = self.value(f"load i32, ptr %r{access.register}")
        far = Access(access.index, access.register, access.offset + 16 * number)
        return self.pointer(far, insns, start)

    def pointer(self, access: Access, insns: list[Any], start: str) -> tuple[str, str]:
        """Host pointer of an access whose register is ``start``, and what the access carries."""
        wide = self.value(f"zext i32 {start} to i64")
        base = self.value(f"inttoptr i64 {wide} to ptr addrspace(256)")
        pointer = self.value(f"getelementptr i8, ptr addrspace(256) {base}, i64 {access.offset}")
        at = insns[access.index].pc - (self.source.key & ~1)
        return pointer, f", !pcsections !L{at}s{self.distance}"

    def _leave_for_nans(self, rounds: Rounds, values: list[str], label: str) -> None:
        """Go to ``label`` when one of the values has a NaN; one comparison tells of two."""
        vector, bits, some = _vector(rounds), f"<{rounds.lanes} x i1>", ""
        for first in range(0, len(values), 2):
            a, b = values[first], values[min(first + 1, len(values) - 1)]
            nan = self.value(
                f"call {bits} @llvm.experimental.constrained.fcmp.v{rounds.lanes}{rounds.ty}"
                f'({vector} {a}, {vector} {b}, metadata !"uno", metadata !"fpexcept.strict") #1'
            )
            some = self.value(f"or {bits} {some}, {nan}") if some else nan
        mask = self.value(f"bitcast {bits} {some} to i{rounds.lanes}")
        found = self.value(f"icmp ne i{rounds.lanes} {mask}, 0")
        after = self.new()
        self.add(f"br i1 {found}, label %{label}, label %{after}, !prof !0")
        self.label(after)


def _width(rounds: Rounds) -> int:
    return 4 if rounds.in_lanes else rounds.lanes


def _vector(rounds: Rounds) -> str:
    return f"<{_width(rounds)} x {'double' if rounds.ty == 'f64' else 'float'}>"
