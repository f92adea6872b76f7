"""Integer functions with their registers one by one; the machine code stays in the convention."""

from __future__ import annotations

import pytest

from backends.llvm.modules import normalise
from backends.llvm.objects import ObjectCode
from backends.llvm.pool import compile_functions
from backends.llvm.slots import ABI_REGISTERS, PRELUDE
from backends.llvm.unit import FunctionText

VARIABLES = "".join(
    f"  %r{number} = getelementptr i8, ptr %abi, i64 {4 * position}\n"
    for position, number in enumerate(ABI_REGISTERS)
)
HEAD = f"""define dso_local x86_regcallcc %G @f_00001000(ptr noalias %st, %A %in) #0 {{
entry:
  %abi = alloca %A, align 16
  %going = alloca i32
{VARIABLES}  store %A %in, ptr %abi
"""
CALL = """  %1000 = load %A, ptr %abi
  %2000 = call x86_regcallcc %G @f_00002000(ptr %st, %A %1000)
  %3000 = extractvalue %G %2000, 0
  %4000 = icmp ne i32 %3000, 8
  br i1 %4000, label %x5o, label %x5c, !prof !0
x5o:
  ret %G %2000
x5c:
  %6000 = extractvalue %G %2000, 1
  store %A %6000, ptr %abi
"""
TAIL = """  %7000 = load %A, ptr %abi
  %8000 = musttail call x86_regcallcc %G @f_00003000(ptr %st, %A %7000)
  ret %G %8000
}
"""
RETURN = """  %7000 = load %A, ptr %abi
  %8000 = insertvalue %G poison, i32 8, 0
  %9000 = insertvalue %G %8000, %A %7000, 1
  ret %G %9000
}
"""


def function(*parts: str) -> FunctionText:
    names = [n for n in ("f_00002000", "f_00003000") if n in "".join(parts)]
    return FunctionText(0x1000, "f_00001000", "".join([HEAD, *parts]), (0x1000,), frozenset(names))


@pytest.mark.parametrize("parts", [(RETURN,), (TAIL,), (CALL, RETURN), (CALL, TAIL)])
def test_no_aggregate_is_left(parts):
    normal = normalise(function(*parts))
    assert normal.integer
    assert "%abi" not in normal.text
    assert "%A" not in normal.text
    assert "%B" not in normal.text
    assert normal.text.count("@p") == sum("call" in part for part in parts)


def test_what_passes_through_is_not_moved():
    """All registers are where the callee wants them: a tail call is a jump, a return sets eax."""
    tail, back = (
        compile_functions([function(part)], PRELUDE, level=1, jobs=1)["f_00001000"]
        for part in (TAIL, RETURN)
    )
    assert isinstance(tail, ObjectCode)
    assert isinstance(back, ObjectCode)
    assert (tail.code[0], len(tail.code), tail.callees) == (0xE9, 5, ("f_00003000",))
    assert back.code == b"\xb8\x08\x00\x00\x00\xc3"
