"""Threads where tables of translations overflow all the time: then all others have to leave them.

Under the limits of ``conftest`` these mechanisms have their second forms: the hash table, and one
view of the code that is writable while somebody writes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus import build
from tests import needs
from tests.run.conftest import Runner
from tests.run.self_checking import passes, program, sources

THREADS = sources("syscalls", "thread_*.c")
STRESS = sources("stress")
LIBS = ("-lrt",)
BLOCKS = "a thread's block is 8 MiB of address space: 500 do not fit into 1 GB"
VIEWS = "views of /proc are written to memory files, which count as files"
NOT_POSSIBLE = {
    ("small-hash", "thread_many"): BLOCKS,
    ("small-hash", "many_threads"): BLOCKS,
    ("small-one-view", "thread_many"): VIEWS,
    ("small-one-view", "thread_names"): VIEWS,
    ("small-one-view", "thread_without_leader"): VIEWS,
    **{("small-one-view", source.stem): VIEWS for source in STRESS},
}


def _left_out(runner: Runner, source: Path) -> None:
    reason = NOT_POSSIBLE.get((runner.name, source.stem))
    if reason:
        pytest.skip(reason)


@pytest.mark.parametrize("source", THREADS, ids=lambda source: source.stem)
def test_thread_programs(source: Path, small_runner: Runner, tmp_path: Path) -> None:
    """What they find out about threads does not depend on the size of tables."""
    _left_out(small_runner, source)
    binary = build.build(program(source, LIBS), "thumb", needs.guest_compiler())
    passes([*small_runner.words, str(binary)], source, tmp_path)


@pytest.mark.parametrize("source", STRESS, ids=lambda source: source.stem)
def test_stress(source: Path, small_runner: Runner, tmp_path: Path) -> None:
    """Two seconds of load, disturbed."""
    _left_out(small_runner, source)
    binary = build.build(program(source, LIBS), "arm", needs.guest_compiler())
    passes([*small_runner.words, "--chaos", "7", str(binary), "2"], source, tmp_path)
