"""The process that converts in the background: waits for wishes, ends when there are none.

It stays small: the work is done by a process of its own (shift.py) that gives all its memory back.
Both take one processor, the lowest priority, and the disk when nobody else wants it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

from xlate.batch import wishes
from xlate.batch.starter import environment
from xlate.package.store import Store, distrust

LOOK = 1.0  # seconds between looks at the folder of wishes
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_IOPRIO_SET, _WHO_PROCESS, _IDLE_CLASS = 251, 1, 3 << 13  # x86-64's number; linux/ioprio.h


def give_way(nice: int) -> None:
    """Take a processor only when nobody else wants it, and the disk likewise."""
    os.nice(nice)
    libc = ctypes.CDLL(None)
    libc.syscall(_IOPRIO_SET, _WHO_PROCESS, 0, _IDLE_CLASS)
    libc.prctl(_PR_SET_NAME, b"xlate-convert", 0, 0, 0)
    with contextlib.suppress(OSError):
        # A session of its own is a group of its own for the scheduler: there nice counts inside.
        Path("/proc/self/autogroup").write_text(str(nice))


def take_one_processor(allowed: Collection[int]) -> None:
    """Stay on the processor that had least to do of late: a conversion has two processes."""
    before = _idle_times()
    time.sleep(LOOK / 4)
    after = _idle_times()
    idle = {number: after.get(number, 0) - before.get(number, 0) for number in allowed}
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {max(sorted(idle), key=idle.__getitem__)})


def _idle_times() -> dict[int, int]:
    """Return for how long each processor has had nothing to do, in ticks."""
    times = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/stat").read_text().splitlines():
            name, *numbers = line.split()
            if name.startswith("cpu") and name != "cpu":
                times[int(name[3:])] = int(numbers[3])
    return times


def serve(store: Store, lock: int, idle: float) -> None:
    """Have wishes granted until there are none for so long."""
    _write(lock, "")
    allowed = os.sched_getaffinity(0)
    work = [*wishes.waiting(store), *wishes.grown(store)]
    end = time.monotonic() + idle
    while work or time.monotonic() < end:
        if work:
            take_one_processor(allowed)
            _shift(store, lock)
            _write(lock, "")
            end = time.monotonic() + idle
        time.sleep(LOOK)
        work = wishes.waiting(store)


def _shift(store: Store, lock: int) -> None:
    """Let a process look at all wishes there are, and say how many are left meanwhile."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "xlate.batch.shift", str(store.root)],
        env=environment(os.environ),
        preexec_fn=_die_with_parent,
    )
    while process.poll() is None:
        _write(lock, f"{len(wishes.waiting(store))} files to look at")
        time.sleep(LOOK)
    if process.returncode:  # what it leaves would be met again and again
        for wish in wishes.waiting(store):
            wishes.drop(store, wish)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _write(lock: int, at: str) -> None:
    """Say in the lock's file who holds it, and what for."""
    with contextlib.suppress(OSError):
        text = f"{os.getpid()}\n{at}\n".encode()
        os.ftruncate(lock, os.pwrite(lock, text, 0))


def main(lock: str, root: str, idle: str, nice: str) -> None:
    """Serve one store; where it is not safe to use, nothing."""
    os.set_inheritable(int(lock), False)
    store = Store(Path(root))
    if not distrust(store.root / wishes.folders(store)[0].name):
        give_way(int(nice))
        serve(store, int(lock), float(idle))


if __name__ == "__main__":
    main(*sys.argv[1:5])
