"""Pieces of the runtime compiled for this machine: BLAKE2b, fault tables, whom to trust."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
from pathlib import Path

import pytest

from tests import needs as wanted
from xlate.package import faults
from xlate.runtime import build

BIAS = 0x10000
SOURCES = (
    "blake2.c",
    "store.c",
    "store_room.c",
    "pack_file.c",
    "package_file.c",
    "profile.c",
    "wanted.c",
)


@pytest.fixture(scope="module")
def harness(xlate_run: Path, host_cc: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of harness.c; the runtime's text functions stand beside the C library's."""
    program = tmp_path_factory.mktemp("harness") / "harness"
    generated = xlate_run.parents[1]
    command = [*host_cc, "-std=gnu11", "-O1", "-g", "-fno-strict-aliasing", "-fno-builtin"]
    command += [f"-I{generated}", f"-I{build.SOURCES}", "-o", str(program)]
    command += [str(Path(__file__).with_name("harness.c"))]
    command += [str(build.SOURCES / name) for name in (*SOURCES, "string.c")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return program


def output(harness: Path, data: bytes, *args: str) -> list[str]:
    done = subprocess.run([harness, *args], input=data, capture_output=True, check=True)
    return done.stdout.decode().split()


@pytest.mark.parametrize("size", [0, 1, 63, 127, 128, 129, 255, 256, 257, 1000, 4104, 300_000])
def test_blake2(harness: Path, size: int) -> None:
    data = random.Random(size).randbytes(size)
    expected = hashlib.blake2b(data, digest_size=32).hexdigest()
    assert output(harness, data, "blake2") == [expected]


def random_rows(source: random.Random) -> list[faults.FaultRow]:
    rows = []
    at = 4096
    for _ in range(source.randrange(12)):
        at += source.choice((0, 8, 1000))
        size = source.choice((1, 40, 70_000))
        code = sorted(source.sample(range(size), min(size, source.randrange(30))))
        guest = [source.choice((0, 2, 4, 100_000, -4, -70_000)) for _ in code]
        key = source.randrange(1 << 20, 1 << 30)
        sp = [source.choice((0, -8, -4000, 60_000)) for _ in code]
        rows.append(faults.FaultRow(at, size, key, tuple(zip(code, guest, sp, strict=True))))
        at += size
    return rows


@pytest.mark.parametrize("seed", range(25))
def test_fault_table(harness: Path, seed: int) -> None:
    source = random.Random(seed)
    rows = random_rows(source)
    end = rows[-1].start + rows[-1].size if rows else 4096
    edges = [e for r in rows for e in (r.start - 1, r.start, r.start + r.size - 1)]
    offsets = edges + [source.randrange(end + 100) for _ in range(200)]
    expected = [faults.guest_place(rows, at) for at in offsets]
    found = output(harness, faults.encode(rows), "faults", str(len(rows)), *map(str, offsets))
    assert [int(text) for text in found] == [
        number for key, sp in expected for number in (key and key + BIAS, sp)
    ]


@pytest.mark.parametrize("seed", range(25))
def test_a_fault_table_of_nonsense_is_read_inside_its_bounds(harness: Path, seed: int) -> None:
    """The package was checked; but a handler that crashes cannot even say so."""
    source = random.Random(seed)
    data = bytearray(faults.encode([faults.FaultRow(0, 1, 0), *random_rows(source)]))
    count = min(len(data) // 16, 5)
    for _ in range(40):
        data[source.randrange(len(data))] = source.randrange(256)
    offsets = [str(source.randrange(1 << 20)) for _ in range(100)]
    assert len(output(harness, bytes(data), "faults", str(count), *offsets)) == 2 * len(offsets)


def test_trust_follows_the_effective_user(harness: Path, public_folder: Path) -> None:
    """A guest that was somebody else for a while must not believe that one for ever."""
    user = wanted.needs_ordinary_user()
    folder = public_folder / "theirs"
    folder.mkdir(mode=0o755)
    os.chown(folder, user, user)
    assert output(harness, b"", "trust", str(user), str(folder)) == ["1", "0"]
