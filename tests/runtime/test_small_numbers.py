"""Numbers of processes under --deterministic, where there are few: used again, or refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

from corpus import build
from tests.run.self_checking import program, sources


def test_numbers_are_given_again(small_run: Path, guest_cc: list[str], tmp_path: Path) -> None:
    """A thousand threads and processes share 64 numbers, the same ones in every run."""
    (source,) = sources("turns", "many_numbers.c")
    binary = build.build(program(source), "thumb", guest_cc)
    outputs = set()
    for _ in range(3):
        done = subprocess.run(
            [str(small_run), "--deterministic=3", str(binary)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        outputs.add(done.stdout)
    (output,) = outputs
    first, at_once, second, again = output.splitlines()
    assert first != second
    assert int(at_once) == int(again)
    assert 50 < int(at_once) < 64
