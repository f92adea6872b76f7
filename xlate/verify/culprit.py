"""Which function makes a case go wrong in optimised code, and in which pass of LLVM.

The function: a part of the package's functions is taken out, the case runs again, and halving finds
the first one, in order of address, with which it fails. The pass: that function is compiled with
more and more of LLVM's passes and put into the package in place of its own; the first pass with
which the case fails is named. Code that fails without any pass is our own text's fault, and where a
fresh compilation does not fail at all, the package was damaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from backends.llvm.objects import ObjectCode
from backends.llvm.unit import FunctionText
from xlate.discovery import discover
from xlate.errors import Inconsistent
from xlate.lift import Lifting
from xlate.loader import Image
from xlate.package.format import Package, write
from xlate.verify.case import PAGE, Result
from xlate.verify.cut import ALL, Cut, compile_cut
from xlate.verify.placement import Placement, grafted, without
from xlate.verify.recording import Recorded
from xlate.verify.replay import Machine, mapping, optimised_differences
from xlate.verify.stencil_engine import drive

OWN_TEXT = "our own text, before any pass of LLVM"
DAMAGED = "damage in the package, since fresh code is right"

Compile = Callable[[Sequence[FunctionText], int, int], Cut]


@dataclass(frozen=True)
class Trial:
    """One case, what it should come to, and the module's file and package."""

    row: Recorded
    expected: Result
    package: Package
    file: bytes
    machine: Machine
    folder: Path

    def fails_with(self, package: Package) -> bool:
        """Run the case with a package, and say whether it differs."""
        path = self.folder / "trial.xlp"
        write(path, package)
        path.chmod(0o600)
        command = [str(self.machine.program), "--packages", str(path)]
        (result,) = drive(command, [(self.row.case, mapping(self.row.module, self.file))])
        return bool(optimised_differences(self.row.case, self.expected, result, integers=True))

    def taken_out(self, keys: Iterable[int]) -> Package:
        """Return the package without some functions."""
        return without(self.package, dict.fromkeys(keys, "a trial"))


def find_function(trial: Trial) -> int | None:
    """Return the key of the function that is wrong; None where no one function is."""
    keys = _candidates(trial)
    if not keys or trial.fails_with(trial.taken_out(keys)):
        return None
    good, bad = 0, len(keys)  # with so many of the first functions it succeeds, and fails
    if not trial.fails_with(trial.package):
        return None
    while bad - good > 1:
        middle = (good + bad) // 2
        if trial.fails_with(trial.taken_out(keys[middle:])):
            bad = middle
        else:
            good = middle
    return keys[bad - 1]


def _candidates(trial: Trial) -> list[int]:
    """Return the functions on pages that the case touched."""
    bias, pages = trial.row.module.bias, trial.row.case.pages
    keys = {row.key for row in Placement(trial.package).rows.values()}
    return sorted(key for key in keys if ((key & ~1) + bias) & -PAGE in pages)


def texts_of(image: Image, package: Package, key: int) -> list[FunctionText]:
    """Return a function's texts as a conversion makes them now."""
    discovery = discover(image, observed=frozenset(package.profile))
    lifting = Lifting(image, discovery, fast=package.identity.fast, tolerant=True)
    lifting.settle_flags()
    names = Placement(package).rows
    found = lifting.texts_of(key) if key in lifting.sources else iter(())
    return [text for text in found if text.name in names]


def find_stage(
    trial: Trial,
    key: int,
    texts: Sequence[FunctionText],
    compiling: Compile = compile_cut,
    *,
    bisect: bool = True,
) -> str:
    """Return the stage that makes a function wrong, in words; else only whether it is DAMAGED."""
    later = [other for other in _candidates(trial) if other > key]
    package = trial.taken_out(later)
    level = package.identity.level

    def fails(limit: int) -> tuple[bool, Cut]:
        cut = compiling(texts, level, limit)
        return trial.fails_with(grafted(package, _compiled(texts, cut))), cut

    failed, whole = fails(ALL)
    if not failed:
        return DAMAGED
    if not bisect:
        return ""
    if fails(0)[0]:
        return OWN_TEXT
    good, bad = 0, max(1, len(whole.passes))
    while bad - good > 1:
        middle = (good + bad) // 2
        if fails(middle)[0]:
            bad = middle
        else:
            good = middle
    return f"pass {bad} of LLVM, {whole.passes[bad - 1]}"


def _compiled(texts: Sequence[FunctionText], cut: Cut) -> dict[str, ObjectCode]:
    found = {}
    for text, code in zip(texts, cut.outcomes, strict=True):
        if not isinstance(code, ObjectCode):
            raise Inconsistent(f"{text.name} has no code with so few passes ({code.reason})")
        found[text.name] = code
    return found
