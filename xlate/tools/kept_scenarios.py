"""The scenarios of persistent code caches, on programs of Debian; `make kept`, docs/kept.md.

After Reddi, Connors, Cohn and Smith, "Persistent Code Caching" (CGO 2007): the same input twice;
trained on one input and run on another, code coverage against time saved; accumulation over
inputs; libraries learnt from other programs; regression tests of many short runs. Every figure is
CPU time of one process (``kept_run.py``), engines by turns within a round, medians. What is
measured is written to a file of results, from which ``kept_page.py`` makes page and picture.
"""

from __future__ import annotations

import itertools
import json
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from xlate import runtime
from xlate.errors import XlateError
from xlate.package.key import quick_key
from xlate.package.layout import STOCK_SUFFIX
from xlate.tools import debian_run as debian
from xlate.tools import kept_memory
from xlate.tools import kept_run as run
from xlate.tools.kept_page import PAGE, PICTURE, page, picture
from xlate.tools.kept_plan import Commands, Plan, Program, Regression, Waiting, load
from xlate.tools.kept_run import Units

RESULTS = debian.TREES / "kept.json"
TOGETHER = 10  # processes
PARTS = ("runtime_blocks", "map_blocks", "translate_us", "save_us", "code_bytes")

Results = dict[str, Any]


