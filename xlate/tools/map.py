"""Prints a map of the sources: every file with the first line of its head comment.

The map is made when it is wanted and never kept, so it cannot be stale; a test sees to it that
every file has a head line to show.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click

CHECKOUT = Path(__file__).resolve().parents[2]
TOPS = ("xlate", "frontends", "backends", "tests", "corpus")
SUFFIXES = {".py", ".c", ".h", ".S"}

C_HEAD = re.compile(r"\s*/\*+\s*(.*?)\*/", re.DOTALL)


def sources(checkout: Path = CHECKOUT) -> list[Path]:
    """Return the source files of the checkout in order."""
    found = (path for top in TOPS for path in (checkout / top).rglob("*"))
    return sorted(p for p in found if p.suffix in SUFFIXES and "__pycache__" not in p.parts)


def head_line(path: Path) -> str:
    """Return the first sentence of a file's head comment; empty where it has none."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        doc = ast.get_docstring(ast.parse(text)) or ""
        return doc.partition("\n")[0].strip()
    match = C_HEAD.match(text)
    if match is None:
        return ""
    words = re.sub(r"\s*\n\s*\*?\s*", " ", match[1]).strip(" *")
    return re.split(r"(?<=\.)\s", words, maxsplit=1)[0]


def markdown(checkout: Path = CHECKOUT) -> Iterator[str]:
    """Yield the lines of the map, one section a folder."""
    yield "# Map of the sources"
    folder = None
    for path in sources(checkout):
        if path.parent != folder:
            folder = path.parent
            yield f"\n## {folder.relative_to(checkout)}/\n"
        yield f"- `{path.name}`: {head_line(path)}"


@click.command()
@click.option("--write", is_flag=True, help="Write build/MAP.md instead of printing.")
def main(*, write: bool) -> None:
    """Print the map of the sources as Markdown."""
    text = "\n".join(markdown())
    if write:
        target = CHECKOUT / "build" / "MAP.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(text + "\n")
        click.echo(target)
    else:
        click.echo(text)


if __name__ == "__main__":
    main()
