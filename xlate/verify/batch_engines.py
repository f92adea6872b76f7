"""Engines for batches: what runs every state of every piece, and what each answers for.

``stencil`` is the baseline tier. ``llvm`` is optimised code of a file linked at the very addresses
of the batch, ``package`` of the same code as a position-independent file that is mapped there;
both come out of ``convert`` and are loaded by the runtime as any program's package. ``qemu`` is
a program of the corpus that takes the same records, under qemu-arm; ``unicorn`` a library.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from backends.llvm.linker import FULL
from xlate.convert.program import Job, convert
from xlate.convert.target import Target
from xlate.discovery import Discovery, discover
from xlate.discovery.model import Function
from xlate.errors import Inconsistent
from xlate.loader import parse
from xlate.verify.batch import CODE_LOW, Batch, Run
from xlate.verify.batch_records import answers
from xlate.verify.case import PAGE, Claims, Engine, Result
from xlate.verify.elf_file import CodePage, elf_file, file_offset
from xlate.verify.llvm_engine import PC, REGISTERS, loses
from xlate.verify.qemu_engine import CLAIMS, QEMU, heard, program
from xlate.verify.stencil_engine import Module

SECONDS = 900.0  # for one batch


class BatchEngine(Protocol):
    """Something that runs batches."""

    outside: bool  # a witness, which knows nothing of what we leave open

    @property
    def name(self) -> str:
        """What it is called in tables."""

    @property
    def claims(self) -> Claims:
        """What it answers for."""

    def run(self, batch: Batch, runs: list[Run]) -> list[Result]:
        """Results of some runs of a batch, in their order."""


@dataclass
class StencilBatches:
    """The baseline tier; ``program`` is the path of xlate-insn."""

    program: Path
    name: str = "stencil"
    claims: Claims = field(default_factory=lambda: Claims(flags_at_fault=False))
    outside: bool = False

    def run(self, batch: Batch, runs: list[Run]) -> list[Result]:
        """Results of some runs."""
        return answers([str(self.program)], runs, SECONDS)[0]


@dataclass
class OptimisedBatches:
    """Optimised code; ``relative`` as position-independent code."""

    program: Path
    relative: bool
    level: int = 1
    claims: Claims = field(default_factory=lambda: Claims(flags_at_fault=False))
    outside: bool = False
    ran: Counter[str] = field(default_factory=Counter)  # runs by what became of them

    @property
    def name(self) -> str:
        """Which of the two it is."""
        return "package" if self.relative else "llvm"

    def run(self, batch: Batch, runs: list[Run]) -> list[Result]:
        """Convert the code of the batch, then run it with its package."""
        low = PAGE if self.relative else CODE_LOW
        file = _file(batch, low, relative=self.relative)
        with tempfile.TemporaryDirectory(prefix="xlate-") as name:
            folder = Path(name)
            (folder / "cases").write_bytes(file)
            done = convert(Job(folder / "cases", Target(None, folder=folder), level=self.level))
            if done.refused.keys() - {
                FULL
            }:  # no room: it runs in the baseline tier, and is counted
                raise Inconsistent(f"code of a batch was refused: {done.refused}")
            module = Module(file, CODE_LOW, len(batch.code), file_offset(0))
            command = [str(self.program), "--packages", name]
            unknown = _Unknown(batch, file, low)
            results, entered = answers(command, runs, SECONDS, module, unknown.judge)
        self.ran["optimised"] += entered
        self.ran["baseline"] += len(runs) - entered
        return results


class _Unknown:
    """What the optimised code of a batch does not answer for; found out when it is asked."""

    def __init__(self, batch: Batch, file: bytes, low: int) -> None:
        self._entries, self._file, self._move = batch.entries, file, low - CODE_LOW

    def judge(self, run: Run, result: Result) -> None:
        """Say of a result what it does not answer for."""
        if result.entered:
            unknown = loses(*_reached(self._discovery, self._entries[run.piece] + self._move))
            result.stale = REGISTERS | unknown & PC if result.stop == "fault" else unknown - PC

    @cached_property
    def _discovery(self) -> Discovery:
        return discover(parse(self._file, "cases"))


def _reached(discovery: Discovery, key: int) -> list[Function]:
    known = discovery.functions
    found: dict[int, Function] = {}
    todo = {key}
    while todo:
        at = todo.pop()
        if at in known and at not in found:
            found[at] = known[at]
            todo |= known[at].calls | known[at].tail_calls
    return list(found.values())


def _file(batch: Batch, low: int, *, relative: bool) -> bytes:
    keys = [entry - CODE_LOW + low for entry in batch.entries]
    page = CodePage(low, batch.code, keys[0], tuple(keys[1:]), batch.used)
    return elf_file([page], position_independent=relative)


@dataclass
class QemuBatches:
    """qemu-arm with all that it emulates."""

    name: str = "qemu"
    claims: Claims = CLAIMS
    outside: bool = True

    def run(self, batch: Batch, runs: list[Run]) -> list[Result]:
        """Results of some runs."""
        return answers([QEMU, str(program())], runs, SECONDS, look=lambda _, result: heard(result))[
            0
        ]


@dataclass
class Witness:
    """An engine of single cases that has a quick way for those that share their pages."""

    engine: Engine
    outside: bool = True

    @property
    def name(self) -> str:
        """The engine's."""
        return self.engine.name

    @property
    def claims(self) -> Claims:
        """The engine's."""
        return self.engine.claims

    def run(self, batch: Batch, runs: list[Run]) -> list[Result]:
        """Results of some runs."""
        return self.engine.run([run.drawn.case for run in runs])


def make(names: Iterable[str], driver: Path) -> list[BatchEngine]:
    """Return engines by name."""
    found: list[BatchEngine] = []
    for name in names:
        if name == "stencil":
            found.append(StencilBatches(driver))
        elif name in ("llvm", "package"):
            found.append(OptimisedBatches(driver, relative=name == "package"))
        elif name == "qemu":
            found.append(QemuBatches())
        elif name == "unicorn":
            from xlate.verify.unicorn_engine import UnicornEngine

            found.append(Witness(UnicornEngine()))
        else:
            raise Inconsistent(f"no engine {name}")
    return found
