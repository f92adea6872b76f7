"""Kept code that a process of its own writes, here however little it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.package.kept import STATUS, blocks, branches, kept_file, settled
from tests.package.samples import run


def test_the_next_start_waits_for_it(small_run: Path, tmp_path: Path) -> None:
    """Nothing is said to whoever waits, and a start at once finds what is being written."""
    store = tmp_path / "store"
    for count in (40, 200):
        guest = settled(tmp_path, branches(count), f"g{count}")
        first, second = (run(small_run, guest, cache=store) for _ in range(2))
        assert (first.status, *blocks(first)) == (STATUS, count + 1, 0)
        assert (second.status, *blocks(second)) == (STATUS, 0, count + 1)
        assert kept_file(store, guest.read_bytes()).is_file()


def test_it_holds_nothing_of_the_programs(small_run: Path, tmp_path: Path) -> None:
    """A reader of the program's output sees its end, whoever still writes."""
    guest = settled(tmp_path, branches(400))
    reading, writing = os.pipe()
    words = [str(small_run), str(guest)]
    environment = {"XLATE_CACHE": str(tmp_path / "store")}
    process = subprocess.Popen(words, env=environment, stdout=writing)
    os.close(writing)
    assert os.read(reading, 1) == b""
    assert process.wait() == STATUS
    os.close(reading)
    assert blocks(run(small_run, guest, cache=tmp_path / "store"))[1] == 401
