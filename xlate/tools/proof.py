"""The proof of the instruction set: a fixed list of encodings and blocks, on every engine.

``python -m xlate.tools.proof --seed 1 --keep build/proof`` runs what the folder does not have yet:
shares of 600 encodings times 16 states, then shares of random blocks. A share is done when it is
without an unexplained difference, or was run with the sources at hand; so after a correction those
that failed are run again, and after any other change one may go on (``--again`` runs all anew).
``--page`` writes docs/proof.md from the folder. Status 1 when something differs.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import click

from xlate.runtime import build
from xlate.tools.proof_log import ProofLog, sources
from xlate.tools.proof_page import PAGE_PATH, page
from xlate.tools.proof_share import BLOCK_SHARE, ENGINES, Share, run_share
from xlate.verify.encodings import FAMILIES, Encoding, all_encodings

ENCODINGS, BLOCKS = 300_000, 1_000_000
SHARE = 600


def shares(
    seed: int, words: dict[str, list[Encoding]], blocks: int, kinds: tuple[str, ...]
) -> list[Share]:
    """Return all work in its order: encodings of both instruction sets by turns, then blocks."""
    found: list[Share] = []
    for kind in kinds:
        counts = {
            family: -(-len(words[family]) // SHARE)
            if kind == "encodings"
            else -(-blocks // BLOCK_SHARE // len(FAMILIES))
            for family in FAMILIES
        }
        for index in range(max(counts.values())):
            found += [Share(kind, f, index, seed) for f in FAMILIES if index < counts[f]]
    return found


@click.command()
@click.option("--seed", default=1, show_default=True, help="Start of the random numbers.")
@click.option("--encodings", default=ENCODINGS, show_default=True, help="Distinct, at least.")
@click.option("--blocks", default=BLOCKS, show_default=True, help="Random blocks.")
@click.option("--engines", default=",".join(ENGINES), show_default=True, help="Which to compare.")
@click.option("--kinds", default="encodings,blocks", show_default=True, help="What to run.")
@click.option("--keep", type=click.Path(path_type=Path), default=Path("build/proof"))
@click.option("--minutes", default=0.0, help="Begin no share after so many (0: no end).")
@click.option("--jobs", default=1, show_default=True, help="Processes.")
@click.option("--driver", default="", help="Path of xlate-insn (default: build it).")
@click.option("--again", is_flag=True, help="Run also what other sources have passed.")
@click.option("--page", "write_page", is_flag=True, help=f"Write {PAGE_PATH.name} from the folder.")
def main(
    *,
    seed: int,
    encodings: int,
    blocks: int,
    engines: str,
    kinds: str,
    keep: Path,
    minutes: float,
    jobs: int,
    driver: str,
    again: bool,
    write_page: bool,
) -> None:
    """Run what is not done yet; status 1 when anything differs that nothing explains."""
    program = Path(driver) if driver else build.ensure().with_name("xlate-insn")
    log = ProofLog(keep, seed)
    words = log.words(encodings, lambda: all_encodings(seed, encodings))
    state = sources(program)
    todo = shares(seed, words, blocks, tuple(kinds.split(",")))
    missing = [share for share in todo if not log.is_done(share, state, again=again)]
    click.echo(f"{len(todo)} shares, {len(missing)} to run; results in {keep}")
    end = time.monotonic() + 60 * minutes if minutes else None
    for share, record in _run(missing, words, engines, str(program), jobs, end):
        log.add(share, state, record)
        differ = sum(record["differ"].values())
        click.echo(f"{share.name}: {record['runs']} runs, {differ} differ, {record['seconds']}")
        for failure in record["failures"][:5]:
            click.echo(failure)
    totals = log.totals()
    if write_page:
        PAGE_PATH.write_text(page(totals, words, seed, encodings, blocks))
    click.echo(json.dumps(totals.summary()))
    sys.exit(1 if totals.differ else 0)


def _run(
    missing: list[Share],
    words: dict[str, list[Encoding]],
    engines: str,
    program: str,
    jobs: int,
    end: float | None,
) -> Iterator[tuple[Share, dict]]:
    """Run shares; none is begun behind the end."""
    args = engines, program
    if jobs <= 1:
        for share in missing:
            if end is not None and time.monotonic() > end:
                return
            yield share, run_share(share, _of(share, words), *args)
        return
    with ProcessPoolExecutor(jobs) as pool:
        waiting = iter(missing)
        running = {}
        while True:
            while len(running) < jobs and not (end is not None and time.monotonic() > end):
                share = next(waiting, None)
                if share is None:
                    break
                running[pool.submit(run_share, share, _of(share, words), *args)] = share
            if not running:
                return
            done = next(as_completed(running))
            yield running.pop(done), done.result()


def _of(share: Share, words: dict[str, list[Encoding]]) -> list[Encoding]:
    """Return the encodings of a share; blocks are made of as many, from all over the list."""
    if share.kind == "encodings":
        return words[share.family][share.index * SHARE : (share.index + 1) * SHARE]
    found = []
    for listed in words.values():
        at = share.index * 7919 % max(1, len(listed) - 2 * SHARE)
        found += listed[at : at + 2 * SHARE]
    return found


if __name__ == "__main__":
    main()
