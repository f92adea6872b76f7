"""Accounts for every instruction word of A32, T32 and A64: a page, a list of rows, a picture.

``python -m xlate.tools.encoding_account --write`` writes docs/encodings.md; ``--rows`` prints a
line for every row, ``--picture FILE`` makes a page in which the whole space can be looked at.
"""

from __future__ import annotations

from pathlib import Path

import click

from xlate.tools.encoding_page import page
from xlate.tools.encoding_parts import CHECKOUT, Space, spaces
from xlate.tools.encoding_picture import draw

PAGE = CHECKOUT / "docs" / "encodings.md"


def _print_rows(found: list[Space]) -> None:
    for space in found:
        for part in space.parts:
            name = part.row.name if part.row is not None else "-"
            heading = part.row.manual if part.row is not None else "-"
            cells = (space.title, part.isa, part.family, name, heading, part.status, part.reason)
            click.echo("\t".join((*cells, str(space.count(part)))))


@click.command()
@click.option("--write", is_flag=True, help="Write docs/encodings.md.")
@click.option("--rows", is_flag=True, help="Print rows, statuses, reasons and numbers of words.")
@click.option("--picture", type=click.Path(path_type=Path), help="Write the picture (HTML).")
def main(*, write: bool, rows: bool, picture: Path | None) -> None:
    """Account for all instruction words; without options print docs/encodings.md."""
    found = spaces()
    if rows:
        _print_rows(found)
    if picture is not None:
        picture.write_text(draw(found), encoding="utf-8")
    if write:
        PAGE.write_text(page(found), encoding="utf-8")
    if not (rows or write or picture):
        click.echo(page(found), nl=False)


if __name__ == "__main__":
    main()
