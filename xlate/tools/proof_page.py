"""docs/proof.md: what the proof has run and found, written from its folder of results.

The page has counts and nothing that has to be kept true by hand: seed, commits, encodings by row,
runs by class of rows and engine, what witnesses do otherwise and why. Reasons that no run needed
are named, so that a list entry that has lost its use is seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from xlate.tools.proof_log import Totals, Words
from xlate.verify.known import WITNESSES, known_errors

PAGE_PATH = Path(__file__).resolve().parents[2] / "docs" / "proof.md"
EACH = 200
OURS = ("stencil", "llvm", "package")

_HEAD = """# The instruction set, run: what was compared

Written by `make proof` (`python -m xlate.tools.proof --page`), not by hand. Distinct instruction
words, drawn from every row, each in sixteen states of registers, flags, rounding mode and memory,
and random blocks, each in one state: run by the interpreter and compared with the baseline tier
(`stencil`), with optimised code linked at its own addresses (`llvm`), with optimised code of a
position-independent file (`package`; both are converted as any program's and loaded by the
runtime as its package), and with two outside witnesses: unicorn, and qemu-arm as a process.
Compared is what `xlate/verify/case.py` says: registers, flags, floating point, memory, and why it
stopped. Blocks are of four kinds (sequences, programs, exclusive pairs, changes of the instruction
set); a third of them have vector instructions, and those that take long to compile are rare
([0021](decisions/0021-the-proof-in-batches.md)). FPSCR's FZ and DN are clear in all states. Where
optimised code does not answer for a register or flag ([0011](decisions/0011-flags-across-calls.md),
[0016](decisions/0016-handlers-of-faults.md)) it is not compared: registers at its faults, NZCV
behind calls, returns and system calls.
"""


def page(totals: Totals, words: Words, seed: int, blocks: int) -> str:
    """Return the page."""
    parts = [
        _HEAD,
        *_command(totals, words, seed, blocks),
        *_rows(totals, words),
        *_engines(totals),
        *_seconds(totals),
        *_known(totals),
        *_differ(totals),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "|".join("---" if at == 0 else "---:" for at in range(len(head))) + "|"
    for row in rows:
        cells = (f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row)
        yield "| " + " | ".join(cells) + " |"
    yield ""


def _command(totals: Totals, words: Words, seed: int, blocks: int) -> Iterator[str]:
    listed = sum(one.executes for rows in words.values() for one in rows)
    done, refused = totals.get("encodings/pieces"), totals.get("encodings/refused")
    short = totals.get("encodings/short").total()
    ran = totals.get("blocks/pieces").total() + totals.get("blocks/short").total()
    yield "## How much of it was run\n"
    yield f"Command: `make proof SEED={seed}`; it goes on where it was stopped.\n"
    commits = ", ".join(f"{name} ({count})" for name, count in sorted(totals.commits.items()))
    yield f"Shares of the work by commit (+: with changes on top): {commits or 'none'}.\n"
    rows = [
        ("encodings that execute, in 16 states", listed, done.total()),
        ("of them states that could not be drawn (fewer than 16)", "", short),
        (
            "encodings that are refused, in 16 states",
            sum(not one.executes for found in words.values() for one in found),
            refused.total(),
        ),
        ("runs of encodings", "", totals.get("encodings/sum")["runs"]),
        ("random blocks", blocks, ran),
    ]
    yield from _table(("", "wanted", "run"), rows)


def _rows(totals: Totals, words: Words) -> Iterator[str]:
    """Say which rows have too few encodings yet, by the list and by what was run."""
    executing, refused = Counter[str](), Counter[str]()
    for listed in words.values():
        for one in listed:
            (executing if one.executes else refused)[f"{one.isa} {one.row.name}"] += 1
    done = totals.get("encodings/pieces") + totals.get("encodings/short")
    few = [name for name in executing if done[name] < min(EACH, executing[name])]
    small = [name for name in executing if executing[name] < EACH]
    never = refused.keys() - executing.keys()
    yield (
        f"{len(executing.keys() | never)} rows; {len(never)} of them refuse every word (undefined"
        f" in User mode, or left open) and are compared in being refused. {len(small)} have fewer"
        f" than {EACH} words that execute: all of them are in the list.\n"
    )
    yield f"Rows of which fewer than {EACH} encodings, or fewer than all, were run: {len(few)}.\n"


def _engines(totals: Totals) -> Iterator[str]:
    names = (*OURS, *WITNESSES)
    for kind in ("encodings", "blocks"):
        by = {name: totals.get(f"{kind}/compared/{name}") for name in names}
        groups = sorted(set().union(*by.values()))
        yield f"## Runs compared with the interpreter: {kind}\n"
        rows = [(group, *(by[name][group] for name in names)) for group in groups]
        rows.append(("all", *(by[name].total() for name in names)))
        entered = [totals.get(f"{kind}/entered/{name}") for name in names]
        inside = ((e["optimised"] if e else "") for e in entered)
        rows.append(("of them in optimised code", *inside))
        yield from _table(("", *names), rows)
        for name in WITNESSES:
            for why, count in totals.get(f"{kind}/skipped/{name}").most_common():
                yield f"- {name} was not asked in {count:,} runs: {why}."
        yield ""


def _seconds(totals: Totals) -> Iterator[str]:
    yield "Processor time, milliseconds for each encoding with its states, and for each block:\n"
    names = ("interp", *OURS, *WITNESSES)
    rows = []
    for kind in ("encodings", "blocks"):
        spent, count = totals.get(f"{kind}/seconds"), totals.get(f"{kind}/sum")["pieces"]
        rows.append((kind, *(f"{1000 * spent[name] / max(1, count):.1f}" for name in names)))
    yield from _table(("", *names), rows)


def _known(totals: Totals) -> Iterator[str]:
    """Reasons by witness, with what each explained."""
    for witness in WITNESSES:
        found = totals.get(f"encodings/known/{witness}") + totals.get(f"blocks/known/{witness}")
        yield f"## What {witness} does otherwise, and why\n"
        yield from _table(("reason", "runs"), found.most_common())
        unused = {entry.reason for entry in known_errors(witness)} - found.keys()
        if unused:
            yield "Of the list, not met in these runs (a test holds every entry to its example):"
            yield "; ".join(sorted(unused)) + ".\n"


def _differ(totals: Totals) -> Iterator[str]:
    yield "## What nothing explains\n"
    if not totals.differ:
        yield "Nothing.\n"
        return
    differ = totals.get("encodings/differ") + totals.get("blocks/differ")
    yield from _table(("engine and row", "runs"), differ.most_common())
