"""Rules that every source file keeps: a head line, a size, no traces of one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from xlate.tools import map as source_map

LONGEST_PYTHON, LONGEST_C = 400, 600
FOLDERS = {"backends", "corpus", "docs", "frontends", "tests", "xlate"}
PAGES = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md"}
TOP = FOLDERS | PAGES | {".ci", ".gitignore", "Makefile", "pyproject.toml"}
LEFT_BEHIND = re.compile(r"(^|/)(xlate-\w*-\w{6,}|core(\.\d+)?|[^/]*\.(orig|rej))(/|$)")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|work)/\w")

SOURCES = source_map.sources()


def _name(path: Path) -> str:
    return str(path.relative_to(source_map.CHECKOUT))


def test_nothing_is_tracked_that_a_run_left_behind() -> None:
    """What stands at the top was put there on purpose, and scratch folders are nowhere."""
    if not (source_map.CHECKOUT / ".git").exists():
        pytest.skip("this is no checkout: what is tracked is not known")
    words = ["git", "-C", str(source_map.CHECKOUT), "ls-files", "-s", "-z"]
    listed = subprocess.run(words, capture_output=True, check=True).stdout.decode().split("\0")
    tracked = dict(reversed(line.split("\t", 1)) for line in listed if line)
    assert len(tracked) > 500
    assert {path.split("/")[0] for path in tracked} <= TOP
    assert [path for path in tracked if LEFT_BEHIND.search(path)] == []
    assert {about.split()[0] for about in tracked.values()} <= {"100644", "100755"}


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
