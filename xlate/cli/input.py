"""What the commands that read a program share: loading it, and addresses as users write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xlate.errors import MalformedInput, Unsupported
from xlate.loader import CodeMark, Image, load


class Refused(click.ClickException):
    """One line about the input file; exit status 1."""

    exit_code = 1

    def show(self, file: object = None) -> None:
        """Print the line as it is."""
        click.echo(f"xlate: {self.message}", err=True)


class GivenPath(click.Path):
    """A path as a Path; the empty word, which an unset variable leaves, is none."""

    def __init__(self, **more: Any) -> None:
        super().__init__(path_type=Path, **more)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse the empty word, which would be the current folder."""
        if value in ("", b""):
            self.fail("an empty word is no path", param, ctx)
        return super().convert(value, param, ctx)


def load_program(path: str) -> Image:
    """Return the Image of a file, or end with one line that names it."""
    try:
        return load(path)
    except (MalformedInput, Unsupported) as error:
        name = click.format_filename(path) or "''"
        raise Refused(f"{name}: {error}") from error


def parse_address(image: Image, text: str) -> tuple[int, CodeMark | None]:
    """Return the address and, where it is known, the mode that a user's text stands for.

    The text is a symbol, or a number in C notation. An odd number means T32 as in a function
    pointer.
    """
    try:
        number = int(text, 0)
    except ValueError:
        symbol = image.symbol_named(text)
        if symbol is None:
            raise click.BadParameter(f"{text!r} is neither a number nor a symbol here") from None
        if symbol.thumb is None:
            return symbol.guest_va, None
        return symbol.guest_va, CodeMark.THUMB if symbol.thumb else CodeMark.ARM
    if not 0 <= number < 1 << 32:
        raise click.BadParameter(f"{text} is not a 32-bit address")
    return number & ~1, CodeMark.THUMB if number & 1 else None


def forced_mode(*, thumb: bool, arm: bool) -> CodeMark | None:
    """Return the mode that --thumb or --arm asks for."""
    if thumb and arm:
        raise click.UsageError("--thumb and --arm exclude each other")
    if thumb or arm:
        return CodeMark.THUMB if thumb else CodeMark.ARM
    return None
