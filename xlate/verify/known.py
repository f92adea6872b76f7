"""Where a witness is known to be wrong or to choose otherwise, one entry a finding.

``unicorn_known.toml`` is unicorn's list, ``qemu_known.toml`` qemu-arm's.

An entry names words (instruction set, mask, value, and optionally bits of which one must be set
or clear), what unicorn does there (``stop``, when it is always the same), an example and the
reason. A difference that an entry covers is counted, not reported. A test runs every example
and fails when it no longer differs.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from xlate.errors import Inconsistent
from xlate.isa import Row
from xlate.verify.case import PAGE, Result
from xlate.verify.generate import Drawn, should_be

FOLDER = Path(__file__).parent
WITNESSES = ("unicorn", "qemu")


@dataclass(frozen=True)
class Known:
    """One finding; ``any_set`` and ``any_clear`` are masks of which one bit must be so."""

    isa: str
    mask: int
    value: int
    reason: str
    example: int
    any_set: int = 0
    any_clear: int = 0
    conditional: bool = False  # bits 31-28 are a condition: not 1111
    stop: str = ""  # unicorn's stop, or "" for any
    registers: dict[str, int] = field(default_factory=dict)  # that the example needs
    only: list[str] = field(default_factory=list)  # what may differ: names that open a difference
    qemu: bool = False  # in unicorn's list: qemu-arm, from which it descends, does the same

    def covers(self, isa: str, word: int) -> bool:
        """Say whether the entry speaks of this word."""
        return (
            isa == self.isa
            and word & self.mask == self.value
            and (not self.any_set or word & self.any_set != 0)
            and (not self.any_clear or ~word & self.any_clear != 0)
            and not (self.conditional and word >> 28 == 15)
        )

    def excuses(self, isa: str, word: int, unicorn: Result, differences: list[str]) -> bool:
        """Say whether the differences are what the entry describes."""
        if not self.covers(isa, word) or (self.stop and unicorn.stop != self.stop):
            return False
        return not self.only or all(line.split()[0] in self.only for line in differences)


@cache
def known_errors(witness: str = "unicorn") -> tuple[Known, ...]:
    """Return a witness's entries; raises Inconsistent for one whose example it does not cover."""
    entries = _read("unicorn")
    if witness == "qemu":
        entries = (*(entry for entry in entries if entry.qemu), *_read("qemu"))
    return entries


def _read(witness: str) -> tuple[Known, ...]:
    path = FOLDER / f"{witness}_known.toml"
    entries = tuple(
        Known(**entry) for entry in tomllib.loads(path.read_text()).get("difference", [])
    )
    for entry in entries:
        if not entry.covers(entry.isa, entry.example):
            raise Inconsistent(f"{path.name}: {entry.example:#x} is no example of {entry.reason}")
    return entries


SHOULD_BE = "bits that should be 0 or 1: the witness takes them as fixed"
ALIGNMENT = (
    "access that is not aligned and ought to be (exclusive, ordered, swap; of qemu-arm also several"
    " registers, VFP, [Rn:align]): an alignment fault; we execute it"
)
HALTS = "WFI and WFE stop the witness, which waits for an interrupt"
FAULT_PASSED = "store that faults: the witness at times goes on, writes back and stops behind it"
EXCLUSIVE_SIZE = (
    "exclusive store of another size than the load: the witness compares address and value"
)
FAILING_STORE = (
    "exclusive store that fails where a store would fault: the manual leaves open whether it does"
)
TORN = "store over two pages that faults on the second: the witness has written the first part"
PARTIAL = "load of several registers that faults: those it had read are UNKNOWN"
_STORES_EXCLUSIVE = ("strex", "stlex")
_SEVERAL = ("ldm", "ldrd", "ldrexd", "ldaexd", "pop", "vldm", "vpop", "vld")


def excuse(drawn: Drawn, unicorn: Result, differences: list[str], witness: str = "unicorn") -> str:
    """Return the reason that covers a difference, or nothing.

    Eight findings are rules and not entries, since they are about no particular words.
    """
    stopped_at = next((i for i in drawn.insns if i.pc == unicorn.state.r[15]), None)
    row = stopped_at.row if stopped_at is not None else None
    if row is not None and unicorn.stop == "undefined" and should_be(row):
        return SHOULD_BE
    if unicorn.stop == "endless" and "hint" in drawn.name:
        return HALTS
    if reason := _fault_rule(row, drawn, unicorn, differences):
        return reason
    if _exclusive_pair(drawn.name):
        if _only_registers_and_memory(differences):
            return EXCLUSIVE_SIZE
        if unicorn.stop == "fault" and row is not None and row.name.startswith(_STORES_EXCLUSIVE):
            return FAILING_STORE
    for entry in known_errors(witness):
        for insn in drawn.insns:
            if entry.excuses(drawn.isa_of(insn), insn.word, unicorn, differences):
                return entry.reason
    return ""


def _fault_rule(row: Row | None, drawn: Drawn, unicorn: Result, differences: list[str]) -> str:
    """Rules about accesses that fault; ``row`` is that of the instruction unicorn stopped at."""
    ours = drawn.expected
    moved = unicorn.state.r[15] != ours.state.r[15]
    comes_back = len(drawn.insns) > 2  # an instruction alone, or behind an IT, is no loop
    if ours.stop == "fault" and ours.fault_write and (moved or comes_back):
        return FAULT_PASSED
    if unicorn.stop != "fault":
        return ""
    if unicorn.reason == "alignment":
        return ALIGNMENT
    if ours.fault_write and _torn(ours.fault_addr or 0, differences):
        return TORN
    several = row is not None and row.name.startswith(_SEVERAL)
    return PARTIAL if several and _only_registers(differences) else ""


def _torn(fault_addr: int, differences: list[str]) -> bool:
    """Only bytes just below the page that faulted differ."""
    places = [re.match(r"mem\[(0x[0-9a-f]+)\]", line) for line in differences]
    below = [place is not None and 0 < fault_addr - int(place[1], 16) < 8 for place in places]
    return fault_addr % PAGE == 0 and all(below)


def _exclusive_pair(names: str) -> bool:
    """An exclusive load and an exclusive store stand in one sequence."""
    loads = any(name.startswith(("ldrex", "ldaex")) for name in names.split())
    return loads and any(name.startswith(_STORES_EXCLUSIVE) for name in names.split())


def _only_registers_and_memory(differences: list[str]) -> bool:
    return all(line.startswith(("r", "mem")) for line in differences)


def _only_registers(differences: list[str]) -> bool:
    return all(line[0] in "rd" for line in differences)
