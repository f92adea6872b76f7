"""Programs that check themselves: how they are built, and what passing is.

Each prints ``ok NAME`` and ends with status 0. What a machine cannot do (a file system without some
feature) it says in a line ``left out: ...``, and passes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from corpus import build

TIME_LIMIT = 120
LEFT_OUT = "left out: "


def sources(folder: str, pattern: str = "*.c") -> list[Path]:
    """Return the programs of a folder of the corpus."""
    return sorted((build.CORPUS / folder).glob(pattern))


def program(source: Path, libs: tuple[str, ...] = ()) -> build.Program:
    """Return what builds one of them."""
    return build.Program(
        name=f"{source.parent.name}-{source.stem}",
        source=source,
        modes=("arm", "thumb", "pie"),
        native=True,
        cflags=("-pthread",),
        guest_cflags=(),
        libs=libs,
        oracle="native",
        qemu_differs="",
        purpose="",
        cases=(),
    )


def passes(
    words: Sequence[str], source: Path, cwd: Path, time_limit: float = TIME_LIMIT
) -> list[str]:
    """Check how the program ends; return what it left out, without the reasons."""
    done = subprocess.run(
        [*words],
        capture_output=True,
        text=True,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        timeout=time_limit,
        check=False,
    )
    lines = done.stdout.splitlines()
    left_out = [line.split(" (")[0] for line in lines if line.startswith(LEFT_OUT)]
    lines = [line for line in lines if not line.startswith(LEFT_OUT)]
    assert (lines, done.stderr, done.returncode) == ([f"ok {source.stem}"], "", 0)
    return left_out
