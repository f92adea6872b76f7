"""Fixtures that all tests share: the runtime, guest programs, compilers, other emulators.

Each of these is made once per session and cached in ``build/`` across sessions and across the
workers of pytest-xdist. What to do where a tool is missing is decided in ``tests/needs.py``
alone.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests import needs as wanted
from xlate.errors import XlateError
from xlate.runtime import build
from xlate.tools import fetch_debian

hypothesis.settings.register_profile("dev", max_examples=60, deadline=None)
hypothesis.settings.register_profile("check", max_examples=200, deadline=None, derandomize=True)
hypothesis.settings.register_profile("long", max_examples=20_000, deadline=None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this test suite."""
    group = parser.getgroup("xlate")
    group.addoption(
        "--no-tool-skips",
        action="store_true",
        default=wanted.strict_by_default(),
        help="a test that lacks a tool fails instead of being skipped (the rule when CI=true)",
    )
    group.addoption(
        "--bless",
        action="store_true",
        default=False,
        help="rewrite golden files with what the code does now; review the diff",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Pass the options on to where they are used."""
    os.environ.setdefault("ZIG_GLOBAL_CACHE_DIR", str(build.ZIG_CACHE))
    os.environ["XLATE_BACKGROUND"] = "0"  # no test leaves a converter behind by chance
    os.environ["XLATE_SYSTEM_CACHE"] = "off"  # what this machine has for its users is not tested
    wanted.set_strict(bool(config.getoption("--no-tool-skips")))
    if config.getoption("--hypothesis-profile", default=None) is None:
        hypothesis.settings.load_profile("check" if wanted.strict_by_default() else "dev")


@pytest.fixture(scope="session")
def bless(request: pytest.FixtureRequest) -> bool:
    """Say whether golden files are to be rewritten."""
    return bool(request.config.getoption("--bless"))


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Return the top folder of the checkout."""
    return wanted.CHECKOUT


@pytest.fixture(scope="session")
def xlate_run() -> Path:
    """Return the path of ``xlate-run``, built from the present sources."""
    return build.ensure(announce=lambda line: print(line, file=sys.stderr))


@pytest.fixture(scope="session")
def xlate_command(checkout: Path) -> list[str]:
    """Return the words that start the Python command line; run them with ``python_env``."""
    return [sys.executable, "-m", "xlate"]


@pytest.fixture(scope="session")
def python_env(checkout: Path) -> dict[str, str]:
    """Return an environment in which a child Python imports this checkout from any folder."""
    return {**os.environ, "PYTHONPATH": str(checkout), "NO_COLOR": "1", "COLUMNS": "100"}


@pytest.fixture(scope="session")
def guest_cc() -> list[str]:
    """Return the command that compiles C for 32-bit ARM Linux."""
    return wanted.guest_compiler()


@pytest.fixture(scope="session")
def host_cc() -> list[str]:
    """Return the command that compiles C for this machine."""
    return wanted.host_compiler()


@pytest.fixture(scope="session")
def qemu_arm() -> Path:
    """Return the path of qemu-arm, one outside witness, whichever form is installed."""
    static = shutil.which("qemu-arm-static")
    return Path(static or wanted.needs("qemu-arm", "apt install qemu-user"))


def _debian_busybox(architecture: str) -> Path:
    folder = wanted.GUEST_DIR / architecture
    try:
        root = fetch_debian.fetch(["busybox-static"], architecture, folder)
    except XlateError as error:
        wanted.missing(f"busybox-static of {architecture}", str(error))
    return fetch_debian.program(root, "busybox")


@pytest.fixture(scope="session")
def busybox_armhf() -> Path:
    """Return Debian's static busybox for armhf: stripped, mostly T32, nobody here wrote it."""
    return _debian_busybox("armhf")


@pytest.fixture(scope="session")
def busybox_amd64() -> Path:
    """Return the amd64 busybox of the same Debian version, to compare with."""
    return _debian_busybox("amd64")


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Return an empty folder with mode 0755; pytest's own are closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix="xlate-public-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
