"""LLVM text of one template function, for a given placing of operands and constants.

The function's arguments are the machine registers that must come out unchanged; its tail call to
NEXT says where results are. A patchable constant is either a distinct number that is searched in
the machine code afterwards (LLVM then picks the best form) or an absolute symbol (always right, one
more move).
"""

from __future__ import annotations

from dataclasses import dataclass

from backends.llvm.text import Text, split_address
from backends.stencil import hostregs
from backends.stencil.family import Sym
from xlate.abi.state import StateLayout
from xlate.errors import Inconsistent
from xlate.ir import Block, Op, Value

FLAG_FIELD = {"N": "nf", "Z": "zf", "C": "cf", "V": "vf"}
_SIGNATURE = "ptr, " + ", ".join(["i64"] * len(hostregs.ARGUMENTS))
DECLARATIONS = f"""target triple = "x86_64-unknown-linux-gnu"
declare preserve_nonecc void @NEXT({_SIGNATURE})
declare preserve_nonecc void @TAKEN({_SIGNATURE})
declare preserve_nonecc void @SKIP({_SIGNATURE})
"""
TAIL = """attributes #0 = { nounwind optsize strictfp "frame-pointer"="none" }
attributes #1 = { strictfp }
!0 = !{!"branch_weights", i32 1, i32 100000}
!1 = !{i64 0, i64 4294967296}
!2 = !{i64 -2147483648, i64 2147483648}
!3 = !{i64 -1, i64 -1}
"""


#: How an immediate of 64 bits is declared.
WIDE = ", !absolute_symbol !3"
MAY_FAULT = ("load", "store", "cas_if")


@dataclass(frozen=True)
class Placing:
    """Register of each operand and number of each immediate (None: an absolute symbol).

    A boxed template has no operand registers: it reads and writes operand n in the state's scratch
    slot n. It may use every register, since it gives all back; so it must not fault. With ``hold``
    the compiler is made to keep the old values of operands in place, and state unwritten, until the
    last access is done.
    """

    operands: tuple[str, ...]
    constants: tuple[int | None, ...]
    boxed: bool = False
    hold: bool = False


class TemplatePlaces:
    """Operands in argument registers, flags and offsets at the state pointer, memory via %gs."""

    def __init__(self, placing: Placing, layout: StateLayout) -> None:
        self.placing = placing
        self.offsets = layout.offsets()
        self.word = f"i{layout.word}"  # type of a general register and of an address
        self.bytes = layout.word // 8
        self.current: dict[int, str] = {i: f"%{reg}" for i, reg in enumerate(placing.operands)}
        self.symbols: set[str] = set()
        self.wide: dict[int, str] = {}  # values known as 64 bits: registers stand zero-extended

    def _symbol(self, name: str, meta: str) -> str:
        self.symbols.add(f"@{name} = external dso_local global i8{meta}")
        return f"ptrtoint (ptr @{name} to i64)"

    def const(self, out: Text, op: Op) -> str:
        """A number where one is given, else the value of the immediate's symbol."""
        value = op.params["value"]
        if not isinstance(value, Sym):
            if op.ty == "i1":
                return "true" if value else "false"
            return str(value)
        number = self.placing.constants[value.index]
        if number is not None:
            return str(number)
        width = int(op.ty[1:])
        if width == 64 and self.word == "i64":
            # What LLVM selects for a sum with a symbol has 32 bits of it, whatever its range.
            self._symbol(f"I{value.index}", WIDE)
            move = 'asm "movabsq $1, $0", "=r,i"'
            return out.new(f"call i64 {move}(ptr @I{value.index})")
        if width == 64:
            return out.new(f"add i64 0, {self._symbol(f'I{value.index}', WIDE)}")
        whole = self._symbol(f"I{value.index}", ", !absolute_symbol !1")
        return out.new(f"trunc i64 {whole} to {op.ty}")

    def _box(self, out: Text, index: int) -> str:
        return out.new(f"getelementptr i8, ptr %st, i64 {self.offsets['scratch'] + 8 * index}")

    def get_reg(self, out: Text, op: Op) -> str:
        """What of the operand's register is the guest's, or its box."""
        if self.placing.boxed:
            box = self._box(out, op.params["reg"].index)
            return out.new(f"load {self.word}, ptr {box}, align {self.bytes}")
        whole = self.current[op.params["reg"].index]
        self.wide[op.index] = whole
        return whole if self.word == "i64" else out.new(f"trunc i64 {whole} to i32")

    def set_reg(self, out: Text, op: Op, value: str) -> None:
        """Give the operand a new value, zero-extended, or store it into its box."""
        if self.placing.boxed:
            box = self._box(out, op.params["reg"].index)
            out.line(f"store {self.word} {value}, ptr {box}, align {self.bytes}")
            return
        self.current[op.params["reg"].index] = self.widened(out, value)

    def widened(self, out: Text, value: str) -> str:
        """A guest word as 64 bits."""
        return value if self.word == "i64" else out.new(f"zext i32 {value} to i64")

    def state_pointer(self, out: Text, op: Op) -> str:
        """Point at the flag or member that the operation names, by symbol when it is patchable."""
        if "flag" in op.params:
            return out.new(
                f"getelementptr i8, ptr %st, i64 {self.offsets[FLAG_FIELD[op.params['flag']]]}"
            )
        offset = op.params["offset"]
        if isinstance(offset, Sym):
            symbol = self._symbol(f"O{offset.index}", ", !absolute_symbol !2")
            return out.new(f"getelementptr i8, ptr %st, i64 {symbol}")
        return out.new(f"getelementptr i8, ptr %st, i64 {offset}")

    def _widened(self, out: Text, value: Value, name: str) -> str:
        known = self.wide.get(value.op.index)
        return known if known is not None else self.widened(out, name)

    def memory_pointer(self, out: Text, addr: Value) -> str:
        """Fold base plus decode-time offset into the access: guard zones catch what would wrap.

        A decode-time offset of 64 bits may not fit into an access: such an address is added up.
        """
        base, offsets = split_address(addr)
        if base is None or not offsets or self.word == "i64":
            return out.new(
                f"inttoptr i64 {self._widened(out, addr, out.of(addr))} to ptr addrspace(256)"
            )
        wide = self._widened(out, base, out.of(base))
        pointer = out.new(f"inttoptr i64 {wide} to ptr addrspace(256)")
        for offset in offsets:
            if isinstance(offset, Sym):
                amount = self._symbol(f"A{offset.index}", ", !absolute_symbol !2")
            else:
                amount = str(offset - (1 << 32) if offset >> 31 else offset)
            pointer = out.new(f"getelementptr i8, ptr addrspace(256) {pointer}, i64 {amount}")
        return pointer


