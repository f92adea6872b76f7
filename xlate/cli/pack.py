"""`xlate pack`: the group of commands about packs, of which making one needs no name.

Each is imported when it is asked for: to list a pack takes no compiler.
"""

from __future__ import annotations

import click

from xlate.cli.groups import Named

DEFAULT = "make"

EPILOG = """
\b
Examples:
  xlate pack ./busybox -o busybox.xlpack
  xlate pack -L armhf armhf/bin/bash -o bash.xlpack   with all that it is linked with
  xlate pack armhf -o armhf.xlpack                    everything below a folder
  xlate pack list bash.xlpack
  xlate pack verify bash.xlpack --tree armhf
  sudo xlate pack import --system armhf.xlpack        for all users of this machine
"""

COMMANDS = {
    DEFAULT: ("xlate.cli.pack_make", "make"),
    "list": ("xlate.cli.pack_list", "list_command"),
    "verify": ("xlate.cli.pack_verify", "verify"),
    "import": ("xlate.cli.pack_import", "import_command"),
}


class _Pack(Named):
    """The group of COMMANDS; what begins with none of their names is for DEFAULT."""

    table = COMMANDS

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the name that was left out."""
        if args and args[0] not in (*COMMANDS, *self.get_help_option_names(ctx)):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_Pack,
    epilog=EPILOG,
    short_help="Put the translations of programs into one file, for other machines.",
    options_metavar="",
    subcommand_metavar="[make] PROG|TREE... -o FILE | list|verify|import FILE...",
)
def pack() -> None:
    """Make translations on one machine, and use them on others.

    A pack (.xlpack) holds packages of programs and of all libraries that they are linked with, or
    of every ARM program and library below a folder. `import` puts them into a store, where programs
    find them. Nothing in a pack is used for any other content of a program than it was made for.

    The options of `make` are shown by `xlate pack make --help`; a program that is called list is
    ./list.
    """
