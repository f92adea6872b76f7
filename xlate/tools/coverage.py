"""Which encoding rows have one-line cases, and proposed cases for those that have none.

``python -m xlate.tools.coverage`` counts; ``--draw`` prints lines to be read, checked and put
into ``tests/insn/arm32``. A drawn line is one on which interpreter and unicorn agree, reduced
to the state it needs; what makes it worth keeping is that somebody looked at it.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import click

from frontends.arm32.machine import make
from xlate.isa import Context, Expr, Row, shapes
from xlate.verify.capstone_text import disassemble
from xlate.verify.case import Case, Engine, code_bytes, differences
from xlate.verify.generate import SETS, Broken, Drawn, Generator, Refused, decode_all
from xlate.verify.interp_engine import run_case
from xlate.verify.lines import Line, format_line, parse_lines
from xlate.verify.shrink import reduce

LINES = Path(__file__).resolve().parents[2] / "tests" / "insn" / "arm32"
DRAWS = 400  # until a row gives up: most need two or three


def executes(isa: str, row: Row) -> bool:
    """Say whether any shape of the row is more than a refusal."""
    thumb = isa != "A32"
    in_it = Expr.var("in_it") if thumb else False
    context = Context(Expr.var("pc"), thumb, row.encoding.width // 8, in_it)
    return any(shape.refusal is None for shape in shapes(row, make, context))


def rows_of_lines(lines: list[Line]) -> set[tuple[str, str]]:
    """Return the rows (instruction set and name) that the lines exercise."""
    found = set()
    for line in lines:
        for insn in decode_all(line.isa, list(line.words), line.case.state.r[15]):
            isa = "T16" if insn.size == 2 else line.isa
            if insn.row is not None:
                found.add((isa, insn.row.name))
    return found


def all_lines() -> list[Line]:
    """Return every case under tests/insn/arm32."""
    return [
        line
        for path in sorted(LINES.glob("*.txt"))
        for line in parse_lines(path.read_text(), path.name)
    ]


def uncovered() -> list[tuple[str, Row]]:
    """Return the rows that execute and have no line."""
    covered = rows_of_lines(all_lines())
    return [
        (isa, row)
        for isa, rows in SETS.items()
        for row in rows
        if (isa, row.name) not in covered and executes(isa, row)
    ]


def draw_line(isa: str, row: Row, witness: Engine, seed: int) -> str | None:
    """Return a case line for the row on which the witness agrees, or None."""
    generator = Generator(seed, [row.name], [isa])
    for _ in range(DRAWS):
        try:
            drawn = generator.draw()
        except (Refused, Broken):
            continue
        if _worth_a_line(drawn, row) and _agrees(witness, drawn.case):
            return _line(drawn)
    return None


def _worth_a_line(drawn: Drawn, row: Row) -> bool:
    """It executes and does something; an instruction that never does has to be nothing."""
    insn = drawn.insns[0]
    if insn.row is not row or drawn.expected.stop in ("undefined", "fault"):
        return False
    before, after = drawn.case.state, drawn.expected.state
    if not disassemble(drawn.isa, code_bytes(drawn.isa, drawn.words), before.r[15]):
        return False
    quiet = "hint" in row.name or "pld" in row.name or "pli" in row.name or insn.cond < 14
    changed = before.r[:15] != after.r[:15] or before.d != after.d or bool(drawn.expected.pages)
    changed = changed or before.nzcv != after.nzcv or before.fpscr != after.fpscr
    return changed or quiet or before.r[15] + insn.size != after.r[15]


def _agrees(witness: Engine, case: Case) -> bool:
    ours, theirs = run_case(case), witness.run([case])[0]
    return not differences(case, ours, theirs, witness.claims)


def _effect(drawn: Drawn, case: Case) -> str:
    line = format_line(drawn.isa, drawn.words, "", case, run_case(case))
    return line.partition("=>")[2]


def _line(drawn: Drawn) -> str:
    """Zero what the effect does not depend on, memory eight bytes at a time."""
    wanted = _effect(drawn, drawn.case)
    case = reduce(drawn.case, lambda c: _effect(drawn, c) == wanted)
    for addr, (prot, data) in list(case.pages.items()):
        if prot & 4 or not any(data):
            continue
        kept = bytearray(data)
        for at in range(0, len(data), 8):
            saved = kept[at : at + 8]
            kept[at : at + 8] = bytes(8)
            smaller = Case(case.state, {**case.pages, addr: (prot, bytes(kept))})
            if _effect(drawn, smaller) != wanted:
                kept[at : at + 8] = saved
        case = Case(case.state, {**case.pages, addr: (prot, bytes(kept))})
    text = disassemble(drawn.isa, code_bytes(drawn.isa, drawn.words), case.state.r[15])
    return format_line(drawn.isa, drawn.words, text, case, run_case(case))


@click.command()
@click.option("--draw", is_flag=True, help="Print a proposed case for every row without one.")
@click.option("--seed", default=1, show_default=True, help="Start of the random numbers.")
def main(*, draw: bool, seed: int) -> None:
    """Count rows with cases; propose cases for the others."""
    missing = uncovered()
    total = sum(executes(isa, row) for isa, rows in SETS.items() for row in rows)
    click.echo(f"# {total - len(missing)} of {total} rows that execute have a case")
    by_file = defaultdict(list)
    for isa, row in missing:
        by_file[row.semantics.__module__.rpartition(".")[2]].append((isa, row))
    for module, rows in sorted(by_file.items()):
        click.echo(f"# {module}: {' '.join(f'{isa}/{row.name}' for isa, row in rows)}")
        if draw:
            _draw_all(rows, seed)


def _draw_all(rows: list[tuple[str, Row]], seed: int) -> None:
    from xlate.verify.unicorn_engine import UnicornEngine

    witness = UnicornEngine()
    for isa, row in rows:
        line = draw_line(isa, row, witness, seed)
        click.echo(line if line is not None else f"# no case found for {isa} {row.name}")


if __name__ == "__main__":
    main()
