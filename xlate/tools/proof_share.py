"""One share of the proof: batches made, run on every engine, compared; what came of it as counts.

A share is a unit of work that depends on its seed and its words alone. Differences that an entry of
``known.py`` covers are counted under its reason; others are told as a line for ``tests/insn``,
shrunk, where they show in a case of its own.
"""

from __future__ import annotations

import gc
import random
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from frontends.arm32.decode import ALWAYS, IT_ROW, UNCONDITIONAL, Insn
from frontends.arm32.recorded import recorded
from xlate.errors import Inconsistent
from xlate.tools.fuzz import Plan, describe, excused, make_engine
from xlate.verify.batch import Batch, Piece, Run, States, fill, lay_out
from xlate.verify.batch_engines import BatchEngine, OptimisedBatches, make
from xlate.verify.blocks import Blocks
from xlate.verify.case import CONST_PAGE, DATA_PAGES, Result, differences, make_case
from xlate.verify.encodings import Encoding
from xlate.verify.generate import Drawn, decode_all
from xlate.verify.interp_engine import Endless, run_case

ENGINES = ("stencil", "llvm", "package", "unicorn", "qemu")
BLOCK_SHARE = 500
STATES = {"encodings": 16, "blocks": 1}
IN_IT = 0.2  # of T32's encodings, so many behind an IT
TOLD = 3  # findings of a share and an engine that are told in full: that takes minutes
OWN_PAGES = (4, 5)  # by their highest four bits, where qemu-arm and its program have theirs
OPEN = ("unpredictable", "unimplemented")  # what witnesses are not asked about


@dataclass(frozen=True)
class Share:
    """Which part of the proof."""

    kind: str  # encodings or blocks
    family: str
    index: int
    seed: int

    @property
    def name(self) -> str:
        """Its name, in files and for people."""
        return f"{self.kind} {self.family} {self.index}"


def run_share(share: Share, words: Sequence[Encoding], engines: str, driver: str) -> dict[str, Any]:
    """Return the record of a share."""
    gc.disable()  # all that a share makes stays to its end: to look for garbage took a tenth
    try:
        return _run(share, words, engines, driver)
    finally:
        gc.enable()


def _run(share: Share, words: Sequence[Encoding], engines: str, driver: str) -> dict[str, Any]:
    seed = random.Random(f"{share.name} {share.seed}").getrandbits(64)
    states = States(seed)
    if share.kind == "encodings":
        pieces = [_piece(one, states.pick) for one in words]
    else:
        pieces = Blocks(seed, words).pieces(share.family, BLOCK_SHARE)
    start = _cpu()
    batch = lay_out(share.family, pieces, states)
    fill(batch, states, STATES[share.kind])
    record = _Record(batch, STATES[share.kind])
    record.seconds["interp"] = _cpu() - start
    for engine in make([name for name in engines.split(",") if name], Path(driver)):
        record.compare(engine, driver)
    return record.as_json()


def _cpu() -> float:
    """Seconds of processors so far, of this process and of those that it waited for."""
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + others.ru_utime + others.ru_stime


def _piece(one: Encoding, pick: random.Random) -> Piece:
    """An encoding alone or, of T32, behind an IT that makes it the block's one instruction."""
    label = f"{one.isa} {one.row.name}"
    if one.family == "A32":
        return Piece("A32", (one.word,), label, one.executes, group=one.group)
    words: tuple[int, ...] = (one.word,)
    alone = one.row.predicated or one.row.name in (*UNCONDITIONAL, IT_ROW)
    if not alone and pick.random() < IN_IT:
        words = (0xBF08 | pick.randrange(ALWAYS) << 4, one.word)
    return Piece("T32", words, label, one.executes, pick.random() < 0.5, one.group)


