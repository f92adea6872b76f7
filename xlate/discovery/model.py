"""What discovery finds: functions, their blocks, and how sure we are of each.

A key is a link address with the Thumb bit in bit 0. Everything here is plain data, so that it can
be handed to worker processes and printed.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from frontends.arm32.decode import Insn


class Confidence(enum.IntEnum):
    """How sure it is that bytes are code; the order is the order of belief."""

    GUESS = 1  # looks like code in a gap
    POINTER = 2  # a word in data or a literal pool could be its address
    CONTINUATION = 3  # follows a call that may not return
    DERIVED = 4  # reached by direct control flow from something above
    OBSERVED = 5  # a run has executed it
    NAMED = 6  # entry, symbol, init array, relocation, exception index


@dataclass(frozen=True)
class JumpTable:
    """A computed jump whose targets are known: case ``first + i`` of ``index`` goes to targets[i].

    ``index`` is the number of the general register that selects, as it is at the jump; the
    instruction itself makes sure of nothing, so values outside go the general way. It is None where
    no register holds it any more: then only the jump's own value tells the targets apart.
    """

    index: int | None
    first: int
    targets: tuple[int, ...]
    data: tuple[int, int] | None  # address range of the table itself, None when it is code
    load: int | None = None  # address of the instruction that loads the target from the table
    base: int = 0  # where case 0 is loaded from, when ``load`` is known


@dataclass
class Block:
    """A straight run of instructions; control enters at ``start`` and leaves at the end only.

    ``successors`` are the keys inside the same function that control may go on at, the
    fall-through and call continuations included. A predicated instruction that goes elsewhere (or
    calls) ends its block.
    """

    start: int
    thumb: bool
    itstate: int
    insns: list[Insn]
    successors: tuple[int, ...] = ()
    confidence: Confidence = Confidence.DERIVED

    @property
    def end(self) -> int:
        """First address behind the block."""
        last = self.insns[-1]
        return last.pc + last.size

    @property
    def key(self) -> int:
        """Start with the Thumb bit."""
        return self.start | int(self.thumb)


@dataclass
class Function:
    """Blocks that belong together, entered at ``key``; other functions are called or jumped to."""

    key: int
    name: str
    confidence: Confidence
    evidence: tuple[str, ...]
    blocks: dict[int, Block]  # by key, in order of address
    tables: dict[int, JumpTable] = field(default_factory=dict)  # by address of the jump
    calls: frozenset[int] = frozenset()  # keys called directly
    tail_calls: frozenset[int] = frozenset()  # keys outside that it jumps or falls to
    entries: frozenset[int] = frozenset()  # keys of blocks that runs have entered from outside

    @property
    def instructions(self) -> int:
        """Number of guest instructions."""
        return sum(len(block.insns) for block in self.blocks.values())


@dataclass
class Discovery:
    """Everything found in one image."""

    functions: dict[int, Function]  # by key, in order of address
    data: list[tuple[int, int]]  # address ranges inside text that are literal pools and tables
    text: list[tuple[int, int]]  # address ranges of executable segments (or sections, when known)
    refused: dict[str, int] = field(default_factory=dict)  # reason: count of roots not followed

    def has(self, key: int) -> bool:
        """Say whether a key lies in text."""
        return any(low <= key < high for low, high in self.text)
