"""`xlate convert` from a shell's view: where packages go, what is printed, what failure leaves."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.loader.elf_bytes import Elf
from xlate.package.format import read
from xlate.package.store import Store, package_name

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]

# Calls, a loop, a jump table, doubles and a tail call: every part of an image is there.
SOURCE = """
__attribute__((noinline)) double mean(const double *x, int n)
{
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += x[i];
	return sum / n;
}
__attribute__((noinline)) int chosen(int n)
{
	switch (n) {
	case 0: return 12; case 1: return 7; case 2: return chosen(5); case 3: return 44;
	case 4: return 3; case 5: return 21; case 6: return 8; default: return n;
	}
}
__attribute__((noinline)) int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
void _start(void)
{
	static const double values[] = {1, 2, 3, 10};
	register int number asm("r7") = 1;
	register int status asm("r0") = (int)mean(values, 4) + chosen(2) + fib(10) - 55;

	asm volatile("svc #0" : : "r"(number), "r"(status));
	__builtin_unreachable();
}
"""
STATUS = 4 + 21
# A call into the middle of a function, by a number that only the run knows.
LEARNS = """
asm(".text\\n.syntax unified\\n.thumb\\n.balign 4\\n.global middle\\n.thumb_func\\n"
    ".type middle, %function\\nmiddle: movs r1, #1\\n movs r2, #2\\n movs r0, #9\\n bx lr\\n");
int middle(void);
volatile unsigned skipped = 4;
void _start(void)
{
	register int number asm("r7") = 1;
	register int status asm("r0") = ((int (*)(void))((unsigned)middle + skipped))();

	asm volatile("svc #0" : : "r"(number), "r"(status));
	__builtin_unreachable();
}
"""
FLAGS = ("-O2", "-static", "-nostdlib", "-ffreestanding")


@pytest.fixture(scope="module")
def programs(guest_cc: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the program in T32 (``t32``) and A32 (``a32``)."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "prog.c").write_text(SOURCE)
    for name, mode in (("t32", "-mthumb"), ("a32", "-marm")):
        command = [*guest_cc, *FLAGS, mode, "prog.c", "-o", name]
        subprocess.run(command, cwd=folder, check=True, timeout=120)
    return folder


@pytest.fixture
def environment(python_env: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return {**python_env, "XLATE_CACHE": str(tmp_path / "store")}


@pytest.fixture
def xlate(xlate_command: list[str], environment: dict[str, str], tmp_path: Path) -> Run:
    def run(*words: object, **settings: object) -> subprocess.CompletedProcess[bytes]:
        command = [*xlate_command, *map(str, words)]
        options: dict[str, object] = {"env": environment, "cwd": tmp_path, **settings}
        return subprocess.run(command, capture_output=True, timeout=120, check=False, **options)  # type: ignore[call-overload,no-any-return]

    return run


def left_in(folder: Path) -> list[str]:
    """Return what is in a folder and below, hidden files included."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.needs_guest_cc
@pytest.mark.parametrize("name", ["t32", "a32"])
def test_into_the_store_and_found_there(
    xlate: Run, xlate_run: Path, programs: Path, environment: dict[str, str], name: str
) -> None:
    done = xlate("convert", programs / name)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    store = Store.locate(environment)
    assert store is not None
    package = store.find((programs / name).read_bytes())
    assert package is not None
    assert f"package       {package}".encode() in done.stdout
    made = read(package)
    # _start, mean, chosen and fib.
    assert made.functions >= 4
    assert f"{made.functions} functions".encode() in done.stdout
    command = [str(xlate_run), "--stats=json", str(programs / name)]
    ran = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert ran.returncode == STATUS
    stats = json.loads(ran.stderr)
    assert stats["runtime_blocks"] == 0
    assert [row["state"] for row in stats["packages"]] == ["hit"]


