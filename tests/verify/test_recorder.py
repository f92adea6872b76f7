"""What `--record` does with programs that get in its way, and with files that take nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.verify.conftest import Checked
from tests.verify.test_static import symbol
from xlate.errors import MalformedInput
from xlate.verify.recording import Recorded, Skipped, read_recording

FLAGS = ("-static", "-nostdlib", "-ffreestanding", "-O1", "-fno-inline", "-marm")
DESCRIPTORS = 256
# Takes every descriptor that it can have, then makes its own text writable for a moment.
SOURCE = """
static long call(long n, long a, long b, long c)
{
	register long number asm("r7") = n;
	register long r0 asm("r0") = a;
	register long r1 asm("r1") = b;
	register long r2 asm("r2") = c;
	asm volatile("svc #0" : "+r"(r0) : "r"(number), "r"(r1), "r"(r2) : "memory");
	return r0;
}
enum { EXIT = 1, DUP2 = 63, MPROTECT = 125 };
volatile unsigned seen;
unsigned before(unsigned a) { seen++; return a * 3 + (a >> 1); }
unsigned behind(unsigned a) { seen++; return a * 5 + (a >> 2); }
unsigned writable(unsigned a) { seen++; return a * 7 + (a >> 3); }
void _start(void)
{
	unsigned sum = before(1) + writable(2);
	for (long n = 3; n < DESCRIPTORS; n++)
		call(DUP2, 1, n, 0);
	sum += behind(3);
	call(MPROTECT, (long)_start & -4096, 4096, 7);
	sum += writable(2);
	call(EXIT, sum, 0, 0);
	for (;;)
		;
}
"""
DEFINE = f"-DDESCRIPTORS={DESCRIPTORS}"
STATUS = 3 + 14 + 15 + 14


@pytest.fixture(scope="module")
def greedy(converted: Checked, tmp_path_factory: pytest.TempPathFactory, guest_cc) -> Checked:
    folder = tmp_path_factory.mktemp("greedy")
    (folder / "greedy.c").write_text(SOURCE)
    program = folder / "greedy"
    subprocess.run([*guest_cc, *FLAGS, DEFINE, folder / "greedy.c", "-o", program], check=True)
    made = replace(converted, program=program)
    assert made.xlate("convert", "-q", "--jobs", "1", str(program)).exit_code == 0
    return made


# Started with limits, of which that of files' size is no reason to be killed.
LIMITED = """
import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit, value in zip((resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE), sys.argv[1:3]):
    resource.setrlimit(limit, (int(value), int(value)))
os.execv(sys.argv[3], sys.argv[3:])
"""


def run(checked: Checked, what: str, *, largest: int = -1) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", LIMITED, str(DESCRIPTORS), str(largest), str(checked.xlate_run)]
    return subprocess.run(
        [*words, "--record", what, str(checked.program)],
        env=checked.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_guest_that_takes_all_descriptors_gets_nothing_of_the_record(greedy, tmp_path):
    done = run(greedy, f"1/1:0:100:{tmp_path / 'recording'}")
    assert (done.returncode, done.stdout, done.stderr) == (STATUS, "", "")
    rows = list(read_recording((tmp_path / "recording").read_bytes()))
    arrivals = {(row.key, row.arrival) for row in rows if isinstance(row, Recorded)}
    assert (symbol(greedy, "behind"), 1) in arrivals
    # Text that can be written to is no package's any more, in a run without --record neither.
    assert (symbol(greedy, "writable"), 1) in arrivals
    assert (symbol(greedy, "writable"), 2) not in arrivals


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("/nonexistent/file", "no such file or directory"),
        (".", "is a directory"),
        ("/dev/full", "it is not a regular file"),
    ],
)
def test_a_file_that_takes_no_record_is_said_in_one_line(greedy, file, why):
    done = run(greedy, f"1/1:0:100:{file}")
    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr == (
        f"xlate-run: {file}: cannot be recorded to ({why}); try: --record with another file\n"
    )


def test_a_full_disk_ends_the_record_and_not_the_program(greedy, tmp_path):
    path = tmp_path / "recording"
    whole = run(greedy, f"1/1:0:100:{path}")
    assert whole.returncode == STATUS
    size = path.stat().st_size
    for largest in (100, size // 2, size - 1):
        done = run(greedy, f"1/1:0:100:{path}", largest=largest)
        assert (done.returncode, done.stdout) == (STATUS, "")
        assert done.stderr in ("", "xlate-run: nothing more is recorded (file too large)\n")
        assert path.stat().st_size <= largest
        rows = list(read_recording(path.read_bytes()))
        assert largest == 100 or any(isinstance(row, Recorded) for row in rows)
        assert bool(done.stderr) or any(isinstance(row, Skipped) for row in rows)


def test_what_is_no_recording_is_told_so_at_every_cut(greedy, tmp_path):
    path = tmp_path / "recording"
    run(greedy, f"1/1:0:100:{path}")
    data = path.read_bytes()
    whole = list(read_recording(data))
    for cut in range(0, len(data), 499):
        rows = list(read_recording(data[:cut]))
        assert [row for row in rows if isinstance(row, Recorded)] == [
            row for row in whole if isinstance(row, Recorded)
        ][: sum(isinstance(row, Recorded) for row in rows)]
    told = 0
    for at in [*range(0, 16), *range(16, 640, 32), *range(640, len(data), 499)]:
        broken = bytes([*data[:at], data[at] ^ 0xFF, *data[at + 1 :]])
        try:
            rows = list(read_recording(broken))
        except MalformedInput:
            told += 1
        else:
            assert all(isinstance(row, (Recorded, Skipped)) for row in rows)
    assert told >= 8


def test_a_program_that_writes_to_its_text_is_compared_as_far_as_it_did_not(greedy):
    done = greedy.xlate("verify", "--json", "--run", str(greedy.program))
    told = json.loads(done.stdout)
    assert (done.exit_code, told["status"], told["differences"]) == (0, STATUS, [])
    assert told["agreed"]["optimised"] == told["cases"] > 3