@dataclass
class Scenarios:
    """What all scenarios use: the plan, the runners and a folder for stores and files."""

    plan: Plan
    xlate_run: Path
    qemu: str | None
    place: Path
    rounds: int

    def commands(self, program: Program) -> Commands:
        """Return a program's command lines."""
        files = self.place / "files"
        guest, native = debian.ARMHF.root, debian.ARMHF.native_root
        return Commands(program, guest, native, files)

    def store(self, name: str) -> Path:
        """Return the path of a store of this run's."""
        return self.place / name

    def run(self, program: Program, words: Sequence[str], store: Path) -> float:
        """Run a program as a guest; what it keeps is there behind it."""
        commands = self.commands(program)
        spent = run.cpu(
            commands.guest([str(self.xlate_run)], words), commands.environment(store=store)
        )
        run.settled(store, self.xlate_run)
        return spent

    def counters(self, program: Program, words: Sequence[str], store: Path) -> dict[str, int]:
        """Return some statistics of a run with a copy of a store."""
        commands = self.commands(program)
        copy = run.copied(store, self.store("counted"))
        found = run.statistics_of(
            lambda options: commands.guest([str(self.xlate_run), *options], words),
            commands.environment(store=copy),
        )
        run.settled(copy, self.xlate_run)
        return {name: found[name] for name in PARTS}

    # --- scenarios ---------------------------------------------------------------------------
    def start(self, program: Program) -> Results:
        """The same input twice, and first behind other programs."""
        words = program.inputs[0]
        commands = self.commands(program)
        others, own = self.store("others"), self.store("own")
        times: dict[str, list[float]] = defaultdict(list)
        for _ in range(self.rounds):
            native = commands.environment(native=True)
            times["native"].append(run.cpu(commands.native(words), native))
            if self.qemu:
                guest = commands.guest([self.qemu], words)
                times["qemu"].append(run.cpu(guest, commands.environment()))
            guest = commands.guest([str(self.xlate_run)], words)
            times["without"].append(run.cpu(guest, commands.environment()))
            times["first"].append(self.run(program, words, run.emptied(own)))
            times["second"].append(self.run(program, words, own))
        for _ in range(max(1, self.rounds // 5)):
            self._fill_by_others(program, others)
            learnt = run.kept(others).units
            times["other"].append(self.run(program, words, others))
        self._fill_by_others(program, others)
        empty = run.emptied(self.store("empty"))
        counters = {
            name: self.counters(program, words, store)
            for name, store in (("first", empty), ("second", own), ("other", others))
        }
        return {
            "times": {name: statistics.median(found) for name, found in times.items()},
            "counters": counters,
            "libraries": self._libraries(program, run.kept(own).units, learnt),
            "size": [run.kept(own).code, run.kept(own).size],
        }

    def _fill_by_others(self, program: Program, store: Path) -> None:
        """Empty a store and let all the other programs fill it.

        Each runs twice: what is used for the first time is summed up then, and remembered.
        """
        run.emptied(store)
        for other in [other for other in self.plan.programs if other.name != program.name] * 2:
            self.run(other, other.inputs[0], store)

    def _libraries(self, program: Program, own: Units, learnt: Units) -> dict[str, int]:
        """Units of libraries that a program needs, and how many of them others have left."""
        path = debian.ARMHF.root / program.path
        mine = quick_key(path.read_bytes()).hex() + STOCK_SUFFIX
        needed = {unit for unit in own if unit[0] != mine}
        return {"needed": len(needed), "there": len(needed & learnt)}

    def inputs(self, program: Program) -> Results:
        """Trained on one input, run on another: coverage of code, and of the time to be saved."""
        stores, first, second = [], [], []
        for number, words in enumerate(program.inputs):
            store = self.store(f"input{number}")
            spent = [self.run(program, words, run.emptied(store)) for _ in range(3)]
            first.append(statistics.median(spent))
            again = [self.run(program, words, store) for _ in range(3)]
            second.append(statistics.median(again))
            stores.append(store)
        units = [run.kept(store).units for store in stores]
        pairs = []
        for trained, used in itertools.permutations(range(len(stores)), 2):
            spent = [self._after(program, trained, used) for _ in range(3)]
            pairs.append(
                {
                    "coverage": len(units[trained] & units[used]) / max(1, len(units[used])),
                    "saved": _saved(first[used], second[used], statistics.median(spent)),
                }
            )
        return {"pairs": pairs, "accumulated": _accumulated(units)}

    def _after(self, program: Program, trained: int, used: int) -> float:
        """The time of one input behind another; that one runs twice, as in _fill_by_others."""
        store = run.emptied(self.store("mixed"))
        for _ in range(2):
            self.run(program, program.inputs[trained], store)
        return self.run(program, program.inputs[used], store)

    def regression(self, tests: Regression) -> Results:
        """Many short runs: all of them natively, under qemu-arm, without and with a store."""
        program = self.plan.program(tests.program)
        commands = self.commands(program)
        inputs = [tests.input(number) for number in range(tests.runs)]
        store = run.emptied(self.store("regression"))
        ways: dict[str, Callable[[Sequence[str]], float]] = {
            "native": lambda words: run.cpu(
                commands.native(words), commands.environment(native=True)
            ),
            "without": lambda words: run.cpu(
                commands.guest([str(self.xlate_run)], words), commands.environment()
            ),
            "kept": lambda words: run.cpu(
                commands.guest([str(self.xlate_run)], words), commands.environment(store=store)
            ),
        }
        if self.qemu:
            qemu = self.qemu
            ways["qemu"] = lambda words: run.cpu(
                commands.guest([qemu], words), commands.environment()
            )
        totals = dict.fromkeys(ways, 0.0)
        for words in inputs:
            for name, way in ways.items():
                totals[name] += way(words)
        return {"runs": tests.runs, "totals": totals}

    def memory(self, waiting: Waiting) -> Results:
        """What one process and ten take, with what two runs have kept, natively, under qemu-arm."""
        program = self.plan.program(waiting.program)
        commands = self.commands(program)
        store = run.emptied(self.store("memory"))
        for _ in range(2):
            self._waited(program, waiting.words, store, 1)
            run.settled(store, self.xlate_run)
        ten = self._waited(program, waiting.words, store, TOGETHER)
        found = {
            "native": kept_memory.at_once(
                commands.native(waiting.words), commands.environment(native=True), 1
            )[0],
            "kept": self._waited(program, waiting.words, store, 1)[0],
            "pss": sum(one["Pss"] for one in ten),
        }
        if self.qemu:
            guest = commands.guest([self.qemu], waiting.words)
            found["qemu"] = kept_memory.at_once(guest, commands.environment(), 1)[0]
        return found

    def _waited(
        self, program: Program, words: Sequence[str], store: Path, count: int
    ) -> list[dict[str, int]]:
        commands = self.commands(program)
        guest = commands.guest([str(self.xlate_run)], words)
        return kept_memory.at_once(guest, commands.environment(store=store), count)


def _saved(first: float, second: float, spent: float) -> float | None:
    """Share of what the same input would have saved; None where that is next to nothing."""
    return None if first - second < 0.1 * first else (first - spent) / (first - second)


def _accumulated(units: Sequence[Units]) -> list[float]:
    """Share of each input's units that no input before it had."""
    known: set[tuple[str, int]] = set()
    found = []
    for one in units:
        found.append(len(one - known) / max(1, len(one)))
        known |= one
    return found


def measure(scenarios: Scenarios, names: Sequence[str], results: Results, keep: Path) -> None:
    """Run what the results lack; they are written after every step."""
    plan = scenarios.plan
    steps = [
        *(("start", partial(scenarios.start, p), p.name) for p in plan.programs),
        *(("inputs", partial(scenarios.inputs, p), p.name) for p in plan.programs),
        *(("memory", partial(scenarios.memory, w), w.program) for w in plan.waiting),
        *(("regression", partial(scenarios.regression, t), t.program) for t in plan.regressions),
    ]
    steps = [step for step in steps if step[2] in names]
    plan.write_files(scenarios.place / "files")
    with Progress(transient=True) as bar:
        for kind, step, name in bar.track(steps, description="running"):
            found = results.setdefault(kind, {})
            if name in found:
                continue
            found[name] = step()
            keep.write_text(json.dumps(results, indent=1), encoding="utf-8")


@click.command()
@click.option("--programs", help="Comma-separated names; all when absent.")
@click.option("--rounds", default=25, show_default=True, help="Runs of each start-up.")
@click.option("--resume", is_flag=True, help="Go on with the results there are.")
@click.option("--page", "write_page", is_flag=True, help=f"Write docs/{PAGE.name} and its picture.")
@click.option("--qemu", default="qemu-arm", show_default=True)
@click.option(
    "--keep", type=click.Path(path_type=Path), default=RESULTS, help="The file of results."
)
def main(
    *, programs: str | None, rounds: int, resume: bool, write_page: bool, qemu: str, keep: Path
) -> None:
    """Measure what keeping translations saves, in the scenarios of the literature."""
    plan = load()
    names = programs.split(",") if programs else [program.name for program in plan.programs]
    for name in names:
        plan.program(name)
    debian.make_trees(plan.packages, lambda line: click.echo(line, err=True))
    results: Results = json.loads(keep.read_text()) if resume and keep.is_file() else {}
    results["rounds"], results["commit"] = rounds, debian.commit()
    with tempfile.TemporaryDirectory(prefix="xlate-kept-") as place:
        found = shutil.which(qemu) or shutil.which(f"{qemu}-static")
        scenarios = Scenarios(plan, runtime.find(), found, Path(place), rounds)
        measure(scenarios, names, results, keep)
    if write_page:
        PAGE.write_text(page(results), encoding="utf-8")
        picture(results, PICTURE)
    for name, found_here in results.get("start", {}).items():
        click.echo(f"{name}: " + ", ".join(f"{k} {v:.2f}" for k, v in found_here["times"].items()))


if __name__ == "__main__":
    try:
        main()
    except XlateError as error:
        click.echo(f"xlate.tools.kept_scenarios: {error}", err=True)
        sys.exit(1)
