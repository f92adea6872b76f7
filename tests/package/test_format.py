"""The package file: what is written is read back, and nothing else is ever taken for a package."""

from __future__ import annotations

import multiprocessing
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.package.samples import (
    FUNCTION,
    LOW,
    STUB_AT,
    guest_image,
    package_for,
    reseal,
)
from xlate.errors import Inconsistent, MalformedInput
from xlate.package import faults, layout
from xlate.package.format import Entry, Package, decode, encode, read, write, write_atomically

GUEST = guest_image()
PACKAGE = package_for(GUEST)
DATA = encode(PACKAGE)
OFFSETS = layout.HEADER.layout.offsets()
USED_HEADER = OFFSETS["rest"]


def refused(data: bytes) -> str:
    with pytest.raises(MalformedInput) as caught:
        decode(data)
    text = str(caught.value)
    assert text
    assert "\n" not in text
    return text


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x41]) + data[at + 1 :]


# --- round trip ----------------------------------------------------------------------------------


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write(tmp_path / "a.xlp", PACKAGE)
    assert read(tmp_path / "a.xlp") == PACKAGE
    assert [p.name for p in tmp_path.iterdir()] == ["a.xlp"]


def test_equal_packages_give_equal_bytes() -> None:
    assert encode(package_for(guest_image())) == DATA
    shuffled = replace(PACKAGE, profile=(9, 3), provenance={"b": 1, "a": [2]})
    sorted_one = replace(PACKAGE, profile=(3, 9), provenance={"a": [2], "b": 1})
    assert encode(shuffled) == encode(sorted_one)
    assert decode(encode(shuffled)) == sorted_one


def test_sections_begin_on_pages() -> None:
    places = layout.HEADER.unpack(DATA)["sections"]
    assert isinstance(places, tuple)
    assert all(at % layout.PAGE == 0 for at in places[::2])
    assert len(DATA) % layout.PAGE == 0


def test_a_package_without_functions_is_a_package() -> None:
    empty = replace(
        PACKAGE,
        table_a32=None,
        entries=(),
        faults=b"",
        fault_count=0,
        functions=0,
        image=bytes(4096),
    )
    assert decode(encode(empty)) == empty


LINES = st.lists(
    st.tuples(
        st.integers(0, 1 << 20),
        st.integers(-(1 << 29), (1 << 29) - 1).map(lambda half: 2 * half),
        st.integers(-(1 << 18), 1 << 18).map(lambda words: 4 * words),
    ),
    max_size=20,
).map(lambda rows: tuple(sorted({row[0]: row for row in rows}.values())))


@given(st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(1, 1 << 16), LINES), max_size=8))
def test_fault_tables_are_read_back(
    parts: list[tuple[int, int, tuple[faults.Place, ...]]],
) -> None:
    rows: list[faults.FaultRow] = []
    at = 4096
    for gap, size, lines in parts:
        at += gap
        rows.append(faults.FaultRow(at, size, 0x10001, lines))
        at += size
    assert faults.decode(faults.encode(rows), len(rows)) == rows


# --- damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [*range(USED_HEADER), USED_HEADER, 4000, *range(4064, 4096)])
def test_a_damaged_header_is_refused(at: int) -> None:
    refused(flipped(DATA, at))


def with_provenance(text: bytes) -> bytes:
    """The package with other bytes for its provenance, and checksums that agree."""
    at = layout.HEADER.unpack(DATA)["sections"]
    assert isinstance(at, tuple)
    places = (*at[:-1], len(text))
    body = DATA[: at[-2]] + text + bytes(-len(text) % layout.PAGE)
    return reseal(body, sections=places, file_size=len(body))


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 200_000,
        b'{"refused": 1}',
        b'{"left": {"reason": "many"}}',
        b'{"refused": {"reason": true}}',
        b'{"quarantined": ["0x8000"]}',
        b'{"refusals": {"0x8000": "reason"}}',
        b'{"refusals": [["0x8000"]]}',
        b'{"refusals": [[["0x8000"], "reason"]]}',
        b"[]",
        b"\xff",
        b"1" * 10_000,
        b'{"xlate": "\\ud800"}',
    ],
)
def test_a_provenance_that_is_none_is_refused(text: bytes) -> None:
    refused(with_provenance(text))


def test_a_provenance_of_other_names_is_one() -> None:
    assert decode(with_provenance(b'{"a": [1], "left": {"b": 2}}')).provenance["a"] == [1]


@pytest.mark.parametrize("at", range(layout.PAGE, len(DATA), 511))
def test_damaged_contents_are_refused(at: int) -> None:
    assert "checksum" in refused(flipped(DATA, at))


@pytest.mark.parametrize("length", [0, 1, 8, 100, 4095, 4096, 4097, *range(8192, len(DATA), 3000)])
def test_a_truncated_package_is_refused(length: int) -> None:
    refused(DATA[:length])


def test_other_files_and_formats_are_refused_by_name() -> None:
    assert "not a package" in refused(GUEST + bytes(4096))
    later = reseal(DATA, format=layout.FORMAT + 1)
    assert "another version" in refused(later)
    assert "bytes long" in refused(DATA + bytes(4096))


