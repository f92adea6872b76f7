"""`xlate binfmt`: whether the kernel starts ARM programs by itself, and with what.

Every write is printed as a command before it is made, and --print makes none.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from xlate import runtime
from xlate.cli.input import GivenPath
from xlate.cli.tables import output_console, table
from xlate.errors import XlateError
from xlate.runtime import binfmt as kernel

FOLDER = click.option(
    "--folder",
    type=GivenPath(),
    default=kernel.MOUNTED,
    show_default=True,
    help="Where binfmt_misc is mounted.",
)
BOOT = click.option(
    "--boot-file",
    type=GivenPath(),
    default=kernel.BOOT,
    show_default=True,
    help="What --boot writes and uninstall removes.",
)
ONLY_PRINT = click.option("--print", "only_print", is_flag=True, help="Print the writes only.")


@dataclass(frozen=True)
class _Write:
    """A change to the machine: how a shell would say it, and how it is made."""

    text: str
    make: Callable[[], object]

    def do(self, *, only_print: bool) -> None:
        """Print the command, and unless that is all, do what it says."""
        click.echo(self.text)
        if only_print:
            return
        try:
            self.make()
        except OSError as error:
            hint = "as root" if isinstance(error, PermissionError) else "--print, to see why"
            reason = f"{error.filename or 'binfmt_misc'}: {error.strerror or error}"
            raise XlateError(f"not written ({reason}); try: {hint}") from error


@click.group(short_help="Let the kernel start ARM programs by itself.")
def binfmt() -> None:
    r"""See and change which program the kernel starts 32-bit ARM programs with.

    Without a registration `./prog` does not start by itself, and `xlate exec ./prog` and programs
    that it starts do not need one.

    A setuid program runs with its caller's ids, and xlate-run says so in one line. With --flags PFC
    the kernel gives it its owner's rights: xlate-run and packages of the system's store, which then
    must be root's, run with them too.

    \b
    Examples:
      xlate binfmt status
      xlate binfmt install --print
      sudo xlate binfmt install --boot
    """


@binfmt.command()
@FOLDER
def status(folder: Path) -> None:
    """Show what is registered for ARM programs: ours and rivals."""
    if not (folder / "register").exists():
        click.echo(f"binfmt_misc is not mounted; as root: {_mount(folder)}")
        return
    entries = kernel.registered(folder)
    if not entries:
        click.echo("nothing is registered for 32-bit ARM programs")
        return
    made = table(None, "name", "whose", "state", "flags", "interpreter")
    for entry in entries:
        whose = "xlate" if entry.name == kernel.NAME else "rival"
        gone = "" if Path(entry.interpreter).exists() else " (missing)"
        state = "enabled" if entry.enabled else "disabled"
        made.add_row(entry.name, whose, state, entry.flags, entry.interpreter + gone)
    output_console().print(made)
    if sum(entry.enabled for entry in entries) > 1:
        click.echo("several are enabled: the one registered last starts ARM programs")


@binfmt.command()
@FOLDER
@BOOT
@ONLY_PRINT
@click.option("--flags", default=kernel.FLAGS, show_default=True, help="The kernel's: P O C F.")
@click.option(
    "--interpreter",
    type=GivenPath(exists=True, dir_okay=False, resolve_path=True),
    help="xlate-run, if not the one of this installation.",
)
@click.option("--boot", is_flag=True, help="At every boot too (systemd reads the file).")
def install(
    folder: Path,
    boot_file: Path,
    flags: str,
    interpreter: Path | None,
    *,
    boot: bool,
    only_print: bool,
) -> None:
    """Register xlate-run for ARM programs; needs root, unless --print."""
    text = kernel.registration(interpreter or runtime.find().resolve(), flags)
    writes = [_removal(folder)] if (folder / kernel.NAME).exists() else []
    register = folder / "register"
    writes.append(_Write(f"echo '{text}' > {register}", lambda: _put(register, text)))
    if boot:
        writes.append(
            _Write(f"echo '{text}' > {boot_file}", lambda: boot_file.write_text(text + "\n"))
        )
    _check_mounted(folder, only_print=only_print)
    for write in writes:
        write.do(only_print=only_print)
    if rivals := [entry.name for entry in _rivals(folder) if entry.enabled]:
        click.echo(f"also registered, and outweighed as long as ours is newer: {', '.join(rivals)}")


@binfmt.command()
@FOLDER
@BOOT
@ONLY_PRINT
def uninstall(folder: Path, boot_file: Path, *, only_print: bool) -> None:
    """Take our registration away, and what --boot wrote; rivals are left alone."""
    writes = [_removal(folder)] if (folder / kernel.NAME).exists() else []
    if boot_file.exists():
        writes.append(_Write(f"rm {boot_file}", boot_file.unlink))
    for write in writes:
        write.do(only_print=only_print)
    if not writes:
        click.echo("nothing of xlate's is registered")


def _put(path: Path, text: str) -> None:
    # The kernel takes one write for one command, and reads nothing back.
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _removal(folder: Path) -> _Write:
    path = folder / kernel.NAME
    return _Write(f"echo {kernel.REMOVE} > {path}", lambda: _put(path, kernel.REMOVE))


def _rivals(folder: Path) -> list[kernel.Registration]:
    if not (folder / "register").exists():
        return []
    return [entry for entry in kernel.registered(folder) if entry.name != kernel.NAME]


def _mount(folder: Path) -> str:
    return f"mount -t binfmt_misc binfmt_misc {folder}"


def _check_mounted(folder: Path, *, only_print: bool) -> None:
    if (folder / "register").exists():
        return
    if not only_print:
        raise XlateError(f"binfmt_misc is not mounted; try, as root: {_mount(folder)}")
    click.echo(_mount(folder))
