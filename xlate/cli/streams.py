"""Standard input, output and error when they are closed, or when nothing more can be written.

A file that is opened while one of them is closed would get its number, and what is printed. So
their places are filled: input with nothing, output with something whose every write fails as one
to a closed descriptor does. A guest does not inherit that.
"""

from __future__ import annotations

import errno
import os
import sys

FULL = frozenset(
    (errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EPIPE, errno.ENXIO)
)
_PLACES = (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))


def complete() -> None:
    """Fill the places of standard descriptors that are closed."""
    for number, (name, flags) in enumerate(_PLACES):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags | os.O_CLOEXEC)  # the lowest free number is this one
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(number, mode, errors="backslashreplace"))  # noqa: SIM115, PTH123


def is_unwritten(error: BaseException) -> bool:
    """Say whether that came of printing: errors of files have their names."""
    return isinstance(error, OSError) and error.filename is None and error.errno in FULL


def flush() -> OSError | None:
    """Write what is left; return why it cannot be, and then try no more."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return error
    return None
