"""Faults in converted functions whose handlers have no siginfo: where, and how the guest goes on.

What faults.c prints in the baseline tier is what it must print with its package: every scenario,
and for ``sites`` pc, sp and lr of some seven hundred faults all over its functions, lr where it is
an address in code. The C library stays baseline code.
"""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from pathlib import Path

import capstone
import pytest

from backends.llvm.objects import ObjectCode
from backends.llvm.pool import compile_functions
from backends.llvm.slots import PRELUDE
from corpus import build as corpus
from tests.optimised.packaged import HERE, Packaged
from tests.optimised.test_converted import _convert
from tests.optimised.test_tiers import Ran, run
from xlate.discovery import discover
from xlate.lift import Lifting
from xlate.loader import parse
from xlate.package.faults import decode_lines
from xlate.runtime import build

FLAGS = ("-O2", "-mfpu=neon", "-pthread", "-w")
KINDS = {"thumb": ("-mthumb", "-fno-pie", "-no-pie"), "a32-pie": ("-marm", "-fPIE", "-pie")}
SCENARIOS = (
    "returns",
    "sites",
    "jumps",
    "jumps_unmasked",
    "jumps_onstack",
    "overflows",
    "nested",
    "ticks",
    "fork",
    "coroutine",
    "threads",
    "thread_ends",
    "executes",
    "sent",
    "blocked",
    "once",
)
NO_ADDRESS = " ="  # in front of an lr that is not one in code
PAIRS = [("thumb", name) for name in SCENARIOS] + [("a32-pie", "sites"), ("a32-pie", "returns")]
THUMB = pytest.mark.parametrize("faults", ["thumb"], indirect=True, scope="module")
DEAD = {"blocked": -signal.SIGSEGV, "once": -signal.SIGSEGV}
#: Printed in the baseline tier; a scenario is run there once.
Known = dict[str, Ran]


@pytest.fixture(scope="module")
def faults(
    request: pytest.FixtureRequest, guest_cc: list[str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Packaged, Known]:
    """Return the program with its package, and what it is known to print."""
    top = tmp_path_factory.mktemp("faults")
    program, folder = top / "faults", top / "packages"
    sources = [str(HERE / name) for name in ("faults.c", "faults_sites.c", "faults.S")]
    flags = [*FLAGS, *KINDS[request.param]]
    subprocess.run([*guest_cc, *flags, *sources, "-o", str(program)], check=True)
    folder.mkdir(mode=0o755)
    _convert(program, folder, top / "cache")
    return Packaged(program, folder, top / "cache", corpus.sysroot(guest_cc)), {}


@pytest.fixture(scope="session")
def shallow_run() -> Path:
    """Return a runtime for which any host stack is too deep: it gives contexts up at once."""
    return build.ensure(defines=("NEST_FLOOR=0x7fe000",))


def _baseline(xlate_run: Path, faults: tuple[Packaged, Known], scenario: str) -> Ran:
    packaged, known = faults
    if scenario not in known:
        known[scenario] = run(xlate_run, packaged, scenario, "--tier", "baseline")
        assert known[scenario].status == DEAD.get(scenario, 0), known[scenario].said
    return known[scenario]


def _comparable(ran: Ran, wanted: Ran) -> str:
    """What was printed, with the wanted lr where that is no address in code (decision 0022)."""
    lines, others = ran.printed.splitlines(), wanted.printed.splitlines()
    if len(lines) == len(others):
        for number, other in enumerate(others):
            if NO_ADDRESS in other:
                lines[number] = " ".join([*lines[number].split()[:-1], other.split()[-1]])
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(("faults", "scenario"), PAIRS, indirect=["faults"], scope="module")
def test_scenario(xlate_run: Path, faults: tuple[Packaged, Known], scenario: str) -> None:
    wanted = _baseline(xlate_run, faults, scenario)
    ran = run(xlate_run, faults[0], scenario)
    assert (ran.status, _comparable(ran, wanted)) == (wanted.status, wanted.printed), ran.said
    if scenario != "executes":  # its statistics are those of both programs
        assert ran.counters["packages"][0]["state"] == "hit"
    assert ran.counters["enters"] > 0


@THUMB
@pytest.mark.parametrize("scenario", ["jumps", "jumps_onstack", "nested", "sites", "ticks"])
def test_scenario_on_a_deep_stack(
    xlate_run: Path, shallow_run: Path, faults: tuple[Packaged, Known], scenario: str
) -> None:
    """Contexts whose handlers were left go as soon as anything is served, the others stay."""
    wanted = _baseline(xlate_run, faults, scenario)
    ran = run(shallow_run, faults[0], scenario, "--guest-base", "0x100000000")
    assert ran.status == wanted.status, ran.said
    assert _comparable(ran, wanted) == wanted.printed


@THUMB
def test_jumps_leave_memory_flat(xlate_run: Path, faults: tuple[Packaged, Known]) -> None:
    """Contexts of 100,000 faults whose handlers jumped away take no more than those of 10,000."""
    peaks = []
    for scenario in ("jumps jumps_unmasked peak", "jumps many jumps_unmasked peak"):
        ran = run(xlate_run, faults[0], scenario)
        assert ran.status == 0, ran.said
        peaks.append(int(ran.said.split()[0]))
    assert peaks[0] < 16 << 10
    assert peaks[1] - peaks[0] < 1 << 10


@THUMB
def test_a_changed_frame_is_refused(xlate_run: Path, faults: tuple[Packaged, Known]) -> None:
    """Most registers of it were never known, so the guest must not go on with them."""
    assert _baseline(xlate_run, faults, "edited").printed == "140 20\n"
    ran = run(xlate_run, faults[0], "edited")
    assert (ran.status, ran.printed) == (125, "")
    assert "the registers at a fault are not known" in ran.said
    assert "--tier baseline" in ran.said


@THUMB
def test_a_handler_with_siginfo_leaves_the_tier(
    xlate_run: Path, faults: tuple[Packaged, Known]
) -> None:
    """Also while a context is kept, which goes on all the same."""
    wanted = _baseline(xlate_run, faults, "changes")
    ran = run(xlate_run, faults[0], "changes")
    assert (ran.status, ran.printed) == (0, wanted.printed), ran.said
    states = [package["state"] for package in ran.counters["packages"]]
    assert "left: a handler that is told the registers at a fault" in states


@THUMB
def test_every_access_has_its_place(faults: tuple[Packaged, Known]) -> None:
    """What LLVM says of accesses is all there are, and no guest instruction has lost its own."""
    image = parse(faults[0].program.read_bytes())
    lifting = Lifting(image, discover(image))
    lifting.settle_flags()
    texts = list(lifting.texts())
    done = compile_functions(texts, PRELUDE, level=1, jobs=1)
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    total = 0
    for text in texts:
        code = done[text.name]
        assert isinstance(code, ObjectCode)
        places = Counter(at for at, _, _ in decode_lines(code.lines))
        accesses = [i.address for i in decoder.disasm(code.code, 0) if "gs:" in i.op_str]
        assert places == Counter(accesses), text.name
        total += len(accesses)
    assert total > 500
