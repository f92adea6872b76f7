"""Code of the baseline tier is kept: the second run translates nothing, and nothing goes wrong.

Every program here runs several times with one store. What it prints and how it ends must be the
same each time; `runtime_blocks` and `kept_blocks` say whether kept code was used.
"""

from __future__ import annotations

import json
import random
import signal
import struct
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.badinput.elf_images import Image, Segment
from tests.package.samples import (
    BASELINE_STATUS,
    CODE,
    GUEST,
    HEADERS_SIZE,
    PACKAGE_STATUS,
    Run,
    package_for,
    put_guest,
    run,
)
from xlate.package import layout
from xlate.package.format import write
from xlate.package.key import content_hash, quick_key
from xlate.package.store import Store

STATUS = 9
#: A file that changed as short ago as this is not kept for (SETTLED_NS of store.c).
SETTLE = 0.06
OFFSETS = layout.STOCK.layout.offsets()


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
    folder = store / "kept"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def kept_file(store: Path, guest: bytes) -> Path:
    return store / "kept" / f"{quick_key(guest).hex()}{layout.STOCK_SUFFIX}"


def blocks(result: Run) -> tuple[int, int]:
    """How many blocks were translated, and how many were there."""
    return result.stats["runtime_blocks"], result.stats["kept_blocks"]


# --- used ----------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "options", [(), ("--guest-base", "0x100000000")], ids=["identity", "based"]
)
@pytest.mark.parametrize("tier", ["auto", "baseline"])
def test_the_second_run_translates_nothing(
    xlate_run: Path, busybox_armhf: Path, tmp_path: Path, options: tuple[str, ...], tier: str
) -> None:
    words = [str(busybox_armhf), "sh", "-c", SCRIPT]
    runs = [
        ending(xlate_run, tmp_path / "store", tmp_path / "stats", words, "--tier", tier, *options)
        for _ in range(3)
    ]
    assert {(one.status, one.stdout) for one in runs} == {(3, b"n1\nn2\nn3\nn4\nn5\nsub\n")}
    assert runs[0].translated > 500
    assert [one.translated for one in runs[1:]] == [0, 0]
    assert runs[1].kept > 500


def test_what_runs_add_up_to(xlate_run: Path, busybox_armhf: Path, tmp_path: Path) -> None:
    """What is common is translated once; what is new is added to what there was."""
    store, stats = tmp_path / "store", tmp_path / "stats"
    applets = (["seq", "3"], ["expr", "3", "*", "4"], ["uname", "-m"])
    alone = []
    for n, words in enumerate(applets):
        one = ending(xlate_run, tmp_path / f"alone{n}", stats, [str(busybox_armhf), *words])
        alone.append(one.translated)
    added = [ending(xlate_run, store, stats, [str(busybox_armhf), *words]) for words in applets]
    again = [ending(xlate_run, store, stats, [str(busybox_armhf), *words]) for words in applets]
    assert all(a.translated < n / 3 for a, n in zip(added[1:], alone[1:], strict=True))
    assert [one.translated for one in again] == [0, 0, 0]
    assert [one.stdout for one in again] == [one.stdout for one in added]


def test_beside_a_package(xlate_run: Path, tmp_path: Path) -> None:
    """Kept code serves the keys the package lacks, and is no other package's."""
    guest = settled(tmp_path, GUEST)
    store = Store(tmp_path / "store")
    store.prepare()
    write(store.package_path(GUEST), package_for(GUEST))
    runs = [run(xlate_run, guest, cache=store.root) for _ in range(2)]
    assert [one.status for one in runs] == [PACKAGE_STATUS] * 2
    assert [one.stats["enters"] for one in runs] == [1, 1]
    assert [blocks(one)[0] for one in runs] == [2, 0]
    store.package_path(GUEST).unlink()
    without = [run(xlate_run, guest, cache=store.root) for _ in range(2)]
    assert [one.status for one in without] == [BASELINE_STATUS] * 2
    assert [blocks(one)[0] for one in without] == [2 + 1, 0]


