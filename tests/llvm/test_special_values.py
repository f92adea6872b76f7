"""Lane arithmetic and fused multiply-add as machine code, against the interpreter's exact numbers.

All combinations of special values in every rounding mode: results and cumulative exceptions.
"""

from __future__ import annotations

import ctypes
import itertools
import random
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from backends.interp import ARMS, Cpu, Memory, ieee
from backends.interp.ieee import F32, F64, Format, Round
from backends.interp.lanes import join
from backends.llvm.binding import TRIPLE, to_object
from backends.llvm.text import Text
from backends.stencil.extract import functions
from backends.stencil.template import TAIL, Placing, TemplatePlaces
from frontends.arm32.state import STATE
from tests.llvm.machine import executable
from xlate.ir import Block, Op
from xlate.ir.block import WIDTHS

RESULT, MODE, SAVED = 64, 96, 100  # places in the buffer that stands for the state
_RC = {Round.NEAREST: 0, Round.DOWN: 1, Round.UP: 2, Round.ZERO: 3}
MASKS = 0x1F80


def magnitudes(fmt: Format) -> list[int]:
    """Zero, denormals, around 1, roots of what is hardly normal, the greatest, NaNs."""
    hidden, one = fmt.fraction_mask + 1, fmt.emax << (fmt.precision - 1)
    least, half = hidden, one - hidden
    root = one - (fmt.emax // 2) * hidden  # its square is near the least normal number
    numbers = [0, 1, fmt.fraction_mask, least, half, one - 1, one, one + 1, root, root + 1]
    return [
        *numbers,
        fmt.infinity - 1,
        fmt.infinity,
        fmt.infinity | fmt.quiet_bit | 5,
        fmt.infinity | 3,
    ]


def both_signs(fmt: Format) -> list[int]:
    """The same with either sign."""
    return [m | s for m in magnitudes(fmt) for s in (0, fmt.sign_bit)]


class Compiled:
    """One operation on values in a buffer, by the host and by the interpreter."""

    def __init__(self, name: str, types: tuple[str, ...], **params: Any) -> None:
        block = Block()
        args = [block.op("get_state", ty=ty, offset=16 * i) for i, ty in enumerate(types)]
        value = block.op(name, *args, **params)
        self.op: Op = value.op
        self.types = types
        block.op("set_state", value, offset=RESULT)
        text = Text(TemplatePlaces(Placing((), ()), STATE))
        text.lower(block)
        self._memory, address = executable(_code("\n".join(text.lines)))
        self._enter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)
        self._buffer = ctypes.create_string_buffer(128)
        self._cpu = Cpu(STATE, Memory())

    def host(self, mode: Round, *args: int) -> tuple[int, int]:
        """Result and cumulative exceptions as FPSCR has them."""
        for i, (ty, arg) in enumerate(zip(self.types, args, strict=True)):
            size = WIDTHS[ty] // 8
            self._buffer[16 * i : 16 * i + size] = arg.to_bytes(size, "little")
        struct.pack_into("<I", self._buffer, MODE, MASKS | _RC[mode] << 13)
        self._enter(self._buffer)
        (mxcsr,) = struct.unpack_from("<I", self._buffer, MODE)
        assert mxcsr >> 13 & 3 == _RC[mode]
        size = WIDTHS[self.op.ty] // 8
        result = int.from_bytes(self._buffer.raw[RESULT : RESULT + size], "little")
        return result, mxcsr & 1 | mxcsr >> 1 & 0x1E

    def interpreter(self, mode: Round, *args: int) -> tuple[int, int]:
        """The same by the oracle."""
        self._cpu.fp.round, self._cpu.fp.flags = mode, 0
        result = ARMS[self.op.name](self._cpu, self.op, *args)
        return result & ((1 << WIDTHS[self.op.ty]) - 1), self._cpu.fp.flags

    def check(self, args: Iterator[tuple[int, ...]]) -> None:
        """Compare on all arguments in all modes."""
        bad, count = [], 0
        for values, mode in itertools.product(args, Round):
            count += 1
            got, expected = self.host(mode, *values), self.interpreter(mode, *values)
            if not self._same(got, expected):
                bad.append(f"{mode.name} {[hex(v) for v in values]}: {got} against {expected}")
        assert count > 1000
        assert not bad, f"{len(bad)} of {count}:\n" + "\n".join(bad[:10])

    def _same(self, got: tuple[int, int], expected: tuple[int, int]) -> bool:
        """Which NaN lane arithmetic gives is left open."""
        if self.op.name == "fma" or self.op.params.get("op") in ("eq", "ge", "gt"):
            return got == expected
        lanes = [
            [value >> at & 0xFFFFFFFF for at in range(0, WIDTHS[self.op.ty], 32)]
            for value, _ in (got, expected)
        ]
        nans = [[lane & 0x7FFFFFFF > F32.infinity for lane in half] for half in lanes]
        alike = all(a == b or n for a, b, n in zip(*lanes, nans[0], strict=True))
        return got[1] == expected[1] and nans[0] == nans[1] and alike


