"""`xlate exec`: finds `xlate-run` and becomes it, with every argument passed on as it came.

Nothing is parsed here, so the run options are those of `xlate-run` by construction, and what
follows PROG reaches the guest byte for byte. Before, where a person runs it, the background
converter is started.
"""

from __future__ import annotations

import os
import sys

import click

from xlate import runtime
from xlate.batch import starter
from xlate.batch.surroundings import Surroundings
from xlate.errors import XlateError


class _Verbatim(click.Command):
    """A command that takes its arguments as they are: no option of it, no `--`, is its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep everything for the callback."""
        ctx.params["arguments"] = tuple(args)
        ctx.args = []
        return []


@click.command(
    "exec",
    cls=_Verbatim,
    short_help="Run an ARM program: xlate exec [RUN OPTIONS] PROG [ARGS].",
)
def exec_command(arguments: tuple[str, ...]) -> None:
    """Run an ARM program; see `xlate exec --help` for the options of xlate-run."""
    starter.start(Surroundings(os.environ))
    try:
        runtime.launch(arguments)
    except (XlateError, OSError) as error:
        click.echo(f"xlate: cannot start xlate-run ({error})", err=True)
        sys.exit(125)
