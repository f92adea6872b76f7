"""Lowerings of guest state and memory accesses; where they are, the caller's Places say."""

from __future__ import annotations

from backends.llvm.text import Text, args_of, arm, llvm_type
from xlate.ir import Op
from xlate.ir.block import WIDTHS


@arm("get_reg")
def _get_reg(t: Text, op: Op) -> str:
    return t.places.get_reg(t, op)


@arm("set_reg")
def _set_reg(t: Text, op: Op) -> None:
    t.places.set_reg(t, op, t.of(op.args[0]))


@arm("get_flag")
def _get_flag(t: Text, op: Op) -> str:
    byte = t.new(f"load i8, ptr {t.places.state_pointer(t, op)}, align 1")
    return t.new(f"icmp ne i8 {byte}, 0")


@arm("set_flag")
def _set_flag(t: Text, op: Op) -> None:
    byte = t.new(f"zext i1 {t.of(op.args[0])} to i8")
    t.line(f"store i8 {byte}, ptr {t.places.state_pointer(t, op)}, align 1")


@arm("get_state")
def _get_state(t: Text, op: Op) -> str:
    return t.new(
        f"load {llvm_type(op.ty)}, ptr {t.places.state_pointer(t, op)}, align {_state_align(op.ty)}"
    )


@arm("set_state")
def _set_state(t: Text, op: Op) -> None:
    ty = op.args[0].ty
    value = f"{llvm_type(ty)} {t.of(op.args[0])}"
    t.line(f"store {value}, ptr {t.places.state_pointer(t, op)}, align {_state_align(ty)}")


def _state_align(ty: str) -> int:
    return min(WIDTHS[ty] // 8, 8) or 1


_SPACE = "addrspace(256)"


@arm("load")
def _load(t: Text, op: Op) -> str:
    p = t.places.memory_pointer(t, op.args[0])
    return t.new(f"load volatile {llvm_type(op.ty)}, ptr {_SPACE} {p}, align 1")


@arm("store")
def _store(t: Text, op: Op) -> None:
    p = t.places.memory_pointer(t, op.args[0])
    ty = llvm_type(op.args[1].ty)
    t.line(f"store volatile {ty} {t.of(op.args[1])}, ptr {_SPACE} {p}, align 1")


@arm("version")
def _version(t: Text, op: Op) -> str:
    pointer = t.new(f"inttoptr i64 {t.of(op.args[0])} to ptr")
    return t.new(f"load atomic volatile i64, ptr {pointer} acquire, align 8")


@arm("cas_if")
def _cas_if(t: Text, op: Op) -> str:
    """Lock the version, exchange, unlock: a fault in between is the runtime's to undo."""
    ok, _, expected, new, granule, version = args_of(t, op)
    p = t.places.memory_pointer(t, op.args[1])
    ty, bytes_ = op.args[2].ty, op.args[2].width // 8
    start, lock, doit, done = t.label(), t.label(), t.label(), t.label()
    t.line(f"br label %{start}")
    t.lines.append(f"{start}:")
    t.line(f"br i1 {ok}, label %{lock}, label %{done}")
    t.lines.append(f"{lock}:")
    word = t.new(f"inttoptr i64 {granule} to ptr")
    odd = t.new(f"or i64 {version}, 1")
    locked = _exchanged(t, f"ptr {word}, i64 {version}, i64 {odd} acquire monotonic, align 8", "i64")
    t.line(f"br i1 {locked}, label %{doit}, label %{done}")
    t.lines.append(f"{doit}:")
    place = f"ptr {_SPACE} {p}, {ty} {expected}, {ty} {new}"
    won = _exchanged(t, f"{place} seq_cst seq_cst, align {bytes_}", ty)
    now = t.new(f"load atomic i64, ptr {word} monotonic, align 8")
    after = t.new(f"add i64 {now}, 1")
    t.line(f"store atomic i64 {after}, ptr {word} release, align 8")
    t.line(f"br label %{done}")
    t.lines.append(f"{done}:")
    return t.new(f"phi i1 [ false, %{start} ], [ false, %{lock} ], [ {won}, %{doit} ]")


def _exchanged(t: Text, what: str, ty: str) -> str:
    pair = t.new(f"cmpxchg volatile {what}")
    return t.new(f"extractvalue {{{ty}, i1}} {pair}, 1")


@arm("fence")
def _fence(t: Text, op: Op) -> None:
    t.line("fence seq_cst")
