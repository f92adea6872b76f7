"""Runtimes whose tables are small, so that every program reaches their ends.

The cache then holds a thousand units and is forgotten many times a second; lists of pages
and look-up entries collide all the time. What such a runtime prints must be what the real one
prints.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.run.conftest import Runner
from xlate.runtime import build

#: Everything that has an end: segments, records, pieces of fault tables, lists, look-up entries,
#: numbers of processes, code that is written before the end.
SMALL = (
    "SEGMENT_CODE=131072u",
    "SEGMENT_CELLS=32768u",
    "SEGMENTS_MAX=3",
    "UNITS_IN_CHUNK=32u",
    "UNIT_CHUNKS=40u",
    "META_CHUNK=4096u",
    "PAGE_HEADS=4u",
    "HASH_BITS=4",
    "IDS_MAX=64u",
    "IDS_REGION=16u",
    "STOCK_CODE_AT_ONCE=0u",
)

#: Limits under which a mechanism takes its second form; words before xlate-run.
LIMITS: dict[str, tuple[str, ...]] = {
    "small": (),
    # No 16 GiB for the flat table: the hash table, here of 16 entries.
    "small-hash": ("prlimit", "--as=1000000000"),
    # No memory file: one private view of the code, writable while it is written.
    "small-one-view": ("prlimit", "--fsize=0"),
}


@pytest.fixture(scope="session")
def small_run() -> Path:
    """Return ``xlate-run`` built with small tables."""
    return build.ensure(defines=SMALL, announce=lambda line: print(line, file=sys.stderr))


@pytest.fixture(scope="session", params=LIMITS)
def small_runner(request: pytest.FixtureRequest, small_run: Path) -> Runner:
    """Return the command that runs a guest with small tables, under one of the limits."""
    return Runner(request.param, (*LIMITS[request.param], str(small_run)))
