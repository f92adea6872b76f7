"""Code of the baseline tier is kept: the second run translates nothing.

Every program here runs several times with one store. What it prints and how it ends must be the
same each time; `runtime_blocks` and `kept_blocks` say whether kept code was used.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.badinput.elf_images import Image, Segment
from tests.package.kept import SCRIPT, Ending, blocks, ending, kept_files, settled
from tests.package.samples import (
    BASELINE_STATUS,
    GUEST,
    HEADERS_SIZE,
    PACKAGE_STATUS,
    package_for,
    run,
)
from xlate.package import layout
from xlate.package.format import write
from xlate.package.store import Store


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


def processes_of(store: Path) -> list[int]:
    """All that run with this store, writers behind the end of their program included."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(store).encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def test_kills_leave_sound_files(xlate_run: Path, busybox_armhf: Path, tmp_path: Path) -> None:
    """Killed at a random moment, programs while they run and writers while they write."""
    words = [str(busybox_armhf), "sh", "-c", SCRIPT]
    store, chance = tmp_path / "store", random.Random(1)
    writers = 0
    for number in range(24):
        process = subprocess.Popen(
            [xlate_run, *words], env={"XLATE_CACHE": str(store)}, stdout=subprocess.DEVNULL
        )
        if number % 2:
            time.sleep(chance.uniform(0, 0.05))
            process.kill()
        process.wait()
        time.sleep(chance.uniform(0, 0.005))
        for pid in processes_of(store):
            writers += 1
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for path in (store / "kept").glob(f"*{layout.STOCK_SUFFIX}"):
            header = layout.STOCK.unpack(path.read_bytes())
            assert header["file_size"] == path.stat().st_size
        if number < 12:
            shutil.rmtree(store / "kept", ignore_errors=True)
    assert writers
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
