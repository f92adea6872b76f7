"""The campaign: every scene, again and again with new seeds, until the time is over.

``python -m tests.faults --minutes 30`` (``make faults``) writes a line for each scene into
build/faults/log.jsonl and begins behind the last seed there. Status 1 when anything was wrong.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import click

from tests.faults.ground import Ground
from tests.faults.scenes import SCENES
from xlate.runtime import build

LOG = Path("build/faults/log.jsonl")


def _next_seed() -> int:
    if not LOG.exists():
        return 1
    return 1 + max((json.loads(line)["seed"] for line in LOG.read_text().splitlines()), default=0)


@click.command()
@click.option("--minutes", default=10.0, show_default=True, help="Begin no scene after so many.")
@click.option("--seed", type=int, help="Of the first round.  [behind the last one that was run]")
@click.option("--scale", default=1.0, show_default=True, help="Of every scene's rounds.")
@click.option("--only", default=",".join(SCENES), help="Names of scenes.")
def main(*, minutes: float, seed: int | None, scale: float, only: str) -> None:
    """Run scenes until the time is over, one round at least."""
    runtime = build.ensure()
    number = _next_seed() if seed is None else seed
    LOG.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60 * minutes
    failed = False
    first = number
    while number == first or time.monotonic() < end:
        for name in only.split(","):
            if number > first and time.monotonic() >= end:
                break
            failed |= not _played(name, number, scale, runtime)
        number += 1
    sys.exit(1 if failed else 0)


def _played(name: str, seed: int, scale: float, runtime: Path) -> bool:
    """Play a scene in a folder of its own; tell and write down what came of it."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="xlate-faults-") as folder:
        Path(folder).chmod(0o755)
        program = Path(folder, "xlate-run")
        program.write_bytes(runtime.read_bytes())  # where other users may run it
        program.chmod(0o755)
        ground = Ground(Path(folder), program, seed, scale)
        SCENES[name](ground)
    seconds = round(time.monotonic() - begun, 1)
    told = ", ".join(f"{count:,} {what}" for what, count in sorted(ground.counts.items()))
    click.echo(f"{name}, seed {seed}, {seconds} s: {told}; {len(ground.wrong)} wrong")
    for line in ground.wrong[:10]:
        click.echo(f"  {line}")
    with LOG.open("a") as file:
        row = {"scene": name, "seed": seed, "scale": scale, "seconds": seconds}
        file.write(json.dumps({**row, "counts": ground.counts, "wrong": ground.wrong}) + "\n")
    return not ground.wrong


if __name__ == "__main__":
    main()
