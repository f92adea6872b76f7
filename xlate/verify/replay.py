"""Recorded cases run again: each in the baseline tier, in optimised code, and by the interpreter.

The baseline tier's result is what the others are held against; it is itself held against how the
case ended inside the program, so that a case that does not stand alone is not blamed on an engine.
What optimised code does not answer for (docs/decisions/0011) is left out: NZCV everywhere, since
functions were called and returned from; at a fault, registers; cumulative flags of FPSCR where
numbers became integers, or where nobody could tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from frontends.arm32.recorded import recorded
from xlate.convert.result import Progress, silent
from xlate.errors import Inconsistent
from xlate.verify.case import Case, Claims, Result, differences
from xlate.verify.interp_engine import Endless, Stream, run_case
from xlate.verify.recording import Recorded, RecordedModule, Skipped
from xlate.verify.stencil_engine import Job, Module, drive

CLAIMS = Claims(flags_at_fault=False)
MOST_INSNS = 3000  # of one case, for the interpreter
KERNEL_PAGE = 0xFFFF0000
_REGISTERS = frozenset({"registers", "pc"})
_TO_INTEGER = "f_to_int"

ALONE, OPTIMISED, INTERP = "baseline alone", "optimised", "interp"


@dataclass(frozen=True)
class Difference:
    """A case that an engine ends otherwise than the baseline tier."""

    row: Recorded
    engine: str
    lines: tuple[str, ...]


@dataclass
class Replayed:
    """How many cases each engine agreed on, why others were not compared, and what differs."""

    cases: int = 0
    functions: int = 0
    agreed: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True)
class Machine:
    """The engine process, and where it looks for packages."""

    program: Path
    packages: Path

    def baseline(self, cases: Sequence[Case]) -> list[Result]:
        """Run cases without packages."""
        return drive([str(self.program)], [(case, None) for case in cases])

    def optimised(self, rows: Sequence[Recorded], file: bytes) -> list[Result]:
        """Run cases of one module with its package."""
        jobs: list[Job] = [(row.case, mapping(row.module, file)) for row in rows]
        return drive([str(self.program), "--packages", str(self.packages)], jobs)


def mapping(module: RecordedModule, file: bytes) -> Module:
    """Return the segment that the module is known by, as a case's file."""
    return Module(file, module.address, module.length, module.offset)


def replay(
    rows: Iterable[Recorded | Skipped], machine: Machine, show: Progress = silent
) -> Replayed:
    """Run every recorded case in every engine, and compare."""
    out = Replayed()
    groups: dict[RecordedModule, list[Recorded]] = {}
    for row in rows:
        if isinstance(row, Skipped):
            out.skipped[row.why] += 1
        else:
            groups.setdefault(row.module, []).append(_without_kernel_page(row))
    out.cases = sum(map(len, groups.values()))
    out.functions = sum(len({row.key for row in group}) for group in groups.values())
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        show("comparing", done, out.cases)

    for module, group in groups.items():
        _replay_group(module, group, machine, out, advance)
    return out


def _without_kernel_page(row: Recorded) -> Recorded:
    """The kernel's page is there in every process of ours, and nobody else may map it."""
    pages = {addr: page for addr, page in row.case.pages.items() if addr != KERNEL_PAGE}
    return replace(row, case=replace(row.case, pages=pages))


def _replay_group(
    module: RecordedModule,
    rows: list[Recorded],
    machine: Machine,
    out: Replayed,
    advance: Callable[[], None],
) -> None:
    expected = machine.baseline([row.case for row in rows])
    sound = []
    for row, result in zip(rows, expected, strict=True):
        end = replace(row.end, pages=result.pages)
        if lines := differences(row.case, end, result, CLAIMS):
            out.differences.append(Difference(row, ALONE, tuple(lines)))
        else:
            out.agreed[ALONE] += 1
            sound.append((row, result))
    optimised = machine.optimised([row for row, _ in sound], module.path.read_bytes())
    for (row, result), theirs in zip(sound, optimised, strict=True):
        out_of_integers = _interpreted(row, result, out)
        compare_optimised(row, result, theirs, out, integers=out_of_integers)
        advance()


def compare_optimised(
    row: Recorded, expected: Result, theirs: Result, out: Replayed, *, integers: bool
) -> None:
    """Hold the result of optimised code against the baseline tier's."""
    if theirs.stop != "crash" and not theirs.entered:
        out.skipped["its code begins in the baseline tier"] += 1
        return
    lines = optimised_differences(row.case, expected, theirs, integers=integers)
    if lines:
        out.differences.append(Difference(row, OPTIMISED, tuple(lines)))
    else:
        out.agreed[OPTIMISED] += 1


def optimised_differences(
    case: Case, expected: Result, theirs: Result, *, integers: bool
) -> list[str]:
    """Return lines of what optimised code answers for and does otherwise."""
    stale = {"nzcv"} | ({"cumulative"} if integers else set())
    if theirs.stop == "fault":
        stale |= _REGISTERS
    theirs = replace(theirs, stale=frozenset(stale))
    return differences(case, expected, theirs, CLAIMS)


class _Watching(Stream):
    """A stream that notices conversions to integers."""

    integers = False

    def step(self) -> Result | None:
        """Execute one instruction."""
        if self.last is not None and not self.integers:
            self.integers = any(op.name == _TO_INTEGER for op in recorded(self.last).ops)
        return super().step()


def _interpreted(row: Recorded, expected: Result, out: Replayed) -> bool:
    """Run the interpreter, note how it compares; say whether numbers may have become integers."""
    seen: list[_Watching] = []

    def watching(cpu: object) -> Stream:
        seen.append(_Watching(cpu))  # type: ignore[arg-type]
        return seen[0]

    try:
        result = run_case(row.case, most=MOST_INSNS, stream=watching)
    except Endless:
        out.skipped[f"more than {MOST_INSNS:,} instructions for the interpreter"] += 1
        return True
    if result.stop == "fetch" and result.state.r[15] & -4096 == KERNEL_PAGE:
        out.skipped["the interpreter has no kernel helpers"] += 1
        return True
    if lines := differences(row.case, expected, result, CLAIMS):
        out.differences.append(Difference(row, INTERP, tuple(lines)))
    else:
        out.agreed[INTERP] += 1
    return seen[0].integers


def only(differences: Iterable[Difference], engine: str) -> list[Difference]:
    """Return the differences of one engine; Inconsistent for a name that is none."""
    if engine not in (ALONE, OPTIMISED, INTERP):
        raise Inconsistent(f"no engine {engine}")
    return [one for one in differences if one.engine == engine]