@pytest.mark.needs_guest_cc
def test_what_a_run_finds_is_converted_next_time(
    xlate: Run,
    xlate_run: Path,
    guest_cc: list[str],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    (tmp_path / "learns.c").write_text(LEARNS)
    command = [*guest_cc, *FLAGS, "-mthumb", "learns.c", "-o", "learns"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    observed, blocks = [], []
    for _ in range(2):
        done = xlate("convert", "--json", "learns")
        assert done.returncode == 0, done.stderr
        observed.append(json.loads(done.stdout)["observed"])
        run = [str(xlate_run), "--stats=json", str(tmp_path / "learns")]
        ran = subprocess.run(run, env=environment, capture_output=True, timeout=60, check=False)
        assert ran.returncode == 9
        blocks.append(json.loads(ran.stderr)["runtime_blocks"])
    assert observed[0] == 0
    assert observed[1] > 0
    assert blocks[0] > 0
    assert blocks[1] == 0


@pytest.mark.needs_guest_cc
def test_json_says_what_the_table_says(xlate: Run, programs: Path) -> None:
    done = xlate("convert", "--json", programs / "t32", programs / "a32")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(row["path"]).name for row in rows] == ["t32", "a32"]
    for row in rows:
        assert row["translated"]["functions"] >= 4
        assert row["translated"]["instructions"] > 20
        assert row["refused"] == {}
        assert set(row["seconds"]) == {"read", "discover", "lift", "compile", "link", "write"}
        assert read(Path(row["package"])).functions == row["translated"]["functions"]


@pytest.mark.needs_guest_cc
def test_same_bytes_for_any_number_of_jobs(xlate: Run, programs: Path, tmp_path: Path) -> None:
    made = []
    for jobs in ("1", "2", "3"):
        # With -o the memo of the store is used: the second and third are made from it.
        done = xlate("convert", programs / "t32", "-o", f"{jobs}.xlp", "--jobs", jobs, "-q")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        made.append((tmp_path / f"{jobs}.xlp").read_bytes())
    assert made[0] == made[1] == made[2]


@pytest.mark.needs_guest_cc
def test_memo_does_not_shape_the_package(
    xlate: Run, environment: dict[str, str], programs: Path, tmp_path: Path
) -> None:
    words = ("convert", programs / "t32", "--json")
    first = json.loads(xlate(*words, "-o", "first.xlp").stdout)
    second = json.loads(xlate(*words, "-o", "second.xlp").stdout)
    off = {**environment, "XLATE_CACHE": "off"}
    third = json.loads(xlate(*words, "-o", "third.xlp", env=off).stdout)
    assert first["memo_hits"] == third["memo_hits"] == 0
    assert second["memo_hits"] == second["translated"]["functions"]
    texts = {(tmp_path / f"{name}.xlp").read_bytes() for name in ("first", "second", "third")}
    assert len(texts) == 1


@pytest.mark.needs_guest_cc
def test_levels_differ_and_say_so(xlate: Run, programs: Path, tmp_path: Path) -> None:
    images = set()
    for level in (0, 1, 2):
        done = xlate("convert", f"-O{level}", programs / "t32", "-o", f"{level}.xlp")
        assert done.returncode == 0, done.stderr
        made = read(tmp_path / f"{level}.xlp")
        assert made.identity.level == level
        images.add(made.image)
    # The lowest and the highest differ; small functions may come out the same of two of them.
    assert len(images) > 1


@pytest.mark.needs_guest_cc
def test_several_go_to_a_folder_that_is_made(xlate: Run, programs: Path, tmp_path: Path) -> None:
    done = xlate("convert", programs / "t32", programs / "a32", "-o", "made/here")
    assert done.returncode == 0, done.stderr
    assert b"2 of 2 converted" in done.stdout
    wanted = {package_name((programs / name).read_bytes()) for name in ("t32", "a32")}
    assert set(left_in(tmp_path / "made" / "here")) == wanted


def test_several_cannot_go_to_a_file(xlate: Run, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(Elf().build())
    (tmp_path / "out.xlp").write_bytes(b"mine")
    done = xlate("convert", "one", "one", "-o", "out.xlp")
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"several packages at out.xlp (not a folder)" in done.stderr
    assert (tmp_path / "out.xlp").read_bytes() == b"mine"


def test_one_program_may_go_to_an_existing_folder(xlate: Run, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(Elf().build())
    (tmp_path / "out").mkdir()
    done = xlate("convert", "one", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert left_in(tmp_path / "out") == [package_name(Elf().build())]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", b"not a program (the file is empty)"),
        (b"#!/bin/sh\n", b"a script, not an ELF file"),
        (b"\x7fELF\x01\x01", b"truncated ELF header"),
        (Elf(machine=183).build(), b"AArch64"),
        (Elf(phnum=65535).build(), b"absurd program headers"),
    ],
)
def test_bad_input_is_one_line_and_no_file(
    xlate: Run, tmp_path: Path, content: bytes, words: bytes
) -> None:
    (tmp_path / "bad").write_bytes(content)
    done = xlate("convert", "bad", "-o", "bad.xlp")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"xlate: bad: ")
    assert words in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert not (tmp_path / "bad.xlp").exists()


def test_a_bad_file_does_not_stop_the_others(xlate: Run, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"\x7fELF")
    (tmp_path / "good").write_bytes(Elf().build())
    done = xlate("convert", "bad", "absent", "good", "-o", "out")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert [line.split(b": ")[1] for line in lines] == [b"bad", b"absent"]
    assert left_in(tmp_path / "out") == [package_name(Elf().build())]
    assert b"1 of 3 converted" in done.stdout


def test_a_folder_that_others_may_write_to_is_told(xlate: Run, tmp_path: Path) -> None:
    """Mapping a package is running its code: the runtime will refuse what lies there."""
    (tmp_path / "one").write_bytes(Elf().build())
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    done = xlate("convert", "one", "-o", "open/one.xlp")
    assert done.returncode == 0, done.stderr
    assert b"but exec will not use it there: others may write to" in done.stdout
    assert b"but exec" not in xlate("convert", "one").stdout


def test_nothing_named_is_a_usage_error(xlate: Run) -> None:
    assert xlate("convert").returncode == 2
    assert xlate("convert", "-O3", "x").returncode == 2
    assert xlate("convert", "--jobs", "0", "x").returncode == 2


def test_no_store_and_no_output(xlate: Run, environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(Elf().build())
    done = xlate("convert", "one", env={**environment, "XLATE_CACHE": "off"})
    assert done.returncode == 1
    assert done.stderr == b"xlate: no store (XLATE_CACHE says off); try: -o FILE\n"


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("nowhere/one.xlp", b"no such file or directory"),
        ("one/one.xlp", b"not a directory"),
    ],
)
def test_output_that_cannot_be(xlate: Run, tmp_path: Path, output: str, words: bytes) -> None:
    (tmp_path / "one").write_bytes(Elf().build())
    done = xlate("convert", "one", "-o", output)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"xlate: one: cannot write " + output.encode() + b" (" + words + b")\n"


