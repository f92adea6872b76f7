"""Integer functions with their registers one by one, where the lifter wrote the whole aggregate.

The lifter says ``load %A`` before a call and ``store %A`` behind it, whatever kind of function it
writes; for LLVM to take the aggregate apart costs more than to read it in parts. Here each register
has a variable of its own, calls have ten arguments, and returns are put together member by member.
"""

from __future__ import annotations

from collections.abc import Callable

from backends.llvm.slots import ABI_REGISTERS

WHOLE = "%B"  # the aggregate's type in integer functions
ARGUMENTS = ", ".join(["i32"] * len(ABI_REGISTERS))
_VARIABLES = tuple(f"%r{number}" for number in ABI_REGISTERS)
_PARTS = tuple(enumerate(_VARIABLES))
_ENTER = f"\n  store {WHOLE} %in, ptr %abi\n"

# Forms with holes: @ is the number of a value without its last three digits, in which its parts
# are counted.
_LOADS = "".join(f"  @{i:03} = load i32, ptr {v}\n" for i, v in _PARTS)
_TAKES = "".join(f"  @{i:03} = $, {i}\n  store i32 @{i:03}, ptr {v}\n" for i, v in _PARTS)
_PASSES = ", ".join(f"i32 @{i:03}" for i, _ in _PARTS)


def is_whole(body: str) -> bool:
    """Whether a function begins as the lifter's do; other texts are left as they are."""
    return "\n  store %A %in, ptr %abi\n" in body


def spelled_out(text: str) -> str:
    """The text of an integer function without values of the aggregate's type."""
    begin = text.index(_ENTER)
    out = [_begin(text[: begin + 1])]
    done = begin + len(_ENTER)
    while (hit := text.find(WHOLE, done)) >= 0:
        start = text.rfind("\n", 0, hit) + 1
        end = text.find("\n", hit) + 1
        out.append(text[done:start])
        line = text[start:end]
        for mark, spell in _SPELLINGS:
            if mark in line:
                line = spell(line, out)
                break
        out.append(line)
        done = end
    out.append(text[done:])
    return "".join(out)


def _begin(text: str) -> str:
    """Everything up to where the registers are taken over: arguments, variables of their own."""
    text = text.replace(f"{WHOLE} %in)", ", ".join(f"i32 %in{i}" for i, _ in _PARTS) + ")", 1)
    # The last first: so they become values in the order that the members of an aggregate do.
    variables = "".join(f"  {v} = alloca i32\n" for v in reversed(_VARIABLES))
    text = text.replace(f"  %abi = alloca {WHOLE}, align 16\n", variables, 1)
    for number, variable in _PARTS:
        text = text.replace(f"  {variable} = getelementptr i8, ptr %abi, i64 {4 * number}\n", "", 1)
    return text + "".join(f"  store i32 %in{i}, ptr {v}\n" for i, v in _PARTS)


def _load(line: str, out: list[str]) -> str:
    return _LOADS.replace("@", _stem(_defined(line)))


def _store(line: str, out: list[str]) -> str:
    """What a call returned; the line before took it out of the result."""
    name = line.split()[2].rstrip(",")
    before = out[-1]
    at = before.rfind("\n", 0, -1) + 1
    known, _, taken = before[at:-1].partition(" = ")
    assert known.strip() == name
    out[-1] = before[:at]
    return _TAKES.replace("@", _stem(name)).replace("$", taken)


def _insert(line: str, out: list[str]) -> str:
    """The registers put into a result."""
    name = _defined(line)
    into, _, value = line.strip().rpartition(f", {WHOLE} ")
    kind, first = into.partition(" = ")[2].rsplit(" ", 1)
    registers, begun = _stem(value.split(",")[0]), _stem(first)
    lines = []
    last = len(_PARTS) - 1
    made = first
    for number in range(last + 1):
        into, made = made, name if number == last else f"{begun}{number + 1:03}"
        lines.append(f"  {made} = {kind} {into}, i32 {registers}{number:03}, 1, {number}\n")
    return "".join(lines)


def _argument(line: str, out: list[str]) -> str:
    before, _, after = line.partition(f"{WHOLE} ")
    name, _, rest = after.partition(")")
    return f"{before}{_PASSES.replace('@', _stem(name))}){rest}"


def _stem(name: str) -> str:
    return name[:-3]


def _defined(line: str) -> str:
    return line.split(None, 1)[0]


_SPELLINGS: tuple[tuple[str, Callable[[str, list[str]], str]], ...] = (
    (f"= load {WHOLE}", _load),
    ("call x86_regcallcc", _argument),
    (f"store {WHOLE} ", _store),
    ("= insertvalue ", _insert),
)
