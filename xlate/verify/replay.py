"""Recorded cases run again: in both tiers, in the interpreter, and in unicorn.

The baseline tier's result is what the others are held against; it is itself held against how the
case ended inside the program, so that a case that does not stand alone is not blamed on an engine.
Unicorn is asked where it is installed; what it is known to do otherwise is counted, not reported.
What optimised code does not answer for (docs/decisions/0011) is left out: NZCV everywhere, since
functions were called and returned from; at a fault, registers; cumulative flags of FPSCR where
numbers became integers, or where nobody could tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from backends.interp import Cpu
from frontends.arm32.decode import Insn
from frontends.arm32.recorded import recorded
from xlate.convert.result import Progress, silent
from xlate.errors import Inconsistent
from xlate.isa.machine import Step
from xlate.verify.case import Case, Claims, Engine, Result, differences
from xlate.verify.interp_engine import Endless, Stream, run_case
from xlate.verify.known import known_errors
from xlate.verify.recording import Recorded, RecordedModule, Skipped
from xlate.verify.stencil_engine import Job, Module, drive

CLAIMS = Claims(flags_at_fault=False)
MOST_INSNS = 10_000  # of one case, for the interpreter
SECONDS_EACH = 20.0  # by the clock: a case takes 0.2 s at most, on an idle machine
MOST_OUTSIDE = 1_000_000  # for unicorn
KERNEL_PAGE = 0xFFFF0000
_REGISTERS = frozenset({"registers", "pc"})
_TO_INTEGER = "f_to_int"

ALONE, OPTIMISED, INTERP, UNICORN = "baseline alone", "optimised", "interp", "unicorn"


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
    """The engine process, where it looks for packages, and the store that remembers hashes."""

    program: Path
    packages: Path
    store: Path | str = "off"

    def baseline(self, cases: Sequence[Case]) -> list[Result]:
        """Run cases without packages."""
        jobs: list[Job] = [(case, None) for case in cases]
        return drive([str(self.program)], jobs, SECONDS_EACH * len(jobs))

    def optimised(self, rows: Sequence[Recorded], file: bytes) -> list[Result]:
        """Run cases of one module with its package."""
        jobs: list[Job] = [(row.case, mapping(row.module, file)) for row in rows]
        command = [str(self.program), "--packages", str(self.packages), "--store", str(self.store)]
        return drive(command, jobs, SECONDS_EACH * len(jobs))


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
    outside = _outside_engine()
    for (row, result), theirs in zip(sound, optimised, strict=True):
        insns = _interpreted(row, result, out)
        compare_optimised(row, result, theirs, out, integers=_may_be_integers(insns))
        if outside is not None:
            _compare_outside(row, result, outside, insns, out)
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


_STEPS: dict[tuple[int, ...], Sequence[Step]] = {}


class _Watching(Stream):
    """A stream that remembers what it executed, each place once."""

    def __init__(self, cpu: Cpu) -> None:
        super().__init__(cpu)
        self.seen: dict[int, Insn] = {}

    def record(self, insn: Insn) -> Sequence[Step]:
        """Return what an instruction does, recorded once: cases have most of theirs in common."""
        key = (insn.word, insn.size, insn.pc, insn.itstate, insn.thumb)
        steps = _STEPS.get(key)
        if steps is None:
            steps = _STEPS[key] = super().record(insn)
        return steps

    def step(self) -> Result | None:
        """Execute one instruction."""
        result = super().step()
        if self.last is not None:
            self.seen[self.last.pc] = self.last
        return result


def _may_be_integers(insns: Collection[Insn] | None) -> bool:
    """Say whether numbers became integers, or nobody can tell."""
    return insns is None or any(
        op.name == _TO_INTEGER
        for insn in insns
        if insn.row is not None
        for op in recorded(insn).ops
    )


def _outside_engine() -> Engine | None:
    try:
        from xlate.verify.unicorn_engine import UnicornEngine
    except ImportError:  # the extra "verify" is not installed
        return None
    return UnicornEngine(MOST_OUTSIDE)


def _compare_outside(
    row: Recorded, expected: Result, engine: Engine, insns: Collection[Insn] | None, out: Replayed
) -> None:
    (result,) = engine.run([row.case])
    if result.stop == "endless":
        out.skipped[f"more than {MOST_OUTSIDE:,} instructions for unicorn"] += 1
        return
    claims = replace(CLAIMS, fault_addr=engine.claims.fault_addr)
    lines = differences(row.case, expected, result, claims)
    if not lines:
        out.agreed[UNICORN] += 1
    elif reason := _known(insns or (), result, lines):
        out.skipped[f"unicorn: {reason}"] += 1
    else:
        out.differences.append(Difference(row, UNICORN, tuple(lines)))


def _known(insns: Collection[Insn], result: Result, lines: list[str]) -> str:
    """Return what unicorn is known to do otherwise in one of the instructions."""
    for insn in insns:
        isa = "A32" if not insn.thumb else "T16" if insn.size == 2 else "T32"
        for entry in known_errors():
            if entry.excuses(isa, insn.word, result, lines):
                return entry.reason
    return ""


def _interpreted(row: Recorded, expected: Result, out: Replayed) -> Collection[Insn] | None:
    """Run the interpreter and note how it compares; return what it executed, None if not all."""
    seen: list[_Watching] = []

    def watching(cpu: Cpu) -> Stream:
        seen.append(_Watching(cpu))
        return seen[0]

    try:
        result = run_case(row.case, most=MOST_INSNS, stream=watching)
    except Endless:
        out.skipped[f"more than {MOST_INSNS:,} instructions for the interpreter"] += 1
        return None
    if result.stop == "fetch" and result.state.r[15] & -4096 == KERNEL_PAGE:
        out.skipped["the interpreter has no kernel helpers"] += 1
        return None
    if lines := differences(row.case, expected, result, CLAIMS):
        out.differences.append(Difference(row, INTERP, tuple(lines)))
    else:
        out.agreed[INTERP] += 1
    return seen[0].seen.values()


def only(differences: Iterable[Difference], engine: str) -> list[Difference]:
    """Return the differences of one engine; Inconsistent for a name that is none."""
    if engine not in (ALONE, OPTIMISED, INTERP, UNICORN):
        raise Inconsistent(f"no engine {engine}")
    return [one for one in differences if one.engine == engine]
