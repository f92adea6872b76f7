"""Rules that every source file keeps: a head line, a size, no traces of one machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xlate.tools import map as source_map

LONGEST_PYTHON, LONGEST_C = 400, 600
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|work)/\w")

SOURCES = source_map.sources()


def _name(path: Path) -> str:
    return str(path.relative_to(source_map.CHECKOUT))


def test_there_are_sources() -> None:
    assert len(SOURCES) > 50


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_head_line(path: Path) -> None:
    line = source_map.head_line(path)
    assert len(line) >= 10, "the first comment of a file says what it decides"


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_size_and_paths(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    longest = LONGEST_PYTHON if path.suffix == ".py" else LONGEST_C
    assert text.count("\n") <= longest
    if path != Path(__file__).resolve():
        assert MACHINE_PATH.search(text) is None


def test_map_names_every_file() -> None:
    text = "\n".join(source_map.markdown())
    assert all(f"- `{path.name}`: " in text for path in SOURCES)
