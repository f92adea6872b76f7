"""Runs cases as optimised code, the way a user's program is run: from a package of a file.

Two engines. ``llvm``: the code page of a case is a file linked at its own address, discovered,
lifted and linked by itself; all functions of a batch are compiled in one go. ``package``: many
cases are one position-independent file, given to ``convert`` as it is given any file; for each
case the file is mapped so that the case's page has the case's address.

What optimised code does not answer for (docs/decisions/0011) is said in the results: registers at
a fault, and NZCV where control left by a call, a return or a system call. Nor for the pc at a fault
where vectors are loaded: LLVM may join the load with a later instruction. Nor for
cumulative flags where numbers become integers: it may drop what nobody uses. A case that begins
inside an IT block cannot be entered: it runs without a package, and is counted.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from backends.llvm.linker import link
from backends.llvm.objects import ObjectCode, Refused
from backends.llvm.pool import Outcome, compile_functions
from backends.llvm.slots import PRELUDE
from backends.llvm.unit import FunctionText
from frontends.arm32.decode import Insn
from frontends.arm32.recorded import recorded
from frontends.arm32.state import STATE
from xlate.convert.program import Job, convert
from xlate.convert.target import Target
from xlate.discovery import Discovery, discover
from xlate.discovery.model import Function
from xlate.errors import Inconsistent
from xlate.lift import Lifting
from xlate.loader import parse
from xlate.package.format import Entry, Package, encode
from xlate.package.key import identify
from xlate.package.store import package_name
from xlate.verify.case import CODE_PAGE, EXEC, FPSCR_MODES, PAGE, Case, Claims, Result
from xlate.verify.elf_file import MOST_PAGES, CodePage, elf_file, file_offset
from xlate.verify.stencil_engine import Module, drive

_NAME = re.compile(r"@([fs]_[0-9a-f]{8})\b")
_CLAIMS = Claims(flags_at_fault=False)
# A page, and nothing for as far as a literal of its last instruction may lie.
_STRIDE = 3 * PAGE
KEPT = 2000  # packages kept in memory: cases of one code come again when they are reduced
REGISTERS, PC = frozenset({"registers"}), frozenset({"pc"})
NZCV, CUMULATIVE = frozenset({"nzcv"}), frozenset({"cumulative"})
_LOSE_FLAGS = {("call", ""), ("indirect", "call"), ("indirect", "return"), ("stop", "svc")}
_TO_INTEGER = {"f_to_int"}
_VECTOR_LOAD = re.compile(r"vld\d")


@dataclass
class Packaged:
    """How one case is run; without a module in the baseline tier alone."""

    module: Module | None = None
    stale: frozenset[str] = frozenset()  # what it may leave unknown, by what is in it


@dataclass(frozen=True)
class _Made:
    """The package of a case's code, and how the case is run."""

    package: bytes
    how: Packaged

    def put(self, folder: Path) -> Packaged:
        """Write the package where the runtime looks for it."""
        assert self.how.module is not None
        path = folder / package_name(self.how.module.file)
        path.write_bytes(self.package)
        path.chmod(0o600)
        return self.how


Code = tuple[bytes, int, bool]


def _code_of(case: Case) -> Code:
    return case.pages[CODE_PAGE][1], case.state.r[15], case.state.thumb


@dataclass
class LlvmEngine:
    """Optimised code at a level; ``program`` is the path of xlate-insn."""

    program: Path
    arguments: list[str] = field(default_factory=list)
    level: int = 1
    name: str = "llvm"
    claims: Claims = _CLAIMS
    left: Counter[str] = field(default_factory=Counter)  # cases not entered, by reason
    entered: int = 0  # cases that ran in optimised code
    _made: dict[Code, _Made] = field(default_factory=dict)

    def run(self, cases: list[Case]) -> list[Result]:
        """Run every case; one that kills the driver has the stop ``crash``."""
        with tempfile.TemporaryDirectory(prefix="xlate-") as folder:
            packaged = self.prepare(cases, Path(folder))
            command = [str(self.program), *self.arguments, "--packages", folder]
            results = drive(command, [(c, p.module) for c, p in zip(cases, packaged, strict=True)])
        for result, how in zip(results, packaged, strict=True):
            self._judge(result, how)
        return results

    def _judge(self, result: Result, how: Packaged) -> None:
        if not result.entered:
            if how.module is not None:
                self.left["its first instruction is left to the baseline tier"] += 1
            return
        self.entered += 1
        at_fault = result.stop == "fault"
        result.stale = REGISTERS | how.stale & PC if at_fault else how.stale - PC

    def prepare(self, cases: Sequence[Case], folder: Path) -> list[Packaged]:
        """Put the packages of all cases into a folder; equal code is compiled once."""
        if len(self._made) > KEPT:
            self._made.clear()
        wanted = [_code_of(case) if self._can_enter(case) else None for case in cases]
        parts = {
            code: _Part(i, case)
            for i, (case, code) in enumerate(zip(cases, wanted, strict=True))
            if code is not None and code not in self._made
        }
        texts = (text for part in parts.values() for text in part.texts)
        outcomes = compile_functions(texts, PRELUDE, level=self.level, jobs=1) if parts else {}
        for code, part in parts.items():
            self._made[code] = part.finish(outcomes, self.level)
        return [Packaged() if code is None else self._made[code].put(folder) for code in wanted]

    def _can_enter(self, case: Case) -> bool:
        if case.state.itstate & 15:
            self.left["it begins inside an IT block"] += 1
            return False
        if case.state.fpscr & FPSCR_MODES:
            self.left["it begins with FPSCR.FZ or DN"] += 1
            return False
        return True


