"""``python -m tests.bench``: the table of ratios, the start-up row, the cost of translation.

Decides what is measured and how it is shown; how a figure is taken is ``measure.py``'s, the
count of host instructions ``translation.py``'s. ``make bench`` calls this without options.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from corpus import build as corpus
from tests.bench import history, measure, plot, translation
from xlate.errors import XlateError
from xlate.runtime import build as runtime_build
from xlate.tools import fetch_debian

GUEST_DIR = history.CHECKOUT / "build" / "guest"
PAIRS = (("xlate", "qemu"), ("xlate", "native"), ("qemu", "native"))

# What the project has set itself; shown beside the figures, never turned into an exit status.
TARGET_MEAN, TARGET_ROW, TARGET_START_MS, TARGET_COST = 0.65, 1.0, 2.0, 900


@dataclass(frozen=True)
class Engines:
    """The commands in front of a guest program."""

    xlate_run: Path
    qemu: Path | None

    def guest(self, program: Path, args: Sequence[str]) -> dict[str, list[str]]:
        """Return each engine's command for a guest program."""
        words = {"xlate": [str(self.xlate_run), str(program), *args]}
        if self.qemu is not None:
            words["qemu"] = [str(self.qemu), str(program), *args]
        return words


def _choose(names: str | None) -> list[corpus.Kernel]:
    known = {kernel.name: kernel for kernel in corpus.kernels()}
    if not names:
        return list(known.values())
    wanted = names.split(",")
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in wanted]


def _engines(xlate_run: Path | None, qemu: str) -> Engines:
    found = shutil.which(qemu) or shutil.which(f"{qemu}-static")
    built = xlate_run or runtime_build.ensure(announce=lambda line: click.echo(line, err=True))
    return Engines(built, Path(found) if found else None)


@contextmanager
def _progress(total: int, console: Console) -> Iterator[Callable[[], None]]:
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("measuring", total=total)
        yield lambda: bar.advance(task)


def measure_kernels(
    kernels: list[corpus.Kernel], engines: Engines, mode: str, rounds: int, scale: float
) -> list[measure.Row]:
    """Return a row for each kernel: native, xlate-run and qemu-arm by turns."""
    rows = []
    count = len(kernels) * rounds * (3 if engines.qemu else 2)
    with _progress(count, Console(stderr=True)) as step:
        for kernel in kernels:
            reps = str(max(1, round(kernel.reps * scale)))
            commands = {
                "native": [str(corpus.build(kernel, corpus.NATIVE)), reps],
                **engines.guest(corpus.build(kernel, mode), [reps]),
            }
            rows.append(
                measure.measure(
                    kernel.name, kernel.group, commands, rounds=rounds, pairs=PAIRS, progress=step
                )
            )
    return rows


def measure_start(engines: Engines, rounds: int) -> measure.Row:
    """Return the cost of `busybox true`: nearly all of it is start-up."""
    guest = _busybox("armhf")
    commands = {
        "native": [str(_busybox("amd64")), "true"],
        **engines.guest(guest, ["true"]),
    }
    return measure.measure(
        "busybox true", "start", commands, rounds=max(3, rounds), pairs=PAIRS, times=10
    )


def _busybox(architecture: str) -> Path:
    root = fetch_debian.fetch(["busybox-static"], architecture, GUEST_DIR / architecture)
    return fetch_debian.program(root, "busybox")


def means(rows: list[measure.Row]) -> dict[str, dict[str, float]]:
    """Return the geometric mean of every ratio, by group."""
    found: dict[str, dict[str, float]] = {}
    for group in dict.fromkeys(row.group for row in rows):
        of_group = [row for row in rows if row.group == group]
        found[group] = {
            pair: measure.geometric_mean([row.ratios[pair] for row in of_group])
            for pair in of_group[0].ratios
        }
    return found


def _table(rows: list[measure.Row]) -> Table:
    table = Table(title="CPU time, medians of interleaved rounds (lower is faster)")
    table.add_column("kernel")
    pairs = list(rows[0].ratios)
    for engine in rows[0].seconds:
        table.add_column(f"{engine} ms", justify="right")
    for pair in pairs:
        table.add_column(pair, justify="right")
    averages = means(rows)
    for group, average in averages.items():
        for row in (row for row in rows if row.group == group):
            times = [f"{1000 * s:.0f}" for s in row.seconds.values()]
            shown = [_shown(pair, row.ratios[pair]) for pair in pairs]
            table.add_row(row.name, *times, *shown)
        blank = [""] * len(rows[0].seconds)
        figures = [f"[bold]{average[pair]:.3f}[/]" for pair in pairs]
        table.add_row(f"[bold]geometric mean, {group}[/]", *blank, *figures, end_section=True)
    return table


def _shown(pair: str, ratio: float) -> str:
    slow = pair == plot.RATIO and ratio > TARGET_ROW
    return f"[red]{ratio:.3f}[/]" if slow else f"{ratio:.3f}"