def _code(body: str) -> bytes:
    """Machine code of a function that has the mode of the buffer while it computes."""
    text = f"""target triple = "{TRIPLE}"
define void @f(ptr %st) #0 {{
  %mode = getelementptr i8, ptr %st, i64 {MODE}
  %saved = getelementptr i8, ptr %st, i64 {SAVED}
  call void @llvm.x86.sse.stmxcsr(ptr %saved)
  call void @llvm.x86.sse.ldmxcsr(ptr %mode)
{body}
  call void @llvm.x86.sse.stmxcsr(ptr %mode)
  call void @llvm.x86.sse.ldmxcsr(ptr %saved)
  ret void
}}
"""
    raw = functions(to_object(text + TAIL, reloc="pic"))["f"]
    assert not raw.relocs
    code = bytearray(raw.code)
    for pool in raw.pools:
        code += bytes(-len(code) % 16)
        struct.pack_into("<i", code, pool.at, len(code) + pool.addend - pool.at)
        code += pool.data
    return bytes(code)


@pytest.mark.parametrize("kind", ["add", "sub", "mul", "eq", "ge", "gt"])
def test_lanes(kind: str) -> None:
    compiled = Compiled("vf", ("v64", "v64"), op=kind)
    one = 0x3F800000 << 32
    compiled.check((a | one, b | one) for a, b in itertools.product(both_signs(F32), repeat=2))


@pytest.mark.parametrize("kind", ["add", "mul", "gt"])
def test_lanes_are_apart(kind: str) -> None:
    """Each lane of a quadword is its own: other values stand beside a pair."""
    values = both_signs(F32)
    four = [sum(values[(i + 5 * k) % len(values)] << (32 * k) for k in range(4)) for i in range(28)]
    Compiled("vf", ("v128", "v128"), op=kind).check(itertools.product(four, repeat=2))


@pytest.mark.parametrize("ty", ["f32", "f64"])
def test_fused(ty: str) -> None:
    fmt = {"f32": F32, "f64": F64}[ty]
    plain = magnitudes(fmt)
    Compiled("fma", (ty,) * 3).check(itertools.product(plain, plain[::2], both_signs(fmt)))


def test_fused_lanes() -> None:
    """Whoever uses the operation has made zeros of denormals."""
    signed = [v for v in both_signs(F32) if v & F32.infinity or not v & ~F32.sign_bit]
    numbers = itertools.product(signed[::2], signed[1::2], signed)
    Compiled("vf_fma", ("v64",) * 3).check(numbers)


def test_fused_lanes_at_random() -> None:
    """Addends near the product, where the sum is small and its bits are many."""
    draw = random.Random(1)

    def near(a: int, b: int) -> int:
        product = ieee.mul(F32, ieee.FloatMode(), a, b) ^ F32.sign_bit
        return product + draw.randint(-2, 2) & 0xFFFFFFFF if product & F32.infinity else product

    def lane() -> tuple[int, int, int]:
        a, b = (draw.randint(0x20000000, 0x5F000000) | draw.getrandbits(1) << 31 for _ in "ab")
        return a, b, near(a, b) if draw.random() < 0.7 else draw.randint(0x800000, 0x7F000000)

    lanes = [list(zip(*(lane() for _ in range(4)), strict=True)) for _ in range(2000)]
    args = (tuple(join(x, 32) for x in four) for four in lanes)
    Compiled("vf_fma", ("v128",) * 3).check(args)
