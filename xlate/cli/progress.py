"""The progress bar of commands: on stderr, gone when anything is printed."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from xlate.convert.result import Progress, silent


def bar_for(*, quiet: bool) -> Bar:
    """Return a progress bar; none where nobody watches."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    hidden = quiet or not sys.stderr.isatty()
    return Bar(*columns, console=Console(stderr=True), transient=True, disable=hidden)


def bar_of_bytes(*, quiet: bool) -> Bar:
    """Return a bar for long work that says when it will be over.

    It has no thread, so that processes may be forked beside it: who updates it refreshes it.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    return Bar(
        *columns,
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,
        speed_estimate_period=600,
        disable=quiet or not sys.stderr.isatty(),
    )


def shown_in(bar: Bar, name: str) -> Progress:
    """Return what moves the bar as the stages of one piece of work go on."""
    if bar.disable:
        return silent
    task = bar.add_task(name, total=None)

    def show(stage: str, done: int, total: int) -> None:
        bar.update(task, description=f"{name}: {stage}", completed=done, total=total or None)

    return show
