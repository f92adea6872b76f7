"""Generates what the C runtime includes: state layout, decoder, templates, system call table.

``python -m xlate.tools.gen_runtime DIR`` writes DIR/gen/*; the build calls generate().
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from backends.llvm import ciphers, modal
from backends.stencil import hostregs
from backends.stencil.family import family
from backends.stencil.library import build, fingerprint
from backends.stencil.plan import CONDITIONS, Entry, Plan, fusable, readable, single_step
from backends.stencil.writer import report, write
from xlate.errors import Inconsistent
from xlate.isa import Context, Expr, Row, RowSet, Shape, Step, shapes
from xlate.isa.cdecoder import Bucket, row_function, tables
from xlate.targets import ARM32, Guest, arm64
from xlate.tools import gen_syscalls

A32_BUCKET = Bucket("a32", ((20, 8), (4, 4)))
T32_BUCKET = Bucket("t32", ((20, 9), (12, 4)))
T16_BUCKET = Bucket("t16", ((6, 10),))
A64_BUCKET = Bucket("a64", ((21, 11),))
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
    thumb = rows.name in ("T32", "T16")
    return Context(Expr.var("pc"), thumb, rows.width // 8, Expr.var("in_it"))


def _marked(immediates: Sequence[str]) -> list[str]:
    """Say of an immediate that it moves with the guest's code; the runtime knows of the first."""
    moving = [i for i, text in enumerate(immediates) if re.search(r"\bpc\b", text)]
    if moving not in ([], [0]):
        raise Inconsistent(f"immediates {moving} are addresses: only the first may be one")
    return ["uop->address = true;"] if moving else []


class Generator:
    """Collects shapes of all rows into one plan and prints the decoder beside it."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self.plan = Plan(plain=guest.plain)
        self.functions: list[str] = []
        for rows in guest.rowsets:
            self.add(rows)

    def add(self, rows: RowSet) -> None:
        """All shapes of a row set, and the C function of each row."""
        ctx = _context(rows)
        for row in rows:
            mine = list(shapes(row, self.guest.make, ctx))
            self.functions.append(row_function(rows, row, mine, self._leaf))
            if not self.guest.plain:
                self._fuse(row, ctx, mine)

    def _leaf(self, step: Step) -> tuple[int, list[str]]:
        entry = self.plan.add(step)
        fam = family(step.block)
        lines = [f"uop->reg[{i}] = {o.number};" for i, o in enumerate(fam.operands)]
        lines += [f"uop->imm[{i}] = {text};" for i, text in enumerate(fam.immediates)]
        lines += _marked(fam.immediates)
        lines += [f"uop->off[{i}] = (u32)({text});" for i, text in enumerate(fam.offsets)]
        if fam.exit.kind != "none":
            lines.append(f"uop->exit = {EXIT_KINDS[fam.exit.kind]};")
            lines.append(f"uop->detail = {EXIT_DETAILS[fam.exit.detail]};")
            if fam.exit.value:
                lines.append(f"uop->target = (gword)({fam.exit.value});")
        return entry.number, lines

    def _fuse(self, row: Row, ctx: Context, mine: list[Shape]) -> None:
        """Families of this row that set flags get templates with every condition they decide."""
        steps = [single_step(s) for s in mine]
        if not any(s is not None and fusable(s) for s in steps):
            return
        for cond in range(CONDITIONS):
            with_cond = shapes(row, self.guest.make, ctx, finish=_skip_unless(cond))
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
            machine: Any = self.guest.make(Context(Expr.var("pc"), False, 4, False))
            _skip_unless(cond)(machine)
            out.append(self.plan.add(machine.steps[0]))
        return out


def _skip_unless(cond: int) -> Callable[[Any], None]:
    def finish(machine: Any) -> None:
        machine.block.op("exit_skip", machine.holds(cond) ^ 1)

    return finish


def decoder_text(generator: Generator) -> str:
    """The whole generated decoder."""
    if generator.guest is not ARM32:
        (a64,) = generator.guest.rowsets
        lines = ["/* Generated: decoder of A64; do not edit. */", *generator.functions]
        return "\n".join([*lines, tables(a64, A64_BUCKET, list(a64), (0, 0), "", {})])
    return arm32_decoder(generator, *ARM32.rowsets)


def arm32_decoder(generator: Generator, a32: RowSet, t32: RowSet, t16: RowSet) -> str:
    """The decoder of the three row sets of 32-bit ARM."""
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
    """Write build_dir/gen/*; returns counts and sizes of the template library of 32-bit ARM."""
    started = time.monotonic()
    gen = build_dir / "gen"
    gen.mkdir(parents=True, exist_ok=True)
    figures = _generate_guest(ARM32, gen, cache or build_dir / "stencils.json", jobs)
    _generate_guest(arm64(), gen, build_dir / "stencils_arm64.json", jobs)
    figures["seconds"] = round(time.monotonic() - started)
    _write(gen / "hostregs.h", hostregs.c_header())
    _write(gen / "ciphers.h", ciphers.c_header())
    _write(gen / "fp_exact.h", modal.c_header())
    _write(gen / "stencils.json", json.dumps(figures))
    gen_syscalls.generate(build_dir)
    return figures


def _generate_guest(guest: Guest, gen: Path, cache: Path, jobs: int | None) -> dict[str, int]:
    """Write what depends on the guest alone: state, decoder, templates."""
    generator = Generator(guest)
    skips = generator.skips()
    templates = build(
        generator.plan.requests.values(),
        guest.state,
        cache,
        fingerprint(guest.state),
        jobs or os.cpu_count() or 1,
    )
    _write(gen / f"state_{guest.name}.h", guest.state.c_header())
    _write(gen / f"decode_{guest.name}.inc", decoder_text(generator))
    _write(gen / f"stencils_{guest.name}.inc", write(generator.plan, templates, skips))
    return report(generator.plan, templates)


def _write(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    path.write_text(text)


if __name__ == "__main__":
    print(json.dumps(generate(Path(sys.argv[1]))))
