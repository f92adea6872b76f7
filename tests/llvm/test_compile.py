"""Compiling in workers: always the same bytes, and nothing else lost when LLVM dies."""

from __future__ import annotations

import os
import sqlite3
import struct
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backends.llvm import pool
from backends.llvm.accesses import pack_places, read_places
from backends.llvm.memo import Memo, key_maker, pack, unpack
from backends.llvm.modules import normalise
from backends.llvm.objects import ObjectCode, Refused
from backends.llvm.pool import MOST, compile_functions
from backends.llvm.unit import FunctionText
from backends.llvm.worker import optimised_text, reason_in
from tests.llvm.sample import PRELUDE, Body, random_function
from xlate.package.faults import decode_lines

NAMES = [f"f_{0x10000 + 0x400 * i:08x}" for i in range(30)]


def _functions(count: int = 30) -> list[FunctionText]:
    return [
        random_function(0x10000 + 0x400 * i, 20 + i, [NAMES[(7 * i + 3) % 30]], i)
        for i in range(count)
    ]


def _bad(key: int, line: str) -> FunctionText:
    body = Body(key)
    body.line(line)
    body.leave("1")
    return body.function()


def test_any_number_of_workers_and_any_company_give_the_same() -> None:
    functions = _functions()
    one = compile_functions(functions, PRELUDE, level=1, jobs=1)
    assert all(isinstance(r, ObjectCode) for r in one.values())
    assert list(one) == [f.name for f in functions]
    for jobs in (2, 3):
        assert compile_functions(functions, PRELUDE, level=1, jobs=jobs) == one
    alone = compile_functions(functions[7:8], PRELUDE, level=1, jobs=1)
    assert alone[functions[7].name] == one[functions[7].name]
    backwards = compile_functions(reversed(functions), PRELUDE, level=1, jobs=1)
    assert backwards == one


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "%y = load i64, ptr %st\n  %z = call i64 @llvm.x86.bmi.pext.64(i64 %y, i64 %y)\n"
            "  store volatile i64 %z, ptr %st",
            "LLVM aborts: ",
        ),
        ("%q = add i32 %nowhere, 1", "LLVM refuses the text: use of undefined value ..."),
        ("br label %entry", "LLVM refuses the text: Entry block to function must not have"),
        (
            "%z = call double @llvm.sin.f64(double 1.5)\n  store volatile double %z, ptr %st",
            "calls sin",
        ),
    ],
)
def test_a_function_that_cannot_be_compiled_is_refused_alone(line: str, reason: str) -> None:
    functions = _functions(3)
    good = compile_functions(functions, PRELUDE, level=0, jobs=1)
    functions.insert(1, _bad(0x90000, line))
    results = compile_functions(functions, PRELUDE, level=0, jobs=1)
    refused = results.pop("f_00090000")
    assert isinstance(refused, Refused)
    assert refused.reason.startswith(reason)
    assert results == good


def test_a_worker_that_takes_too_long_is_given_up() -> None:
    results = compile_functions(_functions(1), PRELUDE, level=1, jobs=1, seconds=0.0)
    assert results == {NAMES[0]: Refused("LLVM took more than 0 s")}


def test_a_mistake_of_ours_in_a_worker_is_told_as_one() -> None:
    results = compile_functions(_functions(1), PRELUDE, level=7, jobs=1)
    assert results == {NAMES[0]: Refused("internal error: in the worker: KeyError: 7")}


def test_a_worker_is_given_the_time_that_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    # By the clock the limit is over at once, as on a machine that does other things.
    monkeypatch.setattr(pool, "LOOK", 0.0)
    monkeypatch.setattr(pool, "_cpu_seconds", lambda pid: 0.0)
    limit = 0.02
    monkeypatch.setattr(pool, "PATIENCE", 600 / limit)
    functions = _functions(2)
    results = compile_functions(functions, PRELUDE, level=1, jobs=1, seconds=limit)
    assert all(isinstance(r, ObjectCode) for r in results.values())


def test_reasons_have_no_names_in_them() -> None:
    words = "<string>:12:3: error: use of undefined value '%x77'\n  %y = add i32 %x77, 1"
    assert reason_in(words) == "use of undefined value ..."
    assert (
        reason_in("LLVM ERROR: out of registers in 'x1'\nStack dump:") == "out of registers in ..."
    )
    assert reason_in("") == "no reason given"


def test_an_exception_while_functions_are_made_ends_the_workers() -> None:
    seen: set[str] = set()

    def failing() -> Iterator[FunctionText]:
        for i in range(MOST):  # a batch: somebody is given work
            yield random_function(0x10000 + 0x400 * i, 20, [], i)
        deadline = time.monotonic() + 30
        while not seen and time.monotonic() < deadline:
            seen.update(_children() - before)
        raise KeyboardInterrupt

    before = _children()
    with pytest.raises(KeyboardInterrupt):
        compile_functions(failing(), PRELUDE, level=1, jobs=2)
    assert seen
    assert _children() <= before


def _children() -> set[str]:
    """Processes that this one has started and not yet waited for."""
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {child for task in tasks for child in task.read_text().split()}


