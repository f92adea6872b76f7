"""Every operation of the table has an arm, and the edges that the table names hold."""

from __future__ import annotations

import pytest

from backends.interp import ARMS, Cpu, Fault, Memory
from frontends.arm32.state import STATE
from xlate.errors import Inconsistent
from xlate.ir import OPS, Block
from xlate.ir.block import WIDTHS


def test_every_operation_has_an_arm():
    assert set(ARMS) == set(OPS)


def result_of(name: str, *args: tuple[int, str], ty: str | None = None, **params) -> int:
    """The value of one operation on constants, read back through the state."""
    block = Block()
    values = [constant(block, number, arg_ty) for number, arg_ty in args]
    out = block.op(name, *values, ty=ty, **params)
    width = WIDTHS[out.ty]
    if width < 8:
        out = out.zext(8)
    block.op("set_state", out, offset=0)
    cpu = Cpu(STATE, Memory())
    assert cpu.run([block]) is None
    return cpu.get(0, max(width, 8) // 8)


def constant(block: Block, number: int, ty: str):
    if ty.startswith("i"):
        return block.const(number, WIDTHS[ty])
    if ty == "v128":
        low = block.op("bitcast", block.const(number, 64), ty="v64")
        high = block.op("bitcast", block.const(number >> 64, 64), ty="v64")
        return block.op("concat", low, high, ty="v128")
    return block.op("bitcast", block.const(number, WIDTHS[ty]), ty=ty)


@pytest.mark.parametrize(
    ("name", "a", "b", "result"),
    [
        ("shl", 1, 31, 0x80000000),
        ("shl", 1, 32, 0),
        ("lshr", 0x80000000, 32, 0),
        ("ashr", 0x80000000, 32, 0xFFFFFFFF),
        ("ashr", 0x80000000, 0xFFFFFFFF, 0xFFFFFFFF),
        ("ror", 0x80000001, 33, 0xC0000000),
        ("udiv", 7, 0, 0),
        ("sdiv", 7, 0, 0),
        ("sdiv", 0x80000000, 0xFFFFFFFF, 0x80000000),
        ("sdiv", 0xFFFFFFF9, 2, 0xFFFFFFFD),
        ("mul", 0xFFFFFFFF, 0xFFFFFFFF, 1),
        ("slt", 0x80000000, 0, 1),
        ("ult", 0x80000000, 0, 0),
        ("sub_v", 0x80000000, 1, 1),
        ("sub_v", 0, 0x80000000, 1),
    ],
)
def test_integer_edges(name, a, b, result):
    assert result_of(name, (a, "i32"), (b, "i32")) == result


@pytest.mark.parametrize(
    ("a", "b", "c", "carry", "overflow"),
    [
        (0xFFFFFFFF, 0, 1, 1, 0),
        (0x7FFFFFFF, 0, 1, 0, 1),
        (0x80000000, 0xFFFFFFFF, 0, 1, 1),
        (0x80000000, 0xFFFFFFFF, 1, 1, 0),
    ],
)
def test_add_with_carry(a, b, c, carry, overflow):
    args = (a, "i32"), (b, "i32"), (c, "i1")
    assert result_of("add_c", *args) == carry
    assert result_of("add_v", *args) == overflow


@pytest.mark.parametrize(("a", "result"), [(0, 32), (1, 31), (0x80000000, 0)])
def test_clz(a, result):
    assert result_of("clz", (a, "i32")) == result


def test_lanes():
    a, b = (0x00FF_80_01_7F_00_FF_02, "v64"), (0x0001_01_01_01_01_01_01, "v64")
    assert result_of("lanes", a, b, op="add", lane=8) == 0x0000_81_02_80_01_00_03
    assert result_of("lanes", a, b, op="sgt", lane=8) == 0x0000_00_00_FF_00_00_FF
    assert result_of("lanes", a, b, op="ugt", lane=8) == 0x00FF_FF_00_FF_00_FF_FF
    assert result_of("lanes", a, b, op="eq", lane=16) == 0


def test_lanes_in_order():
    a, b = (0x0807060504030201, "v64"), (0x100F0E0D0C0B0A09, "v64")
    assert result_of("bytes_ext", a, b, index=3) == 0x0B0A090807060504
    assert result_of("pairwise", a, b, op="add", lane=8) == 0x1F1B17130F0B0703
    assert result_of("lane_reverse", a, lane=8, group=32) == 0x0506070801020304
    assert (
        result_of("widen", a, ty="v128", lane=8, signed=False) == 0x00080007000600050004000300020001
    )
    assert (
        result_of("narrow", (0x00080007000600050004000300020001, "v128"), ty="v64", lane=16) == a[0]
    )


def test_nan_fix_prefers_a_signalling_operand():
    def fix(a: int, b: int, c: int) -> int:
        return result_of("nan_fix", (a, "f32"), (b, "f32"), (c, "f32"), ty="f32")

    assert fix(0x3F800000, 0x3F800000, 0x40000000) == 0x40000000
    assert fix(0xFFC00001, 0x7F800002, 0x7FC00000) == 0x7FC00002
    assert fix(0xFFC00001, 0x7FC00002, 0x7FC00000) == 0xFFC00001
    assert fix(0x7F800000, 0xFF800000, 0xFFC00000) == 0x7FC00000


def test_a_store_that_faults_writes_nothing():
    memory = Memory()
    memory.map(0x10000, 3)
    with pytest.raises(Fault) as fault:
        memory.store(0x10FFE, 0x11223344, 4)
    assert fault.value.addr == 0x11000
    assert fault.value.write
    assert memory.load(0x10FFE, 2) == 0


def test_a_lane_shift_outside_the_lane_is_our_mistake():
    with pytest.raises(Inconsistent, match="lane_shift by 8"):
        result_of("lane_shift", (1, "v64"), (8, "i32"), op="shl", lane=8)
