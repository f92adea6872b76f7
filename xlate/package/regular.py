"""Opening what may be anything: only regular files are read, nobody waits for a pipe."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

NO_FILE = errno.EINVAL  # of the OSError that says so


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; OSError with NO_FILE for a device, pipe or folder."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(NO_FILE, "not a regular file", str(path))
    return os.fdopen(handle, "rb")
