"""`xlate` as a user at a terminal would start it, wherever the tests run.

What a container or a build system would say is left out, and root counts as somebody else:

    python at_a_desk.py IDLE_SECONDS NICE TOP WORDS...
"""

from __future__ import annotations

import sys
from pathlib import Path

from xlate.batch import starter
from xlate.batch.surroundings import CI, Surroundings
from xlate.cli import cli

start = starter.start


def start_here(here: Surroundings) -> str:
    """Start a converter that ends after a short while."""
    user = here.user or 1000
    environ = {name: value for name, value in here.environ.items() if name not in CI}
    desk = Surroundings(environ, user, user, here.terminal, Path(sys.argv[3]))
    return start(desk, idle=float(sys.argv[1]), nice=int(sys.argv[2]))


if __name__ == "__main__":
    starter.start = start_here
    cli.main(sys.argv[4:], prog_name="xlate")
