"""``python -m tests.bench calls``: what asking the kernel costs, beside native and qemu-arm.

Decides the goals. The program (``corpus/calls``) measures itself, in real time, since most of a
call is the kernel's; of several runs by turns the fastest figure of each call counts.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from rich.table import Table

from corpus import build as corpus
from tests.bench.engines import BASELINE, NATIVE, QEMU, Engines
from tests.bench.measure import MeasureError

SOURCE = corpus.CORPUS / "calls" / "calls.c"
#: Times native that are aimed at.
GOALS = {
    "null": 2.0,
    "clock_gettime": 3.0,
    "signal": 3.0,
    "fork_exec": 3.0,
    "thread": 2.0,
    "pipe": 1.5,
    "mmap": 1.5,
}
# qemu-arm starts a program by itself only where binfmt_misc says so.
NOT_UNDER_QEMU = "no-exec"
TIME_LIMIT = 300

Figures = dict[str, float]


def _program() -> corpus.Program:
    return corpus.Program(
        name="calls",
        source=SOURCE,
        modes=("thumb",),
        native=True,
        cflags=("-pthread",),
        guest_cflags=(),
        libs=(),
        oracle="native",
        qemu_differs="",
        purpose="",
        cases=(),
    )


def commands(engines: Engines) -> dict[str, list[str]]:
    """Return the command of each engine that is here."""
    guest = str(corpus.build(_program(), "thumb"))
    found = {BASELINE: [str(engines.xlate_run), guest]}
    if engines.has(NATIVE):
        found[NATIVE] = [str(corpus.build(_program(), corpus.NATIVE))]
    if engines.qemu is not None and engines.has(QEMU):
        found[QEMU] = [str(engines.qemu), guest, NOT_UNDER_QEMU]
    return found


def run(command: list[str]) -> Figures:
    """Run once; return nanoseconds a call by name."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=TIME_LIMIT, check=False
    )
    if done.returncode != 0:
        raise MeasureError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return {name: float(ns) for name, ns in (line.split() for line in done.stdout.splitlines())}


def measure(engines: Engines, rounds: int, step: Callable[[], None]) -> dict[str, Figures]:
    """Return the fastest figures of each engine, the engines by turns."""
    best: dict[str, Figures] = {}
    words = commands(engines)
    for _ in range(rounds):
        for engine, command in words.items():
            for name, ns in run(command).items():
                known = best.setdefault(engine, {})
                known[name] = min(ns, known.get(name, ns))
            step()
    return best


def table(figures: dict[str, Figures]) -> Table:
    """Return nanoseconds and the ratio to native, goals beside it."""
    shown = Table(title="nanoseconds a call, fastest of several rounds")
    shown.add_column("call")
    for engine in figures:
        shown.add_column(engine, justify="right")
        if engine != NATIVE:
            shown.add_column("of native", justify="right")
    for name, goal in GOALS.items():
        cells: list[str] = []
        for engine, known in figures.items():
            cells.append(f"{known[name]:.0f}" if name in known else "")
            if engine != NATIVE:
                cells.append(_ratio(figures, engine, name, goal))
        shown.add_row(name, *cells)
    return shown


def _ratio(figures: dict[str, Figures], engine: str, name: str, goal: float) -> str:
    native = figures.get(NATIVE, {}).get(name)
    if native is None or name not in figures[engine]:
        return ""
    ratio = figures[engine][name] / native
    if engine == QEMU:
        return f"{ratio:.2f}"
    return f"[{'green' if ratio <= goal else 'red'}]{ratio:.2f}[/] ({goal})"

