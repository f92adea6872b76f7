"""A Discovery in numbers: how much of the text is code, by confidence, and what is refused.

Counts bytes once, whoever overlaps; how the rows are shown is for ``xlate coverage``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from frontends.arm32.recorded import recorded
from xlate.discovery.model import Confidence, Discovery, Function


@dataclass
class Part:
    """What was found with one confidence."""

    functions: int = 0
    blocks: int = 0
    instructions: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Coverage:
    """Bytes of text by what they are; ``refused`` counts instructions by the rows' reasons."""

    text: int
    code: Mapping[Confidence, Part]
    data: int
    unknown: int
    refused: Mapping[str, int] = field(default_factory=dict)
    roots_refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> Part:
        """All code together."""
        total = Part()
        for part in self.code.values():
            total.functions += part.functions
            total.blocks += part.blocks
            total.instructions += part.instructions
            total.bytes += part.bytes
        return total

    def as_json(self) -> dict[str, Any]:
        """The same as plain data with lower-case names."""
        return {
            "text": self.text,
            "code": {kind.name.lower(): vars(part) for kind, part in self.code.items()},
            "data": self.data,
            "unknown": self.unknown,
            "refused": dict(self.refused),
            "roots_refused": dict(self.roots_refused),
        }


class _Bytes:
    """A flag for each byte of text: each is counted once."""

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        self._maps = [(low, bytearray(high - low)) for low, high in ranges]

    def take(self, start: int, end: int) -> int:
        """Mark a range; return how many of its bytes were free."""
        for low, flags in self._maps:
            if low <= start < low + len(flags):
                at, stop = start - low, min(end - low, len(flags))
                free = flags.count(0, at, stop)
                flags[at:stop] = b"\1" * (stop - at)
                return free
        return 0


def summarise(discovery: Discovery) -> Coverage:
    """Return the numbers of a Discovery; surer code claims shared bytes first."""
    taken = _Bytes(discovery.text)
    code = {kind: Part() for kind in reversed(Confidence)}
    refused: Counter[str] = Counter()
    for function in _surest_first(discovery):
        code[function.confidence].functions += 1
    blocks = [b for f in _surest_first(discovery) for b in f.blocks.values()]
    for block in sorted(blocks, key=lambda one: (-one.confidence, one.key)):
        part = code[block.confidence]
        part.blocks += 1
        part.instructions += len(block.insns)
        part.bytes += taken.take(block.start, block.end)
        flow = recorded(block.insns[-1]).flow
        if flow.kind == "refused":
            refused[flow.reason] += 1
    data = sum(taken.take(start, end) for start, end in discovery.data)
    text = sum(end - start for start, end in discovery.text)
    known = sum(part.bytes for part in code.values())
    return Coverage(
        text,
        {kind: part for kind, part in code.items() if part.functions or part.blocks},
        data,
        text - known - data,
        dict(sorted(refused.items())),
        dict(sorted(discovery.refused.items())),
    )


def _surest_first(discovery: Discovery) -> list[Function]:
    return sorted(discovery.functions.values(), key=lambda one: (-one.confidence, one.key))