# An executable that makes its text writable and puts another instruction into f, which has run:
# 5 the first time, 7 afterwards.
CHANGES_ITSELF = (
    0xEB00000F,  # 0: bl f
    0xE24F000C,  # sub r0, pc, #12: the entry
    0xE3C000FF,  # bic r0, r0, #0xff
    0xE3C00C0F,  # bic r0, r0, #0xf00: its page
    0xE3A01A01,  # 4: mov r1, #4096
    0xE3A02007,  # mov r2, #7
    0xE3A0707D,  # mov r7, #125: mprotect
    0xEF000000,
    0xE28F001C,  # 8: add r0, pc, #28: f
    0xE59F2020,  # ldr r2, [pc, #32]: what it shall be
    0xE5802000,  # str r2, [r0]
    0xE2801004,  # add r1, r0, #4
    0xE3A02000,  # 12: mov r2, #0
    0xE3A0780F,  # mov r7, #0xf0000
    0xE2877002,  # add r7, r7, #2: cacheflush
    0xEF000000,
    0xEA000002,  # 16: b over
    0xE3A00005,  # f: mov r0, #5
    0xE12FFF1E,  # bx lr
    0xE3A00007,  # mov r0, #7
    0xEBFFFFFB,  # 20: over: bl f
    0xE3A07001,  # mov r7, #1: exit
    0xEF000000,
)


def test_a_guest_that_changes_its_text(xlate_run: Path, tmp_path: Path) -> None:
    code = struct.pack(f"<{len(CHANGES_ITSELF)}I", *CHANGES_ITSELF)
    size = HEADERS_SIZE + len(code)
    data = Image(code=code, segments=(Segment(filesz=size, memsz=size),)).data()
    guest = settled(tmp_path, data)
    store = tmp_path / "store"
    for _ in range(3):
        result = run(xlate_run, guest, cache=store)
        assert (result.status, blocks(result)[1]) == (7, 0), result
    assert kept_files(store) == []


def test_a_guest_that_changes_its_text_some_day(xlate_run: Path, tmp_path: Path) -> None:
    """Without the change (exit before it) its code is kept; used, and given up, with it."""
    store = tmp_path / "store"
    code = struct.pack(f"<{len(CHANGES_ITSELF)}I", *CHANGES_ITSELF)
    # cmp r0, #0; beq back to the start of the program above: only with arguments (argc in [sp])
    before = struct.pack(
        "<6I",
        0xE59D0000,  # ldr r0, [sp]: argc
        0xE3500001,  # cmp r0, #1
        0x1A000002,  # bne the program above
        0xE3A00003,  # mov r0, #3
        0xE3A07001,  # mov r7, #1: exit
        0xEF000000,
    )
    size = HEADERS_SIZE + len(before + code)
    data = Image(code=before + code, segments=(Segment(filesz=size, memsz=size),)).data()
    guest = settled(tmp_path, data)
    assert run(xlate_run, guest, cache=store).status == 3
    quiet = run(xlate_run, guest, cache=store)
    assert (quiet.status, blocks(quiet)[0]) == (3, 0)
    changed = run(xlate_run, guest, cache=store, words=[str(guest), "x"])
    assert changed.status == 7
    assert changed.stats["kept_blocks"] > 0
    quiet = run(xlate_run, guest, cache=store)
    assert (quiet.status, blocks(quiet)[0]) == (3, 0)


