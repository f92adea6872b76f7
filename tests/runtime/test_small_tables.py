"""Nothing changes when the tables of translations are so small that they overflow all the time.

The programs of ``corpus/regress`` were written for this; the rest of the corpus and some busybox
invocations show that what they rely on holds for code nobody made for it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from corpus import build
from tests import needs
from tests.run.conftest import Runner
from tests.runtime.conftest import LIMITS

ALL = build.programs()
CASES = [
    pytest.param(program, case, mode, id=f"{program.name}-{case.name}-{mode}")
    for program in ALL
    for case in program.cases
    for mode in case.modes
]
MADE_FOR_THIS = [program for program in ALL if program.source.parent.name == "regress"]

APPLETS = ["awk", "expr", "gunzip", "gzip", "md5sum", "sed", "seq", "sha256sum", "sort", "tr"]
BUSYBOX = {
    "sort": "seq 3000 | sort -r | sort -n | md5sum",
    "awk": "seq 400 | awk '{ s += $1 * 1.1 / 7; t = t substr($0, 1, 1) } END { print s, t }'",
    "forks": "for i in 1 2 3 4 5 6 7 8; do (echo $i | sed s/^/x/ | tr x y); done; wait",
    "gzip": "seq 5000 | gzip -9 | gunzip | sha256sum",
    "functions": "f() { [ $1 = 0 ] && return; echo $1 $(expr $1 '*' $1); f $(($1 - 1)); }; f 12",
}


def _check(
    words: Sequence[str], program: build.Program, case: build.Case, mode: str, cwd: Path
) -> None:
    binary = build.build(program, mode, needs.guest_compiler())
    outcome = build.run_case(words, binary, case, cwd=cwd)
    expected = (case.status, case.expected_stdout(), b"")
    assert (outcome.status, outcome.stdout, outcome.stderr) == expected


@pytest.mark.parametrize(("program", "case", "mode"), CASES)
def test_corpus(
    program: build.Program, case: build.Case, mode: str, small_run: Path, tmp_path: Path
) -> None:
    """Each program of the corpus ends as it does with tables of the usual size."""
    _check([str(small_run)], program, case, mode, tmp_path)


@pytest.mark.parametrize("program", MADE_FOR_THIS, ids=lambda program: program.name)
@pytest.mark.parametrize("limit", [name for name in LIMITS if name != "small"])
def test_second_forms(
    program: build.Program, limit: str, small_run: Path, xlate_run: Path, tmp_path: Path
) -> None:
    """The same with the hash table, and with one view of the code; in the real size too."""
    if limit == "small-one-view" and program.name == "page_end_code":
        pytest.skip("makes a file, which this limit forbids")
    for mode in program.modes:
        for path in (small_run, xlate_run):
            _check([*LIMITS[limit], str(path)], program, program.cases[0], mode, tmp_path)


@pytest.mark.parametrize("name", BUSYBOX)
def test_busybox(
    name: str, small_runner: Runner, busybox_armhf: Path, busybox_amd64: Path, tmp_path: Path
) -> None:
    """A shell with all its children gives what the native one gives."""
    results = []
    for words in ((), small_runner.words):
        busybox = busybox_armhf if words else busybox_amd64
        bin_folder = tmp_path / ("guest" if words else "native")
        bin_folder.mkdir()
        for applet in APPLETS:
            (bin_folder / applet).symlink_to(busybox)
        done = subprocess.run(
            [*words, str(busybox), "sh", "-c", BUSYBOX[name]],
            env={"PATH": f"{bin_folder}:/usr/bin:/bin"},
            capture_output=True,
            timeout=120,
            check=False,
        )
        results.append((done.returncode, done.stdout, done.stderr))
    assert results[0] == results[1]
    assert results[0][0] == 0


def test_tables_do_overflow(
    small_run: Path, xlate_run: Path, guest_cc: list[str], tmp_path: Path
) -> None:
    """The small runtime makes units again that the real one made once, so they were forgotten."""
    program = next(p for p in build.programs() if p.name == "jump_chains")
    binary = build.build(program, "thumb", guest_cc)
    blocks = {}
    for path in (small_run, xlate_run):
        stats = tmp_path / "stats"
        command = [str(path), "--stats=json", "--stats-file", str(stats), str(binary)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        blocks[path] = json.loads(stats.read_text())["runtime_blocks"]
    assert blocks[small_run] > 3 * blocks[xlate_run]


def test_no_signal_of_the_file_limit(xlate_run: Path, guest_cc: list[str], tmp_path: Path) -> None:
    """The runtime's own memory files are no files of the guest: ulimit -f does not end it."""
    program = next(p for p in build.programs() if p.name == "hello")
    binary = build.build(program, "thumb", guest_cc)
    for options in ((), ("--stats",)):
        command = ["prlimit", "--fsize=0", str(xlate_run), *options, str(binary)]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (0, program.cases[0].expected_stdout())
