"""What Python may ask of the native runtime: where it is, and to become it.

An installed package carries the program beside this file. A checkout has its sources instead and builds
on first use (``xlate.runtime.build`` decides how). Nothing here runs a guest inside this process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

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
    os.execv(program, [b"xlate-run", *(os.fsencode(argument) for argument in arguments)])
