"""Starts the converter before a program is run, so that it is nobody's child; asks if it runs.

One process for each store: who holds the lock on ``background.lock`` is it. The lock is taken here
and goes on to the new process with its descriptor, so two programs that start at once make one
converter. What is imported here, everybody who runs a program waits for: as little as can be.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from xlate.batch.surroundings import SWITCH, Surroundings, why_not
from xlate.package.place import place_of

WANTED = "wanted"  # layout.py's; that it is the same is tested
LOCK = "background.lock"
TOLD = "background.told"
IDLE_SECONDS = 60.0  # without work, after which the converter ends
NICE = 19
TOP = Path(__file__).resolve().parents[2]
LINE = (
    "xlate: from now on what runs is converted in the background, for faster runs to come"
    f" (one processor, nice {NICE}); {SWITCH}=0 turns that off"
)


def start(here: Surroundings, *, idle: float = IDLE_SECONDS, nice: int = NICE) -> str:
    """Start a converter unless one runs; return why none is, empty where there is one now.

    Whatever is in the way, the program that is about to run must not notice.
    """
    why = why_not(here)
    root = place_of(here.environ)
    if why or root is None:
        return why or "there is no store"
    try:
        lock = _lock_in(root)
        if lock is None:
            return ""
        _tell(root)
        _leave_behind(lock, (str(root), str(idle), str(nice)))
    except OSError as error:
        return f"{root}: {(error.strerror or str(error)).lower()}"
    return ""


def _lock_in(root: Path) -> int | None:
    """Return the lock's descriptor, None where a converter holds it; makes the folder of wishes."""
    for folder in (*reversed(root.parents), root, root / WANTED):
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(root / LOCK, flags, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _tell(root: Path) -> None:
    """Say once in a store's life what goes on, and how to stop it."""
    with contextlib.suppress(FileExistsError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        os.close(os.open(root / TOLD, flags, 0o600))
        print(LINE, file=sys.stderr, flush=True)


def _leave_behind(lock: int, words: Sequence[str]) -> None:
    """Start the converter by a process that ends at once: so it is not ours, nor the guest's."""
    middle = os.fork()
    if middle == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                _become(lock, words)
        finally:
            os._exit(0)
    os.close(lock)
    os.waitpid(middle, 0)


def _become(lock: int, words: Sequence[str]) -> NoReturn:
    """Become the converter: nothing of the terminal and of the program to come is kept."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    keep = fcntl.fcntl(lock, fcntl.F_DUPFD_CLOEXEC, 3)
    os.dup2(keep, 3, inheritable=True)
    os.closerange(4, 1 << 16)
    os.chdir("/")
    for number in range(1, signal.NSIG):
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    command = [sys.executable, "-P", "-m", "xlate.batch.converter", "3", *words]
    os.execve(sys.executable, command, environment(os.environ))


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which any Python process of ours finds these very sources."""
    path = os.pathsep.join(filter(None, (str(TOP), environ.get("PYTHONPATH"))))
    return {**environ, "PYTHONPATH": path, SWITCH: "0"}


# --- asking and stopping -------------------------------------------------------------------------


@dataclass(frozen=True)
class Running:
    """The converter of a store: its process number, and what it is at, if anything."""

    pid: int
    at: str


def running(root: Path) -> Running | None:
    """Return the converter that holds the lock, None where nobody does."""
    try:
        handle = os.open(root / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(handle) as file:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            number, _, at = file.read().partition("\n")
            return Running(int(number), at.strip()) if number.isdigit() else None
    return None


def stop(root: Path, *, seconds: float = 10.0) -> bool:
    """End the converter, and wait for its end; say if there was one that has ended."""
    found = running(root)
    if found is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(found.pid, signal.SIGTERM)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if running(root) is None:
            return True
        time.sleep(0.05)
    return False
