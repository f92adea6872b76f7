"""The guard's program: AArch64, static, in the baseline tier; and what that guest refuses.

The same source is compiled for the host, which says what the program must print.
"""

from __future__ import annotations

import shutil
import signal
import struct
import subprocess
from pathlib import Path

import pytest

from tests import needs
from xlate.runtime import build

SOURCE = needs.CHECKOUT / "corpus" / "arm64" / "primes.c"
FLAGS = ["-O2", "-nostdlib", "-static", "-ffreestanding", "-fno-stack-protector", "-fno-builtin"]
FLAGS += ["-fno-tree-loop-distribute-patterns", "-Wall", "-Wextra", "-Werror"]
HIGH = 0x5500000000  # above 4 GiB
ARGUMENTS = ["two", "words"]
STATUS = 7
AARCH64, ET_EXEC, ET_DYN = 183, 2, 3
READ, WRITE, EXEC = 4, 2, 1
UDF, FADD, BREAKPOINT = 0x00000000, 0x1E602820, 0xD4200000
BR_ODD = (0xD2800020, 0xD61F0000)  # mov x0, #1; br x0


@pytest.fixture(scope="module")
def xlate_arm64(xlate_run) -> Path:
    return xlate_run.with_name(build.GUARD)


@pytest.fixture(scope="module")
def primes(tmp_path_factory) -> Path:
    program = tmp_path_factory.mktemp("arm64") / "primes"
    flags = [*FLAGS, "-mgeneral-regs-only", "-no-pie", f"-Wl,-Ttext-segment={HIGH:#x}"]
    subprocess.run([*needs.arm64_compiler(), *flags, str(SOURCE), "-o", str(program)], check=True)
    return program


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> bytes:
    program = tmp_path_factory.mktemp("host") / "primes"
    subprocess.run([*needs.host_compiler(), *FLAGS, str(SOURCE), "-o", str(program)], check=True)
    return run(program, *ARGUMENTS).stdout


def run(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(list(map(str, words)), capture_output=True, timeout=60, check=False)


def test_program_prints_what_the_host_computes(xlate_arm64, primes, expected):
    done = run(xlate_arm64, primes, *ARGUMENTS)
    assert (done.returncode, done.stderr) == (STATUS, b"")
    assert done.stdout == expected
    assert done.stdout.count(b"\n") == 8


def test_so_does_qemu(primes, expected):
    done = run(needs.needs("qemu-aarch64", "apt install qemu-user"), primes, *ARGUMENTS)
    assert (done.returncode, done.stdout) == (STATUS, expected)


def elf(path: Path, code: tuple[int, ...], *, kind=ET_EXEC, machine=AARCH64, segments=None) -> Path:
    """An ELF file of one page of code at HIGH, or with other rows (type, flags, address)."""
    rows = segments or [(1, READ | EXEC, HIGH)]
    text = b"".join(word.to_bytes(4, "little") for word in code).ljust(4096, b"\0")
    ident = b"\x7fELF\2\1\1" + bytes(9)
    head = struct.pack(
        "<HHIQQQIHHHHHH", kind, machine, 1, HIGH, 64, 0, 0, 64, 56, len(rows), 0, 0, 0
    )
    table = [struct.pack("<IIQQQQQQ", t, f, 4096, at, at, 4096, 4096, 4096) for t, f, at in rows]
    path.write_bytes((ident + head + b"".join(table)).ljust(4096, b"\0") + text)
    path.chmod(0o755)
    return path


REFUSED = {
    "position independent": ({"kind": ET_DYN}, b"not linked at fixed addresses"),
    "dynamic": ({"segments": [(1, READ | EXEC, HIGH), (3, READ, HIGH)]}, b"dynamically linked"),
    "written code": ({"segments": [(1, READ | WRITE | EXEC, HIGH)]}, b"writable and executable"),
    "beyond user space": ({"segments": [(1, READ | EXEC, 1 << 63)]}, b"outside the address space"),
    "of this host": ({"machine": 62}, b"not a 64-bit little-endian ELF program for AArch64"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line(name, xlate_arm64, tmp_path):
    how, words = REFUSED[name]
    done = run(xlate_arm64, elf(tmp_path / "program", (UDF,), **how))
    assert done.returncode == 126
    assert done.stderr.startswith(b"xlate-arm64: ")
    assert done.stderr.count(b"\n") == 1
    assert words in done.stderr


KILLED = {
    "undefined": ((UDF,), signal.SIGILL),
    "without a row": ((FADD,), signal.SIGILL),
    "breakpoint": ((BREAKPOINT,), signal.SIGTRAP),
    "misaligned pc": (BR_ODD, signal.SIGBUS),
    "null pointer": ((0xF9400000,), signal.SIGSEGV),  # ldr x0, [x0]
    "own code written": ((0x10000000, 0xF9000000), signal.SIGSEGV),  # adr x0, .; str x0, [x0]
    "jump to data": ((0x910003E0, 0xD61F0000), signal.SIGSEGV),  # mov x0, sp; br x0
}


@pytest.mark.parametrize("name", KILLED)
def test_killed_by_the_signal(name, xlate_arm64, tmp_path):
    code, number = KILLED[name]
    done = run(xlate_arm64, elf(tmp_path / "program", code))
    assert done.returncode == -number
    assert done.stderr.count(b"\n") == 1


def test_the_runtime_of_users_still_refuses_aarch64(xlate_run, primes):
    done = run(xlate_run, primes)
    assert done.returncode == 126
    assert b"AArch64" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_nothing_of_it_needs_a_large_address_space(xlate_arm64, primes, expected):
    """No table is as large as the guest's addresses are many."""
    shell = shutil.which("sh") or "/bin/sh"
    limited = 'ulimit -v 131072; exec "$0" "$@"'
    done = run(shell, "-c", limited, xlate_arm64, primes, *ARGUMENTS)
    assert (done.returncode, done.stdout) == (STATUS, expected)
