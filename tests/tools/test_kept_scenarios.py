"""What `make kept` reads, works out and writes; the scenarios themselves are a campaign."""

from __future__ import annotations

import math
import struct
import sys

import pytest

from tests.package.kept import STATUS, branches, settled
from xlate.errors import MalformedInput
from xlate.tools import kept_memory, kept_page, kept_plan, kept_run, kept_scenarios


def test_plan_is_whole():
    plan = kept_plan.load()
    files = {
        word[1:] for p in plan.programs for words in p.inputs for word in words if word[:1] == "@"
    }
    assert files <= plan.files.keys()
    assert all(len(p.inputs) > 1 for p in plan.programs)
    assert "t7" in plan.regressions[0].input(7)[1]
    with pytest.raises(MalformedInput, match="nobody"):
        plan.program("nobody")


def test_files_of_inputs_are_paths(tmp_path):
    plan = kept_plan.load()
    commands = kept_plan.Commands(plan.program("sort"), tmp_path / "a", tmp_path / "b", tmp_path)
    assert commands.guest(["run"], ["-r", "@table.csv"])[-2:] == ["-r", str(tmp_path / "table.csv")]
    assert commands.native([])[-1] == str(tmp_path / "b/usr/bin/sort")
    assert commands.environment()["XLATE_CACHE"] == "off"


def test_a_failing_run_is_told():
    with pytest.raises(MalformedInput, match="ended with 3: bad"):
        kept_run.cpu(["/bin/sh", "-c", "echo bad >&2; exit 3"], {})
    assert kept_run.cpu(["/bin/true"], {}) < 1000


def test_kept_units_are_read(tmp_path, xlate_run):
    ends_well = branches(40).replace(struct.pack("<I", 0xE3A00000 | STATUS), b"\0\0\xa0\xe3")
    program = settled(tmp_path, ends_well)
    store = kept_run.emptied(tmp_path / "store")
    stats = []
    for _ in range(2):
        environment = {"XLATE_CACHE": str(store)}
        stats.append(
            kept_run.statistics_of(
                lambda options: [str(xlate_run), *options, str(program)], environment
            )
        )
        kept_run.settled(store, xlate_run)
    found = kept_run.kept(store)
    assert len(found.units) == stats[0]["saved_blocks"] == stats[1]["kept_blocks"] > 0
    assert (stats[0]["runtime_blocks"] > 0, stats[1]["runtime_blocks"]) == (True, 0)
    assert 0 < found.code < found.size
    copy = kept_run.copied(store, tmp_path / "copy")
    assert kept_run.kept(copy) == found
    assert not kept_run.kept(kept_run.emptied(copy)).units


def test_memory_of_processes():
    script = "import sys; a = bytearray(b'x') * (8 << 20); print(1, flush=True); sys.stdin.read()"
    found = kept_memory.at_once([sys.executable, "-c", script], {}, 2)
    assert len(found) == 2
    for one in found:
        assert 8 << 10 <= one["Private_Dirty"] <= one["Pss"] < one["Rss"]
    with pytest.raises(MalformedInput, match="said nothing"):
        kept_memory.at_once(["/bin/true"], {}, 1)


def test_shares():
    units = [
        frozenset({("a", 1), ("a", 2)}),
        frozenset({("a", 2)}),
        frozenset({("b", 2), ("a", 1)}),
    ]
    assert kept_scenarios._accumulated(units) == [1.0, 0.0, 0.5]
    assert kept_scenarios._saved(10, 4, 7) == 0.5
    assert kept_scenarios._saved(10, 9.5, 7) is None


RESULTS = {
    "rounds": 3,
    "commit": "abc",
    "start": {
        name: {
            "times": {
                "native": 2.0,
                "qemu": 40.0,
                "without": 16.0,
                "first": 18.0,
                "second": 4.0,
                "other": 8.0,
            },
            "counters": {
                which: {"runtime_blocks": blocks, "translate_us": 9 * blocks, "save_us": blocks}
                for which, blocks in (("first", 900), ("second", 0), ("other", 30))
            },
            "libraries": {"needed": 200, "there": 190},
            "size": [1024, 3072],
        }
        for name in ("cat", "bash")
    },
    "inputs": {
        "cat": {
            "pairs": [{"coverage": 0.5, "saved": None}, {"coverage": 1.0, "saved": 0.75}],
            "accumulated": [1.0, 0.25],
        },
        "bash": {"pairs": [{"coverage": 0.5, "saved": None}], "accumulated": [1.0, 0.25]},
    },
    "memory": {
        "bash": {
            "native": {"Rss": 10240, "Pss": 4096, "Private_Dirty": 2048},
            "kept": {"Rss": 15360, "Pss": 8192, "Private_Dirty": 3072},
            "pss": 20480,
        }
    },
    "regression": {
        "cat": {"runs": 9, "totals": {"native": 1e3, "qemu": 2e4, "without": 9e3, "kept": 3e3}}
    },
}


def test_page_says_what_was_found():
    text = kept_page.page(RESULTS)
    row = "2.00 40.00 16.00 18.00 4.00 8.00 2.00 9.00 20.00 900 0 30 1 3".replace(" ", " | ")
    assert f"| bash | {row} |" in text
    assert "| geometric mean |  |  |  |  |  |  | 2.00 | 9.00 | 20.00 |" in text
    assert "| cat | 200 | 190 | 95 % |" in text
    assert "| cat | 2 | 50 % | 75 % | 75 % | 75 % | 100 %, 25 % |" in text
    assert "| bash | 1 | 50 % | 50 % | - | - | 100 %, 25 % |" in text
    assert "| cat | 9 | 1.00 | 20.00 | 9.00 | 3.00 | 0.33 | 0.15 |" in text
    assert "| bash | 10.0 | - | 15.0 | 2.0 | - | 3.0 | 1.50 | 20.0 | 8.0 | 2.50 |" in text
    assert "75 % less CPU time than without |" in text
    assert "200% faster than without" in text


def test_parts_of_a_bar_are_the_whole():
    found = RESULTS["start"]["cat"]
    parts = [
        kept_page._part(found, "first", part) for part in ("load and execute", "translate", "save")
    ]
    assert math.isclose(sum(parts), 9.0)
    assert parts[1:] == [4.05, 0.45]


def test_picture_is_the_same_twice(tmp_path):
    pytest.importorskip("matplotlib", reason='needs the extra "bench" (matplotlib)')
    pictures = []
    for name in ("one.svg", "two.svg"):
        kept_page.picture(RESULTS, tmp_path / name)
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0] == pictures[1]
    assert b"<svg" in pictures[0]
