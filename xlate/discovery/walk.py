"""Following control flow: runs of instructions from where control may begin.

A run ends at its first instruction that can go elsewhere, so every place inside it has the same
ways out. What follows a call waits until the callee is known to come back: a run comes back when
one of the runs behind it does. What still waits when nothing is left to follow is behind calls that
do not return. Where to begin is for ``roots``; whether a guess deserves a walk is for ``trial``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from frontends.arm32.decode import ALWAYS, Insn
from frontends.arm32.recorded import Recorded, address_at, recorded
from xlate.discovery.labels import LabelTables, goto_of
from xlate.discovery.model import Confidence, JumpTable
from xlate.discovery.symbolic import Tree, effects, resolve
from xlate.discovery.tables import Form, Step, find_table, small_table, table_form
from xlate.discovery.text import DATA, Text

R7, LR = 7, 14
EXITS = (1, 248)  # exit, exit_group
LONGEST_RUN = 4096
MOST_WAYS = 64  # ways to a jump that are searched at all
STEPS_BACK = 4  # blocks searched for the comparison that bounds a jump table

WORD = 4


@dataclass(slots=True)
class Run:
    """Instructions in a row and the ways on from the last of them."""

    start: int
    confidence: Confidence
    via: int | None  # run that led here without a call between
    insns: list[Insn] = field(default_factory=list)
    nexts: list[int] = field(default_factory=list)  # keys in the same function
    jump: int | None = None  # among them: an unconditional jump's target
    call: int | None = None  # key called directly
    after: int | None = None  # key behind a call or an exit that may not come back
    falls: int | None = None  # key it would fall to, where that is no code
    comes_back: bool = False
    table: JumpTable | None = None
    form: Form | None = None  # how its computed jump finds the target
    tried: int = 0  # ways that lead here and were searched for the bound


class Walk:
    """All runs reached so far."""

    def __init__(
        self,
        text: Text,
        never: frozenset[int] = frozenset(),
        slots: frozenset[int] = frozenset(),
        labels: LabelTables | None = None,
    ) -> None:
        self.text = text
        self._labels = labels or LabelTables(())
        self.runs: dict[int, Run] = {}
        self.owner: dict[int, int] = {}  # key of an instruction: run that holds it
        self.starts: dict[int, Confidence] = {}  # keys where functions begin
        self.evidence: dict[int, list[str]] = {}
        self.pointers: dict[int, str] = {}  # constants that code forms: where
        self.table_words: set[int] = set()  # addresses inside jump tables
        self._never = never  # keys of functions that do not return
        self._never_slots = frozenset(("k", slot) for slot in slots)  # words that hold such keys
        self._queue: deque[tuple[int, Confidence, int | None, dict[int, Tree]]] = deque()
        self._before: dict[int, list[int]] = {}  # key: runs that go on there
        self._waiting: dict[int, list[Run]] = {}  # callee: runs that end in a call of it
        self._ends: list[Run] = []  # that may not come back, with what is behind not yet walked
        self._unbounded: list[Run] = []

    def begin(self, key: int, confidence: Confidence, why: str) -> bool:
        """Make a key the start of a function and follow it; False when it is no address of code."""
        if not self.text.has(key):
            return False
        known = self.starts.get(key)
        if known is None or known < confidence:
            self.starts[key] = confidence
        reasons = self.evidence.setdefault(key, [])
        if len(reasons) < 3 and why not in reasons:
            reasons.append(why)
        self._push(key, confidence, None, {})
        return True

    def finish(self) -> None:
        """Follow everything that is known until nothing is left."""
        while True:
            while self._queue:
                key, confidence, via, known = self._queue.popleft()
                if key not in self.owner:
                    self._walk(key, confidence, via, known)
            if not self._retry_tables():
                return

    def unreturned(self) -> Iterator[tuple[int, int]]:
        """Places behind calls that are not known to return, with the call's address."""
        self._ends = [run for run in self._ends if run.after not in self.owner]
        for run in sorted(self._ends, key=lambda run: run.start):
            assert run.after is not None
            yield run.after, run.insns[-1].pc

    def fallen_into(self, key: int) -> bool:
        """Say whether known code right before a key goes on there without a jump."""
        ways = (self.runs[start] for start in self._before.get(key, ()) if start in self.runs)
        return any(run.insns[-1].pc + run.insns[-1].size == key & ~1 for run in ways)

    # --- one run --------------------------------------------------------------------------
    def _push(
        self, key: int, confidence: Confidence, via: int | None, known: dict[int, Tree]
    ) -> None:
        if key not in self.owner:
            self._queue.append((key, confidence, via, known))

    def _walk(
        self, key: int, confidence: Confidence, via: int | None, known: dict[int, Tree]
    ) -> None:
        span = self.text.range_at(key & ~1)
        if span is None:
            return
        run = Run(key, confidence, via)
        claims, low = self.text.claims[span[0]], span[0]
        at, itstate, thumb = key, 0, key & 1
        while len(run.insns) < LONGEST_RUN or itstate:
            if (at & ~1) >= span[1]:
                run.falls = at
                break
            if run.insns and itstate == 0 and (at in self.owner or claims[(at - low) >> 1] == DATA):
                self._stop_before(run, at)
                break
            insn = self.text.decode(at, itstate, span)
            if insn is None:
                run.falls = at
                break
            if itstate == 0:
                self.owner[at] = key
            run.insns.append(insn)
            self.text.claim_insn(insn, low)
            rec = recorded(insn)
            goes = self._destination(insn, rec, known)
            self._learn(insn, rec, known)
            at, itstate = (insn.pc + insn.size) | thumb, insn.next_itstate
            if rec.flow.kind != "next":
                self._end(run, rec, known, goes)
                break
        else:
            run.nexts.append(at)
            self._push(at, confidence, key, known)
        if not run.insns:
            return
        self.runs[key] = run
        if run.after is not None:
            self._ends.append(run)
        self._linked(run)

    def _stop_before(self, run: Run, at: int) -> None:
        if at in self.owner:
            run.nexts.append(at)
        else:
            run.falls = at

    def _destination(self, insn: Insn, rec: Recorded, known: dict[int, Tree]) -> Tree:
        """Where an indirect jump goes as far as constants tell."""
        if rec.flow.kind != "indirect" or rec.flow.how != "jump":
            return None
        return resolve(effects(rec).target, known, insn.pc, self.text.constant)

    def _learn(self, insn: Insn, rec: Recorded, known: dict[int, Tree]) -> None:
        """Note literals and what constants the instruction leaves in registers."""
        read = self.text.constant
        for address, size in rec.literals:
            at = address_at(address, insn.pc)
            if size >= WORD:  # compilers pool words; a smaller one is mostly data taken for code
                self.text.claim_data(at, at + size)
        for number, tree, needs in effects(rec).registers:
            value: Tree = None
            if tree is not None and insn.cond == ALWAYS and needs <= known.keys():
                value = resolve(tree, known, insn.pc, read)
            if value is None or value[0] != "k":
                known.pop(number, None)
                continue
            known[number] = value
            # A call leaves its own return address, and most literals of T32 code are no addresses.
            even = value[1] & 3 == 0 and not (insn.thumb and rec.literals)
            if number != LR and (even or value[1] & 1):
                self._pointer(value[1], insn, literal=bool(rec.literals))

    def _pointer(self, value: int, insn: Insn, *, literal: bool) -> None:
        if value not in self.pointers and self.text.range_at(value) is not None:
            kind = "literal of" if literal else "constant of"
            self.pointers[value] = f"{kind} {insn.pc:#x}"

    # --- ends -----------------------------------------------------------------------------
    def _end(self, run: Run, rec: Recorded, known: dict[int, Tree], goes: Tree) -> None:
        insn, flow = run.insns[-1], rec.flow
        follow = (insn.pc + insn.size) | int(insn.thumb)
        falls = insn.cond != ALWAYS and flow.kind != "refused"
        if flow.kind == "call":
            self._end_call(run, flow.target_at(insn.pc), follow)
            falls = falls and not self._continues(run)
        elif flow.kind in ("jump", "branch"):
            target = flow.target_at(insn.pc)
            run.nexts.append(target)
            falls = falls or flow.kind == "branch"
            run.jump = None if falls else target
            self._push(target, self._derived(run), run.start, dict(known))
        elif flow.kind == "indirect":
            falls = falls or flow.how == "call"
            known = {} if flow.how == "call" else known
            self._end_indirect(run, flow.how, goes)
        elif flow.kind == "stop":
            falls = self._end_stop(run, flow.how, follow, known) or falls
        elif flow.kind == "refused":
            run.comes_back = flow.how == "unimplemented"
        if falls:
            via = None if flow.kind in ("call", "stop") or flow.how == "call" else run.start
            run.nexts.append(follow)
            self._push(follow, self._derived(run), via, dict(known))

    @staticmethod
    def _derived(run: Run) -> Confidence:
        return min(run.confidence, Confidence.DERIVED)

    def _end_call(self, run: Run, target: int, follow: int) -> None:
        run.call = target
        run.after = follow
        if not self.text.has(target):
            self._continue(run)
            return
        self.begin(target, self._derived(run), f"called from {run.insns[-1].pc:#x}")
        owner = self.owner.get(target)
        if target in self._never:
            return
        if owner is not None and owner in self.runs and self.runs[owner].comes_back:
            self._continue(run)
        else:
            self._waiting.setdefault(target, []).append(run)

    @staticmethod
    def _continues(run: Run) -> bool:
        return run.after is not None and run.after in run.nexts

    def _continue(self, run: Run) -> None:
        """The call that ends a run returns: go on behind it."""
        assert run.after is not None
        if run.after not in run.nexts:
            run.nexts.append(run.after)
            if run.start in self.runs:
                self._before.setdefault(run.after, []).append(run.start)
            self._push(run.after, self._derived(run), None, {})

    def _end_indirect(self, run: Run, how: str, goes: Tree) -> None:
        if how == "return":
            run.comes_back = True
        elif how == "jump":
            if goes is not None and goes[0] == "k" and self.text.has(goes[1]):
                run.table = JumpTable(None, 0, (goes[1],), None)
                self._follow_table(run)
                return
            if goes is not None and goes[0] == "load" and goes[2] in self._never_slots:
                return
            run.form = table_form(self.text, run.insns)
            if run.form is not None:
                self._find_table(run, run.form)
                if run.table is None:
                    self._unbounded.append(run)
            else:
                run.table = small_table(self.text, run.insns) or self._labels_for(run)
                if run.table is not None:
                    self._follow_table(run)
            run.comes_back = run.table is None

    def _labels_for(self, run: Run) -> JumpTable | None:
        """The table of a computed goto; functions are called, and labels are no known function."""
        goto = goto_of(self.text, run.insns)
        found = self._labels.around(self.text, goto) if goto is not None else None
        if found is None or any(key in self.starts for key in found[0].targets):
            return None
        self.table_words |= found[1]
        return found[0]

    def _end_stop(self, run: Run, how: str, follow: int, known: dict[int, Tree]) -> bool:
        """True when control goes on behind the instruction."""
        number = known.get(R7)
        if how == "bkpt":
            return False
        if how == "svc" and number is not None and number[1] in EXITS:
            run.after = follow
            return False
        known.clear()
        return True

    # --- jump tables ----------------------------------------------------------------------
    def _find_table(self, run: Run, form: Form) -> None:
        """Look for the bound in the blocks that led here, nearest first."""
        steps: list[Step] = []
        here = run
        for _ in range(STEPS_BACK + 1):
            run.table = find_table(self.text, run.insns, steps, form)
            before = self.runs.get(here.via) if here.via is not None else None
            if run.table is not None or before is None or before is run:
                break
            steps.insert(0, Step(before.insns, _held(before, here.start)))
            here = before
        if run.table is not None:
            self._follow_table(run)

    def _follow_table(self, run: Run) -> None:
        assert run.table is not None
        if run.table.data is not None:
            self.text.claim_data(*run.table.data)
            self.table_words.update(range(*run.table.data))
        for target in dict.fromkeys(run.table.targets):
            run.nexts.append(target)
            self._push(target, self._derived(run), run.start, {})

    def _retry_tables(self) -> bool:
        """Try computed jumps again with other ways that lead there; True when a table is found."""
        for run in self._unbounded:
            ways = self._before.get(run.start, [])
            for via in ways[run.tried : MOST_WAYS]:
                run.tried += 1
                run.via = via
                old = len(run.nexts)
                assert run.form is not None
                self._find_table(run, run.form)
                if run.table is not None:
                    for target in run.nexts[old:]:
                        self._before.setdefault(target, []).append(run.start)
                    break
        return self._drop_bounded() or self._retry_labels()

    def _retry_labels(self) -> bool:
        """What nothing bounds may be a computed goto; True when one is."""
        for run in self._unbounded:
            run.table = self._labels_for(run)
            if run.table is not None:
                old = len(run.nexts)
                self._follow_table(run)
                for target in run.nexts[old:]:
                    self._before.setdefault(target, []).append(run.start)
        return self._drop_bounded()

    def _drop_bounded(self) -> bool:
        """Forget the jumps whose table was found; True when there were any."""
        before = len(self._unbounded)
        self._unbounded = [run for run in self._unbounded if run.table is None]
        return len(self._unbounded) < before

    # --- which runs come back -------------------------------------------------------------
    def _linked(self, run: Run) -> None:
        """Enter a finished run into the graph and pass on what is known of returning."""
        for key in run.nexts:
            self._before.setdefault(key, []).append(run.start)
        if not run.comes_back:
            run.comes_back = any(self._returns(key) for key in run.nexts)
        if run.comes_back:
            self._spread(run)

    def _returns(self, key: int) -> bool:
        owner = self.owner.get(key)
        found = self.runs.get(owner) if owner is not None else None
        if found is not None:
            return found.comes_back
        # Places outside text are other modules' code; those not yet walked will say themselves.
        return not self.text.has(key)

    def _spread(self, run: Run) -> None:
        """Mark everything that leads to a run that comes back, and what waits for such calls."""
        todo = [run]
        while todo:
            here = todo.pop()
            here.comes_back = True
            thumb = here.start & 1
            for insn in here.insns:
                key = insn.pc | thumb
                if key in self._waiting:
                    todo += self._returned(self._waiting.pop(key))
                for start in self._before.get(key, ()):
                    if (before := self.runs.get(start)) is not None and not before.comes_back:
                        todo.append(before)

    def _returned(self, callers: list[Run]) -> list[Run]:
        """Go on behind calls that return; those of them that come back themselves."""
        for caller in callers:
            self._continue(caller)
        return [run for run in callers if run.after is not None and self._returns(run.after)]


def _held(before: Run, start: int) -> int:
    """The condition that holds when control goes from a run to the block at ``start``."""
    last = before.insns[-1]
    if last.cond == ALWAYS or recorded(last).flow.kind not in ("jump", "indirect"):
        return ALWAYS
    follow = (last.pc + last.size) | int(last.thumb)
    return last.cond ^ 1 if start == follow else last.cond
