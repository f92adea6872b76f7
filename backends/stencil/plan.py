"""Which templates are wanted: every family, and its variants.

Variants are for dead flags, for operands that name the same register, and fused with the condition
that reads the family's flags. The plan is what the C tables are printed from; nothing here looks
at machine code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from backends.llvm.modal import SENSITIVE
from backends.stencil.family import FLAGS, PARTITIONS, Family, family, variant
from backends.stencil.library import Request
from xlate.errors import Inconsistent
from xlate.ir import Block
from xlate.isa import Loop, Shape, Step

CONDITIONS = 14
FUSED_PARTITIONS = 2  # of the partitions, the likely ones get fused templates
MAX_FUSED_OPS = 5  # operations of a family without its flags that is worth fusing with a condition
MAX_OPERANDS, MAX_IMMEDIATES, MAX_OFFSETS = 4, 6, 4


@dataclass
class Entry:
    """A family's place in the tables, and the keys of its templates.

    They are found by (mask, partition) when plain, by (mask, condition, partition) when fused.
    ``modal`` is that of scalar arithmetic where FPSCR.FZ or FPSCR.DN may be set.
    """

    number: int
    fam: Family
    masks: tuple[str, ...]
    plain: dict[tuple[int, int], str] = field(default_factory=dict)
    fused: dict[tuple[int, int, int], str] = field(default_factory=dict)
    modal: str = ""

    @property
    def partitions(self) -> int:
        """How many operand partitions have templates."""
        return len(PARTITIONS[len(self.fam.operands)])


@dataclass
class Plan:
    """All families by key, and all templates wanted.

    A ``plain`` plan has every family once: all operands distinct, all flags it sets alive.
    """

    plain: bool = False
    entries: dict[str, Entry] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)

    def add(self, step: Step) -> Entry:
        """Entry of a recorded step's family, made on first sight."""
        fam = family(step.block)
        known = self.entries.get(fam.key)
        if known is not None:
            return known
        _check_size(fam)
        masks = (fam.flags_written,) if self.plain else _masks(fam)
        entry = Entry(len(self.entries), fam, masks)
        self.entries[fam.key] = entry
        for m, mask in enumerate(entry.masks):
            for p in range(entry.partitions):
                if p == 0 or (mask in ("", fam.flags_written) and not self.plain):
                    entry.plain[m, p] = self._want(fam, fam.block, mask, p)
        if any(op.name in SENSITIVE for op in fam.block):
            entry.modal = self._want_modal(fam)
        return entry

    def _want_modal(self, fam: Family) -> str:
        if len(fam.operands) > 1 or fam.flags_written:
            raise Inconsistent(f"more variants than one of what depends on FPSCR:\n{fam.key}")
        key = f"modal\n{fam.key}"
        self.requests[key] = Request(
            key, fam.block, len(fam.operands), len(fam.immediates), modal=True
        )
        return key

    def fuse(self, entry: Entry, cond: int, step: Step) -> None:
        """Add the templates of the family followed by "skip unless cond"."""
        fam = family(step.block)
        if (
            fam.operands[: len(entry.fam.operands)] != entry.fam.operands
            or fam.immediates != entry.fam.immediates
        ):
            raise Inconsistent(f"fusing changed the recipe of {entry.fam.key}")
        for m, mask in enumerate(FUSED_MASKS):
            for p in range(min(entry.partitions, FUSED_PARTITIONS)):
                entry.fused[m, cond, p] = self._want(entry.fam, fam.block, mask, p)

    def _want(self, fam: Family, block: Block, live: str, p: int) -> str:
        dead = "".join(f for f in FLAGS if f not in live)
        wanted = variant(block, drop_flags=dead, partition=PARTITIONS[len(fam.operands)][p])
        key = wanted.text()
        if key not in self.requests:
            self.requests[key] = Request(key, wanted, len(fam.operands), len(fam.immediates))
        return key


FUSED_MASKS = ("", FLAGS)


def _masks(fam: Family) -> tuple[str, ...]:
    """Sets of live flags that get code of their own, smallest first; the last has all written."""
    written = fam.flags_written
    wanted = {"", written}
    for mask in ("C", "NZ"):
        wanted.add("".join(f for f in written if f in mask))
    return tuple(sorted(wanted, key=len))


def _check_size(fam: Family) -> None:
    if (
        len(fam.operands) > MAX_OPERANDS
        or len(fam.immediates) > MAX_IMMEDIATES
        or len(fam.offsets) > MAX_OFFSETS
    ):
        raise Inconsistent(
            f"step too large for a template "
            f"({fam.operands}, {fam.immediates}, {fam.offsets}):\n{fam.key}"
        )


def fusable(step: Step) -> bool:
    """A step that sets all four flags, touches no memory, has no exit and is short."""
    fam = family(step.block)
    if isinstance(step, Loop) or fam.exit.kind != "none" or not set("NZ") <= set(fam.flags_written):
        return False
    if any(op.name in ("load", "store", "cas_if", "set_state", "get_state") for op in fam.block):
        return False
    return len(variant(fam.block, drop_flags=FLAGS).ops) <= MAX_FUSED_OPS and len(fam.operands) <= 3


def readable(step: Step, conditions: Iterable[int]) -> list[int]:
    """Conditions whose flags the step sets by itself (a logical operation leaves V, often C)."""
    needs = ("Z", "C", "N", "V", "CZ", "NV", "NVZ")
    written = set(family(step.block).flags_written)
    return [c for c in conditions if set(needs[c >> 1]) <= written]


def single_step(shape: Shape) -> Step | None:
    """The only step of a shape that executes, or None."""
    return shape.steps[0] if shape.refusal is None and len(shape.steps) == 1 else None
