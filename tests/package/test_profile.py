"""Profiles: what a run had to translate although there was a package, kept for the next convert."""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.badinput.elf_images import Image, Segment
from tests.package.samples import (
    ENTRY,
    FUNCTION,
    GUEST,
    HEADERS_SIZE,
    LOW,
    PACKAGE_STATUS,
    guest_image,
    package_for,
    put_guest,
    run,
)
from xlate.package.format import Package, write
from xlate.package.key import quick_key
from xlate.package.layout import PAGE, PROFILE, PROFILE_SIZE
from xlate.package.store import Store

# The function itself is in the package; the code before and after the call is not.
SEEN_KEYS = frozenset({ENTRY, ENTRY + 4})


def profile_path(store: Store, guest: bytes = GUEST) -> Path:
    return store.root / "profiles" / f"{quick_key(guest).hex()}.prof"


def many_branches(count: int) -> bytes:
    """A guest of `count` blocks, each a branch to the next word, that exits with status 9."""
    words = [0xEAFFFFFF] * count + [0xE3A00009, 0xE3A07001, 0xEF000000]
    code = struct.pack(f"<{len(words)}I", *words)
    size = HEADERS_SIZE + len(code)
    return Image(code=code, segments=(Segment(filesz=size, memsz=size),)).data()


