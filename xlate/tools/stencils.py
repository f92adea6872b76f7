"""Figures of the template library, and host code of single instructions, for people who tune it.

``python -m xlate.tools.stencils`` prints how many templates there are and what they cost;
``--show WORD`` prints the templates of one instruction. The figures are held against the budget
in tests/codegen; what a template looks like is decided in backends/stencil.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from dataclasses import dataclass

import click

from backends.stencil import library
from backends.stencil.family import FLAGS
from backends.stencil.holes import Template
from backends.stencil.plan import Plan
from backends.stencil.writer import report
from xlate.errors import XlateError
from xlate.isa.nzcv import CONDITIONS
from xlate.pipeline import host_steps
from xlate.runtime import build
from xlate.targets import ARM32
from xlate.tools.gen_runtime import Generator
from xlate.verify.capstone_text import disassemble
from xlate.verify.case import code_bytes

BUDGET_BYTES, BUDGET_SECONDS = 1 << 20, 180  # DESIGN.md, section 4


@dataclass(frozen=True)
class Library:
    """All templates that the runtime is built with; ``seconds`` is what the last build took."""

    plan: Plan
    templates: dict[str, Template]
    seconds: int

    def figures(self) -> dict[str, int]:
        """Return counts and sizes; equal machine code counts once."""
        distinct = set(self.templates.values())
        figures = report(self.plan, self.templates)
        figures["boxed"] = sum(t.boxed for t in distinct)
        figures["spare_registers"] = sum(bool(t.clobbers) for t in distinct)
        figures["mean_bytes"] = round(figures["code_bytes"] / len(distinct))
        figures["seconds"] = self.seconds
        return figures


def built_library() -> Library:
    """Return the library of the present sources; the runtime is built first if it is not there."""
    place = build.ensure(announce=lambda line: click.echo(line, err=True)).parents[1]
    generator = Generator(ARM32)
    generator.skips()
    templates = library.build(
        generator.plan.requests.values(),
        ARM32.state,
        place / "stencils.json",
        library.fingerprint(ARM32.state),
        os.cpu_count() or 1,
    )
    figures = json.loads((place / "gen" / "stencils.json").read_text())
    return Library(generator.plan, templates, figures["seconds"])


def ways(plan: Plan) -> Counter[str]:
    """Count templates by the first way of compiling that keeps all rules: as long as a build.

    What a way does not name is an absolute symbol, and operands are not held back.
    """
    count: Counter[str] = Counter()
    todo = list(plan.requests.values())
    while todo:
        batch, todo = todo[: library.BATCH], todo[library.BATCH :]
        for way in library.WAYS:
            made = library.compile_way(batch, way, ARM32.state)
            count[str(way)] += len(made)
            batch = [request for request in batch if request.key not in made]
    return count


def way_of(request: library.Request) -> library.Way:
    """Return the first way in which the template can be compiled."""
    return next(w for w in library.WAYS if library.compile_way([request], w, ARM32.state))


def longest(found: Library, count: int) -> list[tuple[str, Template]]:
    """Return the longest templates with the operations they were made from."""
    return sorted(found.templates.items(), key=lambda row: -len(row[1].code))[:count]


def show(word: int, isa: str, live: str, fused: int | None) -> str:
    """Return the host code of an instruction; raises Unsupported where there is none."""
    code = code_bytes(isa, [word])
    steps = host_steps(code, 0, isa != "A32", live=live, fused=fused)
    lines = [f"{disassemble(isa, code, 0)}  ; flags alive: {live or 'none'}"]
    for step in steps:
        lines.append(f"  {len(step.code)} bytes, {len(step.lines())} instructions")
        lines += [f"    {line}" for line in step.lines()]
    return "\n".join(lines)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--ways", "with_ways", is_flag=True, help="Count ways of compiling (a minute).")
@click.option("--longest", "how_many", metavar="N", default=0, help="Show the N longest ones.")
@click.option("--show", "word", metavar="WORD", help="Show an instruction word (hexadecimal).")
@click.option("--isa", type=click.Choice(["A32", "T16", "T32"]), default="A32", show_default=True)
@click.option("--live", default=FLAGS, show_default=True, help="Flags read later, for --show.")
@click.option("--fused", type=click.Choice(CONDITIONS), help="Condition fused, for --show.")
def main(
    *,
    as_json: bool,
    with_ways: bool,
    how_many: int,
    word: str | None,
    isa: str,
    live: str,
    fused: str | None,
) -> None:
    """Print the figures of the template library, or the templates of one instruction."""
    try:
        if word is not None:
            click.echo(
                show(int(word, 16), isa, live, None if fused is None else CONDITIONS.index(fused))
            )
            return
        found = built_library()
    except (XlateError, ValueError) as error:
        click.echo(error, err=True)
        sys.exit(1)
    figures: dict[str, int] = found.figures()
    if with_ways:
        figures |= ways(found.plan)
    if as_json:
        click.echo(json.dumps(figures))
        return
    for name, number in figures.items():
        click.echo(f"{number:>8}  {name.replace('_', ' ')}")
    for key, template in longest(found, how_many):
        click.echo(f"\n{len(template.code)} bytes:\n{key}")


if __name__ == "__main__":
    main()
