"""Where guest state lives in an optimised function: variables, and guest memory through %gs.

Which slots an instruction reads and writes is noted as its text is made.
"""

from __future__ import annotations

from backends.llvm.slots import ABI_DOUBLES, DOUBLES_AT, HIGH_Q, LOW_D
from backends.llvm.text import Relative, Text, split_address
from xlate.ir import Op, Value
from xlate.ir.block import WIDTHS

#: An offset that nothing in a state has: of members that a guest does not have.
NOWHERE = -(1 << 30)


class Locals:
    """Places: local variables, guest memory through %gs.

    The slot of register n is bit n; a guest of wider words, which has more registers than there is
    room for below the other slots, has them from ``registers_at`` up.
    """

    def __init__(
        self, offsets: dict[str, int], *, relative: bool, word: int = 32, registers_at: int = 0
    ) -> None:
        self.offsets = offsets
        self.doubles = offsets.get("d", NOWHERE)
        self.relative = relative
        self.word = f"i{word}"  # type of a general register and of an address
        self.registers_at = registers_at
        self.consts: list[tuple[Relative, int]] = []
        self.reads = 0
        self.writes = 0
        self.current: dict[int, str] = {}  # values of registers as the snippet knows them
        self.pointers: dict[str, tuple[str, int]] = {}  # by address; how many lines there were

    def const(self, out: Text, op: Op) -> str:
        """A number, or the placeholder of one that depends on the address."""
        value = op.params["value"]
        if isinstance(value, int):
            if op.ty == "i1":
                return "true" if value else "false"
            return str(value)
        self.consts.append((Relative(value), WIDTHS[op.ty]))
        hole = f"\2{len(self.consts) - 1}\2"
        return out.new(f"add i32 %base, {hole}") if self.relative else hole

    def get_reg(self, out: Text, op: Op) -> str:
        """Read a register's variable."""
        number = op.params["reg"]
        if number not in self.current:
            self.reads |= 1 << self.registers_at + number
            self.current[number] = out.new(f"load {self.word}, ptr %r{number}")
        return self.current[number]

    def set_reg(self, out: Text, op: Op, value: str) -> None:
        """Write a register's variable."""
        number = op.params["reg"]
        self.writes |= 1 << self.registers_at + number
        self.current[number] = value
        out.line(f"store {self.word} {value}, ptr %r{number}")

    def state_pointer(self, out: Text, op: Op) -> str:
        """Point at a floating-point register's variable, FPSCR's, or into the state."""
        width = WIDTHS[op.ty or op.args[0].ty]
        return self.place(out, op.params["offset"], width, read=op.name == "get_state")

    def place(self, out: Text, at: int, width: int, *, read: bool) -> str:
        """The same for an offset in the state."""
        offset = at - self.doubles
        if 0 <= offset < 8 * ABI_DOUBLES:
            return out.new(f"getelementptr i8, ptr %abi, i64 {DOUBLES_AT + offset}")
        if 0 <= offset < 128:
            number = offset // 8
            self._use(LOW_D + number, read=read, whole=width == 64)
            return out.new(f"getelementptr i8, ptr %d{number}, i64 {offset % 8}")
        if 128 <= offset < 256:
            number = offset // 16
            self._use(HIGH_Q + number - 8, read=read, whole=width == 128)
            return out.new(f"getelementptr i8, ptr %q{number}, i64 {offset % 16}")
        return out.new(f"getelementptr i8, ptr %st, i64 {at}")

    def _use(self, slot: int, *, read: bool, whole: bool) -> None:
        """Note a read or a write of a slot; what is written in part is read too."""
        self.reads |= 1 << slot if read or not whole else 0
        self.writes |= 0 if read else 1 << slot

    def is_split(self, at: int, width: int) -> bool:
        """Two registers (D14 and D15, D17 and D18) whose variables are not beside each other."""
        offset = at - self.doubles
        apart = 8 * ABI_DOUBLES - 16 < offset < 128 or (offset % 16 == 8 and 128 <= offset < 248)
        return width == 128 and apart

    def is_half(self, at: int, width: int) -> bool:
        """Half of a double register: an element of it, so that LLVM keeps it where it is."""
        return width == 32 and 0 <= at - self.doubles < 256

    def memory_pointer(self, out: Text, addr: Value) -> str:
        """Fold base plus known offset into the access: guard zones catch what would wrap.

        An address of 64 bits is the whole of it, wrapped or not.
        """
        if self.word == "i64":
            return out.new(f"inttoptr i64 {out.of(addr)} to ptr addrspace(256)")
        base, offsets = split_address(addr)
        if base is None or not offsets or not all(isinstance(o, int) for o in offsets):
            return self._pointer(out, out.of(addr))
        total = sum(o - (1 << 32) if o >> 31 else o for o in offsets)
        pointer = self._pointer(out, out.of(base))
        if not total:
            return pointer
        return out.new(f"getelementptr i8, ptr addrspace(256) {pointer}, i64 {total}")

    def _pointer(self, out: Text, address: str) -> str:
        """An address as a pointer; several accesses share it where nothing branches between."""
        pointer, at = self.pointers.get(address, ("", 0))
        if not pointer or any(line.endswith(":") for line in out.lines[at:]):
            wide = out.new(f"zext i32 {address} to i64")
            pointer = out.new(f"inttoptr i64 {wide} to ptr addrspace(256)")
            self.pointers[address] = pointer, len(out.lines)
        return pointer