def test_equal_bodies_are_compiled_once(tmp_path: Path) -> None:
    first = Body(0x10000)
    first.call("f_00020000", 3)
    first.leave("4")
    one = first.function()
    two = replace(
        one,
        key=0x11000,
        name="f_00011000",
        text=one.text.replace("f_00010000", "f_00011000").replace("f_00020000", "f_00030000"),
    )
    assert normalise(one).text == normalise(two).text
    seen: list[int] = []
    with Memo(tmp_path / "memo.sqlite") as memo:
        results = compile_functions(
            [one, two], PRELUDE, level=1, jobs=1, memo=memo, progress=seen.append
        )
        assert memo.misses == 1
    a, b = results["f_00010000"], results["f_00011000"]
    assert isinstance(a, ObjectCode)
    assert isinstance(b, ObjectCode)
    assert a.code == b.code
    assert (a.callees, b.callees) == (("f_00020000",), ("f_00030000",))
    assert sum(seen) == 2


def test_the_memo_gives_back_what_was_compiled(tmp_path: Path) -> None:
    path = tmp_path / "memo.sqlite"
    functions = _functions()
    with Memo(path) as memo:
        first = compile_functions(functions, PRELUDE, level=1, jobs=1, memo=memo)
        assert (memo.hits, memo.misses) == (0, 30)
    with Memo(path) as memo, Memo(path) as other:
        assert compile_functions(functions, PRELUDE, level=1, jobs=2, memo=memo) == first
        assert (memo.hits, memo.misses) == (30, 0)
        compile_functions(functions[:3], PRELUDE, level=0, jobs=1, memo=other)
        assert (other.hits, other.misses) == (0, 3)


def test_keys_tell_levels_and_preludes_apart() -> None:
    function = normalise(_functions(1)[0])
    keys = {
        key_maker(PRELUDE, 1)(function),
        key_maker(PRELUDE, 2)(function),
        key_maker(PRELUDE + "\n", 1)(function),
    }
    assert len(keys) == 3


@pytest.mark.parametrize("harm", ["text", "truncated", "row", "number"])
def test_a_damaged_memo_is_begun_anew(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "memo.sqlite"
    functions = _functions(4)
    with Memo(path) as memo:
        good = compile_functions(functions, PRELUDE, level=0, jobs=1, memo=memo)
    values = {"row": "x'00112233445566778899'", "number": "5"}
    if harm in values:
        with sqlite3.connect(path) as base:
            base.execute(f"UPDATE memo SET value = {values[harm]}")
        base.close()
    else:
        path.write_bytes(b"no data base" * 500 if harm == "text" else path.read_bytes()[:5000])
    said: list[str] = []
    with Memo(path, report=said.append) as memo:
        assert compile_functions(functions, PRELUDE, level=0, jobs=1, memo=memo) == good
    assert len(said) == 1
    assert "damaged" in said[0]
    with Memo(path, report=said.append) as memo:
        compile_functions(functions, PRELUDE, level=0, jobs=1, memo=memo)
        assert memo.hits == 4
    assert len(said) == 1


def test_where_no_memo_can_be_work_goes_on(tmp_path: Path) -> None:
    said: list[str] = []
    with Memo(tmp_path / "nowhere" / "memo.sqlite", report=said.append) as memo:
        assert compile_functions(_functions(1), PRELUDE, level=0, jobs=1, memo=memo)
    assert len(said) == 1


def test_the_memo_stays_bounded(tmp_path: Path) -> None:
    path = tmp_path / "memo.sqlite"
    code = ObjectCode(bytes(range(256)) * 16, 16, (), (), b"")
    for start in range(0, 2000, 50):
        with Memo(path, limit=100_000) as memo:
            for n in range(start, start + 50):
                memo.put(
                    n.to_bytes(32, "little"), replace(code, lines=n.to_bytes(4, "little") * 100)
                )
    assert path.stat().st_size < 300_000
    with Memo(path) as memo:
        assert memo.get((1999).to_bytes(32, "little")) is not None
        assert memo.get((0).to_bytes(32, "little")) is None


def test_functions_are_packed_whole() -> None:
    for result in compile_functions(_functions(10), PRELUDE, level=2, jobs=1).values():
        assert isinstance(result, ObjectCode)
        assert replace(unpack(pack(result)), callees=result.callees) == result
        with pytest.raises(ValueError, match="incomplete"):
            unpack(pack(result)[:-3])


def test_places_of_accesses_keep_their_order_and_sign() -> None:
    """Fields of one row stand together; the third number is the access's own."""
    data = bytearray(40)
    struct.pack_into("<iii", data, 8, 4, -8, 0)
    struct.pack_into("<iii", data, 24, -2, 1 << 18, 1)
    places = read_places(bytes(data), {0: 300, 4: 7, 20: 40})
    assert places == [(7, 4, -8, 0), (40, -2, 1 << 18, 1), (300, 4, -8, 0)]
    assert list(decode_lines(pack_places(places))) == [place[:3] for place in places]


def test_the_text_after_the_passes_can_be_shown() -> None:
    """For people; and an integer function has lost the floating-point registers."""
    text = optimised_text(_functions(1)[0], PRELUDE, 1)
    assert "define dso_local x86_regcallcc" in text
    body = Body(0x10000)
    body.leave("1")
    assert "double" not in optimised_text(body.function(), PRELUDE, 1).split("define")[1]
