"""Groups of commands by a table of names: a command's module is imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import ClassVar

import click

Table = Mapping[str, tuple[str, str]]  # command by name: its module, and what it is called there


class Named(click.Group):
    """A group of the commands in ``table``, which the class made from this one has."""

    table: ClassVar[Table]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command, or return None for a name that is none."""
        if cmd_name not in self.table:
            return None
        module, attribute = self.table[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command
