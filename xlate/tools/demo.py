"""`make run`: a real ARM program natively, under xlate and under qemu-arm, and a short receipt.

xlate runs it twice: translated as it runs, and from a package made in between by `xlate convert`.
The program is Debian's static busybox, fetched for both architectures; where there is no apt,
kernels of the corpus are compiled instead, with the ziglang package when there is no ARM
compiler. A job is a pipeline of processes; the outputs of all runners must be equal, or the
exit status is 1.
"""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from corpus import build as corpus
from xlate import runtime
from xlate.convert.program import convert, job_for
from xlate.convert.result import Conversion
from xlate.errors import XlateError
from xlate.tools import bootstrap, fetch_debian

CHECKOUT = Path(__file__).resolve().parents[2]
GUEST_DIR = CHECKOUT / "build" / "guest"
STORE_DIR = CHECKOUT / "build" / "store"
ROUNDS = 3
SECONDS_A_JOB = 60.0
BASELINE, PACKAGE = "xlate", "converted"
KERNELS = ("crc32", "sha256", "quicksort")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """A pipeline: each stage is a program (native form, guest form) with its arguments."""

    name: str
    stages: tuple[tuple[tuple[Path, Path], tuple[str, ...]], ...]


@dataclass
class Result:
    """What a runner made of a job: digest of output and statuses, CPU seconds of each round."""

    digest: str = ""
    cpu: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Return the median CPU time in seconds."""
        return statistics.median(self.cpu)


SHELL_LOOP = """
collatz() { n=$1; c=0; while [ $n -ne 1 ]; do
  if [ $((n % 2)) -eq 0 ]; then n=$((n / 2)); else n=$((3 * n + 1)); fi; c=$((c + 1)); done; }
i=1; best=0; while [ $i -le 700 ]; do collatz $i; [ $c -gt $best ] && best=$c && at=$i; i=$((i + 1))
done; echo "$at takes $best steps"
"""
AWK_FLOATS = r'{ s += $1 / ($1 + 1.5); if ($1 % 7 == 0) printf "%d %.9g\n", $1 % 1000, s }'


def busybox_jobs(native: Path, guest: Path) -> list[Job]:
    """Return the jobs that busybox does."""
    both = (native, guest)

    def pipe(name: str, *stages: tuple[str, ...]) -> Job:
        return Job(name, tuple((both, stage) for stage in stages))

    return [
        pipe(
            "seq | awk (floats) | sort | sha256sum",
            ("seq", "1", "60000"),
            ("awk", AWK_FLOATS),
            ("sort", "-n"),
            ("sha256sum",),
        ),
        pipe("sh: loops, functions, arithmetic", ("sh", "-c", SHELL_LOOP)),
        pipe(
            "seq | gzip | gunzip | md5sum",
            ("seq", "1", "400000"),
            ("gzip", "-c"),
            ("gunzip", "-c"),
            ("md5sum",),
        ),
        pipe(
            "seq | grep | sed | wc",
            ("seq", "1", "200000"),
            ("grep", "[37]$"),
            ("sed", "s/\\(.*\\)7/<\\1>/"),
            ("wc",),
        ),
    ]


def kernel_jobs(say: Say) -> list[Job]:
    """Compile kernels of the corpus for host and guest, where no busybox can be had."""
    try:
        corpus.native_compiler(), corpus.guest_compiler()
    except corpus.BuildError as error:
        say(f"{error}; fetching the ziglang package, a C compiler, with pip into .venv/ ...")
        bootstrap.ensure_package("ziglang", "ziglang")
    os.environ.setdefault("ZIG_GLOBAL_CACHE_DIR", str(CHECKOUT / "build" / "zig-cache"))
    jobs = []
    for kernel in corpus.kernels():
        if kernel.name in KERNELS:
            say(f"compiling {kernel.name} ...")
            forms = (corpus.build(kernel, corpus.NATIVE), corpus.build(kernel, "thumb"))
            jobs.append(Job(f"kernel {kernel.name}", ((forms, (str(kernel.reps),)),)))
    return jobs


def find_jobs(say: Say) -> list[Job]:
    """Return the jobs this machine can be given."""
    try:
        native, guest = (
            fetch_debian.program(
                fetch_debian.fetch(["busybox-static"], arch, GUEST_DIR / arch, announce=say),
                "busybox",
            )
            for arch in ("amd64", "armhf")
        )
    except XlateError as error:
        say(f"No busybox: {error}")
        return kernel_jobs(say)
    return busybox_jobs(native, guest)


def run(job: Job, prefix: Sequence[str], *, guest: bool, result: Result) -> None:
    """Run a job once and add output and CPU time to the result."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    processes: list[subprocess.Popen[bytes]] = []
    upstream: int | IO[bytes] | None = subprocess.DEVNULL
    for forms, arguments in job.stages:
        command = [*prefix, str(forms[guest]), *arguments]
        process = subprocess.Popen(command, stdin=upstream, stdout=subprocess.PIPE)
        if processes and processes[-1].stdout is not None:
            processes[-1].stdout.close()
        processes.append(process)
        upstream = process.stdout
    deadline = time.monotonic() + SECONDS_A_JOB
    try:
        output, _ = processes[-1].communicate(timeout=SECONDS_A_JOB)
        statuses = [p.wait(max(deadline - time.monotonic(), 1.0)) for p in processes]
    except subprocess.TimeoutExpired as error:
        for process in processes:
            process.kill()
        raise XlateError(f"{job.name}: no end after {SECONDS_A_JOB:.0f} s") from error
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result.cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    if any(statuses) and not prefix:
        raise XlateError(f"{job.name}: the native run ended with {statuses}")
    result.digest = hashlib.sha256(output + repr(statuses).encode()).hexdigest()