@pytest.mark.parametrize(
    "options",
    [("--no-keep",), ("--keep", "0"), ("--singlestep",), ("--deterministic",)],
    ids=lambda o: o[0].lstrip("-"),
)
def test_nothing_is_kept(xlate_run: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    guest = settled(tmp_path, GUEST)
    store = tmp_path / "store"
    assert run(xlate_run, guest, *options, cache=store).status == BASELINE_STATUS
    assert kept_files(store) == []
    assert run(xlate_run, guest, cache=store).stats["saved_blocks"] == 3
    other = run(xlate_run, guest, *options, cache=store)
    assert (other.status, other.stats["kept_blocks"]) == (BASELINE_STATUS, 0)


def test_without_address_space_for_the_table(xlate_run: Path, tmp_path: Path) -> None:
    guest = settled(tmp_path, GUEST)
    store = tmp_path / "store"
    run(xlate_run, guest, cache=store)
    limit = ["sh", "-c", 'ulimit -v 4000000; exec "$@"', "sh"]
    for _ in range(2):
        assert blocks(run(xlate_run, guest, cache=store, before=limit)) == (3, 0)


# --- refused -------------------------------------------------------------------------------------


@pytest.fixture
def learned(xlate_run: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A guest that ran once, and the file that was kept for it."""
    guest = settled(tmp_path, branches(40))
    assert run(xlate_run, guest, cache=tmp_path / "store").stats["saved_blocks"] == 41
    return guest, kept_file(tmp_path / "store", guest.read_bytes())


def reseal(data: bytes, **changes: int | bytes | tuple[int, ...]) -> bytes:
    """The same file with members of the header changed and both sums as they were or right."""
    size = OFFSETS["header_hash"]
    values = {**layout.STOCK.unpack(data), **changes}
    header = layout.STOCK.pack(**values)[:size]
    return header + content_hash(header) + data[size + 32 :]


def assert_refused(xlate_run: Path, learned: tuple[Path, Path], *reasons: str) -> None:
    """Refused with one of the reasons; the same run leaves a good file behind."""
    guest, path = learned
    result = run(xlate_run, guest, cache=path.parents[1])
    assert (result.status, *blocks(result)) == (STATUS, 41, 0), result
    rows = [row for row in result.stats["packages"] if row["package"] == path.name]
    assert len(rows) == 1, result.stats["packages"]
    assert any(reason in rows[0]["state"] for reason in reasons), rows
    assert result.stderr == ""
    again = run(xlate_run, guest, cache=path.parents[1])
    assert (again.status, *blocks(again)) == (STATUS, 0, 41)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fingerprint": bytes(32)}, "stale: made by another version of xlate"),
        ({"format": layout.STOCK_FORMAT + 1}, "stale: another format"),
        ({"magic": b"\x7fELF\1\1\1\0"}, "not kept code"),
        ({"quick": bytes(16)}, "made for another file"),
        ({"file": (0,) * 7}, "made for another file"),
        ({"package": b"\1" * 32}, "made for another package"),
        ({"low": 0}, "addresses are not the file's"),
        ({"high": 1 << 40}, "addresses are not the file's"),
        ({"units": 1 << 31}, "damaged"),
        ({"slots": 3}, "damaged"),
        ({"slots": 0}, "damaged"),
        ({"rows": 1 << 31}, "damaged"),
        ({"fixes": 1 << 31}, "damaged"),
        ({"image_size": 1 << 62}, "damaged"),
        ({"file_size": 4096}, "damaged"),
        ({"data_sum": bytes(32)}, "damaged"),
    ],
    ids=str,
)
def test_a_sealed_file_that_does_not_fit_is_refused(
    xlate_run: Path, learned: tuple[Path, Path], change: dict[str, int], reason: str
) -> None:
    path = learned[1]
    path.write_bytes(reseal(path.read_bytes(), **change))
    assert_refused(xlate_run, learned, reason)


def test_flipped_bits_are_found(xlate_run: Path, learned: tuple[Path, Path]) -> None:
    """In every member of the header, and all over the contents."""
    path = learned[1]
    data = path.read_bytes()
    places = [*OFFSETS.values(), *range(layout.PAGE, len(data), 1500), len(data) - 1]
    for at in places:
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :])
        assert_refused(xlate_run, learned, "damaged", "not kept code", "another format")


def test_cut_files_are_refused(xlate_run: Path, learned: tuple[Path, Path]) -> None:
    path = learned[1]
    data = path.read_bytes()
    for length in (0, 1, OFFSETS["header_hash"], layout.PAGE, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        assert_refused(xlate_run, learned, "truncated", "not kept code")


def test_another_files_code_is_refused(xlate_run: Path, tmp_path: Path) -> None:
    """Same size and first page: a file of the same name is kept for it, and the last one wins."""
    store = tmp_path / "store"
    guests = [settled(tmp_path, GUEST + bytes(5000) + bytes([n]), f"g{n}") for n in range(2)]
    for guest in guests:
        assert blocks(run(xlate_run, guest, cache=store)) == (3, 0)
        assert blocks(run(xlate_run, guest, cache=store)) == (0, 3)
    row = run(xlate_run, guests[0], cache=store).stats["packages"][-1]
    assert row["state"] == "stale: made for another file"


def test_a_changed_guest_file(xlate_run: Path, tmp_path: Path) -> None:
    """In place, of the same size: only its times say so."""
    guest = settled(tmp_path, GUEST)
    store = tmp_path / "store"
    run(xlate_run, guest, cache=store)
    changed = GUEST.replace(
        CODE, CODE.replace(struct.pack("<I", 0xE3A00005), struct.pack("<I", 0xE3A00006))
    )
    assert changed != GUEST
    with guest.open("r+b") as file:
        file.write(changed)
    assert run(xlate_run, guest, cache=store).status == 6
    time.sleep(SETTLE)
    for _ in range(3):
        assert run(xlate_run, guest, cache=store).status == 6
    assert blocks(run(xlate_run, guest, cache=store)) == (0, 3)


@pytest.mark.parametrize("which", ["file", "kept"])
def test_what_others_may_write_is_refused(
    xlate_run: Path, learned: tuple[Path, Path], which: str
) -> None:
    guest, path = learned
    (path if which == "file" else path.parent).chmod(0o777)
    result = run(xlate_run, guest, cache=path.parents[1])
    assert (result.status, *blocks(result)) == (STATUS, 41, 0)
    assert "not trusted" in result.stats["packages"][-1]["state"]


# --- written -------------------------------------------------------------------------------------


def test_many_processes_at_once(xlate_run: Path, busybox_armhf: Path, tmp_path: Path) -> None:
    """Whatever is lost when two write at the same instant is added by one of the next."""
    scripts = [f"expr {n} + 1; {name} </dev/null" for n, name in enumerate(("cat", "wc", "sort"))]
    store = tmp_path / "store"

    def one(number: int) -> Ending:
        words = [str(busybox_armhf), "sh", "-c", scripts[number % 3]]
        return ending(xlate_run, store, tmp_path / f"stats{number}", words)

    with ThreadPoolExecutor(6) as pool:
        first = list(pool.map(one, range(12)))
    assert all(result.status == 0 for result in first)
    assert [first[n].stdout for n in range(3)] == [first[n + 9].stdout for n in range(3)]
    for n in range(3):
        one(n)
    assert [one(n).translated for n in range(3)] == [0, 0, 0]
    assert [p.suffix for p in kept_files(store)] == [layout.STOCK_SUFFIX]


def test_kills_leave_sound_files(xlate_run: Path, busybox_armhf: Path, tmp_path: Path) -> None:
    """Killed at a random moment, many of them while they write."""
    words = [str(busybox_armhf), "sh", "-c", SCRIPT]
    store, chance = tmp_path / "store", random.Random(1)
    for _ in range(25):
        process = subprocess.Popen(
            [xlate_run, *words],
            env={"XLATE_CACHE": str(store)},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(chance.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        for path in kept_files(store):
            if path.suffix == layout.STOCK_SUFFIX:
                header = layout.STOCK.unpack(path.read_bytes())
                assert header["file_size"] == path.stat().st_size
    runs = [ending(xlate_run, store, tmp_path / "stats", words) for _ in range(3)]
    assert {one.stdout for one in runs} == {b"n1\nn2\nn3\nn4\nn5\nsub\n"}
    assert runs[2].translated == 0


def test_a_full_disk_means_nothing_is_kept(
    xlate_run: Path, busybox_armhf: Path, tmp_path: Path, full_disk: Path
) -> None:
    store = full_disk / "store"
    runs = [
        ending(xlate_run, store, tmp_path / "stats", [str(busybox_armhf), "seq", "2"])
        for _ in range(2)
    ]
    assert {(one.status, one.stdout) for one in runs} == {(0, b"1\n2\n")}
    assert kept_files(store) == []


def test_a_limit_of_file_sizes_is_no_end(xlate_run: Path, tmp_path: Path) -> None:
    guest = settled(tmp_path, GUEST)
    store = tmp_path / "store"
    done = subprocess.run(
        ["prlimit", "--fsize=4096", str(xlate_run), str(guest)],
        env={"XLATE_CACHE": str(store)},
        check=False,
    )
    assert done.returncode == BASELINE_STATUS
    assert kept_files(store) == []


def test_a_program_killed_by_its_own_fault_keeps_its_code(xlate_run: Path, tmp_path: Path) -> None:
    """mov r0, #0; ldr r0, [r0]: SIGSEGV, the second time from kept code."""
    code = struct.pack("<3I", 0xEAFFFFFF, 0xE3A00000, 0xE5900000)
    data = Image(code=code, segments=(Segment(filesz=HEADERS_SIZE + 12, memsz=HEADERS_SIZE + 12),))
    guest = settled(tmp_path, data.data())
    results = [run(xlate_run, guest, cache=tmp_path / "store") for _ in range(2)]
    assert [one.status for one in results] == [-signal.SIGSEGV] * 2
    assert [blocks(one)[0] for one in results] == [2, 0]
