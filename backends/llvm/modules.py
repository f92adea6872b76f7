"""Function texts to the text of one LLVM module, so that a function's code depends on itself alone.

A text is normalised first: its own name and those of the functions it calls become positions. Equal
bodies are then equal texts, and calls always go to declarations, so LLVM cannot let one function of
a module shape another. Each function is a comdat, which gives it text and jump table sections of
its own.

A function that never touches floating-point registers passes them on where they are: it is compiled
for a processor without them, with a signature that leaves them out. The machine code keeps to the
same convention, and LLVM is spared fifteen values at every call and every join.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backends.llvm.accesses import metadata
from backends.llvm.binding import TRIPLE
from backends.llvm.singly import ARGUMENTS as ALL_ARGUMENTS
from backends.llvm.singly import LEAF_DOUBLES, one_by_one
from backends.llvm.slots import DOUBLES_AT
from backends.llvm.spelling import ARGUMENTS, is_whole, spelled_out
from backends.llvm.unit import FunctionText

BIAS = "xlate_bias"

_NAME = re.compile(r"@([fs]_[\w.]+)")
_PLACE_MARK = "!pcsections !L"
_PLACE = re.compile(r"!pcsections !L(-?\d+)s(-?\d+)")
_BODY = re.compile(r"\{[ \t]*\n")
_NUMBERED = re.compile(r"^!(\d+) =", re.MULTILINE)
_OWN = "@self("

_DOUBLES = re.compile(r"%abi, i64 (?:[4-9]\d|\d{3,})\b")
_FLOAT = re.compile(r"\b(?:double|float|half|fp128)\b|<\d+ x |llvm\.x86\.")
# One of these stands in all that _FLOAT finds; to look for them takes a tenth of its time.
_FLOAT_WORDS = ("double", "float", "half", "fp128", " x ", "llvm.x86.")
_INTEGER_TYPES = f"""%B = type {{ {ARGUMENTS} }}
%H = type {{ i32, %B }}"""
_LEAF_TYPES = f"""%C = type {{ {", ".join(["i32"] * 10 + ["double"] * LEAF_DOUBLES)} }}
%K = type {{ i32, %C }}"""
_NO_LEAF = re.compile(r"x86_regcallcc|value %A\b|%abi, i64 (?:10[4-9]|1[1-9]\d|[2-9]\d\d)\b")
# An access to two double registers at once that begins at the last one of a leaf.
_LAST_OF_LEAF = re.compile(
    rf"(%\S+) = getelementptr i8, ptr %abi, i64 {DOUBLES_AT + 8 * (LEAF_DOUBLES - 1)}\n"
)
_PAIR = r"(?:i128|<2 x i64>|<2 x double>|<4 x \w+32>|<4 x float>|<8 x i16>|<8 x half>|<16 x i8>)"
_INTEGER_ONLY = '"target-features"="+cmov,-sse,-x87,-mmx" '


# Lines of text of a function with floating point that is small.
JOINS_BELOW = 6000


@dataclass(frozen=True)
class Normal:
    """A function's text without names: callees are ``@r0``, ``@r1``... by first mention.

    An integer function calls them ``@q0``, ``@q1``..., for want of the same signature; with the
    registers one by one they are ``@d0``, ``@d1``... and ``@p0``, ``@p1``...
    """

    text: str
    callees: tuple[str, ...]
    integer: bool

    @property
    def accesses(self) -> int:
        """How many accesses to guest memory there are."""
        return self.text.count(_PLACE_MARK)

    @property
    def joins(self) -> bool:
        """Copies between its blocks are to be joined at once (``levels``); decides the worker."""
        return not self.integer and self.text.count("\n") < JOINS_BELOW


def normalise(function: FunctionText) -> Normal:
    """Replace the names; the result says which position stands for which name."""
    head, body = _split(function.text)
    places: dict[str, int] = {}
    integer = not _uses_floats(body)
    parts = is_whole(body)
    letter = ("p" if parts else "q") if integer else ("d" if parts else "r")

    def position(match: re.Match[str]) -> str:
        return f"@{letter}{places.setdefault(match[1], len(places))}"

    body = _NAME.sub(position, body)
    head = head.replace(f"@{function.name}(", _OWN, 1)
    text = head + "{\n" + body
    if integer:
        text = text.replace("%A", "%B").replace("%G", "%H")
        return Normal(spelled_out(text) if parts else text, tuple(places), integer)
    leaf = _NO_LEAF.search(body) is None and not _reaches_beyond_leaf(body)
    if parts:
        text = one_by_one(text, leaf=leaf)
    if leaf:
        text = text.replace("%A", "%C").replace("%G", "%K")
    return Normal(text, tuple(places), integer)


def _reaches_beyond_leaf(body: str) -> bool:
    """Whether the last double register that a leaf has is read or written with the next one."""
    names = "|".join(re.escape(name) for name in _LAST_OF_LEAF.findall(body))
    return bool(names) and re.search(rf" {_PAIR}[^\n]*, ptr (?:{names})\b", body) is not None


def _uses_floats(body: str) -> bool:
    if any(word in body for word in _FLOAT_WORDS) and _FLOAT.search(body):
        return True
    return _DOUBLES.search(body) is not None


def _split(text: str) -> tuple[str, str]:
    brace = _BODY.search(text)
    if brace is None:
        return text, ""
    return text[: brace.start()], text[brace.end() :]


def module_text(functions: Sequence[Normal], prelude: str) -> str:
    """One module; function number i is defined as ``x<i>``."""
    most = max((len(f.callees) for f in functions), default=0)
    out = [f'target triple = "{TRIPLE}"', prelude, _INTEGER_TYPES, _LEAF_TYPES]
    for i in range(most):
        out.append(f"declare dso_local x86_regcallcc %G @r{i}(ptr, %A) nounwind")
        out.append(f"declare dso_local x86_regcallcc %G @d{i}(ptr, {ALL_ARGUMENTS}) nounwind")
        out.append(f"declare dso_local x86_regcallcc %H @q{i}(ptr, %B) nounwind")
        out.append(f"declare dso_local x86_regcallcc %H @p{i}(ptr, {ARGUMENTS}) nounwind")
    places = _Places(prelude)
    for i, function in enumerate(functions):
        out += [f"$x{i} = comdat any", _define(i, function, places)]
    return "\n".join([*out, *places.out, ""])


def _define(number: int, function: Normal, places: _Places) -> str:
    head, body = _split(function.text)
    head = head.replace(_OWN, f"@x{number}(", 1)
    if function.integer:
        head += _INTEGER_ONLY
    return f"{head}comdat {{\n{places.place(body)}"


class _Places:
    """Metadata of a module: what its accesses carry."""

    def __init__(self, prelude: str) -> None:
        self.next = 1 + max((int(n) for n in _NUMBERED.findall(prelude)), default=-1)
        self.out: list[str] = []

    def place(self, body: str) -> str:
        """A body with the numbers of real metadata."""
        first = self.next

        def numbered(match: re.Match[str]) -> str:
            own = metadata(int(match[1]), int(match[2]), self.next - first)
            self.out.append(f"!{self.next} = {own}")
            self.next += 1
            return f"!pcsections !{self.next - 1}"

        return _PLACE.sub(numbered, body)