def measure(jobs: Sequence[Job], runners: dict[str, list[str]]) -> dict[str, dict[str, Result]]:
    """Run all jobs with all runners, interleaved, and return the results by job and runner."""
    results = {job.name: {runner: Result() for runner in runners} for job in jobs}
    with Progress(transient=True, console=Console(stderr=True)) as progress:
        task = progress.add_task("running", total=len(jobs) * len(runners) * ROUNDS)
        for _ in range(ROUNDS):
            for job in jobs:
                for name, prefix in runners.items():
                    run(job, prefix, guest=name != "native", result=results[job.name][name])
                    progress.advance(task)
    return results


def convert_all(jobs: Sequence[Job], say: Say) -> list[str]:
    """Convert the guest programs of the jobs into the store, and return a line for each."""
    guests = dict.fromkeys(forms[True] for job in jobs for forms, _ in job.stages)
    with Progress(transient=True, console=Console(stderr=True)) as progress:
        task = progress.add_task("reading", total=None)

        def show(stage: str, done: int, total: int) -> None:
            progress.update(task, description=stage, completed=done, total=total or None)

        lines = []
        for path in guests:
            say(f"converting {path.name} (into {STORE_DIR.relative_to(CHECKOUT)}/) ...")
            lines.append(summary(convert(job_for(path, show=show))))
    return lines


def summary(done: Conversion) -> str:
    """Return what a conversion came to, in one line."""
    found, made = done.found, done.translated
    share = 100 - 100 * found.unknown / max(found.text, 1)
    return (
        f"{done.path.name}: {share:.1f} % of {found.text:,} bytes of text explained;"
        f" {made.functions:,} functions translated,"
        f" {sum(done.refused.values()):,} refused; {done.cpu.total:.0f} s CPU"
    )


def receipt(results: dict[str, dict[str, Result]], runners: Sequence[str]) -> tuple[Table, bool]:
    """Return the table to print, and whether all outputs were equal."""
    table = Table(title="CPU seconds, median of three rounds", title_justify="left", box=None)
    table.add_column("job")
    for runner in runners:
        table.add_column(runner, justify="right")
    others = [name for name in ("native", "qemu-arm") if name in runners]
    ours = PACKAGE if PACKAGE in runners else BASELINE
    for other in others:
        table.add_column(f"{ours}/{other.removesuffix('-arm')}", justify="right")
    table.add_column("output")
    all_equal = True
    for name, row in results.items():
        equal = len({result.digest for result in row.values()}) == 1
        all_equal &= equal
        cells = [f"{row[runner].median:.3f}" for runner in runners]
        ratios = [_ratio(row[ours], row[other]) for other in others]
        table.add_row(name, *cells, *ratios, "equal" if equal else "DIFFERS")
    return table, all_equal


def _ratio(ours: Result, other: Result) -> str:
    return f"{ours.median / other.median:.2f}" if other.median > 0 else "-"


def measure_all(say: Say) -> tuple[dict[str, dict[str, Result]], list[str], list[str]]:
    """Run, convert, run again; return results, the runners in order, and lines on the packages.

    Where nothing can be converted (a checkout that others may write to), the rest is shown.
    """
    ours = str(runtime.find())
    first = {"native": [], BASELINE: [ours, "--tier", "baseline"]}
    qemu = shutil.which("qemu-arm") or shutil.which("qemu-arm-static")
    if qemu is not None:
        first["qemu-arm"] = [qemu]
    jobs = find_jobs(say)
    results = measure(jobs, first)
    try:
        lines = convert_all(jobs, say)
    except XlateError as error:
        return results, list(first), [f"Not converted: {error}"]
    # This tier says so on stderr when a program has no package that can be used.
    for name, row in measure(jobs, {PACKAGE: [ours, "--tier", "optimised"]}).items():
        results[name] |= row
    return results, ["native", BASELINE, PACKAGE, *list(first)[2:]], lines


@click.command()
def main() -> None:
    """Run the jobs and print the receipt."""
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    start = time.monotonic()
    # Nothing outside the checkout is read or written, the user's own store neither.
    os.environ["XLATE_CACHE"] = str(STORE_DIR)
    STORE_DIR.mkdir(mode=0o755, parents=True, exist_ok=True)

    def say(line: str) -> None:
        click.echo(line, err=True)

    try:
        results, runners, lines = measure_all(say)
    except (XlateError, bootstrap.SetupError, corpus.BuildError) as error:
        raise SystemExit(f"demo: {error}") from error
    table, all_equal = receipt(results, runners)
    console.print(table)
    for line in lines:
        console.print(line)
    if "qemu-arm" not in runners:
        console.print("qemu-arm is not here to compare with.")
    took = time.monotonic() - start
    console.print(f"{'All outputs equal' if all_equal else 'OUTPUTS DIFFER'}; {took:.0f} s.")
    sys.exit(0 if all_equal else 1)


if __name__ == "__main__":
    main()
