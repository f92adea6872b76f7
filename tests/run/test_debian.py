"""Dynamically linked programs of Debian and of musl behave as the builds for this machine do.

``make debian``, ``make musl`` and ``make known`` run all of ``corpus/debian``; here are the cases
marked quick, of small packages, in the baseline tier. Packages and sources are fetched once into
``build/debian``.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests import needs as wanted
from xlate.errors import XlateError
from xlate.tools import debian_run as debian
from xlate.tools import known_answers as known
from xlate.tools import musl_userland as musl

PLAN = debian.load()
QUICK = [case for case in PLAN.cases if case.quick]
ARMEL = [case for case in QUICK if case.armel and case.package in PLAN.always]
KNOWN_PLAN = known.load()
KNOWN = [case for case in KNOWN_PLAN.cases if case.quick]
MUSL_PLAN = musl.load()
MUSL = [case for case in MUSL_PLAN.cases if case.quick and case.name.startswith("musl")]


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Skip where native programs cannot be given a root of their own."""
    wanted.needs("unshare", "util-linux")
    probe = [*debian.alone(), "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        wanted.forbidden("namespaces")


@pytest.fixture(scope="session")
def armhf(namespaces: None) -> debian.World:
    """Return the world of Debian for armhf, or skip where packages cannot be fetched."""
    return _fetched(debian.ARMHF, QUICK)


@pytest.fixture(scope="session")
def known_world(armhf: debian.World) -> debian.World:
    """Return the same with programs of ours in it, or skip where these cannot be built."""
    wanted.needs("arm-linux-gnueabihf-gcc", "apt install gcc-arm-linux-gnueabihf")
    _fetched(known.WORLD, KNOWN)
    known.install(print)
    return known.WORLD


@pytest.fixture(scope="session")
def armel(namespaces: None) -> debian.World:
    """Return the world of Debian for armel, or skip where packages cannot be fetched."""
    return _fetched(debian.ARMEL, ARMEL)


def _fetched(world: debian.World, cases: list[debian.Case]) -> debian.World:
    try:
        debian.make_trees(PLAN.packages(cases, alone=True), print, guest=world.root.name)
    except XlateError as error:
        wanted.missing(f"packages of Debian for {world.name} and amd64", str(error))
    return world


@pytest.fixture(scope="session")
def musl_world(namespaces: None) -> debian.World:
    """Return the world of musl with what quick cases need, or skip where it cannot be built."""
    wanted.needs("arm-linux-gnueabihf-gcc", "apt install gcc-arm-linux-gnueabihf")
    try:
        musl.make(print, {case.package for case in MUSL})
    except XlateError as error:
        wanted.missing("a userland of musl", str(error))
    return musl.WORLD


def _agrees(
    case: debian.Case, plan: debian.Plan, world: debian.World, xlate_run: Path, folder: Path
) -> None:
    bench = debian.Bench(plan, folder / "work")
    native = bench.run(debian.native_words(world.native_root), case)
    guest = bench.run(debian.guest_words(xlate_run, world.root), case, {"XLATE_CACHE": "off"})
    assert native.stdout or native.stderr, "the case shows nothing"
    assert debian.difference(case, native, guest) == case.differs


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_agrees_with_amd64(
    case: debian.Case, armhf: debian.World, xlate_run: Path, public_folder: Path
) -> None:
    """Output, errors and status of the guest are those of the native program."""
    _agrees(case, PLAN, armhf, xlate_run, public_folder)


@pytest.mark.parametrize("case", ARMEL, ids=lambda case: case.name)
def test_armel_agrees_with_amd64(
    case: debian.Case, armel: debian.World, xlate_run: Path, public_folder: Path
) -> None:
    """The same programs without floating point registers, for ARMv5TE, do the same."""
    _agrees(case, PLAN, armel, xlate_run, public_folder)


@pytest.mark.parametrize("case", KNOWN, ids=lambda case: case.name)
def test_answers_are_the_known_ones(
    case: debian.Case, known_world: debian.World, xlate_run: Path, public_folder: Path
) -> None:
    """Libraries that programs of ours ask answer as those for this machine do."""
    _agrees(case, KNOWN_PLAN, known_world, xlate_run, public_folder)


@pytest.mark.parametrize("case", MUSL, ids=lambda case: case.name)
def test_musl_agrees_with_amd64(
    case: debian.Case, musl_world: debian.World, xlate_run: Path, public_folder: Path
) -> None:
    """A program linked with musl does what the same source does on this machine."""
    _agrees(case, MUSL_PLAN, musl_world, xlate_run, public_folder)


def test_a_difference_is_seen(public_folder: Path) -> None:
    """Other output, other errors, another status and no end are told; masked text is not."""
    case = debian.Case("x", "x", (), masks=(debian.Mask("[0-9]+", "N", "numbers"),), seconds=3)
    same = debian.Result("a 1\nb\n", "", 0)
    assert not debian.difference(case, same, debian.Result("a 22\nb\n", "", 0))
    assert "line 2 is 'c', not 'b'" in debian.difference(
        case, same, debian.Result("a 1\nc\n", "", 0)
    )
    assert "line 1 is 'oops', not '(end)'" in debian.difference(
        case, same, debian.Result("a 1\nb\n", "oops\n", 0)
    )
    assert "status -11, not 0" in debian.difference(case, same, debian.Result("a 1\nb\n", "", -11))
    assert "no end" in debian.difference(case, same, debian.Result("", "", debian.TIMED_OUT))


NO_PROGRAM = "/bin/sh: 1: oops: not found\n"


@pytest.mark.parametrize(
    ("native", "told"),
    [
        (debian.Result("", "", debian.TIMED_OUT), "natively no end within 60 s"),
        (debian.Result("", "oops\n", 127), "natively status 127: oops"),
        (debian.Result("", "oops\n", 126), "natively status 126: oops"),
        (debian.Result("x\n", f"a\n{NO_PROGRAM}b\n", 0), "natively oops: not found"),
    ],
)
def test_what_fails_alike_is_no_agreement(native: debian.Result, told: str) -> None:
    """A program that is missing on both sides, or never ends, shows nothing about the guest."""
    case = debian.Case("x", "x", ())
    assert debian.difference(case, native, native) == told


def test_a_row_may_want_a_missing_program() -> None:
    """What a case names as missing may be, and the status it names; nothing else may."""
    case = debian.Case("x", "x", (), missing=("oops",), status=127)
    native = debian.Result("", NO_PROGRAM, 127)
    assert not debian.difference(case, native, native)
    native = debian.Result("", NO_PROGRAM, 126)
    assert debian.difference(case, native, native).startswith("natively status 126: ")
    native = debian.Result("", NO_PROGRAM + NO_PROGRAM.replace("oops", "other"), 127)
    assert debian.difference(case, native, native) == "natively other: not found"


def test_enough_cases_are_listed() -> None:
    """At least 150 cases of at least 60 packages are listed, every mask with a reason."""
    assert len(PLAN.cases) >= 150
    assert len({case.package for case in PLAN.cases}) >= 60
    assert all(mask.why for case in PLAN.cases for mask in case.masks)
    assert sum(case.armel for case in PLAN.cases) >= 40
    assert len(MUSL_PLAN.cases) >= 40


@pytest.mark.parametrize("last", ["sleep 30", "exit 3"])
def test_time_is_limited(last: str, namespaces: None, public_folder: Path) -> None:
    """A program that does not end is ended with all it has started, whatever its session."""
    wanted.needs("setsid", "util-linux")
    bench = debian.Bench(debian.Plan((), (), {}, ()), public_folder / "work")
    case = debian.Case("x", "x", ("/bin/sh", "-c", f"setsid sleep 30 & {last}"), seconds=0.5)
    start = time.monotonic()
    status = bench.run(debian.alone(), case).status
    assert time.monotonic() - start < 5
    assert status == (3 if last == "exit 3" else debian.TIMED_OUT)


def test_nothing_is_added_to_what_a_program_prints(namespaces: None, public_folder: Path) -> None:
    """The end by a signal is a status, and no shell of ours writes about it."""
    bench = debian.Bench(debian.Plan((), (), {}, ()), public_folder / "work")
    case = debian.Case("x", "x", ("/bin/sh", "-c", "echo out; echo err >&2; kill -SEGV $$"))
    assert bench.run(debian.alone(), case) == debian.Result("out\n", "err\n", 128 + 11)
