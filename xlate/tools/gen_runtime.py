"""Generates what the C runtime includes: state layout, decoder, templates, system call table.

``python -m xlate.tools.gen_runtime DIR`` writes DIR/gen/*; the build calls generate().
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backends.llvm import ciphers, modal
from backends.stencil import hostregs
from backends.stencil.family import family
from backends.stencil.library import build, fingerprint
from backends.stencil.plan import CONDITIONS, Entry, Plan, fusable, readable, single_step
from backends.stencil.writer import report, write
from xlate.isa import Context, Expr, Row, RowSet, Shape, Step, shapes
from xlate.isa.cdecoder import Bucket, row_function, tables
from xlate.targets import ARM32
from xlate.tools import gen_syscalls

A32_BUCKET = Bucket("a32", ((20, 8), (4, 4)))
T32_BUCKET = Bucket("t32", ((20, 9), (12, 4)))
T16_BUCKET = Bucket("t16", ((6, 10),))
ROW_IT, ROW_ALWAYS = 1, 2  # enum row_kind of unit.h
EXIT_KINDS = {"none": 0, "jump": 1, "indirect": 2, "branch": 3, "stop": 4}
EXIT_DETAILS = {
    "": 0,
    "jump": 0,
    "call": 1,
    "return": 2,
    "svc": 1,
    "undefined": 2,
    "bkpt": 3,
    "refetch": 4,
}


def _context(rows: RowSet) -> Context:
    return Context(Expr.var("pc"), rows.name != "A32", rows.width // 8, Expr.var("in_it"))


class Generator:
    """Collects shapes of all rows into one plan and prints the decoder beside it."""

    def __init__(self) -> None:
        self.plan = Plan()
        self.functions: list[str] = []
        self.tables: list[str] = []

    def add(self, rows: RowSet) -> None:
        """All shapes of a row set, and the C function of each row."""
        ctx = _context(rows)
        for row in rows:
            mine = list(shapes(row, ARM32.make, ctx))
            self.functions.append(row_function(rows, row, mine, self._leaf))
            self._fuse(row, ctx, mine)

    def _leaf(self, step: Step) -> tuple[int, list[str]]:
        entry = self.plan.add(step)
        fam = family(step.block)
        lines = [f"uop->reg[{i}] = {o.number};" for i, o in enumerate(fam.operands)]
        lines += [f"uop->imm[{i}] = {text};" for i, text in enumerate(fam.immediates)]
        lines += [f"uop->off[{i}] = (u32)({text});" for i, text in enumerate(fam.offsets)]
        if fam.exit.kind != "none":
            lines.append(f"uop->exit = {EXIT_KINDS[fam.exit.kind]};")
            lines.append(f"uop->detail = {EXIT_DETAILS[fam.exit.detail]};")
            if fam.exit.value:
                lines.append(f"uop->target = (u32)({fam.exit.value});")
        return entry.number, lines

    def _fuse(self, row: Row, ctx: Context, mine: list[Shape]) -> None:
        """Families of this row that set flags get templates with every condition they decide."""
        steps = [single_step(s) for s in mine]
        if not any(s is not None and fusable(s) for s in steps):
            return
        for cond in range(CONDITIONS):
            with_cond = shapes(row, ARM32.make, ctx, finish=_skip_unless(cond))
            for step, shape in zip(steps, with_cond, strict=True):
                fused = single_step(shape)
                if step is None or fused is None or not fusable(step) or not readable(step, [cond]):
                    continue
                entry = self.plan.add(step)
                if (0, cond, 0) not in entry.fused:
                    self.plan.fuse(entry, cond, fused)

    def skips(self) -> list[Entry]:
        """Families that test a condition on the flags in the state."""
        out = []
        for cond in range(CONDITIONS):
            machine = ARM32.make(Context(Expr.var("pc"), False, 4, False))
            _skip_unless(cond)(machine)
            out.append(self.plan.add(machine.steps[0]))
        return out


def _skip_unless(cond: int) -> Callable[[Any], None]:
    def finish(machine: Any) -> None:
        machine.block.op("exit_skip", machine.holds(cond) ^ 1)

    return finish


def decoder_text(generator: Generator, a32: RowSet, t32: RowSet, t16: RowSet) -> str:
    """The whole generated decoder."""
    unconditional = [r for r in a32 if not r.conditional and _may_be(r, 0xF0000000, 0xF0000000)]
    conditional = [r for r in a32 if r.conditional or not _only(r, 0xF0000000)]
    lines = ["/* Generated: decoder of 32-bit ARM; do not edit. */", *generator.functions]
    kinds = {ARM32.it_row: ROW_IT, **dict.fromkeys(ARM32.always, ROW_ALWAYS)}
    top = 0xF0000000
    lines.append(tables(a32, A32_BUCKET, conditional, (0, 0), "", {}))
    lines.append(tables(a32, A32_BUCKET, unconditional, (top, top), "_uncond", {}))
    lines.append(tables(t32, T32_BUCKET, list(t32), (0, 0), "", {}))
    lines.append(tables(t16, T16_BUCKET, list(t16), (0, 0), "", kinds))
    return "\n".join(lines)


def _may_be(row: Row, mask: int, value: int) -> bool:
    return (row.encoding.value ^ value) & row.encoding.mask & mask == 0


def _only(row: Row, top: int) -> bool:
    return row.encoding.mask & top == top and row.encoding.value & top == top


def generate(build_dir: Path, cache: Path | None = None, jobs: int | None = None) -> dict[str, int]:
    """Write build_dir/gen/*; returns counts and sizes of the template library."""
    started = time.monotonic()
    gen = build_dir / "gen"
    gen.mkdir(parents=True, exist_ok=True)
    a32, t32, t16 = ARM32.rowsets
    generator = Generator()
    for rows in (a32, t32, t16):
        generator.add(rows)
    skips = generator.skips()
    decoder = decoder_text(generator, a32, t32, t16)
    templates = build(
        generator.plan.requests.values(),
        ARM32.state,
        cache or build_dir / "stencils.json",
        fingerprint(ARM32.state),
        jobs or os.cpu_count() or 1,
    )
    figures = report(generator.plan, templates)
    figures["seconds"] = round(time.monotonic() - started)
    _write(gen / "state_arm32.h", ARM32.state.c_header())
    _write(gen / "hostregs.h", hostregs.c_header())
    _write(gen / "ciphers.h", ciphers.c_header())
    _write(gen / "fp_exact.h", modal.c_header())
    _write(gen / "decode_arm32.inc", decoder)
    _write(gen / "stencils_arm32.inc", write(generator.plan, templates, skips))
    _write(gen / "stencils.json", json.dumps(figures))
    gen_syscalls.generate(build_dir)
    return figures


def _write(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    path.write_text(text)


if __name__ == "__main__":
    print(json.dumps(generate(Path(sys.argv[1]))))
