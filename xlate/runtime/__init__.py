"""What Python may ask of the native runtime: where it is, and to become it.

An installed package carries the program beside this file. A checkout has its sources instead
and builds on first use (``xlate.runtime.build`` decides how). Nothing here runs a guest inside
this process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

COERCED_LOCALES = (b"C.UTF-8", b"C.utf8", b"UTF-8")

INSTALLED = Path(__file__).with_name("bin") / "xlate-run"


def find() -> Path:
    """Return the path of ``xlate-run``, building it first where a checkout has none yet."""
    if INSTALLED.is_file():
        return INSTALLED
    # Only a checkout gets here, so an installed xlate never loads the build code.
    from xlate.runtime import build

    return build.ensure(announce=lambda line: print(line, file=sys.stderr))


def launch(arguments: Sequence[str]) -> NoReturn:
    """Replace this process by ``xlate-run`` with the arguments as the user typed them."""
    program = os.fsencode(find())
    # fsencode gives back the very bytes of the command line, valid UTF-8 or not.
    words = [b"xlate-run", *(os.fsencode(argument) for argument in arguments)]
    os.execve(program, words, _callers_environment())


def _callers_environment() -> dict[bytes, bytes]:
    """Return the environment as the caller gave it, without what Python itself has added.

    In the C locale Python sets LC_CTYPE for its children (PEP 538); a guest must not see that.
    """
    environment = dict(os.environb)
    if environment.get(b"LC_CTYPE") in COERCED_LOCALES:
        try:
            given = Path("/proc/self/environ").read_bytes().split(b"\0")
        except OSError:
            return environment  # No /proc: nothing tells Python's value from the caller's.
        if not any(word.startswith(b"LC_CTYPE=") for word in given):
            del environment[b"LC_CTYPE"]
    return environment
