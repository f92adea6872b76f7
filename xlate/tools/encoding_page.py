"""The text of docs/encodings.md: the account of the encoding space in numbers and reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from xlate.tools.encoding_parts import EXECUTES, STATUSES, Part, Space

HEADINGS = {
    EXECUTES: "executes",
    "undefined": "undefined",
    "unpredictable": "unpredictable",
    "unimplemented": "refused",
}
# Instruction set, its space (number among the spaces), and what one word of it counts for.
SETS = (("A32", 0, 1), ("T16", 1, 1 << 16), ("T32", 1, 1))
A64 = 3  # its space

INTRODUCTION = """\
# Encodings

Written by `python -m xlate.tools.encoding_account --write`, not by hand; a test holds it
against the rows. Every word of A32 and T32 belongs to one row, or to none, which is undefined.
A64 is there in part, as a guard against assumptions of 32 bits: no program of a user runs in it,
and a word without a row is refused.
Nothing here is sampled: rows, minus narrower rows, cut by the tests of fields that their
functions make, are sets that are counted. `--rows` prints the same row by row, `--picture FILE`
draws it, down to single words.

- **executes**: as the manual says. What it leaves open and no row refuses executes like its
  neighbours: bits that should be zero or one (x in a row) are ignored, and see the entries
  "unpredictable" of `tests/decode/witnesses.toml`.
- **undefined**: by the manual, in User mode of the processor that HWCAP and HWCAP2 describe;
  the guest gets SIGILL.
- **unpredictable**: the manual leaves it open; undefined was chosen, so the guest gets SIGILL.
- **refused**: the manual defines it and xlate lacks it; SIGILL.

