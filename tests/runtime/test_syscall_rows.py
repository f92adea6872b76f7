"""Laws of the system-call table: complete, without doubles, every row served as it says."""

from __future__ import annotations

import errno
import re
import subprocess
from pathlib import Path

import pytest

from frontends.arm32.linux_syscalls import PRIVATE_BASE, ROWS
from xlate.abi.linux import REFUSED, SAME, Row, check_table, parse_args
from xlate.tools import gen_syscalls, gen_trace

SOURCES = Path(__file__).resolve().parents[2] / "xlate" / "runtime" / "src"
HANDLER = re.compile(r"^long (sys_\w+)\(struct thread \*t", re.MULTILINE)
NUMBER = re.compile(r"#define __(?:ARM_)?NR_(\w+) (.+)")
#: Names in the header that are no calls.
NO_CALLS = {"SYSCALL_BASE", "BASE", "OABI_SYSCALL_BASE", "SYSCALL_MASK", "sync_file_range2"}


def _by_name() -> dict[str, Row]:
    return {row.name: row for row in ROWS}


def _defined_handlers() -> list[str]:
    texts = [path.read_text(encoding="ascii") for path in sorted((SOURCES / "sys").glob("*.c"))]
    return HANDLER.findall("\n".join(texts))


def _preprocessed_numbers(compiler: list[str], header: str) -> dict[str, int]:
    """Return the numbers that a compiler's kernel headers give to system calls."""
    done = subprocess.run(
        [*compiler, "-E", "-dM", "-x", "c", "-"],
        input=f"#include <{header}>\n",
        capture_output=True,
        text=True,
        check=True,
    )
    symbols = dict(re.findall(r"#define (__\w+) (.+)", done.stdout))
    numbers = {}
    for name, text in NUMBER.findall(done.stdout):
        if name not in NO_CALLS:
            words = re.findall(r"\w+", text)
            numbers[name] = sum(_number(symbols, word) for word in words)
    return numbers


def _number(symbols: dict[str, str], word: str) -> int:
    while word in symbols:
        words = re.findall(r"\w+", symbols[word])
        if len(words) > 1:
            return sum(_number(symbols, part) for part in words)
        word = words[0]
    return int(word, 0)


def test_table_is_complete(guest_cc: list[str]) -> None:
    """Every number of the kernel's ARM headers has a row of that name."""
    kernel = _preprocessed_numbers(guest_cc, "asm/unistd.h")
    assert len(kernel) > 400
    rows = {row.nr: row.name.removeprefix("arm_") for row in ROWS}
    names = {name.removeprefix("arm_"): number for name, number in kernel.items()}
    wrong = {name: number for name, number in names.items() if rows.get(number) != name}
    assert wrong == {}


def test_same_rows_name_host_calls(host_cc: list[str]) -> None:
    """A SAME row's call exists on x86-64, in its headers or by the numbers all machines share."""
    host = _preprocessed_numbers(host_cc, "asm/unistd_64.h")
    for row in ROWS:
        if row.support is SAME:
            assert row.host_name in host or row.nr >= gen_syscalls.COMMON_NUMBERS_FROM, row
        if row.nr >= gen_syscalls.COMMON_NUMBERS_FROM and row.host_name in host:
            assert host[row.host_name] == row.nr, row


def test_handlers_are_the_ones_defined() -> None:
    """Each converted row has its C function, and no function is without a row."""
    defined = _defined_handlers()
    assert len(defined) == len(set(defined))
    assert set(defined) == set(gen_syscalls.handlers(ROWS))


def test_refused_rows_say_why() -> None:
    """A refusal carries an errno that exists and a reason worth printing."""
    refused = [row for row in ROWS if row.support is REFUSED]
    assert refused
    for row in refused:
        assert hasattr(errno, row.errno), row
        assert len(row.reason) > 10, row
        assert '"' not in row.reason, row
        assert "\\" not in row.reason, row


def test_lengths_name_numbers() -> None:
    """The argument that is a buffer's length is a number, or a pointer for a length in memory."""
    for row in ROWS:
        for arg in row.parsed:
            if arg.length_of is not None:
                kind = row.parsed[arg.length_of].kind
                allowed = {"inout"} if arg.deref else {"size", "uint", "int"}
                assert kind in allowed, row


