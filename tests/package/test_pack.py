"""The pack file: packages go in and come out as they were, and nothing else is taken for a pack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.package.samples import guest_image, package_for
from xlate.errors import Inconsistent, MalformedInput
from xlate.package import layout
from xlate.package.format import encode
from xlate.package.key import content_hash
from xlate.package.layout import FAST_FEATURES, HASH_AT, PACK, PACK_ROW, PAGE
from xlate.package.pack import Pack, Writer, opened, safe_name, writing

GUESTS = [guest_image(padding=bytes([n])) for n in range(3)]
PACKAGES = [encode(package_for(guest)) for guest in GUESTS]
FAST = encode(package_for(GUESTS[0], features=FAST_FEATURES))
CONTENTS: tuple[tuple[tuple[str, ...], bytes], ...] = (
    (("bin/sh", "bin/ash"), PACKAGES[0]),
    (("bin/sh",), FAST),
    (("lib/l\udcffbc.so",), PACKAGES[1]),
    (("usr/bin/\N{BLACK HEART SUIT} x",), PACKAGES[2]),
)


def made(path: Path, contents: Sequence[tuple[tuple[str, ...], bytes]] = CONTENTS) -> Path:
    with writing(path) as writer:
        for names, data in contents:
            writer.add(names, data)
    return path


def resealed(data: bytes, rows: bytes | None = None, **changes: Any) -> bytes:
    """The same pack with rows or members of its header changed, and checksums that agree."""
    values = PACK.unpack(data)
    del values["header_hash"]
    at, end = values["rows_at"], values["names_at"]
    assert isinstance(at, int)
    assert isinstance(end, int)
    if rows is not None:
        assert len(rows) == end - at
        data = data[:at] + rows + data[end:]
        changes = {"rows_hash": content_hash(rows), **changes}
    page = PACK.pack(**{**values, **changes})[:HASH_AT]
    return page + content_hash(page) + data[PAGE:]


def rows_of(data: bytes) -> list[dict[str, Any]]:
    values: Mapping[str, Any] = PACK.unpack(data)
    at, step = values["rows_at"], PACK_ROW.codec.size
    return [
        PACK_ROW.unpack(data[at + step * i : at + step * (i + 1)]) for i in range(values["count"])
    ]


def refused(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(MalformedInput) as caught, opened(path):
        pass
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return made(tmp_path_factory.mktemp("pack") / "a.xlpack").read_bytes()


def read_back(pack: Pack) -> dict[tuple[str, ...], list[bytes]]:
    out: dict[tuple[str, ...], list[bytes]] = {}
    for row in pack.rows:
        out.setdefault(row.names, []).append(pack.data(row))
    return out


# --- round trip ----------------------------------------------------------------------------------


def test_packages_come_out_as_they_went_in(tmp_path: Path) -> None:
    with opened(made(tmp_path / "a.xlpack")) as pack:
        by_key = {row.package_hash: (row, pack.data(row)) for row in pack.rows}
        assert len(by_key) == len(CONTENTS)
        for names, data in CONTENTS:
            row, read = by_key[data[HASH_AT:PAGE]]
            assert read == data
            assert row.names == tuple(sorted(names))
            assert row.fast == (data is FAST)
            assert pack.package(row).identity.guest_hash == row.guest_hash
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlpack"]


def test_every_package_can_be_mapped_and_rows_are_in_order(data: bytes) -> None:
    rows = rows_of(data)
    assert all(row["offset"] % PAGE == 0 for row in rows)
    keys = [(row["quick"], row["guest_hash"], row["flags"]) for row in rows]
    assert keys == sorted(keys)
    for row in rows:
        assert data[row["offset"] :].startswith(layout.MAGIC)


def test_a_pack_may_stand_inside_another_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "runtime"
    with path.open("wb") as file:
        file.write(b"\x7fELF".ljust(2 * PAGE, b"\0"))
        writer = Writer(file)
        for names, package in CONTENTS:
            writer.add(names, package)
        writer.finish()
        file.write(b"what follows")
    assert path.read_bytes()[2 * PAGE :] == data + b"what follows"
    with opened(path, base=2 * PAGE) as pack:
        assert {d for ds in read_back(pack).values() for d in ds} == {d for _, d in CONTENTS}


def test_an_empty_pack_is_one(tmp_path: Path) -> None:
    with opened(made(tmp_path / "a.xlpack", ())) as pack:
        assert pack.rows == ()


def test_a_writer_that_fails_leaves_the_older_pack(tmp_path: Path, data: bytes) -> None:
    path = made(tmp_path / "a.xlpack")
    with pytest.raises(Inconsistent):
        made(path, [CONTENTS[1], CONTENTS[1]])
    assert path.read_bytes() == data
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("again", [(("x",), PACKAGES[0]), ((), PACKAGES[1]), (("x",), FAST[:-1])])
def test_the_writer_takes_each_package_once_whole_and_named(
    tmp_path: Path, again: tuple[tuple[str, ...], bytes]
) -> None:
    with pytest.raises(Inconsistent):
        made(tmp_path / "a.xlpack", [CONTENTS[0], again])


@pytest.mark.parametrize("path", ["", "/", ".", "a/../b", "..", "a\0b"])
def test_what_is_no_path_below_a_root_is_no_name(path: str) -> None:
    with pytest.raises(MalformedInput):
        safe_name(path)


@pytest.mark.parametrize("path", ["/a/b", "a//b", "./a/b", "//a/./b/"])
def test_names_are_written_one_way(path: str) -> None:
    assert safe_name(path) == "a/b"


# --- damage --------------------------------------------------------------------------------------


def test_every_byte_is_guarded(tmp_path: Path, data: bytes) -> None:
    """A changed byte of header and index refuses the pack, one of a package that package."""
    rows_at = PACK.unpack(data)["rows_at"]
    assert isinstance(rows_at, int)
    path = tmp_path / "a.xlpack"
    for at in (*range(0, PAGE, 61), *range(rows_at, len(data), 97), len(data) - 1):
        assert refused(path, data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :])
    for at in range(PAGE, rows_at, 1021):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :])
        with opened(path) as pack:
            hit = [row for row in pack.rows if row.offset <= at < row.offset + row.size]
            assert len(hit) == 1
            for row in pack.rows:
                if row not in hit:
                    pack.package(row)
            with pytest.raises(MalformedInput):
                pack.package(hit[0])


@pytest.mark.parametrize("size", [0, 7, 100, PAGE - 1, PAGE, PAGE + 1, -PAGE, -1])
def test_a_cut_pack_is_refused(tmp_path: Path, data: bytes, size: int) -> None:
    refused(tmp_path / "a.xlpack", data[:size])


def test_more_behind_it_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "bytes long" in refused(tmp_path / "a.xlpack", data + bytes(PAGE))


def test_other_files_are_no_packs(tmp_path: Path, data: bytes) -> None:
    assert "not a pack" in refused(tmp_path / "a", PACKAGES[0])
    assert "another version" in refused(tmp_path / "a", resealed(data, format=2))
    with pytest.raises(OSError, match="regular"), opened(tmp_path):
        pass


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 3},
        {"count": 1 << 31},
        {"rows_at": 0},
        {"rows_at": PAGE + 8},
        {"names_at": PAGE},
        {"names_size": 1 << 62},
        {"file_size": 1 << 40},
        {"rows_hash": bytes(32)},
        {"names_hash": bytes(32)},
    ],
)
def test_a_header_that_makes_no_sense(
    tmp_path: Path, data: bytes, changes: Mapping[str, Any]
) -> None:
    refused(tmp_path / "a.xlpack", resealed(data, **changes))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("offset", 0),
        ("offset", PAGE + 1),
        ("offset", 1 << 50),
        ("size", 0),
        ("size", PAGE + 1),
        ("size", 1 << 50),
        ("name", 1 << 30),
        ("name", 1),
        ("name_size", 0),
        ("name_size", 1),
        ("flags", 2),
        ("pad", 1),
        ("quick", b"\xff" * 16),
    ],
)
def test_a_row_that_makes_no_sense(tmp_path: Path, data: bytes, member: str, value: Any) -> None:
    rows = rows_of(data)
    rows[0][member] = value
    refused(tmp_path / "a.xlpack", resealed(data, b"".join(PACK_ROW.pack(**row) for row in rows)))


@pytest.mark.parametrize("name", ["/etc", "a/../..", "./a", "a//b", ""])
def test_a_name_that_leads_elsewhere_refuses_the_pack(tmp_path: Path, name: str) -> None:
    path = made(tmp_path / "a.xlpack", [(("#" * 40,), PACKAGES[0])])
    data = path.read_bytes()
    rows = rows_of(data)
    names = name.encode() + b"\0"
    rows[0]["name_size"] = len(names)
    row = PACK_ROW.pack(**rows[0])
    at = data.index(b"#" * 40)
    names = names.ljust(41, b"\0")
    data = data[:at] + names + data[at + 41 :]
    assert "no path below" in refused(path, resealed(data, row, names_hash=content_hash(names)))


def test_a_package_of_another_file_than_its_row_is_refused(tmp_path: Path, data: bytes) -> None:
    """Two packages that have changed places: the index is whole, and believed by nobody."""
    rows = rows_of(data)
    exact = [row for row in rows if not row["flags"]]
    assert exact[0]["size"] == exact[1]["size"]
    exact[0]["offset"], exact[1]["offset"] = exact[1]["offset"], exact[0]["offset"]
    path = tmp_path / "a.xlpack"
    path.write_bytes(resealed(data, b"".join(PACK_ROW.pack(**row) for row in rows)))
    with opened(path) as pack:
        for row in pack.rows:
            if row.guest_hash in {exact[0]["guest_hash"], exact[1]["guest_hash"]} and not row.fast:
                with pytest.raises(MalformedInput, match="not the one"):
                    pack.data(row)
