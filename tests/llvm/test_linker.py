"""Linked images: the code in them runs, entries lead where they say, tables are right."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from backends.llvm.linker import FULL, MOST_SPAN, OUTSIDE, PAGE, WIDE, LinkedImage, link
from backends.llvm.objects import ObjectCode, Refused
from backends.llvm.pool import compile_functions
from backends.llvm.unit import FunctionText
from tests.llvm.machine import OFFSETS, Machine
from tests.llvm.sample import PRELUDE, Body, random_function
from xlate.package.faults import decode_lines

LOW, SPAN = 0x10000, 0x10000
LEVELS = (0, 1, 2)


def _linked(functions: list[FunctionText], level: int = 1, span: int = SPAN) -> LinkedImage:
    results = compile_functions(functions, PRELUDE, level=level, jobs=1)
    refused = [r for r in results.values() if isinstance(r, Refused)]
    assert not refused
    return link(functions, results, low=LOW, span=span, offsets=OFFSETS)


def _plus(key: int, reg: str, amount: int) -> FunctionText:
    body = Body(key)
    body.set(reg, body.new(f"add i32 {body.get(reg)}, {amount}"))
    body.leave(str(key + 4))
    return body.function()


def _caller(key: int, callee: str, back: int) -> FunctionText:
    body = Body(key)
    body.call(callee, back)
    body.set("r1", body.get("r0"))
    body.leave("7")
    return body.function()


def _floats(key: int) -> FunctionText:
    """d3 := d3 * 2.5 + 1.25, d14 := d0."""
    body = Body(key)
    product = body.new(f"fmul double {body.new('load double, ptr %d3')}, 2.5")
    body.line(f"store double {body.new(f'fadd double {product}, 1.25')}, ptr %d3")
    body.line(f"store double {body.new('load double, ptr %d0')}, ptr %d14")
    body.leave(str(key))
    return body.function()


def _cases(key: int) -> FunctionText:
    """r1 := something for r0 from 0 to 15, with stores so that the cases stay apart."""
    body = Body(key)
    index = body.get("r0")
    cases = " ".join(f"i32 {n}, label %c{n}" for n in range(16))
    body.line(f"switch i32 {index}, label %end [ {cases} ]")
    for n in range(16):
        body.out.append(f"c{n}:")
        place = body.new("getelementptr i8, ptr %st, i64 36")
        body.line(f"store volatile i32 {n * n}, ptr {place}")
        body.set("r1", body.new(f"mul i32 {body.get('r2')}, {n * 3 + 5}"))
        body.line("br label %end")
    body.out.append("end:")
    body.leave("9")
    return body.function()


@pytest.mark.parametrize("level", LEVELS)
def test_every_register_passes_through(level: int) -> None:
    machine = Machine(_linked([_plus(0x10000, "r3", 5)], level))
    machine.integers = [100 + i for i in range(10)]
    machine.doubles = [i + 0.5 for i in range(15)]
    assert machine.run(0x10000) == 0x10004
    assert machine.integers == [100, 101, 102, 108, 104, 105, 106, 107, 108, 109]
    assert machine.doubles == [i + 0.5 for i in range(15)]


@pytest.mark.parametrize("level", LEVELS)
def test_constants_of_floating_point(level: int) -> None:
    machine = Machine(_linked([_floats(0x10000), _floats(0x10040)], level))
    machine.doubles = [float(i) for i in range(15)]
    machine.run(0x10040)
    assert machine.doubles == [0.0, 1.0, 2.0, 3 * 2.5 + 1.25, *map(float, range(4, 14)), 0.0]


@pytest.mark.parametrize("level", LEVELS)
def test_a_jump_table(level: int) -> None:
    image = _linked([_plus(0x10000, "r0", 1), _cases(0x10100)], level)
    for n in (0, 1, 7, 15, 16, 0xFFFFFFFF):
        machine = Machine(image)
        machine.integers = [n, 77, 10, *range(7)]
        assert machine.run(0x10100) == 9
        assert machine.integers[1] == (10 * (n * 3 + 5) if n < 16 else 77)


@pytest.mark.parametrize("level", LEVELS)
def test_an_integer_function_between_floating_point_functions(level: int) -> None:
    """Its code knows nothing of d0-d14, which pass through it in both directions."""
    outer = Body(0x10000)
    outer.call("f_00010100", 0x10104)
    outer.line(f"store double {outer.new('load double, ptr %d3')}, ptr %d4")
    outer.leave("1")
    middle = Body(0x10100)
    middle.call("f_00010200", 0x10200)
    middle.set("r5", "55")
    middle.leave(str(0x10104))
    machine = Machine(_linked([outer.function(), middle.function(), _floats(0x10200)], level))
    machine.doubles = [float(i) for i in range(15)]
    assert machine.run(0x10000) == 1
    assert machine.doubles[3] == machine.doubles[4] == 8.75
    assert machine.doubles[13:] == [13.0, 0.0]
    assert machine.integers[5] == 55


def test_an_unexpected_key_is_passed_outward() -> None:
    image = _linked([_caller(0x10000, "f_00010100", 0x10104), _plus(0x10100, "r0", 1)])
    assert Machine(image).run(0x10000) == 7
    image = _linked([_caller(0x10000, "f_00010100", 0x10108), _plus(0x10100, "r0", 1)])
    machine = Machine(image)
    assert machine.run(0x10000) == 0x10104
    assert machine.integers[:2] == [1, 0]


@pytest.mark.parametrize("bias", [0, 0x40000])
def test_a_callee_without_code_goes_to_the_nest(bias: int) -> None:
    machine = Machine(_linked([_caller(0x10000, "f_00012345", 0x12345 + bias)]), bias)
    assert machine.run(0x10000) == 7
    assert machine.read("target") == 0x12345 + bias
    assert machine.integers[1] == 1000


def test_baseline_code_comes_in_at_x() -> None:
    secondary = replace(_plus(0x10100, "r1", 1), name="s_00010100", entries=(0x10108, 0x10111))
    secondary = replace(secondary, text=secondary.text.replace("@f_", "@s_"))
    image = _linked([_plus(0x10000, "r0", 1), secondary])
    starts = [row[0] for row in struct.iter_unpack("<IIII", image.faults[:32])]
    machine = Machine(image, bias=0x3000)
    machine.write("target", "<I", 99)
    assert machine.come_in(0x10000) == starts[0]
    assert machine.read("target") == 99
    assert machine.come_in(0x10111) == starts[1]
    assert machine.read("target") == 0x13111
    assert machine.run(0x10108) == 0x10104
    assert machine.integers[1] == 1


def test_the_bias_is_read_from_the_slot() -> None:
    body = Body(0x10000)
    body.set("r0", body.new("load i32, ptr @xlate_bias"))
    body.leave("3")
    machine = Machine(_linked([body.function()]), bias=0x5000)
    machine.run(0x10000)
    assert machine.integers[0] == 0x5000


def test_tables_lead_to_x() -> None:
    functions = [_plus(key, "r0", 1) for key in (0x10000, 0x10010, 0x10101, 0x1FFFE | 1)]
    image = _linked(functions)
    assert image.table_a32 is not None
    assert image.table_t32 is not None
    assert len(image.table_a32) == len(image.table_t32) == 2 * SPAN
    for key, x, size in image.entries:
        table = image.table_t32 if key & 1 else image.table_a32
        (value,) = struct.unpack_from("<i", table, 2 * ((key & ~1) - LOW))
        assert value == x - 8 * (key - LOW) != 0
        assert x % 8 == 0
        assert size > 0
    used = sum(
        v != (0,) for t in (image.table_a32, image.table_t32) for v in struct.iter_unpack("<i", t)
    )
    assert used == len(functions)


def test_an_entry_whose_value_would_be_zero_moves() -> None:
    """X of the first stub would be PAGE + 8, which is 8 * (key - low) for this key."""
    image = _linked([_plus(LOW + (PAGE + 8) // 8, "r0", 1)])
    assert [x for _, x, _ in image.entries] == [PAGE + 16]


def test_no_mode_no_table() -> None:
    image = _linked([_plus(0x10000, "r0", 1)])
    assert image.table_t32 is None
    assert image.code[:PAGE] == bytes(PAGE)


def test_what_does_not_fit_is_left_out_largest_first() -> None:
    functions = [random_function(0x10000 + 4 * i, 150 + i, [], i) for i in range(40)]
    results = compile_functions(functions, PRELUDE, level=1, jobs=1)
    image = link(functions, results, low=LOW, span=0x1000, offsets=OFFSETS)
    assert len(image.code) <= 8 * 0x1000
    assert image.dropped
    assert {reason for _, reason in image.dropped} == {FULL}
    gone = {key for key, _ in image.dropped}
    assert gone.isdisjoint(key for key, _, _ in image.entries)
    sizes = {f.key: len(r.code) for f in functions if isinstance(r := results[f.name], ObjectCode)}
    assert min(sizes[k] for k in gone) >= max(sizes[k] for k, _, _ in image.entries)


def test_entries_out_of_reach_are_dropped_with_a_reason() -> None:
    near, outside = _plus(0x10000, "r0", 1), replace(_plus(0x10100, "r0", 1), entries=(0x90000000,))
    results = compile_functions([near, outside], PRELUDE, level=1, jobs=1)
    image = link([near, outside], results, low=LOW, span=SPAN, offsets=OFFSETS)
    assert image.dropped == ((0x90000000, OUTSIDE),)
    wide = link([near], results, low=0, span=MOST_SPAN + PAGE, offsets=OFFSETS)
    assert wide.dropped == ((0x10000, WIDE),)
    assert wide.entries == ()


def test_faults_name_the_guest_instruction() -> None:
    """The volatile accesses of a function stand at their own guest addresses."""
    body = Body(0x10101)
    for offset in (0, 2, 6, -2):  # the last lies before the function's first instruction
        body.at = offset
        place = body.new(f"inttoptr i64 {offset & 0xFF} to ptr addrspace(256)")
        body.line(f"store volatile i32 {body.get('r0')}, ptr addrspace(256) {place}, align 1")
    body.leave("1")
    image = _linked([_plus(0x10000, "r0", 1), body.function()])
    rows = list(struct.iter_unpack("<IIII", image.faults[: 16 * image.fault_count]))
    assert [row[2] for row in rows] == [0x10000, 0x10101]
    stream = image.faults[32 + rows[1][3] :]
    assert [guest for _, guest, _ in decode_lines(stream)] == [0, 2, 6, -2]
