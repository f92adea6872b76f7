"""Floating-point functions with their registers one by one, where the lifter wrote the aggregate.

As ``spelling.py`` does for integer functions, but the variables stay members of one: what touches
a double register says how far into it. One by one, a register that carries nothing is handed on as
poison and is free; as a member of an aggregate that came in whole, LLVM keeps what it held.
"""

from __future__ import annotations

import re

from backends.llvm.slots import ABI_DOUBLES, ABI_REGISTERS, DOUBLES_AT, XMM_REGISTERS

LEAF_DOUBLES = 8  # of the signature of functions that call nothing; see modules.py
_WHOLE = re.compile(
    r"  (?P<load>\S+) = load %A, ptr %abi\n"
    r"|(?P<call>call x86_regcallcc %G \S+\(ptr %st), %A (?P<passed>\S+)\)"
    r"|  (?P<taken>\S+) = extractvalue %G (?P<done>\S+), 1\n  store %A \S+, ptr %abi\n"
    r"|  (?P<made>\S+) = insertvalue %G (?P<first>\S+), %A (?P<registers>\S+), 1\n"
    r"|(?P<label>x(?P<number>\d+)o:\n)  ret %G (?P<other>\S+)\n"
)
_ABI = "  %abi = alloca %A, align 16\n"
_ENTER = "\n  store %A %in, ptr %abi\n"


def _parts(doubles: int) -> list[tuple[str, str]]:
    """Type and variable of each member that carries something."""
    integers = [("i32", f"%r{number}") for number in ABI_REGISTERS]
    return integers + [("double", f"%e{number}") for number in range(doubles)]


ARGUMENTS = ", ".join(["i32"] * len(ABI_REGISTERS) + ["double"] * XMM_REGISTERS)


def is_whole(body: str) -> bool:
    """Whether a function begins as the lifter's do; other texts are left as they are."""
    return _ENTER in body


def one_by_one(text: str, *, leaf: bool) -> str:
    """The text of a function without values of the aggregate's type."""
    parts = _parts(LEAF_DOUBLES if leaf else ABI_DOUBLES)
    free = 0 if leaf else XMM_REGISTERS - ABI_DOUBLES
    handed = ", double poison" * free

    def spell(match: re.Match[str]) -> str:
        if name := match["load"]:
            return "".join(
                f"  {name[:-3]}{i:03} = load {ty}, ptr {v}\n" for i, (ty, v) in enumerate(parts)
            )
        if name := match["passed"]:
            values = ", ".join(f"{ty} {name[:-3]}{i:03}" for i, (ty, _) in enumerate(parts))
            return f"{match['call']}, {values}{handed})"
        if name := match["taken"]:
            return "".join(
                f"  {name[:-3]}{i:03} = extractvalue %G {match['done']}, 1, {i}\n"
                f"  store {ty} {name[:-3]}{i:03}, ptr {v}\n"
                for i, (ty, v) in enumerate(parts)
            )
        if match["label"]:
            return match["label"] + _hand_out(match["other"], match["number"], free)
        return _insert(match, parts)

    text = _begin(text, parts, free)
    return _WHOLE.sub(spell, text)


def _insert(match: re.Match[str], parts: list[tuple[str, str]]) -> str:
    """The registers put into a result."""
    stem, values = match["first"][:-3], match["registers"][:-3]
    lines = []
    made = match["first"]
    for i, (ty, _) in enumerate(parts):
        before, made = made, f"{stem}{i + 1:03}" if i + 1 < len(parts) else match["made"]
        lines.append(f"  {made} = insertvalue %G {before}, {ty} {values}{i:03}, 1, {i}\n")
    return "".join(lines)


def _hand_out(result: str, number: str, free: int) -> str:
    """Return what a call returned; a register that carries nothing must not be kept until then."""
    lines = []
    for i in range(free):
        before, result = result, f"%{number}{i:03}"
        at = len(ABI_REGISTERS) + XMM_REGISTERS - 1 - i
        lines.append(f"  {result} = insertvalue %G {before}, double undef, 1, {at}\n")
    return f"{''.join(lines)}  ret %G {result}\n"


def _begin(text: str, parts: list[tuple[str, str]], free: int) -> str:
    """Everything up to where the registers are taken over."""
    taken = [f"{ty} %in{i}" for i, (ty, _) in enumerate(parts)] + [
        f"double %free{i}" for i in range(free)
    ]
    text = text.replace("%A %in)", ", ".join(taken) + ")", 1)
    doubles = len(parts) - len(ABI_REGISTERS)
    places = "".join(
        f"  %e{number} = getelementptr i8, ptr %abi, i64 {DOUBLES_AT + 8 * number}\n"
        for number in range(doubles)
    )
    text = text.replace(_ABI, _ABI + places, 1)
    stores = "".join(f"  store {ty} %in{i}, ptr {v}\n" for i, (ty, v) in enumerate(parts))
    return text.replace(_ENTER, "\n" + stores, 1)
