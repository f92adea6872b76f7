"""Files of kept code that are damaged, another's or out of date: refused, replaced, never run."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest

from tests.package.kept import SETTLE, STATUS, blocks, branches, kept_file, settled
from tests.package.samples import CODE, GUEST, run
from xlate.package import layout
from xlate.package.key import content_hash

OFFSETS = layout.STOCK.layout.offsets()


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
    assert row["state"] == "kept code stale: made for another file"


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
