"""What tests of kept code share: guests, how a run ended, the files that are kept."""

from __future__ import annotations

import json
import struct
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.badinput.elf_images import Image, Segment
from tests.package.samples import HEADERS_SIZE, Run, put_guest
from xlate.package import layout
from xlate.package.key import quick_key

STATUS = 9
#: A file that changed as short ago as this is not kept for (SETTLED_NS of store.c).
SETTLE = 0.06


def branches(count: int) -> bytes:
    """A guest of that many blocks, each a branch to the next word, that ends with STATUS."""
    words = [0xEAFFFFFF] * count + [0xE3A00000 | STATUS, 0xE3A07001, 0xEF000000]
    code = struct.pack(f"<{len(words)}I", *words)
    size = HEADERS_SIZE + len(code)
    return Image(code=code, segments=(Segment(filesz=size, memsz=size),)).data()


def settled(folder: Path, data: bytes, name: str = "guest") -> Path:
    """Write a guest and wait until it counts as unchanging."""
    path = put_guest(folder, data, name)
    time.sleep(SETTLE)
    return path


def kept_files(store: Path) -> list[Path]:
    """All files but that of locks, when nobody writes any more."""
    folder = store / "kept"
    deadline = time.monotonic() + 10
    while list(folder.glob(".*.new")) and time.monotonic() < deadline:
        time.sleep(0.01)
    return sorted(set(folder.iterdir()) - {folder / "locks"}) if folder.is_dir() else []


def kept_file(store: Path, guest: bytes) -> Path:
    return store / "kept" / f"{quick_key(guest).hex()}{layout.STOCK_SUFFIX}"


def blocks(result: Run) -> tuple[int, int]:
    """How many blocks were translated, and how many were there."""
    return result.stats["runtime_blocks"], result.stats["kept_blocks"]


@dataclass(frozen=True)
class Ending:
    """What a program printed and how it ended, and what was translated for it."""

    status: int
    stdout: bytes
    translated: int
    kept: int


def ending(
    xlate_run: Path, cache: Path, stats: Path, words: Sequence[str], *options: str
) -> Ending:
    """Run words with that store."""
    command = [str(xlate_run), "--stats=json", "--stats-file", str(stats), *options, *words]
    done = subprocess.run(
        command, env={"XLATE_CACHE": str(cache)}, capture_output=True, timeout=60, check=False
    )
    counted = json.loads(stats.read_text())
    return Ending(done.returncode, done.stdout, counted["runtime_blocks"], counted["kept_blocks"])


SCRIPT = "i=0; while [ $i -lt 5 ]; do i=$((i+1)); echo $i | sed s/^/n/; done; (echo sub; exit 3)"