Reasons are counted outside IT blocks. Faults of the access itself are no matter of encodings.
"""


def page(spaces: list[Space]) -> str:
    """Return the page."""
    lines = [INTRODUCTION, "## Words", "", *_totals(spaces), "", *_in_it(spaces)]
    for isa, index, unit in SETS:
        lines += ["", f"## Rows of {isa}", "", *_families(spaces[index], isa, unit)]
    for status in ("unimplemented", "unpredictable", "undefined"):
        lines += ["", f"## Why {HEADINGS[status]}", "", *_reasons(spaces, status)]
    lines += ["", "## Words without a row", "", *_without(spaces)]
    lines += ["", "## Rows of A64", "", *_families(spaces[A64], "A64", 1)]
    lines += ["", *_why(spaces[A64])]
    return "\n".join(lines) + "\n"


def _by(parts: Iterable[Part], key: Callable[[Part], str]) -> dict[str, list[Part]]:
    found = defaultdict(list)
    for part in parts:
        found[key(part)].append(part)
    return found


def _count(space: Space, parts: Iterable[Part], unit: int = 1) -> int:
    return sum(space.count(part) for part in parts) // unit


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3f} %" if part else "-"


def _totals(spaces: list[Space]) -> list[str]:
    heads = " | ".join(HEADINGS[s] for s in STATUSES)
    lines = [f"| state | words | {heads} |", "|---|---:|" + "---:|" * len(STATUSES)]
    for title, index, isa, unit in (
        ("A32", 0, "A32", 1),
        ("T32, 16 bits", 1, "T16", 1 << 16),
        ("T32, 16 bits, in an IT block", 2, "T16", 1 << 16),
        ("T32, 32 bits", 1, "T32", 1),
        ("T32, 32 bits, in an IT block", 2, "T32", 1),
        ("A64", A64, "A64", 1),
    ):
        space = spaces[index]
        parts = [p for p in space.parts if p.isa == isa]
        whole = _count(space, parts, unit)
        cells = []
        for status in STATUSES:
            number = _count(space, (p for p in parts if p.status == status), unit)
            cells.append(f"{number:,} ({_share(number, whole)})" if number else "-")
        lines.append(f"| {title} | {whole:,} | {' | '.join(cells)} |")
    return lines


def _in_it(spaces: list[Space]) -> list[str]:
    """Say which rows an IT block makes unpredictable as a whole."""
    outside = {(p.isa, p.row.name) for p in spaces[1].parts if p.row and p.status == EXECUTES}
    inside = {(p.isa, p.row.name) for p in spaces[2].parts if p.row and p.status == EXECUTES}
    names = sorted(name for _, name in outside - inside)
    return [f"Rows that execute outside IT blocks only: {', '.join(names)}."]


def _families(space: Space, isa: str, unit: int) -> list[str]:
    """Return rows and shares of each file of rows; a row counts where its best status is."""
    parts = [p for p in space.parts if p.isa == isa]
    whole = _count(space, parts, unit)
    heads = " | ".join(f"rows | {HEADINGS[s]}" for s in STATUSES)
    lines = [f"| rows' file | {heads} |", "|---|" + "---:|---:|" * len(STATUSES)]
    families = _by(parts, lambda p: p.family)
    for family, mine in sorted(families.items()):
        lines.append(_family_line(space, family, mine, (whole, unit)))
    with_rows = [p for p in parts if p.row is not None]
    lines.append(_family_line(space, "all rows", with_rows, (whole, unit)))
    return [
        *lines,
        "",
        "Rows are counted where they execute, else under what most of their words are.",
    ]


def _family_line(space: Space, title: str, parts: list[Part], scale: tuple[int, int]) -> str:
    whole, unit = scale
    rows = _by((p for p in parts if p.row), lambda p: p.row.name if p.row else "")
    best = [_status_of_row(space, mine) for mine in rows.values()]
    cells = []
    for status in STATUSES:
        number = _count(space, (p for p in parts if p.status == status), unit)
        cells += [str(best.count(status)) if status in best else "-", _share(number, whole)]
    return f"| {title} | {' | '.join(cells)} |"


def _status_of_row(space: Space, parts: list[Part]) -> str:
    if any(part.status == EXECUTES for part in parts):
        return EXECUTES
    return max(parts, key=space.count).status


def _reasons(spaces: list[Space], status: str) -> list[str]:
    """Return a line for each reason: rows and words of each instruction set, outside IT blocks."""
    found = [p for s in spaces[:2] for p in s.parts if p.status == status and p.row is not None]
    lines = ["| reason | rows | A32 | T16 | T32 |", "|---|---:|---:|---:|---:|"]
    by_reason = _by(found, lambda p: p.reason)
    for reason, mine in sorted(by_reason.items(), key=lambda item: item[0].lower()):
        cells = []
        for isa, index, unit in SETS:
            number = _count(spaces[index], (p for p in mine if p.isa == isa), unit)
            cells.append(f"{number:,}" if number else "-")
        rows = len({(p.isa, p.row.name) for p in mine if p.row is not None})
        lines.append(f"| {reason} | {rows} | {' | '.join(cells)} |")
    return lines


def _why(space: Space) -> list[str]:
    """Return a line for each way in which a word of the space does not execute, and its reason."""
    lines = ["| status | reason | words |", "|---|---|---:|"]
    found = [part for part in space.parts if part.status != EXECUTES]
    for key, mine in sorted(_by(found, lambda p: f"{HEADINGS[p.status]} | {p.reason}").items()):
        lines.append(f"| {key} | {_count(space, mine):,} |")
    return lines


def _without(spaces: list[Space]) -> list[str]:
    """Return a line for each reason of the list of gaps."""
    lines = ["| instruction set | status | reason | words |", "|---|---|---|---:|"]
    for isa, index, unit in SETS:
        gaps = [p for p in spaces[index].parts if p.isa == isa and p.row is None]
        for reason, mine in _by(gaps, lambda p: p.reason).items():
            number = _count(spaces[index], mine, unit)
            lines.append(f"| {isa} | {mine[0].status} | {reason} | {number:,} |")
    return lines
