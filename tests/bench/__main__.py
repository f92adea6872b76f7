"""``python -m tests.bench``: the tables of ratios, starting, converting, the cost of translation.

Decides what is measured in which order, and the options. How a figure is taken is
``measure.py``'s, what a command line looks like ``engines.py``'s, how figures are shown
``tables.py``'s. ``make bench`` calls this without options.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from corpus import build as corpus
from tests.bench import calls, conversion, disturbed, history, measure, plot, tables, translation
from tests.bench.engines import (
    BASELINE,
    ENGINES,
    NATIVE,
    OPTIMISED,
    PAIRS,
    SCALAR,
    USUAL,
    Converter,
    Engines,
)
from xlate.errors import XlateError
from xlate.runtime import build as runtime_build
from xlate.tools import fetch_debian

GUEST_DIR = history.CHECKOUT / "build" / "guest"
STORE = history.CHECKOUT / "build" / "bench" / "store"
# A dynamic program's start is some milliseconds; longer runs make it small beside the kernel.
PIE_SCALE = 3.0

Options = dict[str, Any]
Function = Callable[..., None]

COMMON_OPTIONS = (
    click.option("--rounds", default=5, show_default=True, type=click.IntRange(1)),
    click.option("--scale", default=1.0, show_default=True, help="factor on repetition counts"),
    click.option(
        "--mode",
        default="thumb",
        show_default=True,
        type=click.Choice(["thumb", "arm", "pie"]),
        help="what the guest programs are built as",
    ),
    click.option(
        "--engines",
        "chosen",
        default=",".join(USUAL),
        show_default=True,
        help="comma-separated",
    ),
    click.option(
        "--level", type=click.IntRange(0, 2), help="of `xlate convert`  [default: its own]"
    ),
    click.option("--fresh", is_flag=True, help="convert again what has a good package"),
    click.option("--xlate-run", type=click.Path(path_type=Path), help="measure this runtime"),
    click.option("--qemu", default="qemu-arm", show_default=True),
    click.option("--save", is_flag=True, help="append the run to the history"),
    click.option(
        "--history",
        "history_file",
        type=click.Path(path_type=Path),
        default=history.DEFAULT_HISTORY,
        help="the history file",
    ),
    click.option("--json", "as_json", is_flag=True, help="one JSON object instead of tables"),
)


def common_options(function: Function) -> Function:
    """Add the options that say how and on what to measure."""
    for option in reversed(COMMON_OPTIONS):
        function = option(function)
    return function


def _names(text: str | None, known: list[str]) -> list[str]:
    wanted = text.split(",") if text else known
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)}; there are {', '.join(known)}")
    return wanted


def make_engines(options: Options) -> Engines:
    """Return the engines that the options choose, with the runtime built."""
    chosen = tuple(_names(options["chosen"], list(ENGINES)))
    qemu = shutil.which(options["qemu"]) or shutil.which(f"{options['qemu']}-static")
    built = options["xlate_run"] or runtime_build.ensure(
        announce=lambda line: click.echo(line, err=True)
    )
    dynamic = options["mode"] in corpus.DYNAMIC_MODES
    return Engines(
        chosen=chosen,
        xlate_run=built,
        qemu=Path(qemu) if qemu else None,
        converter=Converter(STORE, options["level"]),
        sysroot=corpus.sysroot(corpus.guest_compiler()) if dynamic else None,
        fresh=options["fresh"],
    )


@contextmanager
def _progress(total: int) -> Iterator[tuple[Console, Callable[[], None]]]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("measuring", total=total)
        yield console, lambda: bar.advance(task)


def measure_kernels(
    kernels: list[corpus.Kernel], engines: Engines, options: Options
) -> tuple[list[measure.Row], list[str]]:
    """Return a row for each kernel, the engines by turns, and a line for each that failed."""
    rows, failures = [], []
    count = sum(engines.has(engine) for engine in ENGINES) * options["rounds"] * len(kernels)
    with _progress(count) as (console, step):
        for kernel in kernels:
            try:
                row = _measure_kernel(kernel, engines, options, step)
            except measure.MeasureError as error:
                failures.append(f"{kernel.name}: {error}")
                console.print(failures[-1])
                continue
            rows.append(row)
            ratios = ", ".join(f"{pair} {ratio:.3f}" for pair, ratio in row.ratios.items())
            console.print(f"{row.name}: {ratios}")
    return rows, failures


def _measure_kernel(
    kernel: corpus.Kernel, engines: Engines, options: Options, step: Callable[[], None]
) -> measure.Row:
    mode = options["mode"]
    scale = options["scale"] * (PIE_SCALE if mode in corpus.DYNAMIC_MODES else 1.0)
    guest = corpus.build(kernel, mode)
    if engines.has(OPTIMISED):
        engines.prepare(guest, ["3"])
    reps = [str(max(1, round(kernel.reps * scale)))]
    commands = engines.guest(guest, reps)
    if engines.has(NATIVE):
        commands[NATIVE] = [str(corpus.build(kernel, corpus.NATIVE)), *reps]
    if engines.has(SCALAR):
        commands[SCALAR] = [str(corpus.build(kernel, corpus.SCALAR)), *reps]
    return measure.measure(
        kernel.name,
        kernel.group,
        _in_order(commands),
        rounds=options["rounds"],
        pairs=PAIRS,
        progress=step,
        environments=engines.environments(),
    )


def _in_order(commands: dict[str, list[str]]) -> dict[str, list[str]]:
    return {engine: commands[engine] for engine in ENGINES if engine in commands}


def measure_start(engines: Engines, rounds: int) -> measure.Row:
    """Return the cost of `busybox true`: nearly all of it is start-up."""
    static = replace(engines, sysroot=None)
    guest = _busybox("armhf")
    if static.has(OPTIMISED):
        static.prepare(guest, ["true"])
    commands = static.guest(guest, ["true"])
    if static.has(NATIVE):
        commands[NATIVE] = [str(_busybox("amd64")), "true"]
    return measure.measure(
        "busybox true",
        "start",
        _in_order(commands),
        rounds=max(3, rounds),
        pairs=PAIRS,
        times=10,
        environments=engines.environments(),
    )


def _busybox(architecture: str) -> Path:
    root = fetch_debian.fetch(["busybox-static"], architecture, GUEST_DIR / architecture)
    return fetch_debian.program(root, "busybox")


@click.group(invoke_without_command=True, context_settings={"max_content_width": 100})
@click.option("--kernels", help="comma-separated names; all when absent")
@common_options
@click.option("--start/--no-start", default=True, help="the `busybox true` row")
@click.option("--convert/--no-convert", default=True, help="the cost of converting busybox")
@click.option("--cost/--no-cost", default=True, help="the callgrind count, where valgrind is there")
@click.pass_context
def main(context: click.Context, /, **options: Any) -> None:
    """Measure xlate-run against native code and qemu-arm, as ratios in one run.

    \b
    Examples:
      python -m tests.bench                             everything, some minutes
      python -m tests.bench --kernels fib,sha256 --rounds 3 --no-start --no-convert --no-cost
      python -m tests.bench --mode pie --engines native,optimised
      python -m tests.bench disturbed --rounds 3        signals, longjmp, coroutines, recursion
      python -m tests.bench calls                       system calls, signals, processes, threads
      python -m tests.bench --save && python -m tests.bench plot -o history.svg
    """
    if context.invoked_subcommand is None:
        _run(context, options, _measure_all)


@main.command("disturbed")
@click.option("--programs", help="comma-separated names; all when absent")
@common_options
@click.pass_context
def disturbed_command(context: click.Context, /, **options: Any) -> None:
    """Measure what signals, jumps, coroutines and deep recursion cost over plain flow."""
    _run(context, options, _measure_disturbed)


def _run(
    context: click.Context, options: Options, measured: Callable[[Options, Console], Options]
) -> None:
    """Measure, print or save; a failure is one line and exit status 1."""
    # rich would fold the tables at 80 columns where the output is no terminal.
    console = Console(quiet=options["as_json"], width=None if sys.stdout.isatty() else 130)
    try:
        result = measured(options, console)
    except (measure.MeasureError, corpus.BuildError, XlateError) as error:
        click.echo(f"tests.bench: {error}", err=True)
        context.exit(1)
    if options["as_json"]:
        click.echo(json.dumps(result, indent=2))
    if options["save"]:
        history.append(options["history_file"], result)
    if result.get("failures"):
        click.echo(f"tests.bench: not measured: {'; '.join(result['failures'])}", err=True)
        context.exit(1)


def _measure_all(options: Options, console: Console) -> dict[str, Any]:
    known = {kernel.name: kernel for kernel in corpus.kernels()}
    kernels = [known[name] for name in _names(options["kernels"], list(known))]
    engines = make_engines(options)
    rows, failures = measure_kernels(kernels, engines, options)
    if not rows:
        raise measure.MeasureError("; ".join(failures))
    averages = tables.means(rows)
    extra: dict[str, Any] = {
        "mode": options["mode"],
        "level": options["level"],
        "rounds": options["rounds"],
        "geometric_means": averages,
        "failures": failures,
    }
    console.print(tables.kernel_table(rows, options["mode"]))
    if engines.qemu is None:
        console.print("no qemu-arm here: no ratio to it")
    if options["convert"] and engines.has(OPTIMISED):
        cost = conversion.convert_from_nothing(engines.converter, _busybox("armhf"))
        extra["conversion"] = asdict(cost)
        console.print(cost.line())
        console.print(
            f"  (goals: {tables.TARGET_CONVERT_SECONDS} s, {tables.TARGET_RATE} a second, "
            f"{tables.TARGET_MIB} MiB)"
        )
    if options["start"]:
        start = measure_start(engines, options["rounds"])
        extra["start"] = asdict(start)
        for line in tables.start_lines(start):
            console.print(line)
    if options["cost"] and engines.has(BASELINE):
        extra["translation"] = _translation(engines, console)
    return history.entry(rows, extra)


def _measure_disturbed(options: Options, console: Console) -> dict[str, Any]:
    known = {program.name: program for program in corpus.disturbed()}
    programs = [known[name] for name in _names(options["programs"], list(known))]
    rows = disturbed.measure_all(
        programs, make_engines(options), options["mode"], options["rounds"], options["scale"]
    )
    console.print(tables.disturbed_table(rows))
    extra = {"mode": options["mode"], "level": options["level"], "rounds": options["rounds"]}
    return history.entry(rows, extra)


def _translation(engines: Engines, console: Console) -> dict[str, Any] | None:
    if shutil.which("valgrind") is None:
        console.print("no valgrind here: the cost of translation was not counted")
        return None
    guest = [str(_busybox("armhf")), "sh", "-c", "for i in 1 2 3; do echo $((i * i)); done"]
    cost = translation.count(engines.xlate_run, guest)
    console.print(
        f"translation: {cost.per_instruction:.0f} host instructions per guest instruction "
        f"(goal: {tables.TARGET_COST}), over {cost.instructions} instructions "
        f"in {cost.blocks} blocks"
    )
    dearest = sorted(cost.functions.items(), key=lambda item: -item[1])[:5]
    console.print("  " + ", ".join(f"{name} {n / cost.translation:.0%}" for name, n in dearest))
    return {**asdict(cost), "per_instruction": cost.per_instruction}


@main.command("calls")
@common_options
@click.pass_context
def calls_command(context: click.Context, /, **options: Any) -> None:
    """Time system calls, clocks, signals, processes and threads, beside native and qemu-arm."""
    _run(context, options, _measure_calls)


def _measure_calls(options: Options, console: Console) -> dict[str, Any]:
    engines = make_engines(options)
    total = options["rounds"] * len(calls.commands(engines))
    with _progress(total) as (_, step):
        figures = calls.measure(engines, options["rounds"], step)
    console.print(calls.table(figures))
    return history.entry([], {"calls": figures, "rounds": options["rounds"]})


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
