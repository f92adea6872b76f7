"""Dynamically linked programs of Debian for armhf behave as the amd64 builds do: the quick cases.

``make debian`` runs all of ``corpus/debian/cases.toml``; here are those marked quick, of small
packages, in the baseline tier. Packages are fetched once into ``build/debian``.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import needs as wanted
from xlate.errors import XlateError
from xlate.tools import debian_run as debian

PLAN = debian.load()
QUICK = [case for case in PLAN.cases if case.quick]


@pytest.fixture(scope="session")
def trees() -> Path:
    """Return the folder with the two roots, or skip where packages cannot be fetched."""
    wanted.needs("unshare", "util-linux")
    probe = debian.native_words(Path("/"))[:-4]  # without what is run
    if subprocess.run([*probe, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine gives ordinary users no namespaces")
    try:
        debian.make_trees(PLAN.packages(QUICK, alone=True), print)
    except XlateError as error:
        wanted.missing("packages of Debian for armhf and amd64", str(error))
    return debian.TREES


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_agrees_with_amd64(
    case: debian.Case, trees: Path, xlate_run: Path, public_folder: Path
) -> None:
    """Output, errors and status of the guest are those of the native program."""
    bench = debian.Bench(PLAN, public_folder / "work")
    native = bench.run(debian.native_words(trees / "amd64"), case)
    guest = bench.run(debian.guest_words(xlate_run, trees / "armhf"), case, {"XLATE_CACHE": "off"})
    assert native.stdout or native.stderr, "the case shows nothing"
    assert debian.difference(case, native, guest) == case.differs


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


def test_time_is_limited(public_folder: Path) -> None:
    """A program that does not end is ended with all it has started."""
    bench = debian.Bench(debian.Plan((), (), {}, ()), public_folder / "work")
    case = debian.Case("x", "x", ("/bin/sh", "-c", "sleep 30 & sleep 30"), seconds=0.3)
    assert bench.run((), case).status == debian.TIMED_OUT
