"""The programs of corpus/cli, which the tests of the command line run."""

from __future__ import annotations

from pathlib import Path

from corpus import build


def guest_program(name: str, guest_cc: list[str]) -> Path:
    """Build corpus/cli/NAME.c for the guest and return its path."""
    program = build.Program(
        name=f"cli-{name}",
        source=build.CORPUS / "cli" / f"{name}.c",
        modes=("thumb",),
        native=False,
        cflags=(),
        guest_cflags=(),
        libs=(),
        oracle="none",
        qemu_differs="",
        purpose="",
        cases=(),
    )
    return build.build(program, "thumb", guest_cc)
