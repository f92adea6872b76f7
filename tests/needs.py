"""What tests want from the machine, and what happens where it is missing.

A test never looks for a tool itself: it asks here (or through a fixture of ``conftest.py``), so
that the reason of every skip has one form, and so that in CI, or under ``--no-tool-skips``, a
missing tool is a failure instead of a test that silently did not run.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
GUEST_DIR = CHECKOUT / "build" / "guest"

GUEST_COMPILERS = ("arm-linux-gnueabihf-gcc",)
ZIG_GUEST = ("-m", "ziglang", "cc", "-target", "arm-linux-musleabihf")

_strict = False


def set_strict(strict: bool) -> None:
    """Decide whether a missing tool fails the test; ``conftest.py`` calls this once."""
    global _strict
    _strict = strict


def strict_by_default() -> bool:
    """Say whether this is CI, where nothing may be skipped for want of a tool."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def missing(what: str, advice: str = "") -> NoReturn:
    """Skip the test because the machine lacks something, or fail it where that is not allowed."""
    reason = f"needs {what}" + (f" ({advice})" if advice else "")
    if _strict:
        pytest.fail(f"{reason}; skips for want of a tool are off here", pytrace=False)
    pytest.skip(reason)


def forbidden(what: str) -> NoReturn:
    """Skip the test because this machine does not allow something; no tool would help."""
    pytest.skip(f"this machine does not allow {what}")


def needs(tool: str, advice: str = "") -> str:
    """Return the path of a program on PATH, or skip (in CI: fail) the calling test."""
    path = shutil.which(tool)
    return path if path is not None else missing(tool, advice)


def needs_module(name: str) -> None:
    """Skip (in CI: fail) the calling test unless the Python module can be imported."""
    if importlib.util.find_spec(name) is None:
        missing(f"the Python module {name}", "pip install 'xlate-arm[verify,dev]'")


def needs_root() -> None:
    """Skip the calling test for an ordinary user; never a failure, since it is not a tool."""
    if os.geteuid() != 0:
        pytest.skip("needs root")


def needs_ordinary_user() -> int:
    """Return a user id without privileges to run a child as; skips unless root can switch."""
    needs_root()
    return 65534


def guest_compiler() -> list[str]:
    """Return the command that compiles C for 32-bit ARM Linux, hard float."""
    for name in GUEST_COMPILERS:
        path = shutil.which(name)
        if path is not None:
            return [path]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, *ZIG_GUEST]
    missing("an ARM cross compiler", "apt install gcc-arm-linux-gnueabihf, or pip install ziglang")


def arm64_compiler() -> list[str]:
    """Return the command that compiles C without a library for AArch64 Linux."""
    return [needs("aarch64-linux-gnu-gcc", "apt install gcc-aarch64-linux-gnu")]


def host_compiler() -> list[str]:
    """Return the command that compiles C for this machine."""
    for name in ("cc", "gcc", "clang"):
        path = shutil.which(name)
        if path is not None:
            return [path]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    missing("a C compiler")