class _Part:
    """One case on its way to a package of its own."""

    def __init__(self, index: int, case: Case) -> None:
        self.code = code_page(case, CODE_PAGE)
        self.file = elf_file([self.code])
        image = parse(self.file, case.text or "case")
        self.discovery = discover(image)
        self._suffix = f".{index}"
        self.lifted = list(Lifting(image, self.discovery).texts())

    @property
    def texts(self) -> Iterator[FunctionText]:
        """The functions by names that no other case has."""
        for text in self.lifted:
            body = _NAME.sub(rf"@\1{self._suffix}", text.text)
            yield replace(text, name=text.name + self._suffix, text=body)

    def finish(self, outcomes: dict[str, Outcome], level: int) -> _Made:
        """Link; returns the package."""
        own = {text.name: self._own(outcomes[text.name + self._suffix]) for text in self.lifted}
        for outcome in own.values():
            if isinstance(outcome, Refused):
                raise Inconsistent(f"a case was not compiled: {outcome.reason}")
        linked = link(self.lifted, own, low=CODE_PAGE, span=PAGE, offsets=STATE.offsets())
        if linked.dropped:
            raise Inconsistent(f"code of a case was dropped: {linked.dropped[0][1]}")
        package = Package(
            identity=identify(self.file, STATE.abi(), level=level, position_independent=False),
            low=CODE_PAGE,
            high=CODE_PAGE + PAGE,
            table_a32=linked.table_a32,
            table_t32=linked.table_t32,
            image=linked.code,
            entries=tuple(Entry(*row) for row in linked.entries),
            faults=linked.faults,
            fault_count=linked.fault_count,
            functions=len(self.lifted),
        )
        module = Module(self.file, CODE_PAGE, PAGE, file_offset(0))
        return _Made(encode(package), Packaged(module, unknown(self.discovery)))

    def _own(self, outcome: Outcome) -> Outcome:
        if isinstance(outcome, ObjectCode):
            names = tuple(name.removesuffix(self._suffix) for name in outcome.callees)
            return replace(outcome, callees=names)
        return outcome


class PackageEngine(LlvmEngine):
    """Many cases a file, through ``convert``."""

    def prepare(self, cases: Sequence[Case], folder: Path) -> list[Packaged]:
        """Convert files of some sixty cases each."""
        packaged = [Packaged() for _ in cases]
        usable = [i for i, case in enumerate(cases) if self._can_enter(case)]
        for start in range(0, len(usable), MOST_PAGES):
            share = usable[start : start + MOST_PAGES]
            for i, how in zip(share, self._convert([cases[i] for i in share], folder), strict=True):
                packaged[i] = how
        return packaged

    def _convert(self, cases: Sequence[Case], folder: Path) -> list[Packaged]:
        pages = [code_page(case, PAGE + _STRIDE * i) for i, case in enumerate(cases)]
        file = elf_file(pages, position_independent=True)
        path = folder / "cases"
        path.write_bytes(file)
        done = convert(Job(path, Target(None, folder=folder), level=self.level))
        if done.refused:
            raise Inconsistent(f"code of a case was refused: {done.refused}")
        discovery = discover(parse(file, "cases"))
        return [
            Packaged(
                Module(file, CODE_PAGE, PAGE, file_offset(i)),
                unknown(discovery, page.address),
            )
            for i, page in enumerate(pages)
        ]


def code_page(case: Case, address: int) -> CodePage:
    """The page of code of a case, placed at an address."""
    protected, data = case.pages[CODE_PAGE]
    assert protected & EXEC
    entry = case.state.r[15] - CODE_PAGE + address
    return CodePage(address, data, entry | int(case.state.thumb))


def unknown(discovery: Discovery, page: int = CODE_PAGE) -> frozenset[str]:
    """What the code of a page may leave unknown at its end, and "pc" at a fault."""
    functions = [f for key, f in discovery.functions.items() if key & -PAGE == page]
    return loses(*functions)


def loses(*functions: Function) -> frozenset[str]:
    """What these functions together may leave unknown at their end, and "pc" at a fault."""
    # Between functions, flags are kept only where some code is known to read them.
    found = set(NZCV) if len(functions) > 1 else set()
    insns: list[Insn] = []
    for function in functions:
        for block in function.blocks.values():
            insns += block.insns
            flow = recorded(block.insns[-1]).flow
            found |= NZCV if (flow.kind, flow.how) in _LOSE_FLAGS else set()
    if any(insn.row is not None and _VECTOR_LOAD.match(insn.row.name) for insn in insns):
        found |= PC
    # The one instruction of a case is never without use.
    ops = {op.name for insn in insns for op in recorded(insn).ops}
    if len(insns) > 1 and ops & _TO_INTEGER:
        found |= CUMULATIVE
    return frozenset(found)
