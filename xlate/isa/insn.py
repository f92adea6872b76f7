"""Rows: one encoding diagram of the manual and the function that says what it means.

A row's function takes the machine and the fields by name. A field annotated ``int`` is structural:
every value is recorded apart, so it may pick operations and index tables. ``Reg`` and ``Imm``
fields may be handed to the machine, combined by arithmetic, and tested in ``if`` (which forks the
recording).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from xlate.errors import Inconsistent
from xlate.isa.encoding import Encoding

Reg = Any  # a register number: int when decoded, Expr when shapes are recorded
Imm = Any  # an immediate field: likewise

Semantics = Callable[..., None]


@dataclass(frozen=True)
class Row:
    """One encoding of one instruction set state."""

    name: str
    encoding: Encoding
    semantics: Semantics = field(compare=False)
    manual: str
    predicated: bool  # its field ``cond`` is the condition under which it executes
    conditional: bool  # that field is bits 31-28 of A32, where 1111 is another space
    over: frozenset[str]
    structural: frozenset[str]

    def matches(self, word: int) -> bool:
        """Fixed bits agree, and the condition field is not 1111 where there is one."""
        return self.encoding.matches(word) and not (self.conditional and word >> 28 == 15)

    @property
    def specificity(self) -> int:
        """Number of fixed bits: the narrower row is tried first."""
        return self.encoding.mask.bit_count()


class RowSet:
    """All rows of one instruction set state and width; overlaps must be declared."""

    def __init__(self, name: str, width: int) -> None:
        self.name = name
        self.width = width
        self.rows: list[Row] = []
        self._by_name: dict[str, Row] = {}

    def __call__(
        self, encoding: str, *, manual: str, name: str = "", over: tuple[str, ...] = ()
    ) -> Callable[[Semantics], Semantics]:
        """Decorator: register ``encoding`` for the function below (several may be stacked)."""

        def register(fn: Semantics) -> Semantics:
            enc = Encoding.parse(encoding, self.width)
            fields = {f.name for f in enc.fields}
            params = list(inspect.signature(fn, eval_str=True).parameters.values())[1:]
            wanted = {p.name for p in params if p.default is p.empty}
            known = {p.name for p in params}
            predicated = "cond" in fields - known
            conditional = predicated and any(f.name == "cond" and f.lsb == 28 for f in enc.fields)
            given = fields - ({"cond"} if predicated else set())
            if not wanted <= given or not given <= known:
                raise Inconsistent(
                    f"{fn.__name__}: fields {sorted(given)} against parameters {sorted(known)}"
                )
            structural = frozenset(
                p.name for p in params if p.annotation is int and p.name in given
            )
            row = Row(
                name or fn.__name__,
                enc,
                fn,
                manual,
                predicated,
                conditional,
                frozenset(over),
                structural,
            )
            self._add(row)
            return fn

        return register

    def _add(self, row: Row) -> None:
        if row.name in self._by_name:
            raise Inconsistent(f"{self.name}: row {row.name} is there twice; give one a name=")
        for old in self.rows:
            if (
                not old.encoding.overlaps(row.encoding)
                or _cond_apart(old, row)
                or _cond_apart(row, old)
            ):
                continue
            narrow, wide = (row, old) if row.specificity > old.specificity else (old, row)
            if row.specificity == old.specificity or wide.name not in narrow.over:
                raise Inconsistent(
                    f"{self.name}: {row.name} ({row.encoding.text}) overlaps "
                    f"{old.name} ({old.encoding.text}); "
                    f'the narrower must say over=("{wide.name}",)'
                )
        self.rows.append(row)
        self._by_name[row.name] = row

    def find(self, word: int) -> Row | None:
        """The narrowest row that matches, or None where there is a gap."""
        best: Row | None = None
        for row in self.rows:
            if row.matches(word) and (best is None or row.specificity > best.specificity):
                best = row
        return best

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, name: str) -> Row:
        return self._by_name[name]


def _cond_apart(a: Row, b: Row) -> bool:
    """One row has a condition field and the other stands in the 1111 space."""
    return a.conditional and b.encoding.mask >> 28 == 15 and b.encoding.value >> 28 == 15
