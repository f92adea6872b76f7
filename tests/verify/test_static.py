"""`xlate verify PROG`: damage is found, a wrong function goes, and nothing else does."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import pytest

from tests.package.samples import reseal
from tests.verify.conftest import STATUS, Checked
from xlate.errors import MalformedInput
from xlate.loader import load
from xlate.package import quarantine
from xlate.package.format import Package, decode, encode, write
from xlate.package.key import content_hash
from xlate.verify.placement import Placement, without
from xlate.verify.sample import Sample

ALL = ("verify", "--jobs", "1", "--json")


def symbol(checked: Checked, name: str) -> int:
    found = load(str(checked.program)).symbol_named(name)
    assert found is not None
    return found.guest_va | int(bool(found.thumb))


def with_wrong_code(package: Package, key: int) -> Package:
    """The package with the first instruction of a function that adds made one that subtracts."""
    row = Placement(package).rows[f"f_{key:08x}"]
    image = bytearray(package.image)
    at = next(i for i in range(row.start, row.start + row.size) if image[i] in (0x31, 0x33))
    image[at] = image[at] & ~0x32 | 0x22  # xor becomes and
    return replace(package, image=bytes(image))


def test_a_sound_package_is_found_to_be_so(converted):
    done = converted.xlate(*ALL, str(converted.program))
    told = json.loads(done.stdout)
    assert (done.exit_code, told["differ"], told["taken_out"]) == (0, [], False)
    assert told["functions"] >= 6


def test_damaged_bytes_are_refused(checked):
    data = bytearray(checked.path.read_bytes())
    data[-1] ^= 1
    checked.path.write_bytes(data)
    done = checked.xlate(*ALL, str(checked.program))
    assert done.exit_code == 1
    assert "checksum" in done.stderr


def test_another_version_and_another_file_are_said(checked):
    data, path = checked.path.read_bytes(), checked.path
    path.write_bytes(reseal(data, fingerprint=bytes(32)))
    assert "another version" in checked.xlate(*ALL, str(checked.program)).stderr
    other = checked.cache / "other.xlp"
    other.write_bytes(reseal(data, guest_hash=bytes(32)))
    done = checked.xlate(*ALL, "-p", str(other), str(checked.program))
    assert (done.exit_code, "made for another file" in done.stderr) == (1, True)


def test_a_wrong_function_is_taken_out_and_the_program_is_right_again(checked):
    key = symbol(checked, "mixed")
    write(checked.path, with_wrong_code(checked.package, key))
    assert checked.status() == STATUS + 50
    kept = checked.xlate(*ALL, "--keep", str(checked.program))
    assert [row["key"] for row in json.loads(kept.stdout)["differ"]] == [key]
    assert (kept.exit_code, checked.status()) == (1, STATUS + 50)
    done = checked.xlate(*ALL, str(checked.program))
    told = json.loads(done.stdout)
    assert (done.exit_code, told["taken_out"]) == (1, True)
    assert [row["name"] for row in told["differ"]] == [f"f_{key:08x}"]
    assert checked.status() == STATUS
    assert key not in {entry.key for entry in checked.package.entries}
    again = json.loads(checked.xlate(*ALL, str(checked.program)).stdout)
    assert (again["differ"], again["in_quarantine"]) == ([], 1)


@pytest.mark.parametrize("part", ["callee", "constant", "stub"])
def test_what_a_function_refers_to_is_compared_too(checked, part):
    package = checked.package
    placement = Placement(package)
    image = bytearray(package.image)
    entry = next(e for e in package.entries if e.key == symbol(checked, "hash"))
    row = placement.rows[f"f_{entry.key:08x}"]
    if part == "callee":
        wrong = placement.rows[f"f_{symbol(checked, 'chosen'):08x}"].start
        right = placement.rows[f"f_{symbol(checked, 'mixed'):08x}"].start
        at = next(
            i
            for i in range(row.start, row.start + row.size - 3)
            if struct.unpack_from("<i", image, i)[0] + i + 4 == right
        )
        struct.pack_into("<i", image, at, wrong - at - 4)
    elif part == "constant":
        row = placement.rows[f"f_{symbol(checked, 'chosen'):08x}"]
        end = max(r.start + r.size for r in placement.rows.values())
        image[end:] = bytes(b ^ 0x10 if b != 0xCC else b for b in image[end:])
    else:
        image[entry.offset - 8 + 1] ^= 0x10
    write(checked.path, replace(package, image=bytes(image)))
    done = checked.xlate(*ALL, "--keep", str(checked.program))
    names = [finding["name"] for finding in json.loads(done.stdout)["differ"]]
    assert f"f_{row.key:08x}" in names
    assert done.exit_code == 1


def test_functions_in_quarantine_are_not_converted_again(checked):
    key = symbol(checked, "mixed")
    guest = checked.program.read_bytes()
    quarantine.add(checked.cache, guest, {key: "a test says so"})
    assert quarantine.quarantined(checked.cache, guest) == {key: "a test says so"}
    assert checked.xlate("convert", "-q", "--jobs", "1", str(checked.program)).exit_code == 0
    assert f"f_{key:08x}" not in Placement(checked.package).rows
    assert checked.package.provenance["refused"] == {quarantine.WHY: 1}
    assert checked.status() == STATUS
    # A list of another version holds nothing.
    path = next((checked.cache / "quarantine").iterdir())
    path.write_text(path.read_text().replace('"fingerprint": "', '"fingerprint": "00'))
    assert quarantine.quarantined(checked.cache, guest) == {}


DAMAGED = ["[]", "{", "\xff", '{"fingerprint": "00"}', '{"fingerprint": 1, "functions": {}}']


@pytest.mark.parametrize("text", [*DAMAGED, "a folder"])
def test_a_damaged_list_of_quarantine_stops_a_conversion(checked, text):
    """What was on it is not known: a package might have the wrong function again."""
    guest = checked.program.read_bytes()
    quarantine.add(checked.cache, guest, {symbol(checked, "mixed"): "a test says so"})
    path = next((checked.cache / "quarantine").iterdir())
    path.unlink()
    if text == "a folder":
        path.mkdir()
    else:
        path.write_bytes(text.encode("latin-1"))
    package = checked.path
    package.unlink()
    done = checked.xlate("convert", "-q", "--jobs", "1", str(checked.program))
    assert done.exit_code != 0
    assert f"what is in quarantine is not known: {path}" in done.stderr
    assert not package.exists()
    assert checked.status() == STATUS
    with pytest.raises(MalformedInput):
        quarantine.add(checked.cache, guest, {})


def test_taking_out_twice_is_taking_out_once(converted):
    package = converted.package
    keys = {row.key for row in Placement(package).rows.values()}
    some = dict.fromkeys(sorted(keys)[::2], "a reason")
    once = without(package, some)
    assert without(once, some) == once
    assert decode(encode(once)).entries == once.entries
    assert not some.keys() & {entry.key for entry in once.entries}


def test_a_sample_is_by_content_and_its_parts_make_the_whole():
    keys = [content_hash(bytes([i]))[0] << 8 | i for i in range(200)]
    share = Sample(1, 5).of_keys(keys)
    assert share == Sample(1, 5).of_keys(reversed(keys))
    assert 20 < len(share) < 60
    assert set(share) <= set(Sample(2, 5).of_keys(keys))
    parts = [Sample(1, 5, first, 7).of_keys(keys) for first in range(0, len(share), 7)]
    assert [key for part in parts for key in part] == share
    assert Sample().of_keys(keys) == sorted(keys)
