"""Floating-point registers on their way from and to memory: they never pass an integer register.

A recording moves registers as bags of bits. LLVM does not turn a volatile access of an integer
into one of a float, so the type is chosen when the text is written; not one bit depends on it.
"""

from __future__ import annotations

from xlate.ir import Block, Op

_FLOATS = {"i32": "float", "i64": "double"}


def moved_floats(block: Block, d_offset: int, *, fold: bool) -> dict[int, str]:
    """Loads and register reads that only feed registers or stores: the float type by index."""
    users: dict[int, list[tuple[Op, int]]] = {}
    for op in block:
        for position, arg in enumerate(op.args):
            users.setdefault(arg.op.index, []).append((op, position))
    found: dict[int, str] = {}
    for op in block:
        if op.ty not in _FLOATS or op.index not in users:
            continue
        if op.name == "load":
            folded = fold and op.args[0].op.name == "const"
            good = not folded and all(_is_register(u, d_offset) for u, _ in users[op.index])
        elif op.name == "get_state" and _in_registers(op, d_offset):
            good = all(
                _is_register(u, d_offset) or (u.name == "store" and position == 1)
                for u, position in users[op.index]
            )
        else:
            good = False
        if good:
            found[op.index] = _FLOATS[op.ty]
    return found


def _in_registers(op: Op, d_offset: int) -> bool:
    return bool(0 <= op.params["offset"] - d_offset < 256)


def _is_register(op: Op, d_offset: int) -> bool:
    return op.name == "set_state" and _in_registers(op, d_offset)


def retyped(op: Op, line: str, floats: dict[int, str]) -> str:
    """The line of a load, store or register access with the float type where one was chosen."""
    if op.name in ("load", "get_state"):
        new, old = floats.get(op.index), op.ty
    elif op.name in ("set_state", "store"):
        value = op.args[-1].op
        new, old = floats.get(value.index), value.ty
    else:
        return line
    if new is None:
        return line
    for verb in ("load volatile ", "load ", "store volatile ", "store "):
        if verb + old in line:
            return line.replace(verb + old, verb + new, 1)
    return line