class _Record:
    """What a share has counted."""

    def __init__(self, batch: Batch, each: int) -> None:
        self.batch = batch
        self.seconds: dict[str, float] = {}
        self.compared: dict[str, Counter[str]] = defaultdict(Counter)  # engine: runs by group
        self.differ: Counter[str] = Counter()
        self.known: dict[str, Counter[str]] = defaultdict(Counter)
        self.skipped: dict[str, Counter[str]] = defaultdict(Counter)
        self.entered: dict[str, dict[str, int]] = {}
        self.failures: list[str] = []
        runs = Counter(run.piece for run in batch.runs)
        self.pieces = Counter(
            piece.label
            for number, piece in enumerate(batch.pieces)
            if piece.executes and runs[number] == each
        )
        self.refused = Counter(piece.label for piece in batch.pieces if not piece.executes)
        self.short = Counter(
            piece.label
            for number, piece in enumerate(batch.pieces)
            if piece.executes and runs[number] < each
        )

    def compare(self, engine: BatchEngine, driver: str) -> None:
        """Run all states on one engine."""
        start = _cpu()
        runs = [run for run in self.batch.runs if self._asks(engine, run)]
        told = 0
        for run, got in zip(runs, engine.run(self.batch, runs), strict=True):
            piece = self.batch.pieces[run.piece]
            self.compared[engine.name][piece.group] += 1
            if got is run.drawn.expected:  # nothing differs
                continue
            claims = engine.claims.for_length(run.length)
            found = differences(run.drawn.case, run.drawn.expected, got, claims)
            if not found:
                continue
            known = _excused(engine, run.drawn, got, found)
            if known:
                self.known[engine.name][known] += 1
                continue
            self.differ[f"{engine.name}: {piece.label}"] += 1
            told += 1
            if told <= TOLD:
                self.failures.append(_tell(engine.name, piece, run, found, driver))
        self.seconds[engine.name] = _cpu() - start
        if isinstance(engine, OptimisedBatches):
            self.entered[engine.name] = dict(engine.ran)

    def _asks(self, engine: BatchEngine, run: Run) -> bool:
        """Say whether an engine is asked; what it is not asked is counted."""
        why = not_asked(engine, run)
        if why:
            self.skipped[engine.name][why] += 1
        return not why

    def as_json(self) -> dict[str, Any]:
        """Return it for the log."""
        return {
            "pieces": self.pieces,
            "refused": self.refused,
            "short": self.short,
            "count": len(self.batch.pieces),
            "runs": len(self.batch.runs),
            "stops": Counter(run.drawn.expected.stop for run in self.batch.runs),
            "dropped": self.batch.dropped,
            "compared": self.compared,
            "entered": self.entered,
            "skipped": self.skipped,
            "known": self.known,
            "differ": self.differ,
            "failures": self.failures,
            "seconds": {name: round(value, 2) for name, value in self.seconds.items()},
        }


def not_asked(engine: BatchEngine, run: Run) -> str:
    """Say why an engine is not asked about a run, or nothing."""
    if not engine.outside:
        return ""
    expected = run.drawn.expected
    executed = run.drawn.insns[: run.executed]
    if expected.reason.partition(":")[0] in OPEN:
        return "what the manual leaves open or we refuse"
    places = [*(insn.pc for insn in executed[1:]), expected.state.r[15]]
    if any(map(_splits_it, executed, places)):
        return "a jump in the middle of an IT block, which the manual leaves open"
    if engine.name != "qemu":
        return ""
    if expected.stop == "svc":
        return "a system call"
    if any(_is_halt(insn) for insn in run.drawn.insns):
        return "HLT, by which qemu-arm calls the host"
    at = expected.fault_addr if expected.stop == "fault" else expected.state.r[15]
    return "an address of the witness's own pages" if (at or 0) >> 28 in OWN_PAGES else ""


def _is_halt(insn: Insn) -> bool:
    return insn.row is not None and insn.row.name.startswith("hlt")


def _splits_it(insn: Insn, after: int) -> bool:
    """Say whether it has left an IT block of which it is not the last instruction."""
    leaves = insn.itstate & 7 != 0 and recorded(insn).flow.how == "unpredictable"
    return leaves and after not in (insn.pc, insn.pc + insn.size)


def _excused(engine: BatchEngine, drawn: Drawn, got: Result, found: list[str]) -> str:
    return excused(engine.name, drawn, got, found) if engine.outside else ""


def _tell(engine: str, piece: Piece, run: Run, found: list[str], driver: str) -> str:
    """Return the difference as a line for a test; as it was found where it needs the batch."""
    alone = _alone(piece, run)
    single = make_engine(engine, Plan(0, 0, (), (), (), driver, ""))
    if alone is not None:
        try:
            (got,) = single.run([alone.case])
        except Inconsistent as e:
            return f"{piece.label}: {e}"
        here = differences(alone.case, alone.expected, got, single.claims)
        if here and not excused(single.name, alone, got, here):
            return describe(single, alone, here, short=True)
    words = "+".join(f"{word:x}" for word in piece.words)
    where = f"{piece.isa} {words} {piece.label} at {run.drawn.case.state.r[15]:#x}"
    return f"{where}, in its batch only\n    interp against {engine}: {'; '.join(found)}"


def _alone(piece: Piece, run: Run) -> Drawn | None:
    """The run as a case that ends where its page ends."""
    pages = {a: run.drawn.case.pages[a] for a in (*DATA_PAGES, CONST_PAGE)}
    case = make_case(piece.isa, list(piece.words), run.drawn.case.state, pages)
    case.text = f"{piece.isa} {piece.label}"
    try:
        expected = run_case(case)
    except Endless:
        return None
    insns = tuple(decode_all(piece.isa, list(piece.words), case.state.r[15]))
    return replace(run.drawn, case=case, expected=expected, insns=insns)
