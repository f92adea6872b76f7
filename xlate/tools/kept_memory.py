"""How much memory programs with kept translations take, alone and ten at once; for `make kept`.

From /proc/PID/smaps_rollup (proc(5)) of a process that stands still: Rss counts all resident pages,
Pss each shared page by its share, Private_Dirty what it has written and shares with nobody.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from xlate.errors import MalformedInput

FIELDS = ("Rss", "Pss", "Private_Dirty")
#: How long a program may take to say that it is ready, in seconds.
PATIENCE = 60


def rollup(pid: int) -> dict[str, int]:
    """KiB of a process, by field."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    rows = dict(line.split(":", 1) for line in text.splitlines()[1:])
    return {name: int(rows[name].split()[0]) for name in FIELDS}


def at_once(
    command: Sequence[str], environment: Mapping[str, str], count: int
) -> list[dict[str, int]]:
    """Memory of so many processes that run together.

    The command says a line when it is where it should be looked at, and then waits for the end of
    its input. Raises MalformedInput where it says nothing.
    """
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(
                    command,
                    env=dict(environment),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            for _ in range(count)
        ]
        try:
            for process in running:
                assert process.stdout is not None
                if not process.stdout.readline():
                    raise MalformedInput(" ".join(command[:6]), "it said nothing")
            _still(running)
            return [rollup(process.pid) for process in running]
        finally:
            for process in running:
                assert process.stdin is not None
                process.stdin.close()


def _still(running: Sequence[subprocess.Popen[bytes]]) -> None:
    """Wait until all of them sleep."""
    end = time.monotonic() + PATIENCE
    for process in running:
        while Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2][:1] != "S":
            if time.monotonic() > end:
                raise MalformedInput(f"process {process.pid}", "it does not stand still")
            time.sleep(0.01)
