"""Fetches Debian packages for tests and tools: a command around ``xlate.sysroot.apt``.

``xlate sysroot get`` is what users have; this one keeps the packages themselves, needs no suite,
and can leave dependencies out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from xlate.errors import XlateError
from xlate.sysroot.apt import FetchFailed, fetch, program

__all__ = ["FetchFailed", "fetch", "program"]


@click.command()
@click.option("--arch", default="armhf", show_default=True, help="Debian's name of it.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to fill.  [default: build/guest/ARCH]",
)
@click.option("--depends", is_flag=True, help="Fetch what the packages depend on, too.")
@click.argument("packages", nargs=-1, required=True)
def main(arch: str, into: Path | None, packages: tuple[str, ...], *, depends: bool) -> None:
    r"""Put Debian PACKAGES into a folder, with a private apt state; print where their files are.

    \b
    Examples:
      python -m xlate.tools.fetch_debian busybox-static
      python -m xlate.tools.fetch_debian --arch armhf --depends --into /tmp/root dash
    """
    folder = into or Path("build") / "guest" / arch
    try:
        click.echo(fetch(packages, arch, folder, depends=depends, announce=_say))
    except XlateError as error:
        click.echo(f"fetch_debian: {error}", err=True)
        sys.exit(1)


def _say(line: str) -> None:
    click.echo(line, err=True)


if __name__ == "__main__":
    main()