def _start_lines(row: measure.Row) -> Iterator[str]:
    native = row.seconds["native"]
    for engine, seconds in row.seconds.items():
        if engine != "native":
            above = 1000 * (seconds - native)
            goal = f" (goal: {TARGET_START_MS:.0f})" if engine == "xlate" else ""
            yield f"`busybox true`, {engine}: {above:.2f} ms CPU above native{goal}"


@click.group(invoke_without_command=True, context_settings={"max_content_width": 100})
@click.option("--kernels", help="comma-separated names; all when absent")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1))
@click.option("--scale", default=1.0, show_default=True, help="factor on the repetition counts")
@click.option(
    "--mode",
    default="thumb",
    show_default=True,
    type=click.Choice(["thumb", "arm"]),
    help="instruction set the kernels are built for",
)
@click.option("--xlate-run", type=click.Path(path_type=Path), help="measure this runtime instead")
@click.option("--qemu", default="qemu-arm", show_default=True)
@click.option("--start/--no-start", default=True, help="the `busybox true` row")
@click.option("--cost/--no-cost", default=True, help="the callgrind count, where valgrind is there")
@click.option("--save", is_flag=True, help="append the run to the history")
@click.option(
    "--history",
    "history_file",
    type=click.Path(path_type=Path),
    default=history.DEFAULT_HISTORY,
    help="the history file",
)
@click.option("--json", "as_json", is_flag=True, help="print one JSON object instead of tables")
@click.pass_context
def main(context: click.Context, /, **options: Any) -> None:
    """Measure xlate-run against native code and qemu-arm, as ratios in one run.

    \b
    Examples:
      python -m tests.bench                             everything, some minutes
      python -m tests.bench --kernels fib,sha256 --rounds 3 --no-cost
      python -m tests.bench --save && python -m tests.bench plot -o history.svg
    """
    if context.invoked_subcommand is not None:
        return
    try:
        result = _measure_all(options)
    except (measure.MeasureError, corpus.BuildError, XlateError) as error:
        click.echo(f"tests.bench: {error}", err=True)
        context.exit(1)
    if options["save"]:
        history.append(options["history_file"], result)


def _measure_all(options: dict[str, Any]) -> dict[str, Any]:
    console = Console(quiet=options["as_json"], width=None if sys.stdout.isatty() else 110)
    engines = _engines(options["xlate_run"], options["qemu"])
    kernels = _choose(options["kernels"])
    rows = measure_kernels(kernels, engines, options["mode"], options["rounds"], options["scale"])
    averages = means(rows)
    extra: dict[str, Any] = {
        "mode": options["mode"],
        "rounds": options["rounds"],
        "geometric_mean": averages.get("integer", {}),
        "geometric_means": averages,
    }
    console.print(_table(rows))
    if engines.qemu is None:
        console.print("no qemu-arm here: no ratio to it")
    elif "integer" in averages:
        mean = averages["integer"][plot.RATIO]
        console.print(f"integer kernels: {mean:.3f} of qemu-arm's time (goal: {TARGET_MEAN})")
    if options["start"]:
        start = measure_start(engines, options["rounds"])
        extra["start"] = asdict(start)
        for line in _start_lines(start):
            console.print(line)
    if options["cost"]:
        extra["translation"] = _translation(engines, console)
    result = history.entry(rows, extra)
    if options["as_json"]:
        click.echo(json.dumps(result, indent=2))
    return result


def _translation(engines: Engines, console: Console) -> dict[str, Any] | None:
    if shutil.which("valgrind") is None:
        console.print("no valgrind here: the cost of translation was not counted")
        return None
    guest = [str(_busybox("armhf")), "sh", "-c", "for i in 1 2 3; do echo $((i * i)); done"]
    cost = translation.count(engines.xlate_run, guest)
    console.print(
        f"translation: {cost.per_instruction:.0f} host instructions per guest instruction "
        f"(goal: {TARGET_COST}), over {cost.instructions} instructions in {cost.blocks} blocks"
    )
    dearest = sorted(cost.functions.items(), key=lambda item: -item[1])[:5]
    console.print("  " + ", ".join(f"{name} {n / cost.translation:.0%}" for name, n in dearest))
    return {**asdict(cost), "per_instruction": cost.per_instruction}


@main.command("plot")
@click.option(
    "--history",
    "history_file",
    type=click.Path(path_type=Path, exists=True),
    default=history.DEFAULT_HISTORY,
    show_default=True,
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=history.DEFAULT_HISTORY.with_name("history.svg"),
    help="PNG or SVG by its ending",
)
def plot_command(history_file: Path, output: Path) -> None:
    """Draw the history; needs the extra "bench" (matplotlib)."""
    try:
        plot.draw(history.read(history_file), output)
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error}; try: pip install 'xlate-arm[bench]'") from error
    click.echo(output)


if __name__ == "__main__":
    main()