def test_full_disk_leaves_nothing(xlate: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    """A limit on file sizes stands for the disk: the write fails after some bytes."""
    (tmp_path / "one").write_bytes(Elf().build())
    (tmp_path / "out").mkdir()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))

    env = {**environment, "XLATE_CACHE": "off"}
    done = xlate("convert", "one", "-o", "out/one.xlp", env=env, preexec_fn=limit)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.count(b"\n") == 1
    assert b"file too large" in done.stderr
    assert left_in(tmp_path / "out") == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.needs_guest_cc
def test_interrupt_leaves_no_file_and_no_worker(
    guest_cc: list[str],
    xlate_command: list[str],
    environment: dict[str, str],
    tmp_path: Path,
    number: signal.Signals,
    status: int,
) -> None:
    (tmp_path / "big.c").write_text(
        '#include <stdio.h>\nint main(void) { return printf("%g", 1.5); }'
    )
    command = [*guest_cc, "-O2", "-static", "big.c", "-o", "big"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    (tmp_path / "out").mkdir()
    process = subprocess.Popen(
        [*xlate_command, "convert", "big", "-o", "out/big.xlp", "--jobs", "2"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _wait_for_workers(process)
        # A terminal interrupts the whole group, workers included; kill(1) one process.
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    # Click ends the line in which a terminal shows ^C.
    assert (process.returncode, out, err.strip()) == (status, b"", b"")
    assert left_in(tmp_path / "out") == []
    _wait_until_gone(process.pid)


def _wait_for_workers(process: subprocess.Popen[bytes]) -> None:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if any(Path(f"/proc/{child}").exists() for child in _grandchildren(process.pid, children)):
            return
        time.sleep(0.05)
    pytest.fail("no worker was started")


def _grandchildren(pid: int, children: Path) -> list[str]:
    """Return children of any thread of the process: workers are started by threads."""
    found = children.read_text().split() if children.exists() else []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += task.read_text().split()
    return found


def _wait_until_gone(group: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("a worker has outlived its conversion")
