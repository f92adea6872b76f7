"""The engines a kernel is timed under, and what each one's command line and environment are.

Decides how a program is made ready for the optimised tier: converted, run once so that what was
only found at run time is in the profile, converted again. Packages, profiles and the memo of
compiled functions lie in a folder of the bench's own, so that a second run of the bench compiles
nothing anew, and never in the user's store. What is timed is ``__main__.py``'s and
``disturbed.py``'s business.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import measure

NATIVE, OPTIMISED, BASELINE, QEMU = "native", "optimised", "baseline", "qemu"
SCALAR = "scalar"  # native, without vectors of the compiler's own
USUAL = (NATIVE, OPTIMISED, BASELINE, QEMU)
ENGINES = (*USUAL, SCALAR)
PAIRS = (
    (OPTIMISED, NATIVE),
    (OPTIMISED, SCALAR),
    (OPTIMISED, QEMU),
    (BASELINE, NATIVE),
    (BASELINE, QEMU),
    (QEMU, NATIVE),
)
CONVERT = (sys.executable, "-m", "xlate", "convert")
CHECKOUT = Path(__file__).resolve().parents[2]
HIT = "hit"


@dataclass(frozen=True)
class Converter:
    """The conversion command, with the store that profiles and memo lie in."""

    store: Path
    level: int | None = None
    words: tuple[str, ...] = CONVERT

    def environment(self) -> dict[str, str]:
        """Return the environment in which the store is this one and Python finds the checkout."""
        return {**os.environ, "XLATE_CACHE": str(self.store), "PYTHONPATH": str(CHECKOUT)}

    def command(self, program: Path, output: Path, *more: str) -> list[str]:
        """Return the command that converts one program into one file."""
        level = [] if self.level is None else [f"-O{self.level}"]
        return [*self.words, str(program), "-o", str(output), *level, *more]

    def convert(self, program: Path, output: Path, *more: str) -> measure.Sample:
        """Convert, and return what it cost and printed; raise where it fails or writes nothing."""
        self.store.mkdir(parents=True, exist_ok=True, mode=0o700)
        output.parent.mkdir(parents=True, exist_ok=True)
        command = self.command(program, output, *more)
        sample = measure.run(command, self.environment())
        if not output.exists():
            raise measure.MeasureError(f"{' '.join(command)} wrote no {output.name}")
        return sample

    def prepare(self, program: Path, output: Path, *runs: Sequence[str]) -> Path:
        """Convert, run, convert again: the package also holds what the runs discovered.

        Each of ``runs`` is the whole command of a run, with the package.
        """
        self.convert(program, output)
        for command in runs:
            measure.run(command, self.environment())
        self.convert(program, output)
        return output


@dataclass(frozen=True)
class Engines:
    """The chosen engines and what their commands are made of."""

    chosen: tuple[str, ...]
    xlate_run: Path
    qemu: Path | None
    converter: Converter
    sysroot: Path | None = None
    packages: Path = field(default=CHECKOUT / "build" / "bench" / "packages")
    fresh: bool = False

    def has(self, engine: str) -> bool:
        """Say whether the engine is wanted and there."""
        return engine in self.chosen and (engine != QEMU or self.qemu is not None)

    def _sysroot(self) -> list[str]:
        return [] if self.sysroot is None else ["-L", str(self.sysroot)]

    def package(self, program: Path) -> Path:
        """Return where the program's package lies; other levels are other files."""
        level = "default" if self.converter.level is None else str(self.converter.level)
        return self.packages / f"O{level}" / f"{program.name}.xlp"

    def prepare(self, program: Path, *runs: Sequence[str]) -> None:
        """Make the package that the optimised engine's command names.

        ``runs`` are the arguments of the runs that come before the last conversion. A package
        that xlate-run still takes is kept, since it refuses one that other sources made.
        """
        package = self.package(program)
        if self.fresh or not package.exists() or self.state(program, runs[0]) != HIT:
            commands = [self._optimised(program, args) for args in runs]
            self.converter.prepare(program, package, *commands)
        state = self.state(program, runs[0])
        if state != HIT:
            raise measure.MeasureError(f"{program.name}: its package was not taken: {state}")

    def state(self, program: Path, args: Sequence[str]) -> str:
        """Return what a run says became of the program's package."""
        with tempfile.TemporaryDirectory(prefix="xlate-bench-") as folder:
            stats = Path(folder) / "stats"
            command = self._optimised(program, args)
            counted = [command[0], "--stats=json", "--stats-file", str(stats), *command[1:]]
            measure.run(counted, self.converter.environment())
            rows = json.loads(stats.read_text(encoding="utf-8"))["packages"]
        found = [row["state"] for row in rows if Path(row["file"]).name == program.name]
        return str(found[0]) if found else "none was looked for"

    def _optimised(self, program: Path, args: Sequence[str]) -> list[str]:
        options = ["-p", str(self.package(program)), "--tier", "auto"]
        return [str(self.xlate_run), *options, *self._sysroot(), str(program), *args]

    def guest(self, program: Path, args: Sequence[str]) -> dict[str, list[str]]:
        """Return the chosen engines' commands for a guest program."""
        tail = [*self._sysroot(), str(program), *args]
        words = {
            OPTIMISED: self._optimised(program, args),
            BASELINE: [str(self.xlate_run), "--tier", "baseline", *tail],
            QEMU: [str(self.qemu), *tail],
        }
        return {engine: command for engine, command in words.items() if self.has(engine)}

    def environments(self) -> dict[str, dict[str, str]]:
        """Return what an engine's process finds in its environment, where that matters."""
        return {
            OPTIMISED: self.converter.environment(),
            BASELINE: {**os.environ, "XLATE_CACHE": "off"},
        }
