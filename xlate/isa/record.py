"""Running a row's function: once with numbers, or over all its shapes with expressions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from xlate.errors import Inconsistent
from xlate.isa.expr import Expr, forking
from xlate.isa.insn import Row
from xlate.isa.machine import Context, Loop, Machine, Refusal, Step

__all__ = ["Loop", "Shape", "Step", "record", "shapes"]

MAX_SHAPES = 4096


def record(row: Row, machine: Machine, word: int) -> Machine:
    """Run the row's function on the fields of ``word``; raises Refusal where the row refuses."""
    fields = row.encoding.extract(word)
    if row.predicated:
        del fields["cond"]
    row.semantics(machine, **fields)
    return machine


@dataclass(frozen=True)
class Shape:
    """One way through a row's function: structural values, conditions met, what was recorded."""

    row: Row
    structural: dict[str, int]
    path: tuple[tuple[Expr, bool], ...]
    steps: tuple[Step, ...] = ()
    refusal: Refusal | None = None


@dataclass
class _Path:
    """Replays a list of decisions, then takes True and remembers where it could turn."""

    plan: list[bool]
    taken: list[tuple[Expr, bool]] = field(default_factory=list)

    def decide(self, condition: Expr) -> bool:
        for known, outcome in self.taken:
            if known.text == condition.text:
                return outcome
        at = len(self.taken)
        outcome = self.plan[at] if at < len(self.plan) else True
        self.taken.append((condition, outcome))
        return outcome


def shapes(
    row: Row,
    make: Callable[[Context], Machine],
    ctx: Context,
    finish: Callable[[Any], None] | None = None,
) -> Iterator[Shape]:
    """Every shape of the row; raises Inconsistent when there are absurdly many.

    ``finish`` may record more behind the row's own operations; it must not test fields.
    """
    slices = [f for f in row.encoding.fields if f.name in row.structural]
    symbolic: dict[str, Any] = {
        f.name: Expr.var(f.name) for f in row.encoding.fields if f.name not in row.structural
    }
    if row.predicated:
        symbolic.pop("cond", None)
    count = 0
    for values in itertools.product(*(range(1 << f.bits) for f in slices)):
        structural = dict(zip((f.name for f in slices), values, strict=True))
        plan: list[bool] | None = []
        while plan is not None:
            path = _Path(plan)
            machine = make(ctx)
            refusal: Refusal | None = None
            with forking(path):
                try:
                    row.semantics(machine, **symbolic, **structural)
                    if finish is not None:
                        finish(machine)
                except Refusal as r:
                    refusal = r
            steps = tuple(s for s in machine.steps if s.block.ops) if refusal is None else ()
            yield Shape(row, structural, tuple(path.taken), steps, refusal)
            count += 1
            if count > MAX_SHAPES:
                raise Inconsistent(
                    f"{row.name}: more than {MAX_SHAPES} shapes; make fields patchable"
                )
            plan = _next_plan([outcome for _, outcome in path.taken])


def _next_plan(taken: list[bool]) -> list[bool] | None:
    while taken and not taken[-1]:
        taken.pop()
    return [*taken[:-1], False] if taken else None
