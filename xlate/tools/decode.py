"""Compares decoding with capstone and objdump on many words; the table must explain all.

``python -m xlate.tools.decode --seed 1 --shares 40 --jobs 2``. A share is, for A32 and T32, one
word of every row, all words that differ from it in one or two of the row's fixed bits, further
words of every row, and uniform ones; the 59,392 words of T16 are all compared in the first.
T16 and a part of T32 are compared in an IT block as well. What differs is explained by
``tests/decode/witnesses.toml`` or printed; status 1 when something is not explained, or when an
entry of the table does not explain its own example.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import click

from xlate.verify.decoding import Table, around, belongs, operands, uniform
from xlate.verify.generate import SETS
from xlate.verify.witnesses import IN_IT

TABLE = Path(__file__).resolve().parents[2] / "tests" / "decode" / "witnesses.toml"
CHUNK = 50_000


def table() -> Table:
    """Return the table as it stands, with nothing counted."""
    return Table.read(tomllib.loads(TABLE.read_text(encoding="utf-8")))


def draw(isa: str, seed: int, *, flips: int, each: int, count: int) -> list[int]:
    """Return the words of one share; the same for the same arguments."""
    return [*around(isa, seed, flips), *operands(isa, seed, each), *uniform(isa, seed, count)]


def all_of_t16() -> list[int]:
    """Return every word of T16."""
    return [word for word in range(1 << SETS["T16"].width) if belongs("T16", word)]


def run_share(index: int, seed: int) -> Table:
    """Compare one share."""
    found = table()
    for isa, words in _sets_of(index, seed):
        for start in range(0, len(words), CHUNK):
            found.compare(isa, words[start : start + CHUNK])
    return found


def _sets_of(index: int, seed: int) -> Iterator[tuple[str, list[int]]]:
    for isa in ("A32", "T32"):
        words = draw(isa, seed * 1_000_003 + index, flips=2, each=40, count=CHUNK)
        yield isa, words
        if isa == "T32":
            yield isa + IN_IT, words[:CHUNK]
    if index == 0:
        yield "T16", all_of_t16()
        yield "T16" + IN_IT, all_of_t16()


@click.command()
@click.option("--seed", default=1, show_default=True, help="Start of the random numbers.")
@click.option(
    "--shares", type=click.IntRange(1), default=40, show_default=True,
    help="Some 280,000 words each.",
)  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--show", default=40, show_default=True, help="Differences printed.")
def main(*, seed: int, shares: int, jobs: int, show: int) -> None:
    """Compare decoding with disassemblers; status 1 when a difference is not explained."""
    found = table()
    with ProcessPoolExecutor(jobs) as pool:
        for part in pool.map(partial(run_share, seed=seed), range(shares)):
            found.add(part)
    for index, entry in enumerate(found.entries):
        click.echo(f"{found.fired[index]:9} {entry.isa} {' '.join(entry.rows)}: {entry.reason}")
    for difference in found.unexplained[:show]:
        click.echo(str(difference))
    stale = found.stale()
    for entry in stale:
        click.echo(f"does not explain its example {entry.example}: {entry.reason}")
    click.echo(
        f"{found.words:,} words with two witnesses: {sum(found.fired.values()):,} differences "
        f"explained by {len(found.entries)} entries, {len(found.unexplained)} not explained"
    )
    sys.exit(1 if found.unexplained or stale else 0)


if __name__ == "__main__":
    main()
