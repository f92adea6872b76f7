"""Runs cases under qemu-arm: an outside witness, one process for as many cases as there are.

The program that does it is in the corpus (``witness/cases.c``), takes the records of xlate-insn and
is built here when it is first needed. An SVC would be a system call of that program, so cases that
make one are not for this engine.
"""

from __future__ import annotations

import functools
import hashlib
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from xlate.errors import Unsupported
from xlate.verify.case import Case, Claims, Result
from xlate.verify.stencil_engine import drive

QEMU, COMPILER = "qemu-arm", "arm-linux-gnueabihf-gcc"
_CHECKOUT = Path(__file__).parents[2]
_SOURCE = _CHECKOUT / "corpus" / "witness" / "cases.c"
_FLAGS = (
    *("-O2", "-marm", "-mfpu=neon", "-Wall", "-Wextra", "-Werror"),
    *("-ffreestanding", "-fno-tree-loop-distribute-patterns", "-fno-pie"),
    *("-nostdlib", "-static", "-no-pie", "-Wl,-Ttext-segment=0x50000000"),
)

# Of an access over two pages it names another byte, as unicorn does.
CLAIMS = Claims(fault_addr=False)


@dataclass
class QemuEngine:
    """qemu-arm with all that it emulates; ``seconds`` is what it may take for one call."""

    seconds: float = 60.0
    name: str = "qemu"
    claims: Claims = CLAIMS

    def run(self, cases: list[Case]) -> list[Result]:
        """Run every case; one that ends the process has the stop ``crash``."""
        command = [QEMU, str(program())]
        results = drive(command, [(case, None) for case in cases], self.seconds)
        for result in results:
            heard(result)
        return results


def heard(result: Result) -> None:
    """Tell by which signal the program heard, which stands where xlate-insn counts entries."""
    result.reason = "alignment" if result.entered == signal.SIGBUS else result.reason
    result.entered = 0


@functools.cache
def program() -> Path:
    """Build the program that runs cases; raises Unsupported where there is no compiler."""
    source = _SOURCE.read_bytes()
    digest = hashlib.blake2b(source + repr(_FLAGS).encode(), digest_size=8).hexdigest()
    path = _CHECKOUT / "build" / "corpus" / f"cases-{digest}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run([COMPILER, *_FLAGS, "-o", str(path), str(_SOURCE)], check=True)
        except FileNotFoundError as e:
            raise Unsupported("the witness under qemu-arm", "", f"no {COMPILER}") from e
    return path
