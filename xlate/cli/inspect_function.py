"""`xlate inspect PROG --function`: ``xlate.report.function`` as text or JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass

import click

from xlate.cli.input import Refused
from xlate.cli.inspect_package import host_json, print_host
from xlate.cli.signals import workers_may_die
from xlate.cli.tables import output_console, plain
from xlate.errors import Unsupported
from xlate.loader import Image
from xlate.report.function import View, view


@dataclass(frozen=True)
class Parts:
    """What to show of a function."""

    llvm: bool
    host: bool


def show(image: Image, guest_va: int, level: int, parts: Parts, *, as_json: bool) -> None:
    """Print what the optimised tier makes of the function at an address."""
    try:
        with workers_may_die():
            found = view(image, guest_va, level)
    except Unsupported as error:
        raise Refused(f"{click.format_filename(image.path)}: {error}") from error
    if as_json:
        click.echo(json.dumps(_json(found, parts), indent=1))
        return
    console = output_console()
    mode = "T32" if found.key & 1 else "A32"
    console.print(plain(f"{found.name}: {found.key & ~1:#x} {mode}, {found.confidence}"
                       f" ({', '.join(found.evidence)}), {found.blocks} blocks,"
                       f" {found.instructions} instructions"))  # fmt: skip
    if parts.llvm:
        # LLVM text goes to opt and llc: as it is, no table and no wrapping.
        click.echo(f"\n; as lifted\n{found.lifted}")
        if not found.refused:
            click.echo(f"; after the passes of -O{level}\n{found.optimised}")
    if found.refused:
        click.echo(f"refused: {found.refused}")
    elif parts.host:
        print_host(console, found.host)


def _json(found: View, parts: Parts) -> dict[str, object]:
    made: dict[str, object] = {
        "name": found.name,
        "key": found.key,
        "confidence": found.confidence,
        "evidence": list(found.evidence),
        "blocks": found.blocks,
        "instructions": found.instructions,
        "refused": found.refused,
    }
    if parts.llvm:
        made |= {"lifted": found.lifted, "optimised": found.optimised}
    if parts.host:
        made["host"] = host_json(found.host)
    return made
