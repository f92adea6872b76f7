"""Hand-over between the tiers: calls, returns, jumps out of nests, signals, fork, leaving, faults.

Every scenario of the guest program prints the same with its package, with small host stacks and
without packages; counters say that the optimised tier really took part.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.optimised.packaged import Packaged
from tests.runtime.conftest import SMALL
from xlate.runtime import build

#: What each scenario prints; worked out by hand, and what qemu-arm prints.
EXPECTED = {
    "calls": "2703500\n",
    "doubles": "5055 885127\n",
    "recursion": "10 1000 100000\n1000 500000\n500000\n",
    "jumps": "900000 5\n",
    "deep_jumps": "14000 30\n",
    "signals": "1 10\n30\n",
    # one for each of 21 calls through apply; the handler's 70 and one more; a byte from SIGCHLD's
    "handlers": "2100 1000\n71\n1 1\n",
    "recursion_under_signals": "0\n",
    "forks": "44\n",
    "leaving": "20 61\n106 30\n",
    "changing": "4 6\n5 106\n",
    "fault": "7\n",
    "overflow": "",
}
STATUS = {"fault": -signal.SIGSEGV, "overflow": -signal.SIGSEGV}
FUNCTIONS = 10


@dataclass(frozen=True)
class Ran:
    """A finished guest and the counters of its processes."""

    status: int
    printed: str
    said: str
    counters: dict[str, Any]


def run(
    program: Path, packaged: Packaged, scenario: str, *options: str, limit: int | None = None
) -> Ran:
    """Run scenarios with the package, within ``limit`` bytes of address space."""

    def within() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    stats = packaged.folder.parent / "stats.json"
    stats.unlink(missing_ok=True)
    words = [str(program), "--stats=json", "--stats-file", str(stats), *packaged.words()]
    done = subprocess.run(
        [*words, *options, str(packaged.program), *scenario.split()],
        capture_output=True,
        text=True,
        env={"XLATE_CACHE": str(packaged.cache or "off")},
        preexec_fn=within,
        timeout=120,
        check=False,
    )
    counters = json.loads(stats.read_text())
    return Ran(done.returncode, done.stdout, done.stderr, counters)


def check(ran: Ran, scenario: str) -> None:
    """Output and end are as expected."""
    assert (ran.status, ran.printed) == (STATUS.get(scenario, 0), EXPECTED[scenario]), ran.said


@pytest.fixture(scope="session")
def shallow_run() -> Path:
    """Return a runtime that drops frames all the time: no dispatcher may nest deeper than 8 KiB."""
    return build.ensure(defines=("NEST_FLOOR=0x7fe000",))


@pytest.fixture(scope="session")
def forgetful_run() -> Path:
    """Return a runtime whose cache is full every moment: units and hooks go from under nests."""
    return build.ensure(defines=SMALL)


@pytest.mark.parametrize(
    "options", [(), ("--guest-base", "0x100000000")], ids=["identity", "based"]
)
@pytest.mark.parametrize("scenario", EXPECTED)
def test_scenario(
    xlate_run: Path, packaged: Packaged, scenario: str, options: tuple[str, ...]
) -> None:
    ran = run(xlate_run, packaged, scenario, *options)
    check(ran, scenario)
    assert ran.counters["package_functions"] == FUNCTIONS
    assert ran.counters["enters"] > 0


@pytest.mark.parametrize("scenario", EXPECTED)
def test_scenario_without_packages(xlate_run: Path, packaged: Packaged, scenario: str) -> None:
    ran = run(xlate_run, packaged, scenario, "--tier", "baseline")
    check(ran, scenario)
    assert ran.counters["enters"] == ran.counters["package_functions"] == 0


@pytest.mark.parametrize("scenario", EXPECTED)
def test_scenario_with_hardly_any_nesting(
    shallow_run: Path, packaged: Packaged, scenario: str
) -> None:
    check(run(shallow_run, packaged, scenario), scenario)


@pytest.mark.parametrize("scenario", EXPECTED)
def test_scenario_with_small_tables(forgetful_run: Path, packaged: Packaged, scenario: str) -> None:
    check(run(forgetful_run, packaged, scenario), scenario)


@pytest.mark.parametrize("scenario", ["calls", "signals", "fault"])
def test_scenario_in_little_address_space(
    xlate_run: Path, packaged: Packaged, scenario: str
) -> None:
    """Without the flat table no package can be used; the reason is counted."""
    ran = run(xlate_run, packaged, scenario, limit=1_000_000_000)
    check(ran, scenario)
    assert ran.counters["enters"] == ran.counters["package_functions"] == 0
    assert ran.counters["packages"][0]["state"].startswith("refused")


def test_calls_come_back_inside(xlate_run: Path, packaged: Packaged) -> None:
    """Neither a return to baseline code nor one out of a nest goes anywhere else."""
    ran = run(xlate_run, packaged, "calls")
    assert ran.counters["enters"] == 3000
    assert ran.counters["nests"] == 2000
    assert ran.counters["outward"] == ran.counters["drops"] == 0


def test_deep_recursion_drops_frames(xlate_run: Path, packaged: Packaged) -> None:
    """100,000 nests do not fit on the host stack; half a million frames of one function do not."""
    ran = run(xlate_run, packaged, "recursion")
    assert ran.counters["drops"] > 1


def test_handlers_keep_the_frames(xlate_run: Path, packaged: Packaged) -> None:
    """What a signal interrupts in a system call goes on where it was, in optimised code."""
    ran = run(xlate_run, packaged, "handlers")
    assert ran.counters["signals"] == 102
    assert ran.counters["outward"] == ran.counters["drops"] == 0


@pytest.mark.parametrize("scenario", ["leaving", "changing"])
def test_packages_are_left_for_good(xlate_run: Path, packaged: Packaged, scenario: str) -> None:
    """A handler for a fault's signal, or writable text: baseline code from there on."""
    ran = run(xlate_run, packaged, scenario)
    reasons = [p["state"] for p in ran.counters["packages"]]
    assert reasons[0] == "hit"
    assert any("handler" in r or "changed" in r for r in reasons[1:])
    assert ran.counters["enters"] < 40


def test_missing_package_is_said_once(xlate_run: Path, packaged: Packaged, tmp_path: Path) -> None:
    """--tier optimised says it in one line and runs; auto says nothing."""
    empty = tmp_path / "empty"
    empty.mkdir()
    nothing = Packaged(packaged.program, empty)
    for options, lines in ((("--tier", "optimised"), 1), ((), 0)):
        ran = run(xlate_run, nothing, "calls", *options)
        check(ran, "calls")
        assert ran.said.count("\n") == lines, ran.said
    assert run(xlate_run, packaged, "calls", "--tier", "optimised").said == ""
