"""What serves most programs is converted first."""

from __future__ import annotations

from pathlib import Path

from xlate.batch.order import Candidate, by_worth


def named(*rows: tuple[str, int, tuple[str, ...]], ran: str = "") -> list[str]:
    candidates = [Candidate(Path("lib") / n, size, needs, n == ran) for n, size, needs in rows]
    return [path.name for path in by_worth(candidates)]


def test_what_many_need_comes_before_what_is_small():
    """The loader serves three, through libc too; a program itself only."""
    rows = (
        ("a", 50_000, ("libc.so.6",)),
        ("b", 60_000, ("libc.so.6",)),
        ("libc.so.6", 90_000, ("ld-linux.so.3",)),
        ("ld-linux.so.3", 40_000, ()),
    )
    assert named(*rows) == ["ld-linux.so.3", "libc.so.6", "a", "b"]
    assert named(*reversed(rows)) == ["ld-linux.so.3", "libc.so.6", "a", "b"]


def test_a_library_is_known_by_the_start_of_its_name():
    rows = (("prog", 100, ("libx.so.1",)), ("small", 90, ()), ("libx.so.1.2.3", 1000, ()))
    assert named(*rows)[0] == "libx.so.1.2.3"


def test_libraries_that_need_each_other():
    rows = (("liba.so", 100, ("libb.so",)), ("libb.so", 200, ("liba.so",)), ("c", 10, ()))
    assert named(*rows) == ["liba.so", "libb.so", "c"]


def test_what_has_run_comes_first_however_large():
    rows = (("large", 10_000_000, ()), ("small", 10, ()))
    assert named(*rows) == ["small", "large"]
    assert named(*rows, ran="large") == ["large", "small"]