def _tail(
    places: TemplatePlaces, reserved: frozenset[str], target: str | None, callee: str
) -> list[str]:
    values = {reg: f"%{reg}" for reg in hostregs.ARGUMENTS}
    for temp in hostregs.TEMPORARIES:
        if temp in values and temp not in reserved:
            values[temp] = "poison"
    for index, reg in enumerate(places.placing.operands):
        values[reg] = places.current[index]
    if target is not None:
        values["rdx"] = target
    args = ", ".join(["ptr %st"] + [f"i64 {values[r]}" for r in hostregs.ARGUMENTS])
    return [f"  musttail call preserve_nonecc void @{callee}({args})", "  ret void"]


def function(
    name: str, block: Block, placing: Placing, layout: StateLayout, *, modal: bool = False
) -> tuple[str, set[str]]:
    """Text of the function and the global declarations it needs."""
    places = TemplatePlaces(placing, layout)
    text = Text(places)
    text.scalars = "modal" if modal else "checked"
    reserved = frozenset({"rdx"}) if len(placing.operands) > 3 else frozenset()
    exits = [op for op in block if op.name in ("exit_skip", "exit_branch", "exit_indirect")]
    body = [op for op in block if op not in exits]
    last = max((i for i, op in enumerate(body) if op.name in MAY_FAULT), default=-1)
    text.lower(Block(ops=body[: last + 1]))
    if placing.hold:
        for index, reg in enumerate(placing.operands):
            text.line(
                f'call void asm sideeffect "", "{{{reg}}},~{{memory}}"(i64 {places.current[index]})'
            )
    text.lower(Block(ops=body[last + 1 :]))
    lines = text.lines
    if not exits:
        lines = lines + _tail(places, reserved, None, "NEXT")
    elif len(exits) > 1:
        raise Inconsistent(f"template with {len(exits)} exits")
    elif exits[0].name == "exit_indirect":
        wide = places.widened(text, text.of(exits[0].args[0]))
        lines = text.lines + _tail(places, reserved, wide, "NEXT")
    else:
        callee = "SKIP" if exits[0].name == "exit_skip" else "TAKEN"
        text.line(f"br i1 {text.of(exits[0].args[0])}, label %away, label %stay")
        text.lines.append("away:")
        kept = dict(places.current)
        text.lines += _tail(places, reserved, None, callee)
        places.current = kept
        text.lines.append("stay:")
        lines = text.lines + _tail(places, reserved, None, "NEXT")
    args = ", ".join(["ptr %st"] + [f"i64 %{r}" for r in hostregs.ARGUMENTS])
    head = f"define preserve_nonecc void @{name}({args}) #0 align 1 {{"
    return "\n".join([head, *lines, "}", ""]), places.symbols
