"""The working folder that every busybox case starts in: the same bytes, modes and times each time.

Decides what the cases of ``busybox_cases.toml`` can count on; nothing here depends on the
machine. Also turns a folder into a value, so that what a command left behind can be compared.
"""

from __future__ import annotations

import base64
import hashlib
import io
import lzma
import os
import stat
import zipfile
from pathlib import Path

# 2021-03-04 05:06:07 UTC; anything in the past that is not the epoch.
FIXED_TIME = 1614834367
BIG_SIZE = 20_000_000

PROSE = """\
it is the first line of what this file holds, and the words are plain
the second line has numbers 12 and 345 in the middle

a tab\tseparates\tthese, and a.b stands beside axb
stopping the running engine, checking that nothing is missing
42 is on its own here; the line is long enough to be folded twice by a fold of twenty columns
  leading spaces,   inner   spaces and a trailing one\x20

that is the end of the range; the last line follows
the last line
"""

TABLE = """\
name,count,price
pear,12,3
apple,7,15
plum,30,2
apple,5,14
fig,1,99
pear,8,4
"""


def _generator(seed: int) -> int:
    return (seed * 6364136223846793005 + 1442695040888963407) & (2**64 - 1)


def _words(count: int) -> str:
    syllables = [
        "ba",
        "ce",
        "di",
        "fo",
        "gu",
        "la",
        "me",
        "ni",
        "po",
        "ru",
        "sha",
        "tee",
        "vin",
        "wood",
        "zen",
    ]
    seed, lines = 1, []
    for _ in range(count):
        word = ""
        for _ in range(1 + (seed >> 40) % 4):
            seed = _generator(seed)
            word += syllables[(seed >> 33) % len(syllables)]
        seed = _generator(seed)
        lines.append(word + "\n")
    return "".join(lines)


def _numbers(count: int) -> str:
    seed, items = 7, list(range(1, count + 1))
    for i in range(count - 1, 0, -1):
        seed = _generator(seed)
        j = (seed >> 33) % (i + 1)
        items[i], items[j] = items[j], items[i]
    return "".join(f"{n * n}\n" for n in items)


def _bytes(size: int) -> bytes:
    blocks = (size + 31) // 32
    return b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(blocks))[:size]


def _compressed() -> dict[str, bytes]:
    text = b"hello from a compressed file\n" * 20
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("zipped.txt", (2021, 3, 4, 5, 6, 8)), text)
    packed = {
        "hello.xz.b64": lzma.compress(text, lzma.FORMAT_XZ, lzma.CHECK_CRC32),
        "hello.lzma.b64": lzma.compress(text, lzma.FORMAT_ALONE),
        "hello.zip.b64": archive.getvalue(),
    }
    return {name: base64.encodebytes(data) for name, data in packed.items()}


def write_big(path: Path) -> None:
    """Write the 20 MB file: half of it hard to compress, half easy."""
    hard = _bytes(BIG_SIZE // 20)
    easy = b"".join(b"line %d of an easy half\n" % i for i in range(50_000))[: BIG_SIZE // 20]
    path.write_bytes((hard + easy) * 10)


def fill(folder: Path, big: Path | None) -> None:
    """Make the starting state in an empty folder; ``big`` is linked in when given."""
    files = {
        "words": _words(300).encode(),
        "numbers": _numbers(500).encode(),
        "table.csv": TABLE.encode(),
        "prose": PROSE.encode(),
        "dos": b"first\r\nsecond line\r\n\r\nlast\r\n",
        "binary": _bytes(4096) + b"some readable text\0and more of it\0",
        "tree/one.txt": b"alpha\nbeta\n",
        "tree/sub/two.txt": b"gamma\nalpha\n",
        "tree/sub/deep/three.dat": _bytes(5000),
        "tree/empty": b"",
        "tree/read only.txt": b"delta\n",
        **_compressed(),
    }
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o644)
    (folder / "tree/read only.txt").chmod(0o444)
    (folder / "tree/run").write_bytes(b"#!/bin/false\n")
    (folder / "tree/run").chmod(0o755)
    (folder / "tree/link").symlink_to("one.txt")
    if big is not None:
        os.link(big, folder / "big")
    _fix_times(folder)


def _fix_times(folder: Path) -> None:
    # Bottom up, since setting a file's time leaves its folder's alone but creating it did not.
    for at, (base, folders, names) in enumerate(os.walk(folder, topdown=False)):
        for number, name in enumerate(sorted([*names, *folders])):
            when = FIXED_TIME + at * 60 + number
            path = Path(base) / name
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
            os.utime(path, (when, when), follow_symlinks=False)
    os.utime(folder, (FIXED_TIME, FIXED_TIME))


def contents(folder: Path) -> dict[str, str]:
    """Return what a folder holds: for every name its kind, permission and content, no times."""
    found = {}
    for base, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(base) / name
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                what = str(path.readlink())
            elif stat.S_ISREG(mode):
                what = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                what = "-"
            found[str(path.relative_to(folder))] = f"{stat.filemode(mode)} {what}"
    return found
