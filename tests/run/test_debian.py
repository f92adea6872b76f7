"""Dynamically linked programs of Debian and of musl behave as the builds for this machine do.

``make debian`` and ``make musl`` run all of ``corpus/debian``; here are the cases marked quick, of
small packages, in the baseline tier. Packages and sources are fetched once into ``build/debian``.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import needs as wanted
from xlate.errors import XlateError
from xlate.tools import debian_run as debian
from xlate.tools import musl_userland as musl

PLAN = debian.load()
QUICK = [case for case in PLAN.cases if case.quick]
ARMEL = [case for case in QUICK if case.armel and case.package in PLAN.always]
MUSL_PLAN = musl.load()
MUSL = [case for case in MUSL_PLAN.cases if case.quick and case.name.startswith("musl")]


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Skip where native programs cannot be given a root of their own."""
    wanted.needs("unshare", "util-linux")
    probe = debian.native_words(Path("/"))[:-4]  # without what is run
    if subprocess.run([*probe, "true"], capture_output=True, check=False).returncode:
        wanted.forbidden("namespaces")


@pytest.fixture(scope="session")
def armhf(namespaces: None) -> debian.World:
    """Return the world of Debian for armhf, or skip where packages cannot be fetched."""
    return _fetched(debian.ARMHF, QUICK)


@pytest.fixture(scope="session")
def armel(namespaces: None) -> debian.World:
    """Return the world of Debian for armel, or skip where packages cannot be fetched."""
    return _fetched(debian.ARMEL, ARMEL)


def _fetched(world: debian.World, cases: list[debian.Case]) -> debian.World:
    try:
        debian.make_trees(PLAN.packages(cases, alone=True), print, guest=world.name)
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


def test_enough_cases_are_listed() -> None:
    """At least 150 cases of at least 60 packages are listed, every mask with a reason."""
    assert len(PLAN.cases) >= 150
    assert len({case.package for case in PLAN.cases}) >= 60
    assert all(mask.why for case in PLAN.cases for mask in case.masks)
    assert sum(case.armel for case in PLAN.cases) >= 40
    assert len(MUSL_PLAN.cases) >= 40


def test_time_is_limited(public_folder: Path) -> None:
    """A program that does not end is ended with all it has started."""
    bench = debian.Bench(debian.Plan((), (), {}, ()), public_folder / "work")
    case = debian.Case("x", "x", ("/bin/sh", "-c", "sleep 30 & sleep 30"), seconds=0.3)
    assert bench.run((), case).status == debian.TIMED_OUT
