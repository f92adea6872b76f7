"""A program run with its states recorded, the cases run again, and whoever is wrong named.

``record`` lets the guest run undisturbed in the baseline tier and returns what was written down;
``judge`` holds tier against tier and finds, for each difference of optimised code, the function in
which it arises. Modules are told apart by their files, as the store does.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xlate import runtime
from xlate.convert.result import Progress, silent
from xlate.errors import Unsupported
from xlate.loader import parse
from xlate.package.format import Package, read
from xlate.verify.culprit import Trial, find_function, find_stage, texts_of
from xlate.verify.placement import without
from xlate.verify.recording import Recorded, RecordedModule, Skipped, read_recording
from xlate.verify.replay import OPTIMISED, Machine, Replayed, only, replay
from xlate.verify.sample import Sample

MOST_CASES = 1000

Find = Callable[[bytes], Path | None]


@dataclass(frozen=True)
class Run:
    """How a program is run: its words, and what ``xlate-run`` is told beside them."""

    words: Sequence[str]
    options: Sequence[str] = ()
    output: int | None = None  # where the guest's standard output goes; None: where ours does


@dataclass(frozen=True)
class Wrong:
    """A function that is wrong, in which module, by which case, and since which stage."""

    module: RecordedModule
    key: int
    lines: tuple[str, ...]
    stage: str = ""


@dataclass
class Judged:
    """What came of a run: its status, the comparison, and the functions that are wrong."""

    status: int
    replayed: Replayed
    wrong: list[Wrong] = field(default_factory=list)
    unexplained: int = 0  # differences of optimised code that no one function makes


def engine_process() -> Path:
    """Return the path of xlate-insn; raises Unsupported where there is none."""
    program = runtime.find().with_name("xlate-insn")
    if not program.is_file():
        why = f"{program} is missing"
        raise Unsupported("no engine for single cases", "", why, advice="reinstall xlate-arm")
    return program


def record(run: Run, sample: Sample) -> tuple[int, list[Recorded | Skipped]]:
    """Run a program and return its status with what was recorded of it."""
    count = MOST_CASES if sample.count is None else sample.count
    with tempfile.TemporaryDirectory(prefix="xlate-") as folder:
        path = Path(folder, "recording")
        what = f"{sample.share}/{sample.of}:{sample.first}:{count}:{path}"
        command = [str(runtime.find()), "--record", what, *run.options, *run.words]
        # What is wrong is taken out of the user's store, so that is where packages come from.
        environment = {**os.environ, "XLATE_SYSTEM_CACHE": "off"}
        done = subprocess.run(command, stdout=run.output, env=environment, check=False)
        if not path.is_file():
            raise Unsupported("nothing was recorded", "", "xlate-run did not start")
        return done.returncode, list(read_recording(path.read_bytes()))


def judge(
    rows: Iterable[Recorded | Skipped],
    status: int,
    machine: Machine,
    find: Find,
    *,
    bisect: bool,
    show: Progress = silent,
) -> Judged:
    """Compare all engines on what was recorded; with ``bisect``, name passes too."""
    judged = Judged(status, replay(rows, machine, show))
    blamed: dict[tuple[Path, int], Wrong] = {}
    todo = only(judged.replayed.differences, OPTIMISED)
    with tempfile.TemporaryDirectory(prefix="xlate-") as folder:
        for number, difference in enumerate(todo):
            show("looking for the function", number, len(todo))
            row = difference.row
            file = row.module.path.read_bytes()
            path = find(file)
            if path is None:
                judged.unexplained += 1
                continue
            (expected,) = machine.baseline([row.case])
            package = _without_known(read(path), row.module, blamed)
            trial = Trial(row, expected, package, file, machine, Path(folder))
            if blamed and not trial.fails_with(package):
                continue  # a function that is known to be wrong explains it
            key = find_function(trial)
            if key is None:
                judged.unexplained += 1
                continue
            stage = _stage(trial, key, bisect=bisect)
            blamed[row.module.path, key] = Wrong(row.module, key, difference.lines, stage)
    judged.wrong = [blamed[place] for place in sorted(blamed)]
    return judged


def _without_known(
    package: Package, module: RecordedModule, blamed: dict[tuple[Path, int], Wrong]
) -> Package:
    """Return the package without what is known to be wrong in it."""
    keys = [key for path, key in blamed if path == module.path]
    return without(package, dict.fromkeys(keys, "wrong")) if keys else package


def _stage(trial: Trial, key: int, *, bisect: bool) -> str:
    image = parse(trial.file, str(trial.row.module.path))
    return find_stage(trial, key, texts_of(image, trial.package, key), bisect=bisect)


def packages_place(given: Path | None, root: Path | None) -> Path:
    """Return where engines look for packages: a named one, or the store's folder."""
    if given is not None:
        return given.absolute()
    assert root is not None  # whoever names none has a store
    return root / "packages"


def options_for(given: Path | None, sysroot: Path | None) -> list[str]:
    """Return the options of ``xlate-run`` for a package and a sysroot that were named."""
    out = [] if given is None else ["-p", os.fspath(given)]
    return out if sysroot is None else [*out, "-L", os.fspath(sysroot)]
