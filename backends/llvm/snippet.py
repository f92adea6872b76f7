r"""The LLVM text of one guest instruction, made once for every recording and then only filled in.

A snippet is text with placeholders: \1 is a number that makes its names unique (values are numbers,
\1 in front of three digits), \2n\2 a constant that depends on the address, \3n\3 a folded literal,
\5 what accesses carry. Registers
and flags are loaded from and stored to local variables, which LLVM turns into SSA values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from backends.llvm.floats import compare_apart, fix_by_branches, to_int_apart
from backends.llvm.fpscr import Fpscr
from backends.llvm.haste import hasty_ops
from backends.llvm.moves import moved_floats, retyped
from backends.llvm.places import NOWHERE, Locals
from backends.llvm.ranges import PLAIN
from backends.llvm.slots import FLAG_LOCAL, FLAG_SLOTS, FP_FLAGS, LESS
from backends.llvm.text import ARMS, Relative, Text, llvm_type, split_address
from backends.llvm.vector_floats import hasty_lanes, look_at_lanes
from xlate.errors import Inconsistent
from xlate.ir import Block, Op
from xlate.ir.block import WIDTHS
from xlate.ir.ops import OPS, Effect


@dataclass
class Snippet:
    """Text, what it needs to be filled in, and the slots that it reads and writes."""

    text: str = ""
    allocas: str = ""
    consts: tuple[tuple[Relative, int], ...] = ()  # value by pc, bits
    literals: tuple[tuple[Relative, str], ...] = ()  # address by pc, IR type
    reads: int = 0
    writes: int = 0
    less_reads: int = 0  # flags read for the sake of "N differs from V" alone
    only_flags: bool = False  # it does nothing but write flags
    outcome: str = ""  # operand: where to go (indirect), whether to go (branch), or to skip
    tables: dict[int, Snippet] = field(default_factory=dict)  # by mask of live flags


class _SnippetText(Text):
    """Lowers operations; flags, literals and exits in the manner of optimised functions."""

    places: Locals

    def __init__(
        self,
        places: Locals,
        live: int,
        *,
        fold: bool,
        exact: bool,
        fast: bool,
        looks: int | None,
    ) -> None:
        super().__init__(places)
        self.looks = looks
        self.live = live
        self.fold = fold
        self.exact = exact and not fast
        self.fast = fast
        self.allocas: list[str] = []
        self.literals: list[tuple[Relative, str]] = []
        self.outcome = ""
        self.less_reads = 0
        self.floats: dict[int, str] = {}
        self.fpscr = Fpscr(Block(), places.offsets.get("fpscr", NOWHERE))

    def new(self, text: str) -> str:
        """Append a line; names carry the instance's prefix, allocas go to the function's entry."""
        self._next += 1
        if text.startswith("alloca"):
            name = f"%a\1t{self._next}"
            self.allocas.append(f"  {name} = {text}\n")
        else:
            name = f"%\1{self._next:03}"
            self.line(f"{name} = {text}")
        return name

    def label(self) -> str:
        """A fresh label."""
        self._next += 1
        return f"x\1l{self._next}"

    def mark(self, first: int) -> bool:
        """Accesses to guest memory among the lines from the first on say where they are."""
        found = [n for n in range(first, len(self.lines)) if _ACCESS.search(self.lines[n])]
        for number in found:
            self.lines[number] += "\5"
        return bool(found)

    def keep_apart(self, op: Op) -> None:
        """One more use of what was loaded, so that no later instruction becomes the access.

        LLVM would take its place for the guest's, or lose it when it parts the two again.
        """
        loaded = op.args[0].op if op.name in _EXTENSIONS else op
        if loaded.index not in self.loads or (op is loaded and op.index in self.extended):
            return
        ty = self.floats.get(op.index) or llvm_type(op.ty)
        self.line(f"call void (...) @llvm.fake.use({ty} {self.names[op.index]})")

    def lower(self, block: Block) -> None:
        """Append the operations that matter with these flags alive."""
        self.fpscr = Fpscr(block, self.places.offsets.get("fpscr", NOWHERE))
        self.loads: set[int] = set()  # operations that read guest memory
        needed = _needed(block, self.live, self.fpscr)
        if not self.exact:
            needed &= {op.index for op in hasty_ops(block, self.places.offsets["qc"])}
        self.extended = {
            op.args[0].op.index for op in block if op.name in _EXTENSIONS and op.index in needed
        }
        floats = self.floats = moved_floats(block, self.places.doubles, fold=self.fold)
        for op in block:
            if op.name == "set_flag":
                self.places.writes |= 1 << FLAG_SLOTS[op.params["flag"]]
            if op.index not in needed:
                continue
            first = len(self.lines)
            special = _SPECIAL.get(op.name)
            result = special(self, op) if special is not None else None
            if result is None:
                if op.name not in ARMS:
                    raise Inconsistent(f"no LLVM lowering for {op.name}")
                result = ARMS[op.name](self, op)
                self.lines[-1:] = [retyped(op, line, floats) for line in self.lines[-1:]]
            if op.name in _ACCESSES and self.mark(first) and op.name == "load":
                self.loads.add(op.index)
            if op.ty:
                assert result is not None
                self.names[op.index] = result
                self.keep_apart(op)


_ACCESSES = ("load", "store", "cas_if")
_EXTENSIONS = ("zext", "sext")
_ACCESS = re.compile(r"\b(?:load|store|cmpxchg) .*ptr addrspace\(256\)")


def _get_flag(t: _SnippetText, op: Op) -> str:
    name = op.params["flag"]
    t.places.reads |= 1 << FLAG_SLOTS[name]
    return t.new(f"load i1, ptr {FLAG_LOCAL[name]}")


def _set_flag(t: _SnippetText, op: Op) -> str:
    name = op.params["flag"]
    if t.live >> FLAG_SLOTS[name] & 1:
        t.line(f"store i1 {t.of(op.args[0])}, ptr {FLAG_LOCAL[name]}")
    return "done"


def _needed(block: Block, live: int, fpscr: Fpscr) -> set[int]:
    """Operations that do something, and what they use; sums folded into accesses are not."""
    needed: set[int] = set()
    for op in reversed(block.ops):
        if op.name == "set_flag":
            name = op.params["flag"]
            wanted = live >> FLAG_SLOTS[name] & 1 or (name in "NV" and live >> LESS & 1)
        elif op.index in fpscr.outcomes:
            if live >> FP_FLAGS & 1:
                needed.update((op.index, fpscr.outcomes[op.index].op.index))
            continue
        else:
            wanted = OPS[op.name].effect not in (Effect.PURE, Effect.READ_STATE)
            wanted |= op.name == "fcmp"  # for its exceptions
        if not wanted and op.index not in needed:
            continue
        needed.add(op.index)
        for position, arg in enumerate(op.args):
            value = arg
            if position == 0 and op.name in ("load", "store") and arg.ty == "i32":
                base, offsets = split_address(arg)
                if base is not None and all(isinstance(o, int) for o in offsets):
                    value = base
            needed.add(value.op.index)
        if op.name == "set_flag" and op.args[0].op.name == "sub_v":
            needed.update(a.op.index for a in op.args[0].op.args)
    return needed


def _get_state(t: _SnippetText, op: Op) -> str | None:
    at = op.params["offset"]
    if at == t.fpscr.offset:
        result, reads = t.fpscr.read(t, op)
        t.places.reads |= reads
        return result
    if t.places.is_half(at, WIDTHS[op.ty]):
        pair = t.new(f"load <2 x float>, ptr {t.places.place(t, at & ~7, 64, read=True)}, align 8")
        value = t.new(f"extractelement <2 x float> {pair}, i32 {at >> 2 & 1}")
        whole = op.ty == "f32" or op.index in t.floats
        return value if whole else t.new(f"bitcast float {value} to {op.ty}")
    if not t.places.is_split(at, WIDTHS[op.ty]):
        return None
    low, high = (
        t.new(f"load i64, ptr {t.places.place(t, at + more, 64, read=True)}, align 8")
        for more in (0, 8)
    )
    half = t.new(f"insertelement <2 x i64> poison, i64 {low}, i32 0")
    return t.new(f"insertelement <2 x i64> {half}, i64 {high}, i32 1")


def _set_state(t: _SnippetText, op: Op) -> str | None:
    at, ty = op.params["offset"], op.args[0].ty
    if t.looks is not None and t.looks != PLAIN:
        return "done"
    if at == t.fpscr.offset:
        t.places.writes |= t.fpscr.write(t, op, live=bool(t.live >> FP_FLAGS & 1))
        return "done"
    if t.places.is_half(at, WIDTHS[ty]):
        value = t.of(op.args[0])
        if ty != "f32" and op.args[0].op.index not in t.floats:
            value = t.new(f"bitcast {ty} {value} to float")
        place = t.places.place(t, at & ~7, 32, read=False)
        pair = t.new(f"load <2 x float>, ptr {place}, align 8")
        pair = t.new(f"insertelement <2 x float> {pair}, float {value}, i32 {at >> 2 & 1}")
        t.line(f"store <2 x float> {pair}, ptr {place}, align 8")
        return "done"
    if not t.places.is_split(at, WIDTHS[ty]):
        return None
    for lane in (0, 1):
        half = t.new(f"extractelement <2 x i64> {t.of(op.args[0])}, i32 {lane}")
        t.line(f"store i64 {half}, ptr {t.places.place(t, at + 8 * lane, 64, read=False)}, align 8")
    return "done"


def _xor(t: _SnippetText, op: Op) -> str | None:
    """N differs from V has a variable of its own."""
    names = [a.op.params.get("flag") for a in op.args if a.op.name == "get_flag"]
    if sorted(n for n in names if n) != ["N", "V"]:
        return None
    t.places.reads |= 1 << LESS
    return t.new("load i1, ptr %fl")


def _load(t: _SnippetText, op: Op) -> str | None:
    address = op.args[0].op
    if not t.fold or address.name != "const" or isinstance(address.params["value"], int):
        return None
    t.literals.append((Relative(address.params["value"]), op.ty))
    hole = f"\3{len(t.literals) - 1}\3"
    lt = llvm_type(op.ty)
    if op.ty in ("f32", "f64", "v128"):
        value = t.new(f"bitcast i{WIDTHS[op.ty]} {hole} to {lt}")
    else:
        value = t.new(f"add {lt} {hole}, 0")
    return value


def _nan_fix(t: _SnippetText, op: Op) -> str:
    return fix_by_branches(t, op) if t.exact else t.of(op.args[2])


def _vf_fix(t: _SnippetText, op: Op) -> str:
    if t.exact:
        return t.of(op.args[0])
    looks = t.looks
    if t.fast or looks is None or looks == PLAIN:
        return hasty_lanes(t, op, ask=looks is None and not t.fast)
    look_at_lanes(t, op, looks & 3)
    t.looks = looks >> 2
    return t.of(op.args[1])


def _exit_value(t: _SnippetText, op: Op) -> str:
    t.outcome = t.of(op.args[0])
    return "done"


def _exit_known(t: _SnippetText, op: Op) -> str:
    return "done"


_SPECIAL = {
    "get_flag": _get_flag,
    "set_flag": _set_flag,
    "get_state": _get_state,
    "set_state": _set_state,
    "xor": _xor,
    "load": _load,
    "nan_fix": _nan_fix,
    "vf_fix": _vf_fix,
    "f_to_int": to_int_apart,
    "fcmp": compare_apart,
    "exit_skip": _exit_value,
    "exit_branch": _exit_value,
    "exit_indirect": _exit_value,
    "exit_jump": _exit_known,
    "exit_stop": _exit_known,
}


def _less(t: _SnippetText, blocks: tuple[Block, ...]) -> None:
    """Keep N != V up to date; a comparison says it directly."""
    ops = [op for block in blocks for op in block]
    written = {op.params["flag"]: op.args[0].op for op in ops if op.name == "set_flag"}
    if not written.keys() & {"N", "V"}:
        return
    t.places.writes |= 1 << LESS
    if not t.live >> LESS & 1:
        return
    overflow = written.get("V")
    if overflow is not None and overflow.name == "sub_v" and len(blocks) == 1:
        a, b = (t.of(x) for x in overflow.args)
        t.line(f"store i1 {t.new(f'icmp slt {overflow.args[0].ty} {a}, {b}')}, ptr %fl")
        return
    values = []
    for name in ("N", "V"):
        if name in written and len(blocks) == 1:
            values.append(t.names[written[name].index])
        else:
            if name not in written:
                t.less_reads |= 1 << FLAG_SLOTS[name]
            values.append(t.new(f"load i1, ptr {FLAG_LOCAL[name]}"))
    t.line(f"store i1 {t.new(f'xor i1 {values[0]}, {values[1]}')}, ptr %fl")


def make_snippet(
    blocks: tuple[Block, ...],
    offsets: dict[str, int],
    live: int,
    *,
    relative: bool,
    fold: bool,
    exact: bool = True,
    fast: bool = False,
    looks: int | None = None,
    places: Locals | None = None,
) -> Snippet:
    """Lower recorded blocks; ``live`` are the flags that must be written.

    Without ``exact`` a NaN may be another than ARM's: whoever asks for that looks for NaNs itself.
    With ``fast`` nobody does.
    With ``looks`` operands of operations on lanes are looked at, and nothing is done with them;
    those are two bits an operation, or PLAIN behind that. None is where MXCSR will be asked.
    """
    if live >> LESS & 1 and len(blocks) > 1:
        live |= 1 << FLAG_SLOTS["N"] | 1 << FLAG_SLOTS["V"]
    places = places or Locals(offsets, relative=relative)
    t = _SnippetText(places, live, fold=fold, exact=exact, fast=fast, looks=looks)
    for block in blocks:
        t.names.clear()
        t.lower(block)
    _less(t, blocks)
    return Snippet(
        text="".join(line + "\n" for line in t.lines),
        allocas="".join(t.allocas),
        consts=tuple(places.consts),
        literals=tuple(t.literals),
        reads=places.reads,
        writes=places.writes,
        less_reads=t.less_reads,
        only_flags=bool(places.writes) and _only_flags(blocks, t.fpscr.offset),
        outcome=t.outcome,
    )


def _only_flags(blocks: tuple[Block, ...], fpscr: int) -> bool:
    return all(
        OPS[op.name].effect in (Effect.PURE, Effect.READ_STATE)
        or op.name == "set_flag"
        or op.index in outcomes
        for block in blocks
        for outcomes in (Fpscr(block, fpscr).outcomes,)
        for op in block
    )
