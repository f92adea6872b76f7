"""Where faults are made: a store, guests whose exit status says which code ran, and what failed.

A guest returns its own number, its package another one: so a run with the package, one without it,
and one with somebody else's are told apart. Everything random comes from one number, the seed.
"""

from __future__ import annotations

import os
import random
import struct
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest import mock

from tests.package import samples
from tests.package.samples import guest_image, package_for, put_guest
from xlate.package.format import Package, encode, write
from xlate.package.layout import PAGE
from xlate.package.store import Store

_FINGERPRINT = "xlate.package.store.fingerprint"
_PACKAGED = 70  # from there on it is a package's number
_MOV_R0_5 = struct.pack("<I", 0xE3A00005)


@dataclass(frozen=True)
class Guest:
    """A guest file's bytes, what it returns by itself, and what its package makes it return."""

    data: bytes
    own: int
    packaged: int

    def package(self, **changes: object) -> Package:
        """Return a package of today; members of its identity can be changed."""
        made = package_for(self.data, **changes)
        return replace(made, image=bytes(PAGE) + samples.stub(samples.returning(self.packaged)))


def guest(number: int) -> Guest:
    """Return a guest whose file, result and package are its own."""
    own = 10 + number
    data = guest_image(padding=b"%8d" % number)
    at = data.index(_MOV_R0_5)
    return Guest(data[:at] + bytes([own]) + data[at + 1 :], own, 100 + number)


def twin(number: int) -> Guest:
    """Return one of guests that differ in their last bytes alone: they share a quick key."""
    return Guest(guest_image(padding=bytes(5000) + bytes([number]) * 8), 5, _PACKAGED + number)


@dataclass
class Ground:
    """A place for one scene; ``wrong`` are sentences about what must not be."""

    folder: Path
    runtime: Path
    seed: int
    scale: float = 1.0
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin at the seed."""
        self.random = random.Random(self.seed)
        self.store = Store(self.folder / "store")
        self.store.prepare()

    def times(self, count: int) -> range:
        """Return as many rounds as the scale makes of so many, one at least."""
        return range(max(1, int(count * self.scale)))

    def put(self, one: Guest, name: str = "guest") -> Path:
        """Write a guest, as a new file, in one step."""
        path = put_guest(self.folder, one.data, f".{name}.new")
        return path.replace(self.folder / name)

    def install(self, one: Guest, **changes: object) -> Path:
        """Put a guest's package into the store, as a conversion does.

        With a ``fingerprint`` it is another version of xlate that does it.
        """
        package = one.package(**changes)
        made_by = package.identity.fingerprint
        with mock.patch(_FINGERPRINT, return_value=made_by), self.store.alone():
            path = self.store.package_path(one.data)
            write(path, package)
        return path

    def bytes_of(self, one: Guest) -> bytes:
        """Return the bytes of its package."""
        return encode(one.package())

    # --- running ---------------------------------------------------------------------------------

    def start(
        self,
        words: Sequence[str | Path],
        *,
        cache: Path | str | None = None,
        before: Callable[[], None] | None = None,
        user: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a guest with the store (or another one) and no place for stamps."""
        env = {**os.environ, "XLATE_CACHE": str(cache if cache is not None else self.store.root)}
        env.pop("XDG_RUNTIME_DIR", None)
        return subprocess.Popen(
            [self.runtime, *words], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=before, user=user,
        )  # fmt: skip

    def run(self, path: Path, what: str, allowed: Sequence[int], **how: object) -> int:
        """Run a guest to its end; anything but an allowed status and silence is wrong."""
        process = self.start([path], **how)  # type: ignore[arg-type]
        return self.judge(process, what, allowed)

    def judge(self, process: subprocess.Popen[bytes], what: str, allowed: Sequence[int]) -> int:
        """Wait for a run and look at what came of it."""
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.blame(f"{what}: did not end")
            return -1
        status = process.returncode
        self.counts["runs"] += 1
        self.counts[f"{what}: {'used' if status >= _PACKAGED else 'not used'}"] += 1
        if status not in allowed or out or err:
            said = (out + err).decode("utf-8", "replace")[:200]
            self.blame(f"{what}: status {status}, not {list(allowed)}; said {said!r}")
        return status

    def blame(self, what: str) -> None:
        """Note something that must not be."""
        self.wrong.append(f"seed {self.seed}: {what}")

    def settle(self) -> None:
        """Let files become old enough for their hashes to be remembered."""
        time.sleep(0.06)
