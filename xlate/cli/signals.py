"""Signals while a command has workers: what ends it cleanly, and pipes whose reader is gone.

`xlate` lets SIGPIPE kill it, as a listing should die when `head` has seen enough. A command that
feeds worker processes cannot: a worker that LLVM aborts is a closed pipe, and no reason to die.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def workers_may_die() -> Iterator[None]:
    """Let a write to a closed pipe raise BrokenPipeError, and SIGTERM end as Ctrl-C does."""
    pipe = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    term = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, term)
        signal.signal(signal.SIGPIPE, pipe)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
