"""The bench's figures as text: tables of ratios, means by group, goals beside them.

Decides what belongs into which mean and what the project has set itself. A goal is shown beside
its figure and never turned into an exit status: a busy machine is no failure.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from tests.bench import measure
from tests.bench.engines import BASELINE, NATIVE, OPTIMISED, QEMU, SCALAR

ALL = "all"
# Not part of the mean over all kernels: measured for a decision, or with goals of its own.
APART = ("neon", "numeric")
# Kernels that belong into another group's mean too.
ALSO = {"numeric": ("nbody",)}

TARGET_START_MS, TARGET_COST = 2.0, 900
TARGET_CONVERT_SECONDS, TARGET_RATE, TARGET_MIB = 60, 6000, 1024
TARGET_DISTURBED = 1.3
# Deep recursion has to work; its time is shown only (the deep variant touches megabytes of stack).
NO_DISTURBED_TARGET = ("recursion",)
TARGET_PIE = 1.3
TARGETS = {
    (ALL, f"{OPTIMISED}/{NATIVE}"): 1.25,
    (ALL, f"{OPTIMISED}/{QEMU}"): 0.35,
    ("calls", f"{OPTIMISED}/{NATIVE}"): 1.4,
    ("integer", f"{BASELINE}/{QEMU}"): 0.65,
    ("numeric", f"{OPTIMISED}/{NATIVE}"): 1.8,
    ("numeric", f"{OPTIMISED}/{SCALAR}"): 1.5,
    ("numeric", f"{OPTIMISED}/{QEMU}"): 0.125,
}


def target(group: str, pair: str, mode: str) -> float | None:
    """Return the goal for a mean, None where there is none."""
    if mode == "pie" and (group, pair) == (ALL, f"{OPTIMISED}/{NATIVE}"):
        return TARGET_PIE
    return TARGETS.get((group, pair))


def means(rows: list[measure.Row]) -> dict[str, dict[str, float]]:
    """Return the geometric mean of every ratio: by group, then over all groups that count."""
    groups = {
        group: [row for row in rows if row.group == group or row.name in ALSO.get(group, ())]
        for group in _groups(rows)
    }
    counted = [row for row in rows if row.group not in APART]
    if len({row.group for row in counted}) > 1:
        groups[ALL] = counted
    return {
        group: {
            pair: measure.geometric_mean([row.ratios[pair] for row in members])
            for pair in members[0].ratios
        }
        for group, members in groups.items()
    }


def _groups(rows: list[measure.Row]) -> list[str]:
    return list(dict.fromkeys(row.group for row in rows))


def kernel_table(rows: list[measure.Row], mode: str) -> Table:
    """Return milliseconds and ratios of every kernel, and the means with their goals."""
    table = Table(title=f"CPU time, {mode}, medians of interleaved rounds (lower is faster)")
    table.add_column("kernel")
    pairs = list(rows[0].ratios)
    for engine in rows[0].seconds:
        table.add_column(f"{engine}\nms", justify="right")
    for pair in pairs:
        table.add_column(pair.replace("/", "\n/"), justify="right")
    averages = means(rows)
    blank = [""] * len(rows[0].seconds)
    for group in averages:
        for row in (row for row in rows if row.group == group):
            times = [f"{1000 * s:.0f}" for s in row.seconds.values()]
            table.add_row(row.name, *times, *(f"{row.ratios[pair]:.3f}" for pair in pairs))
        figures = [_mean(group, pair, averages[group][pair], mode) for pair in pairs]
        table.add_row(f"[bold]mean, {group}[/]", *blank, *figures, end_section=True)
    return table


def _mean(group: str, pair: str, value: float, mode: str) -> str:
    goal = target(group, pair, mode)
    if goal is None:
        return f"[bold]{value:.3f}[/]"
    colour = "green" if value <= goal else "red"
    return f"[bold {colour}]{value:.3f}[/] ({goal})"


def start_lines(row: measure.Row) -> Iterator[str]:
    """Return a line for each engine: what starting costs above the native program."""
    for engine, seconds in row.seconds.items():
        if engine != NATIVE and NATIVE in row.seconds:
            above = 1000 * (seconds - row.seconds[NATIVE])
            goal = f" (goal: {TARGET_START_MS:.0f})" if engine != QEMU else ""
            yield f"`{row.name}`, {engine}: {above:.2f} ms CPU above native{goal}"


def disturbed_table(rows: list[measure.Row]) -> Table:
    """Return the ratio of the disturbed to the undisturbed run for each engine."""
    table = Table(title=f"disturbed / undisturbed, CPU time (goal: {TARGET_DISTURBED}, optimised)")
    table.add_column("program")
    engines = list(dict.fromkeys(name.split()[0] for row in rows for name in row.seconds))
    for engine in engines:
        table.add_column(f"{engine}\nundisturbed ms", justify="right")
        table.add_column("ratio", justify="right")
    for row in rows:
        cells = [cell for engine in engines for cell in _disturbed_cells(row, engine)]
        table.add_row(row.name, *cells)
    return table


def _disturbed_cells(row: measure.Row, engine: str) -> tuple[str, str]:
    plain, broken = f"{engine} undisturbed", f"{engine} disturbed"
    if plain not in row.seconds:
        return "", ""
    ratio = row.ratios[f"{broken}/{plain}"]
    aimed = engine == OPTIMISED and row.name not in NO_DISTURBED_TARGET
    late = aimed and ratio > TARGET_DISTURBED
    return f"{1000 * row.seconds[plain]:.0f}", f"[red]{ratio:.3f}[/]" if late else f"{ratio:.3f}"
