"""The command `xlate`: which commands there are, and how a failure leaves the process.

Only this package prints and exits. Exit statuses: 0 done, 1 the input is at fault, 2 the
command line is, 125 xlate is. `xlate exec` becomes `xlate-run` and has the guest's status
instead.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import Any, NoReturn

import click

from xlate.cli import streams
from xlate.cli.groups import Named
from xlate.errors import Inconsistent, XlateError
from xlate.version import VERSION

BAD_INPUT, USAGE, OWN_FAILURE, INTERRUPTED = 1, 2, 125, 130

EPILOG = """
\b
Examples:
  xlate exec ./busybox sh -c 'uname -m'       run an ARM program
  xlate exec -L /srv/armhf ./prog --help      with a sysroot; --help is the guest's
  xlate sysroot get debian:bookworm bash --into armhf    a root folder, without root
  xlate convert ./busybox                     translate ahead of time; exec then finds it
  xlate cache                                 what is kept between runs, how much of it
  xlate pack ./busybox -o busybox.xlpack      translations in one file, for other machines
  xlate coverage ./busybox                    how much of it is known to be code
  xlate inspect ./busybox                     segments, symbols, code at the entry
  xlate inspect ./prog --addr main            instruction, IR and host code side by side
  xlate verify ./busybox                      its package against fresh code
  xlate disasm -d -j .text ./prog             a listing in the manner of objdump
"""


# Where each command is. A module is imported when its command is asked for, so that `xlate exec`
# does not wait for the libraries of the others.
COMMANDS = {
    "background": ("xlate.cli.background", "background"),
    "binfmt": ("xlate.cli.binfmt", "binfmt"),
    "cache": ("xlate.cli.cache", "cache"),
    "convert": ("xlate.cli.convert", "convert_command"),
    "coverage": ("xlate.cli.coverage", "coverage"),
    "disasm": ("xlate.cli.disasm", "disasm"),
    "exec": ("xlate.cli.exec", "exec_command"),
    "inspect": ("xlate.cli.inspect", "inspect"),
    "pack": ("xlate.cli.pack", "pack"),
    "sysroot": ("xlate.cli.sysroot", "sysroot"),
    "verify": ("xlate.cli.verify", "verify"),
}


class _Commands(Named):
    """The group of COMMANDS."""

    table = COMMANDS


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(VERSION, "--version", prog_name="xlate", message="%(prog)s %(version)s")
def cli() -> None:
    """Run and look at 32-bit ARM Linux programs on x86-64.

    Programs are started by `xlate-run`, a small native program that also works alone; `xlate exec`
    finds it for you. Of the other commands only `xlate verify PROG ARGS` runs the guest.
    """


def main() -> NoReturn:
    """Run the command line and exit."""
    # Python ignores SIGPIPE; a listing piped into head should end like any other program, and a
    # guest must not inherit the difference.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    streams.complete()
    told = _status()
    status = told if isinstance(told, int) else 0
    unwritten = streams.flush()
    if unwritten is not None and not status:
        status = failed(unwritten)
    sys.exit(status)


def _status() -> Any:
    """Run the command line; return what it ends with, after one line where it failed."""
    try:
        return cli.main(prog_name="xlate", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except SystemExit as stop:
        return stop.code
    except click.UsageError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as error:
        # The last resort of a program that promises one line: say it, and how to see more.
        return failed(error)


def failed(error: Exception, about: str = "") -> int:
    """Say in one line what went wrong with what (``NAME: ``); return the exit status."""
    line, status = described(error)
    click.echo(f"xlate: {about}{line}", err=True)
    return status


def described(error: Exception) -> tuple[str, int]:
    """Return what went wrong in one line, and the exit status."""
    if isinstance(error, XlateError) and not isinstance(error, Inconsistent):
        line, status = str(error), BAD_INPUT
    elif streams.is_unwritten(error):
        why = os.strerror(getattr(error, "errno", 0)).lower()
        line, status = f"the output cannot be written ({why})", BAD_INPUT
    elif isinstance(error, MemoryError):
        line, status = "out of memory; try: a higher ulimit -v, or fewer --jobs", OWN_FAILURE
    else:
        kind = "" if isinstance(error, Inconsistent) else f"{type(error).__name__}: "
        line = f"internal error: {kind}{error}; try: XLATE_TRACEBACK=1 and report it"
        status = OWN_FAILURE
    if status == OWN_FAILURE and os.environ.get("XLATE_TRACEBACK"):
        traceback.print_exc()
    return " ".join(line.split()), status