def hostile_sections(index: int, offset: int, size: int) -> bytes:
    places = layout.HEADER.unpack(DATA)["sections"]
    assert isinstance(places, tuple)
    changed = list(places)
    changed[2 * index : 2 * index + 2] = [offset, size]
    return reseal(DATA, sections=tuple(changed))


HOSTILE = {
    "section behind the end": hostile_sections(0, 1 << 40, 8192),
    "section larger than the file": hostile_sections(2, 8192, 1 << 63),
    "section off its page": hostile_sections(2, 8191, 8192),
    "section over the header": hostile_sections(0, 0, 8192),
    "no image": hostile_sections(2, 0, 0),
    "entries cut": hostile_sections(3, 20480, 8),
    "span upside down": reseal(DATA, low=LOW + 4096, high=LOW),
    "span off its page": reseal(DATA, low=LOW + 1),
    "span beyond the guest": reseal(DATA, high=1 << 40),
    "more fault rows than there are": reseal(DATA, fault_count=1 << 20),
    "more entries than there are": reseal(DATA, entry_count=2),
    "more profile than there is": reseal(DATA, profile_count=1 << 31),
    "features that are no text": reseal(DATA, features=b"\xff\xfe" * 8),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_sealed_package_of_nonsense_is_refused(name: str) -> None:
    refused(HOSTILE[name])


@pytest.mark.parametrize(
    "change",
    [
        lambda p: replace(p, entries=()),
        lambda p: replace(p, entries=(Entry(FUNCTION + 4, STUB_AT, 8),)),
        lambda p: replace(p, entries=(Entry(FUNCTION | 1, STUB_AT, 8),)),
        lambda p: replace(p, entries=(Entry(FUNCTION, 1 << 30, 8),)),
        lambda p: replace(p, entries=(Entry(FUNCTION, STUB_AT + 8, 8),)),
        lambda p: replace(p, entries=p.entries * 2),
        lambda p: replace(p, faults=p.faults[:-1] + b"\xff"),
        lambda p: replace(p, table_a32=p.table_a32[:-4] + b"\1\0\0\0"),
    ],
)
def test_tables_and_entries_must_agree(
    change: Callable[[Package], Package], tmp_path: Path
) -> None:
    refused(encode(change(PACKAGE)))
    with pytest.raises(Inconsistent):
        write(tmp_path / "never.xlp", change(PACKAGE))
    assert list(tmp_path.iterdir()) == []


@given(
    st.integers(0, len(DATA) - 1),
    st.integers(0, 255),
    st.integers(1, 64),
)
def test_sealed_damage_is_refused_or_harmless(at: int, value: int, count: int) -> None:
    changed = DATA[:at] + bytes([value]) * min(count, len(DATA) - at) + DATA[at + count :]
    why = ""
    try:
        assert decode(reseal(changed)).entries
    except MalformedInput as error:
        why = str(error)
    assert "\n" not in why


# --- writing -------------------------------------------------------------------------------------


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    path = tmp_path / "a.xlp"
    write(path, PACKAGE)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new", before_rename=interrupt)
    assert read(path) == PACKAGE
    assert names(tmp_path) == ["a.xlp"]


def test_a_kill_during_the_write_leaves_the_old_file(tmp_path: Path, checkout: Path) -> None:
    path = tmp_path / "a.xlp"
    write(path, PACKAGE)
    program = (
        "import os, pathlib, sys; from xlate.package.format import write_atomically;"
        "write_atomically(pathlib.Path(sys.argv[1]), b'x' * 100000,"
        " before_rename=lambda: os.kill(os.getpid(), 9))"
    )
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run([sys.executable, "-c", program, str(path)], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert read(path) == PACKAGE
    assert len(names(tmp_path)) == 2, "the killed writer's file is there under another name"


def test_a_file_that_cannot_be_written_raises_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "nowhere" / "a.xlp", PACKAGE)
    (tmp_path / "folder.xlp").mkdir()
    with pytest.raises(OSError, match="directory"):
        write(tmp_path / "folder.xlp", PACKAGE)
    assert names(tmp_path) == ["folder.xlp"]


def test_a_package_is_writable_by_its_owner_only(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        write(tmp_path / "a.xlp", PACKAGE)
    finally:
        os.umask(old)
    assert (tmp_path / "a.xlp").stat().st_mode & 0o777 == 0o644


def rewrite(path: Path, level: int) -> None:
    one = replace(PACKAGE, identity=replace(PACKAGE.identity, level=level))
    for _ in range(25):
        write(path, one)


def test_concurrent_writers_never_show_half_a_package(tmp_path: Path) -> None:
    path = tmp_path / "a.xlp"
    write(path, PACKAGE)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=rewrite, args=(path, level)) for level in (10, 11, 12)]
    for writer in writers:
        writer.start()
    levels = set()
    while any(writer.is_alive() for writer in writers):
        levels.add(read(path).identity.level)
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert levels <= {1, 10, 11, 12}
    assert read(path).identity.level in {10, 11, 12}
    assert names(tmp_path) == ["a.xlp"]


def test_header_of_the_runtime_has_the_same_layout() -> None:
    text = layout.c_header(bytes(range(32)))
    assert f"sizeof(struct package_header) == {layout.PAGE}" in text
    assert "PACKAGE_FINGERPRINT {0x00, 0x01," in text
    assert struct.calcsize("<8sII") == OFFSETS["abi"]
