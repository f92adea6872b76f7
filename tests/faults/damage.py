"""Scenes of damage: files of the store, bit by bit, and disks that are full, closed or failing."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.ground import Ground, Guest, guest
from tests.package import refused
from tests.package.kept import STATUS, branches
from tests.package.samples import put_guest
from xlate.package import layout, stock
from xlate.package.layout import STOCK_FOLDER, STOCK_SUFFIX
from xlate.package.store import Store
from xlate.report import cache as report

FLIPS = 10_000
FIELDS = [*layout.HEADER.layout.offsets().values()]


def flips(ground: Ground) -> None:
    """Every header field and random places: a package that is not whole is never run.

    Each one is a file with a new time of change, at times in the place of the old one, with the
    record of its hash still there.
    """
    one = guest(1)
    prog, path, data = ground.put(one), ground.install(one), ground.bytes_of(one)
    ground.store.remember(prog, path)
    ground.run(prog, "whole", [one.packaged])
    places = [8 * at + bit for at in FIELDS for bit in (0, 7)] if ground.scale >= 1 else []
    for number in ground.times(FLIPS):
        bad = _damaged(ground, data, places[number] if number < len(places) else None)
        if ground.random.random() < 0.5:
            path.unlink()
        path.write_bytes(bad)
        ground.run(prog, "flipped", [one.own])
    path.write_bytes(data)
    ground.settle()
    ground.run(prog, "whole again", [one.packaged])


def _damaged(ground: Ground, data: bytes, at: int | None) -> bytes:
    """Return the bytes with a bit flipped, or with a worse change."""
    dice = ground.random
    bad = bytearray(data)
    kind = dice.choice(("bit", "bit", "bit", "bytes", "page", "cut", "longer", "swap"))
    if at is not None or kind == "bit":
        at = dice.randrange(8 * len(data)) if at is None else at
        bad[at // 8] ^= 1 << at % 8
    elif kind == "bytes":
        start = dice.randrange(len(data))
        bad[start : start + 8] = bytes(b ^ 0xFF for b in bad[start : start + 8])
    elif kind == "page":
        start = dice.randrange(max(1, len(data) // 4096)) * 4096
        bad[start : start + 4096] = bytes(b ^ 1 for b in bad[start : start + 4096])
    elif kind == "cut":
        del bad[dice.randrange(len(data)) :]
    elif kind == "longer":
        bad += bytes(dice.randrange(1, 5000))
    else:
        bad[:4096], bad[4096:8192] = bad[4096:8192], bad[:4096]
    return bytes(bad)


def small_files(ground: Ground) -> None:
    """Records, profiles, lists and the memo are advice: damaged, they cost time at most."""
    one = guest(2)
    prog, path = ground.put(one), ground.install(one)
    for _ in ground.times(1000):
        ground.store.remember(prog, path)
        ground.run(prog, "with records", [one.own, one.packaged])
        for folder in ("seen", "profiles", "quarantine"):
            for file in (ground.store.root / folder).glob("*"):
                file.write_bytes(_damaged(ground, file.read_bytes() or b"\0" * 9000, None))
        (ground.store.root / "quarantine").mkdir(exist_ok=True)
        (ground.store.root / "quarantine" / "one.json").write_bytes(ground.random.randbytes(100))
        ground.run(prog, "small files damaged", [one.own, one.packaged])
        if ground.store.profile_keys(one.data) - {0}:
            ground.counts["profiles of nonsense"] += 1
        shutil.rmtree(ground.store.root / "seen")
        ground.store.prepare()
    ground.run(prog, "without records", [one.packaged])


def kept(ground: Ground) -> None:
    """Code that runs keep for the next ones: damaged, it is translated again, and never run."""
    prog = put_guest(ground.folder, branches(60), "branches")
    ground.settle()
    for _ in range(2):
        ground.run(prog, "keeping", [STATUS])
    (path,) = (ground.store.root / STOCK_FOLDER).glob(f"*{STOCK_SUFFIX}")
    data = path.read_bytes()
    stock.check(data)
    for _ in ground.times(FLIPS // 4):
        if ground.random.random() < 0.5:
            path.unlink(missing_ok=True)
        path.write_bytes(_damaged(ground, data, None))
        ground.run(prog, "kept code flipped", [STATUS])
    ground.run(prog, "kept again", [STATUS])
    stock.check(path.read_bytes())


# --- disks ---------------------------------------------------------------------------------------


@contextmanager
def disk(ground: Ground, options: str) -> Iterator[Path | None]:
    """Yield a file system of its own; None, and a word about it, where that is not allowed."""
    folder = ground.folder / "disk"
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"mode=0755,{options}", "none", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        ground.counts["left out: no leave to mount"] += 1
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def full_disk(ground: Ground) -> None:
    """Whatever is free, down to nothing: runs are right, and what stood there stays whole."""
    good, fresh = guest(3), guest(4)
    progs = ground.put(good, "good"), ground.put(fresh, "fresh")
    with disk(ground, "size=128k") as place:
        if place is None:
            return
        on_disk = Store(place / "store")
        on_disk.prepare()
        old, ground.store = ground.store, on_disk
        ground.install(good)
        for _ in ground.times(100):
            _fill(place, ground.random.randrange(0, 12) * 4096)
            for _ in range(3):
                _try_to_install(ground, fresh)
            for prog, one in zip(progs, (good, fresh), strict=True):
                ground.run(prog, "full disk", [one.own, one.packaged])
            if ground.run(progs[0], "what stood there", [good.packaged]) != good.packaged:
                break
            (place / "filler").unlink()
            for left in on_disk.folder.glob(".*.new"):
                ground.blame(f"full disk: {left.name} was left behind")
        ground.store = old


def _fill(place: Path, but: int) -> None:
    """Take all of a disk but a few bytes."""
    st = os.statvfs(place)
    (place / "filler").write_bytes(b"x" * max(0, st.f_bavail * st.f_frsize - but))


def _try_to_install(ground: Ground, one: Guest) -> None:
    try:
        ground.install(one)
        ground.counts["written"] += 1
    except OSError as error:
        ground.counts["no room"] += 1
        if error.errno != errno.ENOSPC:
            ground.blame(f"full disk: {error}")


def read_only(ground: Ground) -> None:
    """A store that cannot be written is used all the same; nothing in it changes."""
    one = guest(5)
    prog = ground.put(one)
    with disk(ground, "size=512k") as place:
        if place is None:
            return
        old, ground.store = ground.store, Store(place / "store")
        ground.store.prepare()
        ground.install(one)
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        before = report.overview(ground.store)
        for _ in ground.times(20):
            ground.run(prog, "read-only", [one.packaged])
        if report.overview(ground.store).rows != before.rows:
            ground.blame("read-only: the store changed")
        ground.store = old


# Calls as the store's code makes them, and no other code of the runtime on its way to the guest.
_INSIDE = ((0, 1 << 31),)  # not AT_FDCWD
CALLS = {
    "openat": refused.Rule(257, 0, clear=_INSIDE),
    "mkdirat": refused.Rule(258, 0),
    "unlinkat": refused.Rule(263, 0),
    "renameat": refused.Rule(264, 0),
    "linkat": refused.Rule(265, 0),
    "fallocate": refused.Rule(285, 0),
    "pwrite64": refused.Rule(18, 0),
    "pread64": refused.Rule(17, 0, set_bits=((3, 0xFFFFF000),)),
    "mmap": refused.Rule(9, 0, set_bits=((2, 4), (3, 2)), clear=((3, 0x20),)),
    "prlimit64": refused.Rule(302, 0),
    "clock_gettime": refused.Rule(228, 0),
    "geteuid": refused.Rule(107, 0),
}
ERRORS = (errno.EIO, errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENOMEM)


def failing_calls(ground: Ground) -> None:
    """Every call that the store makes, failing with every error: the program is right."""
    one = guest(6)
    prog = ground.put(one)
    pairs = [(name, error) for name in CALLS for error in ERRORS]
    if ground.scale < 1:
        pairs = ground.random.sample(pairs, len(ground.times(len(pairs))))
    for name, error in pairs:
        for remembered in (False, True):
            path = ground.install(one)
            shutil.rmtree(ground.store.root / "seen")
            ground.store.prepare()
            if remembered:
                ground.settle()
                ground.store.remember(prog, path)
            rule = refused.Rule(CALLS[name].call, error, CALLS[name].set_bits, CALLS[name].clear)
            what = f"{name} fails"
            ground.run(prog, what, [one.own, one.packaged], before=refused.refusing(rule))
    ground.run(prog, "calls succeed again", [one.packaged])


# --- time ----------------------------------------------------------------------------------------


def clock(ground: Ground) -> None:
    """Files of times to come and long past, as a clock that is set leaves them."""
    one = guest(7)
    prog, path = ground.put(one), ground.install(one)
    now = time.time()
    for _ in ground.times(60):
        for file in (prog, path, *(ground.store.root / "seen").glob("*")):
            if ground.random.random() < 0.5:
                when = now + ground.random.choice((-1e9, -86_400, -1, 1, 86_400, 1e9))
                os.utime(file, (when, when))
        ground.run(prog, "times of another clock", [one.packaged])
        ground.store.prepare()
    for when in (now - 1e9, now + 1e9):
        left = ground.store.folder / ".dead.1-aa.new"
        left.write_bytes(b"x")
        os.utime(left, (when, when))
        ground.store.prepare()
        if left.exists():
            ground.blame(f"what a killed writer left stays for ever ({when - now:+.0f} s)")
