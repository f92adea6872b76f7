"""The commands that whole-program tests run a guest under.

Each test of this folder that asks for ``runner`` runs once identity-mapped and once with a
guest base. With ``XLATE_TEST_RUNNER=qemu-arm`` in the environment the same tests run under
qemu-arm instead: that shows whether a failure is ours, and checks the cases themselves by an
outside witness.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

GUEST_BASE = "0x100000000"


@dataclass(frozen=True)
class Runner:
    """A command to put before a guest program and its arguments."""

    name: str
    words: tuple[str, ...]

    @property
    def is_qemu(self) -> bool:
        """Whether this is the outside witness, with the differences it is known for."""
        return self.name == "qemu-arm"


@pytest.fixture(scope="session", params=["identity", "based"])
def runner(request: pytest.FixtureRequest) -> Runner:
    """Return the command that runs a guest in one of the two mappings."""
    based = request.param == "based"
    if os.environ.get("XLATE_TEST_RUNNER") == "qemu-arm":
        if based:
            pytest.skip("qemu-arm is asked once")
        return Runner("qemu-arm", (str(request.getfixturevalue("qemu_arm")),))
    xlate_run: Path = request.getfixturevalue("xlate_run")
    options = ("--guest-base", GUEST_BASE) if based else ()
    return Runner(request.param, (str(xlate_run), *options))