@pytest.mark.parametrize(
    ("name", "registers"),
    [
        ("pread64", [0, 1, 2, 4]),
        ("truncate64", [0, 2]),
        ("arm_fadvise64_64", [0, 1, 2, 4]),
        ("fallocate", [0, 1, 2, 4]),
        ("readahead", [0, 2, 4]),
        ("fanotify_mark", [0, 1, 2, 4, 5]),
        ("preadv", [0, 1, 2, 3, 4]),
    ],
)
def test_pairs_start_at_even_registers(name: str, registers: list[int]) -> None:
    """The EABI's rule, at the calls where a mistake would read the wrong register."""
    assert [arg.register for arg in _by_name()[name].parsed] == registers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fd banana", "unknown argument kind"),
        ("int=4", "only in, out, inout have a length"),
        ("out@3 size", "no argument 3"),
        ("in:iovec.2 size", "no argument 2"),
        ("pair pair pair pair", "needs 8 registers"),
    ],
)
def test_bad_arguments_are_refused(text: str, message: str) -> None:
    """The grammar says what is wrong, at import."""
    with pytest.raises(ValueError, match=message):
        parse_args(text)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Row(1, "x", REFUSED), "errno and a reason"),
        (lambda: Row(1, "x", SAME, reason="no"), "only refused rows"),
        (lambda: Row(1, "x", "sys_x", blocking=True), "for SAME rows"),
        (lambda: Row(1, "x", SAME, "out"), "length of each buffer"),
        (lambda: Row(1, "x", SAME, "int int int int int int int"), "at most six"),
        (lambda: Row(1, "x", SAME, result="u7"), "result is one of"),
        (lambda: check_table((Row(1, "x", SAME), Row(1, "y", SAME))), "twice"),
        (lambda: check_table((Row(1, "x", SAME), Row(2, "x", SAME))), "twice"),
    ],
)
def test_bad_rows_are_refused(make: object, message: str) -> None:
    """A row that breaks a law cannot be built."""
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        make()


def test_generated_text() -> None:
    """An adapter passes registers by the row's kinds; formats follow the arguments."""
    text = gen_syscalls.dispatch_table(ROWS)
    pread64 = (
        "guest_blocking_syscall(t, __NR_pread64, fd_to_host(t, (s32)r[0]), "
        "buf_out(GADDR(r[1]), r[2]), r[2], reg_pair(r + 4), 0, 0)"
    )
    assert pread64 in text
    write, openat = (_by_name()[name].parsed for name in ("write", "openat"))
    assert gen_trace.argument(write[1], write) == "{SHOW_BYTES, 1, 0x2, 0, 0, false}"
    assert gen_trace.argument(openat[2], openat) == "{SHOW_NAMES, 2, 0xff, NAMES_open, 0, false}"


def test_every_shown_name_is_defined() -> None:
    """Rows, structures and choices refer to tables that there are; no name means two things."""
    assert gen_trace.tables()
    tables = (gen_trace.NAMES, gen_trace.SHAPES, gen_trace.CHOICES, gen_trace.BUILTIN)
    names = [name for table in tables for name in table]
    assert len(names) == len(set(names))
    for row in ROWS:
        for arg in row.parsed:
            assert gen_trace.argument(arg, row.parsed)
    bad = parse_args("int:no_such_table")
    with pytest.raises(ValueError, match="nothing is called 'no_such_table'"):
        gen_trace.argument(bad[0], bad)


def test_classes_name_calls() -> None:
    """Every name in a class of --strace is a system call."""
    calls = {row.name for row in ROWS}
    assert [name for names in gen_trace.CLASSES.values() for name in names - calls] == []


def test_support_page_lists_every_row() -> None:
    """One line a row, with the reason where it is refused."""
    lines = gen_syscalls.support_page(ROWS).splitlines()
    rows = [line for line in lines if line.startswith("| ") and line[2].isdigit()]
    assert len(rows) == len(ROWS)
    assert f"| {PRIVATE_BASE + 2:#x} | arm_cacheflush | converted |  |" in rows
    assert any("rseq | refused | ENOSYS: restarting guest" in line for line in rows)
