"""How tables and counts look on every command's output."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

REASONS_SHOWN = 8


def output_console() -> Console:
    """Return the console for results on stdout."""
    # Piped output is read by programs too: never cut a line to the width of a terminal.
    width = None if sys.stdout.isatty() else 160
    return Console(width=width, highlight=False, soft_wrap=False)


def table(title: str | None, *columns: str) -> Table:
    """Return an empty table without lines; a column named ``>x`` is for numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None,
                 padding=(0, 2, 0, 0))  # fmt: skip
    for name in columns:
        right = name.startswith(">")
        made.add_column(name.lstrip(">"), overflow="fold", justify="right" if right else "left")
    return made


def plain(text: str) -> Text:
    """Return a file's own words (names, provenance): no markup, nothing a terminal obeys."""
    shown = (c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return Text("".join(shown))


def counted(count: int, noun: str) -> str:
    """Return ``1 package``, ``2 packages``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def reasons(counts: Mapping[str, int], shown: int = REASONS_SHOWN) -> Iterator[str]:
    """Yield ``count reason``, the commonest first, and one line for what is too much to show."""
    ordered = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    for reason, count in ordered[:shown]:
        yield f"{count:,} {reason}"
    rest = ordered[shown:]
    if rest:
        yield f"{sum(count for _, count in rest):,} for {len(rest)} more reasons (--json has all)"
