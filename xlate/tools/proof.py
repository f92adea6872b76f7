"""The proof of the instruction set: a fixed list of encodings and blocks, on every engine.

``python -m xlate.tools.proof --seed 1 --keep build/proof`` runs what the folder does not have yet:
shares of 1,200 encodings times 16 states, then shares of random blocks. A share is done when it is
without an unexplained difference, or was run with the sources at hand; so after a correction those
that failed are run again, and after any other change one may go on (``--again`` runs all anew).
``--page`` writes docs/proof.md from the folder. Status 1 when something differs.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from typing import Any

import click

from xlate.runtime import build
from xlate.tools.proof_log import ProofLog, sources
from xlate.tools.proof_page import PAGE_PATH, page
from xlate.tools.proof_share import BLOCK_SHARE, ENGINES, Share, run_share
from xlate.verify.encodings import FAMILIES, Encoding, all_encodings, cut, digest

ENCODINGS, BLOCKS = 300_000, 1_000_000
SHARE = 1200  # about


class Work:
    """All shares and their words."""

    def __init__(self, seed: int, words: dict[str, list[Encoding]], encodings: int) -> None:
        self.seed, self._words = seed, words
        count = max(1, encodings // len(FAMILIES) // SHARE)
        self._cut = {family: cut(words[family], count) for family in FAMILIES}
        self._count = count

    def shares(self, blocks: int, kinds: str) -> list[Share]:
        """Return them in their order: both instruction sets by turns, blocks behind encodings."""
        counts = {"encodings": self._count, "blocks": -(-blocks // BLOCK_SHARE // len(FAMILIES))}
        return [
            Share(kind, family, index, self.seed)
            for kind in kinds.split(",")
            for index in range(counts[kind])
            for family in FAMILIES
        ]

    def words(self, share: Share) -> list[Encoding]:
        """Return a share's encodings; blocks are made of some of both instruction sets."""
        if share.kind == "encodings":
            return self._cut[share.family][share.index]
        at = share.index * 7 % self._count, (share.index * 11 + 3) % self._count
        return [one for cuts in self._cut.values() for index in at for one in cuts[index]]


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
    gc.freeze()  # they stay
    state = sources(program)
    work = Work(seed, words, encodings)
    todo = work.shares(blocks, kinds)
    missing = [
        share
        for share in todo
        if not log.is_done(share, digest(work.words(share)), state, again=again)
    ]
    click.echo(f"{len(todo)} shares, {len(missing)} to run; results in {keep}")
    end = time.monotonic() + 60 * minutes if minutes else None
    for share, record in _run(missing, work, engines, str(program), jobs, end):
        log.add(share, digest(work.words(share)), state, record)
        differ = sum(record["differ"].values())
        click.echo(f"{share.name}: {record['runs']} runs, {differ} differ, {record['seconds']}")
        for failure in record["failures"][:5]:
            click.echo(failure)
    totals = log.totals()
    if write_page:
        PAGE_PATH.write_text(page(totals, words, seed, blocks))
    click.echo(json.dumps(totals.summary()))
    sys.exit(1 if totals.differ else 0)


def _run(
    missing: list[Share],
    work: Work,
    engines: str,
    program: str,
    jobs: int,
    end: float | None,
) -> Iterator[tuple[Share, dict[str, Any]]]:
    """Run shares; none is begun behind the end."""
    waiting = (share for share in missing if end is None or time.monotonic() < end)
    if jobs <= 1:
        for share in waiting:
            yield share, run_share(share, work.words(share), engines, program)
        return
    with ProcessPoolExecutor(jobs) as pool:
        running: dict[Future[dict[str, Any]], Share] = {}
        while True:
            for share in islice(waiting, jobs - len(running)):
                running[pool.submit(run_share, share, work.words(share), engines, program)] = share
            if not running:
                return
            done = next(as_completed(running))
            yield running.pop(done), done.result()


if __name__ == "__main__":
    main()
