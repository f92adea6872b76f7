"""Whether bytes that something points to look like code, without claiming anything.

A trial follows direct flow for a while and gives up at the first thing that no compiler makes:
an encoding that does not execute, the middle of a known instruction, data, zeros, a jump out of
text. Code that joins known code, or gets far enough, passes.
"""

from __future__ import annotations

from frontends.arm32.decode import ALWAYS, Insn
from frontends.arm32.recorded import Recorded, address_at, recorded
from xlate.discovery.text import DATA, FREE, STARTS_ARM, STARTS_THUMB, Text
from xlate.discovery.walk import Walk

MOST_INSNS = 96
TRAPS = ("udf",)  # what compilers put where control never comes
MOST_CONDITIONAL = 3  # of the first A32 instructions, where all that code has in common is AL
A32_LOOK = 8
PRINTABLE = range(0x20, 0x7F)
TEXT_LOOK = 8


def plausible(walk: Walk, key: int) -> bool:
    """Say whether a key may be the start of code that is not known yet."""
    text = walk.text
    if not text.has(key) or text.claim_at(key & ~1) != FREE or _is_text(text, key & ~1):
        return False
    trial = _Trial(walk)
    return trial.passes(key)


def _is_text(text: Text, address: int) -> bool:
    """Letters make valid T32: eight in a row are rather a string."""
    value = text.constant(address, TEXT_LOOK)
    return value is not None and all(b in PRINTABLE for b in value.to_bytes(TEXT_LOOK, "little"))


class _Trial:
    """One trial: places seen, places to go."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._text = walk.text
        self._seen: set[int] = set()
        self._todo: list[int] = []
        self._conditional = 0

    def passes(self, key: int) -> bool:
        self._todo.append(key)
        while self._todo and len(self._seen) < MOST_INSNS:
            if not self._straight(self._todo.pop()):
                return False
        return True

    def _straight(self, key: int) -> bool:
        """Follow one run; False when it cannot be code."""
        itstate = 0
        while len(self._seen) < MOST_INSNS:
            if itstate == 0 and (key in self._walk.owner or key in self._seen):
                return True
            span = self._text.range_at(key & ~1)
            insn = self._text.decode(key, itstate, span) if span is not None else None
            if insn is None or insn.word == 0 or not self._free(insn):
                return False
            self._seen.add(key)
            if not insn.thumb and not self._looks_arm(insn):
                return False
            rec = recorded(insn)
            if not self._literals_fit(insn, rec):
                return False
            if rec.flow.kind != "next":
                goes = self._leaves(insn, rec)
                if goes is not None:
                    return goes
            key, itstate = insn.pc + insn.size | int(insn.thumb), insn.next_itstate
        return True

    def _free(self, insn: Insn) -> bool:
        """No data, no other mode's code and no middle of an instruction under it."""
        same = STARTS_THUMB if insn.thumb else STARTS_ARM
        first = self._text.claim_at(insn.pc)
        return first in (FREE, same) and (
            insn.size == 2 or self._text.claim_at(insn.pc + 2) in (FREE, same)
        )

    def _looks_arm(self, insn: Insn) -> bool:
        if len(self._seen) <= A32_LOOK and insn.word >> 28 != ALWAYS:
            self._conditional += 1
        return self._conditional <= MOST_CONDITIONAL

    def _literals_fit(self, insn: Insn, rec: Recorded) -> bool:
        """Literals lie in memory that is no code."""
        for address, size in rec.literals:
            at = address_at(address, insn.pc)
            if self._text.constant(at, size) is None:
                return False
            if self._text.range_at(at) is not None and self._text.claim_at(at) not in (FREE, DATA):
                return False
        return True

    def _leaves(self, insn: Insn, rec: Recorded) -> bool | None:
        """Queue where it goes; None goes on behind it, True ends well, False is no code."""
        flow = rec.flow
        if flow.kind == "refused":
            trap = insn.row is not None and insn.row.name.startswith(TRAPS)
            return trap and len(self._seen) > 1
        if flow.kind in ("jump", "branch", "call"):
            target = flow.target_at(insn.pc)
            if not self._text.has(target):
                return False
            self._todo.append(target)
            # A call may be the last thing of a function, so what is behind it proves nothing.
            return None if flow.kind == "branch" or insn.cond != ALWAYS else True
        if flow.kind == "stop" and flow.how == "bkpt":
            return False
        if flow.kind == "indirect" and flow.how != "call" and insn.cond == ALWAYS:
            return True
        return None
