"""What `xlate coverage` counts: how much of the text is explained, and what would be translated.

Nothing is compiled: what LLVM may refuse later is not known here, so ``translated`` says what the
optimised tier is given, and ``refused`` where it goes back to the baseline tier.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlate.discovery import discover
from xlate.discovery.coverage import Coverage, summarise
from xlate.discovery.model import Confidence
from xlate.loader import load


@dataclass(frozen=True)
class Row:
    """One file, or the sum of several."""

    name: str
    text: int
    code: dict[Confidence, int]  # bytes
    data: int
    unknown: int
    functions: int
    instructions: int
    refused: dict[str, int]  # instructions by reason

    @property
    def translated(self) -> int:
        """Instructions that become optimised code."""
        return self.instructions - sum(self.refused.values())

    def as_json(self) -> dict[str, Any]:
        """Return the row as one JSON object; code is in bytes by confidence."""
        return {
            "path": self.name,
            "text": self.text,
            "code": {confidence.name.lower(): size for confidence, size in self.code.items()},
            "data": self.data,
            "unknown": self.unknown,
            "functions": self.functions,
            "instructions": self.instructions,
            "translated": self.translated,
            "refused": self.refused,
        }


def row_of(path: Path) -> Row:
    """Return what is found in a file; raises what ``load`` raises."""
    return _row(str(path), summarise(discover(load(path))))


def _row(name: str, found: Coverage) -> Row:
    return Row(
        name=name,
        text=found.text,
        code={confidence: part.bytes for confidence, part in found.code.items()},
        data=found.data,
        unknown=found.unknown,
        functions=found.total.functions,
        instructions=found.total.instructions,
        refused=dict(found.refused),
    )


def total(rows: Sequence[Row]) -> Row:
    """Return the sum of rows."""
    code: Counter[Confidence] = Counter()
    refused: Counter[str] = Counter()
    for row in rows:
        code.update(row.code)
        refused.update(row.refused)
    return Row(
        name="all",
        text=sum(row.text for row in rows),
        code={confidence: code[confidence] for confidence in sorted(code, reverse=True)},
        data=sum(row.data for row in rows),
        unknown=sum(row.unknown for row in rows),
        functions=sum(row.functions for row in rows),
        instructions=sum(row.instructions for row in rows),
        refused=dict(refused.most_common()),
    )
