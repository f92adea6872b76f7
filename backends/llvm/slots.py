"""Where guest state lives inside an optimised function, and the text that all functions share.

The ABI of optimised code: r0-r8 and sp in integer registers, d0-d14 in XMM registers, in and out
(one ABI for all packages; docs/decisions/0006). They are one aggregate, so that a call is a handful
of lines; LLVM takes it apart. Its last member is nobody's: the XMM register that every function may
use as it likes. The other registers, the flags and FPSCR are kept in local variables too (their
slots), but cross a call or an exit through the state.
"""

from __future__ import annotations

from dataclasses import dataclass

ABI_REGISTERS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 13)
ABI_DOUBLES = 15
XMM_REGISTERS = 16
FLAG_SLOTS = {"N": 16, "Z": 17, "C": 18, "V": 19}
LESS = 20  # N differs from V: kept beside them, so that signed conditions are one test
FPSCR = 21  # without its NZCV
FP_FLAGS = 22  # FPSCR's NZCV, in their place: what a comparison writes and vmrs reads
LOW_D = 16  # with its number added: a double register below d16 that is not passed
WORD = 4
HIGH_Q = 32  # d16-d31 as eight pairs
FLAGS = sum(1 << bit for bit in FLAG_SLOTS.values())
ALL_FLAGS = FLAGS | 1 << LESS | 1 << FP_FLAGS
FLAG_FIELD = {"N": "nf", "Z": "zf", "C": "cf", "V": "vf"}
FLAG_LOCAL = {"N": "%fn", "Z": "%fz", "C": "%fc", "V": "%fv"}
LOCAL_REGISTERS = tuple(n for n in range(15) if n not in ABI_REGISTERS)
LOCAL_DOUBLES = tuple(range(ABI_DOUBLES, XMM_REGISTERS))
LOCALS = (
    sum(1 << n for n in LOCAL_REGISTERS)
    | ALL_FLAGS
    | 1 << FPSCR
    | sum(1 << LOW_D + n for n in LOCAL_DOUBLES)
    | 255 << HIGH_Q
)

_MEMBERS = ", ".join(["i32"] * len(ABI_REGISTERS) + ["double"] * XMM_REGISTERS)
REGISTERS_AT = 0  # offset of the first register in %A
DOUBLES_AT = 4 * len(ABI_REGISTERS)

PRELUDE = f"""%A = type {{ {_MEMBERS} }}
%G = type {{ i32, %A }}
@xlate_bias = external dso_local global i32
declare i64 @llvm.read_register.i64(metadata)
declare void @llvm.fake.use(...)
attributes #0 = {{ nounwind strictfp "frame-pointer"="none" "no-jump-tables"="false" }}
attributes #1 = {{ strictfp }}
!0 = !{{!"branch_weights", i32 1, i32 100000}}
!9 = !{{!"rsp"}}
"""


@dataclass(frozen=True)
class Slot:
    """A local variable that crosses calls through the state: its memory and its LLVM type."""

    local: str
    offset: int
    ty: str
    mask: int = 0xFFFFFFFF  # of an i32: the bits that are its own


def slot_table(offsets: dict[str, int]) -> dict[int, Slot]:
    """The slots by bit number; LESS has no memory of its own."""
    table = {n: Slot(f"%r{n}", offsets["r"] + 4 * n, "i32") for n in LOCAL_REGISTERS}
    for name, bit in FLAG_SLOTS.items():
        table[bit] = Slot(FLAG_LOCAL[name], offsets[FLAG_FIELD[name]], "i1")
    table[FPSCR] = Slot("%fpscr", offsets["fpscr"], "i32", 0x0FFFFFFF)
    table[FP_FLAGS] = Slot("%fpf", offsets["fpscr"], "i32", 0xF0000000)
    for n in LOCAL_DOUBLES:
        table[LOW_D + n] = Slot(f"%d{n}", offsets["d"] + 8 * n, "double")
    for i in range(8):
        table[HIGH_Q + i] = Slot(f"%q{8 + i}", offsets["d"] + 16 * (8 + i), "<2 x i64>")
    return table


def bits(mask: int) -> list[int]:
    """Numbers of the bits of a mask, lowest first."""
    return [i for i in range(mask.bit_length()) if mask >> i & 1]
