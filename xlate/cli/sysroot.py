"""`xlate sysroot`: folders that a guest takes for its root, made without being root."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from xlate.cli.input import GivenPath
from xlate.errors import XlateError
from xlate.sysroot import get as getting
from xlate.sysroot import images
from xlate.sysroot.unpack import Counts

INTO = click.option(
    "--into",
    required=True,
    type=GivenPath(file_okay=False),
    help="The root folder.",
)


GET_EPILOG = """
\b
Examples:
  xlate sysroot get debian:bookworm bash python3 --essential --into armhf
  xlate exec -L armhf armhf/bin/bash -c 'uname -m'
"""

IMPORT_EPILOG = """
\b
Examples:
  docker export $(docker create --platform linux/arm/v7 debian) > rootfs.tar
  xlate sysroot import rootfs.tar --into armhf
"""


@click.group(short_help="Make root folders for programs: from Debian, or from an image.")
def sysroot() -> None:
    """Make a folder that ARM programs find their libraries and files in.

    Use it as `xlate exec -L DIR PROG` or, as the whole world of a program, `xlate exec --root DIR`.
    Nothing here needs root or changes the system.
    """


@sysroot.command("get", epilog=GET_EPILOG)
@click.argument("source", metavar="debian:SUITE")
@click.argument("packages", nargs=-1, required=True)
@INTO
@click.option("--arch", default="armhf", show_default=True, help="Debian's name of it.")
@click.option("--essential", is_flag=True, help="What Debian never is without: sh, ls, tar, ...")
@click.option("--mirror", default="", metavar="URL", help="Archive to ask, if not the machine's.")
def get(
    source: str, packages: tuple[str, ...], into: Path, arch: str, mirror: str, *, essential: bool
) -> None:
    """Put Debian PACKAGES and all they depend on into a root folder.

    apt resolves, fetches and checks signatures and checksums, with a state of its own inside the
    folder. Packages are unpacked and not configured: no maintainer script runs. A second call adds
    to what is there. Essential packages come with --essential: nothing depends on them, yet most
    programs expect at least /bin/sh.
    """
    wanted = (*packages, getting.ESSENTIAL) if essential else packages
    with _failures(), _bar() as shown:
        outcome = getting.get(into, getting.Suite.parse(source, mirror), wanted, arch, shown, _say)
    if not outcome.new:
        click.echo(f"{into}: everything is there already ({outcome.count} packages)")
    else:
        click.echo(
            f"{into}: {len(outcome.new)} new packages, {outcome.fetched / 1e6:.1f} MB fetched; "
            f"{outcome.count} in all, unpacked and not configured"
        )
    if not (into / "bin/sh").exists():
        click.echo("there is no /bin/sh: try --essential, or the package dash")


@sysroot.command("import", epilog=IMPORT_EPILOG)
@click.argument("source", metavar="ROOTFS", type=GivenPath(exists=True))
@INTO
def import_(source: Path, into: Path) -> None:
    """Unpack a root file system into a new folder.

    ROOTFS is a tar file (as of `docker export`), an image of layers (`docker save`, an OCI layout,
    as a tar file or a folder), or a folder to copy. Owners, device nodes and setuid bits are left
    out; a name that leads out of the root refuses the image.
    """
    with _failures():
        counts = images.import_image(source, into)
    click.echo(f"{into}: {_made(counts)}")
    if left := _left_out(counts):
        click.echo(f"left out: {left}")


def _made(counts: Counts) -> str:
    made = f"{counts.files:,} files, {counts.folders:,} folders, {counts.links:,} links"
    return f"{made}, {counts.bytes / 1e6:.1f} MB"


def _left_out(counts: Counts) -> str:
    rows = (
        (counts.devices, "device nodes, pipes and sockets"),
        (counts.owners, "owners other than root"),
        (counts.setuid, "setuid and setgid bits"),
        (counts.removed, "files that upper layers remove"),
    )
    return ", ".join(f"{count:,} {what}" for count, what in rows if count)


@contextmanager
def _failures() -> Iterator[None]:
    """Turn what the file system refuses into one line; the rest is the command line's."""
    try:
        yield
    except OSError as error:
        name = click.format_filename(error.filename) if error.filename else "the folder"
        raise XlateError(f"{name}: {error.strerror or error}") from error


def _say(line: str) -> None:
    click.echo(line, err=True)


@contextmanager
def _bar() -> Iterator[getting.Progress]:
    """Yield what shows progress on a terminal; elsewhere nothing is printed on the way."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("asking apt", total=100)

        def show(text: str, percent: float) -> None:
            bar.update(task, description=text[:40], completed=percent)

        yield show
