"""How one conversion is told to people: found, translated, refused, kept, time, place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from xlate.cli import BAD_INPUT, described
from xlate.cli.tables import reasons, table
from xlate.convert.result import Conversion
from xlate.discovery.coverage import Coverage

MOST_MISTAKES = 3  # that are told one by one


def conversion_lines(done: Conversion) -> Iterator[RenderableType]:
    """Yield what is printed of one conversion."""
    yield Text(click.format_filename(done.path), style="bold")
    yield found_table(done.found)
    made = done.translated
    how = f"-O{done.level}{', --fp fast' if done.fast else ''}"
    yield Text(
        f"  translated    {made.functions:,} functions, {made.instructions:,} instructions"
        f" into {made.bytes:,} bytes at {how}; {made.entries:,} entries"
    )
    yield from _counts("  refused       ", "function", done.refused)
    yield from _counts("  left          ", "instruction", done.left)
    if done.observed:
        yield Text(f"  from runs     {done.observed:,} places that ran untranslated before")
    if done.memo_hits:
        yield Text(f"  kept          {done.memo_hits:,} functions compiled earlier")
    spent = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in done.seconds.items())
    yield Text(
        f"  time          {spent}; CPU {done.cpu.total:.1f} s ({done.cpu.workers:.1f} s in workers)"
    )
    yield Text(f"  package       {click.format_filename(done.package)}")
    if done.evicted:
        yield Text(
            f"  store         full: {done.evicted:,} files of use longest ago are gone"
            " (xlate cache; XLATE_CACHE_MAX)"
        )
    if done.distrusted:
        yield Text(f"  but exec will not use it there: {done.distrusted}")


def why_failed(error: Exception) -> tuple[str, int]:
    """Return in one line why there is no package, and the exit status that it is worth."""
    if not isinstance(error, OSError) or error.filename is None:
        return described(error)
    where = click.format_filename(error.filename)
    return f"cannot write {where} ({(error.strerror or str(error)).lower()})", BAD_INPUT


def mistake_lines(done: Conversion) -> Iterator[str]:
    """Yield what is said of functions on which our own code failed, of the first few of them."""
    name = click.format_filename(done.path)
    for key, reason in done.mistakes[:MOST_MISTAKES]:
        yield f"{name}: the function at {key & ~1:#x} stays in the baseline tier ({reason})"
    if len(done.mistakes) > MOST_MISTAKES:
        yield f"{name}: and so do {len(done.mistakes) - MOST_MISTAKES:,} more"


def _counts(label: str, noun: str, counts: Mapping[str, int]) -> Iterator[Text]:
    """Yield what goes to the baseline tier; nothing where there is nothing."""
    total = sum(counts.values())
    if not total:
        return
    plural = "" if total == 1 else "s"
    yield Text(f"{label}{total:,} {noun}{plural} to the baseline tier")
    for line in reasons(counts):
        yield Text(f"{' ' * len(label)}{line}")


def found_table(found: Coverage) -> Table:
    """Return what discovery found, a row for each confidence."""
    made = table(None, "  found", ">functions", ">blocks", ">instructions", ">bytes")
    for confidence, row in sorted(found.code.items(), reverse=True):
        cells = (row.functions, row.blocks, row.instructions, row.bytes)
        made.add_row(f"  {confidence.name.lower()}", *(f"{cell:,}" for cell in cells))
    total = found.total
    cells = (total.functions, total.blocks, total.instructions, total.bytes)
    made.add_row("  all", *(f"{cell:,}" for cell in cells))
    rest = 100 * found.unknown / max(found.text, 1)
    made.add_row(f"  of {found.text:,} bytes of text", "", "", "", f"{rest:.1f} % unknown")
    return made
