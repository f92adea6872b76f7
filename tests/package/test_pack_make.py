"""`xlate pack PROG|TREE... -o FILE`: what goes into a pack, and what is left out.

Packages are made by hand (samples.py) and stand in a store, so that hardly anything is compiled.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.package.conftest import Pack
from tests.package.samples import (
    GUEST,
    OTHER,
    THIRD,
    contents,
    package_for,
    put_guest,
)
from xlate.package.format import encode, write
from xlate.package.store import Store

# --- made ----------------------------------------------------------------------------------------


def test_a_tree_is_packed_by_content_under_all_names(
    pack: Pack, stocked: Store, tree: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.xlpack"
    done = pack(tree, "-o", out)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "2 packages" in done.stdout
    assert "(2 from the store, 0 converted)" in done.stdout
    assert contents(out) == {
        ("usr/bin/again", "usr/bin/one"): encode(package_for(GUEST)),
        ("lib/other.so",): encode(package_for(OTHER)),
    }


def test_bytes_do_not_depend_on_order_or_place(
    pack: Pack, stocked: Store, tree: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere" / "deep"
    elsewhere.parent.mkdir()
    tree.rename(elsewhere)
    os.utime(elsewhere / "usr/bin/one", (1, 1))
    words = ("usr/bin", "lib")
    for name, order in (("a", words), ("b", words[::-1])):
        done = pack(*(elsewhere / word for word in order), "-o", tmp_path / name)
        assert done.exit_code == 0, done.stderr
    elsewhere.rename(tree)
    assert pack(*(tree / word for word in words), "-o", tmp_path / "c").exit_code == 0
    assert len({(tmp_path / name).read_bytes() for name in "abc"}) == 1


def test_the_word_make_and_options_first(
    pack: Pack, stocked: Store, tree: Path, tmp_path: Path
) -> None:
    for words in (
        ("make", tree, "-o", tmp_path / "a"),
        ("-o", tmp_path / "b", tree),
        ("-q", "--output", tmp_path / "c", "--", tree),
    ):
        assert pack(*words).exit_code == 0
    assert len({(tmp_path / name).read_bytes() for name in "abc"}) == 1


def test_json(pack: Pack, stocked: Store, tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.xlpack"
    told = json.loads(pack("--json", tree, "-o", out).stdout)
    assert (told["pack"], told["left_out"]) == (str(out), 0)
    assert [row["names"] for row in told["packages"]] == [
        ["lib/other.so"],
        ["usr/bin/again", "usr/bin/one"],
    ]
    assert all(row["from_store"] for row in told["packages"])


def test_what_the_store_lacks_is_made_and_kept_there(
    pack: Pack, stocked: Store, tmp_path: Path
) -> None:
    guest = put_guest(tmp_path, THIRD, "third")
    for made in (1, 0):
        done = pack(guest, "-o", tmp_path / "a.xlpack", "-j", 1)
        assert f"({1 - made} from the store, {made} converted)" in done.stdout, done.stderr
    found = stocked.find(THIRD)
    assert found is not None
    assert contents(tmp_path / "a.xlpack") == {("third",): found.read_bytes()}


@pytest.mark.parametrize("spoiled", ["stale", "cut", "writable", "level", "fp"])
def test_what_of_the_store_is_no_good_is_made_again(
    pack: Pack, stocked: Store, tmp_path: Path, spoiled: str
) -> None:
    guest = put_guest(tmp_path, GUEST)
    path = stocked.package_path(GUEST)
    by_hand = path.read_bytes()
    if spoiled == "stale":
        write(path, package_for(GUEST, fingerprint=bytes(32)))
    elif spoiled == "cut":
        path.write_bytes(by_hand[:-1])
    elif spoiled == "writable":
        path.chmod(0o666)
    options = {"level": ("-O0",), "fp": ("--fp", "fast")}.get(spoiled, ())
    done = pack(guest, "-o", tmp_path / "a.xlpack", "-j", 1, *options)
    assert "(0 from the store, 1 converted)" in done.stdout, done.stderr
    (data,) = contents(tmp_path / "a.xlpack").values()
    assert data != by_hand
    kept = path.read_bytes() == by_hand
    assert kept == (spoiled in {"level", "fp"}), "another one's good package stays in the store"


def test_without_a_store_the_bytes_are_the_same_whatever_the_jobs(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLATE_CACHE", "off")
    guest = put_guest(tmp_path, THIRD)
    for name, jobs in (("a", 1), ("b", 2)):
        assert pack(guest, "-o", tmp_path / name, "-j", jobs).exit_code == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "guest"]


def test_libraries_come_along_by_their_place_in_the_sysroot(
    pack: Pack, stocked: Store, guest_cc: list[str], tmp_path: Path
) -> None:
    root = tmp_path / "root"
    (root / "usr/lib").mkdir(parents=True)
    (root / "bin").mkdir()
    (root / "libsrc.c").write_text("int f(void) { return 3; }\n")
    (root / "prog.c").write_text("int f(void);\nint _start(void) { return f(); }\n")
    flags = ("-nostdlib", "-fPIC", "-O1")
    words = [*guest_cc, *flags, "-shared", "-Wl,-soname,libx.so.1", "libsrc.c"]
    subprocess.run([*words, "-o", "usr/lib/libx.so.1"], cwd=root, check=True)
    words = [*guest_cc, *flags, "-pie", "-Wl,--dynamic-linker=/lib/none.so", "prog.c"]
    subprocess.run([*words, "usr/lib/libx.so.1", "-o", "bin/prog"], cwd=root, check=True)
    done = pack("-L", root, root / "bin/prog", "-o", tmp_path / "a.xlpack", "-j", 1)
    assert sorted(contents(tmp_path / "a.xlpack")) == [("bin/prog",), ("usr/lib/libx.so.1",)]
    assert done.exit_code == 1, "the interpreter is not there"
    assert "/lib/none.so: not found (needed by prog)" in done.stderr
    assert "1 left out" in done.stdout


def test_what_is_left_out_is_said(pack: Pack, stocked: Store, tree: Path, tmp_path: Path) -> None:
    (tree / "lib/bad.so").write_bytes(GUEST[:60])
    done = pack(tree, "-o", tmp_path / "a.xlpack", "-j", 1)
    assert done.exit_code == 1
    assert "bad.so: " in done.stderr
    assert "2 packages" in done.stdout
    assert "1 left out" in done.stdout
    assert len(contents(tmp_path / "a.xlpack")) == 2


def test_a_pack_of_nothing_is_not_written(pack: Pack, stocked: Store, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no program")
    (tmp_path / "empty").mkdir()
    out = tmp_path / "a.xlpack"
    for place in (text, tmp_path / "empty", tmp_path / "gone"):
        done = pack(place, "-o", out)
        assert done.exit_code == 1
        assert "nothing to put in" in done.stderr
    assert not out.exists()
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize("place", ["text", "folder", "none/a.xlpack"])
def test_where_no_pack_can_be_put_nothing_is_lost(
    pack: Pack, stocked: Store, tree: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "text").write_text("precious")
    (tmp_path / "folder").mkdir()
    done = pack(tree, "-o", tmp_path / place)
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "text").read_text() == "precious"


def test_a_full_disk_is_one_line_and_leaves_the_older_pack(
    pack: Pack, stocked: Store, tree: Path, full_disk: Path
) -> None:
    out = full_disk / "a.xlpack"
    assert pack(tree / "lib", "-o", out).exit_code == 0
    before = out.read_bytes()
    big = package_for(GUEST)
    write(
        stocked.package_path(GUEST), type(big)(**{**big.__dict__, "provenance": {"x": "y" * 65536}})
    )
    done = pack(tree, "-o", out)
    assert done.exit_code == 1
    assert "no space left" in done.stderr
    assert out.read_bytes() == before
    assert [path.name for path in full_disk.iterdir()] == ["a.xlpack"]