def empty_package(guest: bytes) -> Package:
    """A package in which nothing was translated."""
    size = -(-len(guest) // PAGE) * PAGE
    return replace(
        package_for(guest),
        high=LOW + size,
        table_a32=None,
        entries=(),
        image=bytes(PAGE),
        faults=b"",
        fault_count=0,
        functions=0,
    )


@pytest.mark.parametrize("position_independent", [False, True], ids=["fixed", "pie"])
def test_run_time_blocks_of_a_file_with_a_package_are_recorded(
    xlate_run: Path, tmp_path: Path, store: Store, position_independent: bool
) -> None:
    data = guest_image(position_independent=position_independent)
    guest = put_guest(tmp_path, data)
    write(store.package_path(data), package_for(data))
    assert store.profile_keys(data) == frozenset()
    for _ in range(2):
        assert run(xlate_run, guest, cache=store.root).status == PACKAGE_STATUS
        assert store.profile_keys(data) == SEEN_KEYS
    assert FUNCTION not in SEEN_KEYS
    assert profile_path(store, data).stat().st_size == PROFILE_SIZE
    assert [p.name for p in profile_path(store).parent.iterdir()] == [
        profile_path(store, data).name
    ]


def test_nothing_is_recorded_without_a_package_or_in_the_baseline_tier(
    xlate_run: Path, tmp_path: Path, store: Store
) -> None:
    guest = put_guest(tmp_path, GUEST)
    run(xlate_run, guest, cache=store.root)
    write(store.package_path(GUEST), package_for(GUEST))
    run(xlate_run, guest, "--tier", "baseline", cache=store.root)
    run(xlate_run, guest, "-p", str(store.package_path(GUEST)), cache="off")
    assert list((store.root / "profiles").iterdir()) == []


def test_many_processes_record_at_once(xlate_run: Path, tmp_path: Path, store: Store) -> None:
    count = 700
    data = many_branches(count)
    guest = put_guest(tmp_path, data)
    write(store.package_path(data), empty_package(data))
    with ThreadPoolExecutor(6) as pool:
        runs = list(
            pool.map(
                lambda n: run(xlate_run, put_guest(tmp_path, data, f"g{n}"), cache=store.root),
                range(12),
            )
        )
    assert {one.status for one in runs} == {PACKAGE_STATUS}
    assert run(xlate_run, guest, cache=store.root).stats["runtime_blocks"] == count + 1
    assert store.profile_keys(data) == {ENTRY + 4 * n for n in range(count + 1)}
    assert [p.name for p in profile_path(store).parent.iterdir()] == [
        profile_path(store, data).name
    ]


def test_a_kill_leaves_a_sound_profile(xlate_run: Path, tmp_path: Path, store: Store) -> None:
    words = [0xEAFFFFFF, 0xEAFFFFFF, 0xEAFFFFFE]  # two steps, then for ever
    code = struct.pack("<3I", *words)
    data = Image(code=code).data()
    guest = put_guest(tmp_path, data)
    write(store.package_path(data), empty_package(data))
    process = subprocess.Popen([xlate_run, guest], env={"XLATE_CACHE": str(store.root)})
    expected = {ENTRY, ENTRY + 4, ENTRY + 8}
    while store.profile_keys(data) != expected:
        assert process.poll() is None
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert store.profile_keys(data) == expected


@pytest.mark.parametrize(
    "content",
    [b"", bytes(PROFILE_SIZE), b"\xff" * PROFILE_SIZE, bytes(100)],
    ids=["empty", "zeros", "ones", "short"],
)
def test_a_file_that_is_no_profile_is_left_alone(
    xlate_run: Path, tmp_path: Path, store: Store, content: bytes
) -> None:
    guest = put_guest(tmp_path, GUEST)
    write(store.package_path(GUEST), package_for(GUEST))
    path = profile_path(store)
    path.write_bytes(content)
    path.chmod(0o600)
    assert run(xlate_run, guest, cache=store.root).status == PACKAGE_STATUS
    assert path.read_bytes() == content
    assert store.profile_keys(GUEST) == frozenset()


def test_a_full_disk_means_no_profile(xlate_run: Path, tmp_path: Path, full_disk: Path) -> None:
    """Neither an error for the guest nor a file without blocks, which would end it by SIGBUS."""
    guest = put_guest(tmp_path, GUEST)
    package = tmp_path / "one.xlp"
    write(package, package_for(GUEST))
    store = Store(full_disk / "store")
    result = run(xlate_run, guest, "-p", str(package), cache=store.root)
    assert (result.status, result.states) == (PACKAGE_STATUS, ["hit"])
    assert list((store.root / "profiles").iterdir()) == []


def test_a_copy_with_holes_on_a_full_disk(
    xlate_run: Path, tmp_path: Path, store: Store, full_disk: Path
) -> None:
    """A block that is not there cannot be written to through a mapping: SIGBUS again."""
    guest = put_guest(tmp_path, GUEST)
    package = tmp_path / "one.xlp"
    write(package, package_for(GUEST))
    assert run(xlate_run, guest, "-p", str(package), cache=store.root).status == PACKAGE_STATUS
    header = profile_path(store).read_bytes()[: PROFILE.codec.size]
    full = Store(full_disk / "store")
    full.prepare()
    profile_path(full).write_bytes(header)
    os.truncate(profile_path(full), PROFILE_SIZE)
    with contextlib.suppress(OSError):
        (full_disk / "rest").write_bytes(bytes(1 << 20))
    assert run(xlate_run, guest, "-p", str(package), cache=full.root).status == PACKAGE_STATUS
    assert full.profile_keys(GUEST) == frozenset()


def test_a_full_profile_takes_no_more(xlate_run: Path, tmp_path: Path, store: Store) -> None:
    guest = put_guest(tmp_path, GUEST)
    write(store.package_path(GUEST), package_for(GUEST))
    run(xlate_run, guest, cache=store.root)
    path = profile_path(store)
    header = path.read_bytes()[: PROFILE.codec.size]
    full = header + b"\x11\x22\x33\x44" * ((PROFILE_SIZE - len(header)) // 4)
    path.write_bytes(full)
    assert run(xlate_run, guest, cache=store.root).status == PACKAGE_STATUS
    assert path.read_bytes() == full


def test_a_profile_that_others_may_write_is_not_used(
    xlate_run: Path, tmp_path: Path, store: Store
) -> None:
    guest = put_guest(tmp_path, GUEST)
    write(store.package_path(GUEST), package_for(GUEST))
    run(xlate_run, guest, cache=store.root)
    path = profile_path(store)
    blank = path.read_bytes()[: PROFILE.codec.size] + bytes(PROFILE_SIZE - PROFILE.codec.size)
    path.write_bytes(blank)
    path.chmod(0o666)
    assert run(xlate_run, guest, cache=store.root).status == PACKAGE_STATUS
    assert path.read_bytes() == blank


def test_a_child_of_fork_records_too(xlate_run: Path, tmp_path: Path, store: Store) -> None:
    """fork; the child goes one way, the parent waits and goes the other."""
    words = [
        0xE3A07002,  # mov r7, #2 (fork)
        0xEF000000,  # svc 0
        0xE3500000,  # cmp r0, #0
        0x0A000000 | 10 - 3 - 2,  # beq child
        0xE3A01000,  # mov r1, #0
        0xE3A02000,  # mov r2, #0
        0xE3A03000,  # mov r3, #0
        0xE3A07072,  # mov r7, #114 (wait4)
        0xEF000000,  # svc 0
        0xEA000000 | 11 - 9 - 2,  # b end
        0xEAFFFFFF,  # child: b end
        0xE3A00009,  # end: mov r0, #9
        0xE3A07001,
        0xEF000000,
    ]
    data = Image(code=struct.pack(f"<{len(words)}I", *words)).data()
    guest = put_guest(tmp_path, data)
    write(store.package_path(data), empty_package(data))
    assert run(xlate_run, guest, cache=store.root).status == PACKAGE_STATUS
    child, parent = ENTRY + 4 * 10, ENTRY + 4 * 9
    assert {child, parent} <= store.profile_keys(data)
