"""`xlate pack` from a shell's view: what goes into a pack, and what comes of a pack elsewhere.

Most packages are made by hand (samples.py) and stand in a store, so that nothing is compiled; the
guest's own function returns 5, the package's one 9.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.package.samples import (
    BASELINE_STATUS,
    FUNCTION,
    GUEST,
    PACKAGE_STATUS,
    guest_image,
    package_for,
    put_guest,
    run,
)
from xlate.cli import cli
from xlate.package import quarantine
from xlate.package.format import decode, encode, read, write
from xlate.package.layout import FAST_FEATURES, PAGE
from xlate.package.pack import opened, writing
from xlate.package.store import Store

Pack = Callable[..., Result]

OTHER = guest_image(padding=b"another")
THIRD = guest_image(padding=b"one more")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The user's store, with packages of two guests."""
    one = Store(tmp_path / "store")
    one.prepare()
    for guest in (GUEST, OTHER):
        write(one.package_path(guest), package_for(guest))
    monkeypatch.setenv("XLATE_CACHE", str(one.root))
    return one


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root folder with two programs, one of them twice, a link, and a text."""
    root = tmp_path / "tree"
    (root / "usr/bin").mkdir(parents=True)
    (root / "lib").mkdir()
    put_guest(root / "usr/bin", GUEST, "one")
    put_guest(root / "usr/bin", GUEST, "again")
    put_guest(root / "lib", OTHER, "other.so")
    (root / "usr/bin/link").symlink_to("one")
    (root / "usr/bin/text").write_text("#!/bin/sh\n")
    return root


@pytest.fixture
def pack() -> Pack:
    def invoke(*words: object) -> Result:
        return CliRunner().invoke(cli, ["pack", *map(str, words)])

    return invoke


def contents(path: Path) -> dict[tuple[str, ...], bytes]:
    with opened(path) as found:
        return {row.names: found.data(row) for row in found.rows}


# --- made ----------------------------------------------------------------------------------------


def test_a_tree_is_packed_by_content_under_all_names(
    pack: Pack, store: Store, tree: Path, tmp_path: Path
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
    pack: Pack, store: Store, tree: Path, tmp_path: Path
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
    pack: Pack, store: Store, tree: Path, tmp_path: Path
) -> None:
    for words in (
        ("make", tree, "-o", tmp_path / "a"),
        ("-o", tmp_path / "b", tree),
        ("-q", "--output", tmp_path / "c", "--", tree),
    ):
        assert pack(*words).exit_code == 0
    assert len({(tmp_path / name).read_bytes() for name in "abc"}) == 1


def test_json(pack: Pack, store: Store, tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.xlpack"
    told = json.loads(pack("--json", tree, "-o", out).stdout)
    assert (told["pack"], told["left_out"]) == (str(out), 0)
    assert [row["names"] for row in told["packages"]] == [
        ["lib/other.so"],
        ["usr/bin/again", "usr/bin/one"],
    ]
    assert all(row["from_store"] for row in told["packages"])


def test_what_the_store_lacks_is_made_and_kept_there(
    pack: Pack, store: Store, tmp_path: Path
) -> None:
    guest = put_guest(tmp_path, THIRD, "third")
    for made in (1, 0):
        done = pack(guest, "-o", tmp_path / "a.xlpack", "-j", 1)
        assert f"({1 - made} from the store, {made} converted)" in done.stdout, done.stderr
    found = store.find(THIRD)
    assert found is not None
    assert contents(tmp_path / "a.xlpack") == {("third",): found.read_bytes()}


@pytest.mark.parametrize("spoiled", ["stale", "cut", "writable", "level", "fp"])
def test_what_of_the_store_is_no_good_is_made_again(
    pack: Pack, store: Store, tmp_path: Path, spoiled: str
) -> None:
    guest = put_guest(tmp_path, GUEST)
    path = store.package_path(GUEST)
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
    pack: Pack, store: Store, guest_cc: list[str], tmp_path: Path
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


def test_what_is_left_out_is_said(pack: Pack, store: Store, tree: Path, tmp_path: Path) -> None:
    (tree / "lib/bad.so").write_bytes(GUEST[:60])
    done = pack(tree, "-o", tmp_path / "a.xlpack", "-j", 1)
    assert done.exit_code == 1
    assert "bad.so: " in done.stderr
    assert "2 packages" in done.stdout
    assert "1 left out" in done.stdout
    assert len(contents(tmp_path / "a.xlpack")) == 2


def test_a_pack_of_nothing_is_not_written(pack: Pack, store: Store, tmp_path: Path) -> None:
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
    pack: Pack, store: Store, tree: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "text").write_text("precious")
    (tmp_path / "folder").mkdir()
    done = pack(tree, "-o", tmp_path / place)
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "text").read_text() == "precious"


def test_a_full_disk_is_one_line_and_leaves_the_older_pack(
    pack: Pack, store: Store, tree: Path, full_disk: Path
) -> None:
    out = full_disk / "a.xlpack"
    assert pack(tree / "lib", "-o", out).exit_code == 0
    before = out.read_bytes()
    big = package_for(GUEST)
    write(
        store.package_path(GUEST), type(big)(**{**big.__dict__, "provenance": {"x": "y" * 65536}})
    )
    done = pack(tree, "-o", out)
    assert done.exit_code == 1
    assert "no space left" in done.stderr
    assert out.read_bytes() == before
    assert [path.name for path in full_disk.iterdir()] == ["a.xlpack"]


# --- list and verify -----------------------------------------------------------------------------


@pytest.fixture
def made(pack: Pack, store: Store, tree: Path, tmp_path: Path) -> Path:
    """A pack of the tree."""
    out = tmp_path / "made.xlpack"
    assert pack(tree, "-o", out).exit_code == 0
    return out


def test_list(pack: Pack, made: Path) -> None:
    done = pack("list", made)
    assert done.exit_code == 0
    words = done.stdout.split()
    assert {"usr/bin/one", "usr/bin/again", "lib/other.so", "current", "-O1"} <= set(words)
    told = json.loads(pack("list", made, "--json").stdout)
    row = told["packages"][0]
    package = package_for(OTHER)
    assert row["names"] == ["lib/other.so"]
    assert row["guest_hash"] == package.identity.guest_hash.hex()
    assert row["code_bytes"] == len(package.image)
    assert row["table_bytes"] == 2 * PAGE + 16 + len(package.faults)
    assert (row["functions"], row["level"], row["fp"]) == (1, 1, "exact")


def test_other_versions_and_kinds_are_listed_as_such(pack: Pack, tmp_path: Path) -> None:
    with writing(tmp_path / "a") as writer:
        writer.add(["old"], encode(package_for(GUEST, fingerprint=bytes(32))))
        writer.add(["fast"], encode(package_for(GUEST, features=FAST_FEATURES)))
    told = json.loads(pack("list", tmp_path / "a", "--json").stdout)["packages"]
    assert [(row["names"], row["fp"], row["state"]) for row in told] == [
        (["fast"], "fast", "current"),
        (["old"], "exact", "made by another version"),
    ]
    done = pack("verify", tmp_path / "a")
    assert done.exit_code == 1
    assert "old: made by another version" in done.stdout


def test_a_names_control_characters_do_not_reach_the_terminal(store: Store, tmp_path: Path) -> None:
    with writing(tmp_path / "a") as writer:
        writer.add(["\x1b[31mred\udcff"], encode(package_for(GUEST, fingerprint=bytes(32))))
    for command in (("list",), ("verify",), ("verify", "--tree", str(tmp_path)), ("import",)):
        words = ["pack", command[0], str(tmp_path / "a"), *command[1:]]
        done = CliRunner().invoke(cli, words, color=True)
        assert "\x1b" not in done.output
        assert "[31mred" in done.output
        assert done.exception is None or isinstance(done.exception, SystemExit)


def test_a_whole_pack_is_verified(pack: Pack, made: Path, tree: Path) -> None:
    for words in ((), ("--tree", tree)):
        done = pack("verify", made, *words)
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout.endswith(": 2 packages, whole\n")
    assert pack("verify", "-q", made).stdout == ""


def test_verify_finds_the_damaged_package_and_goes_on(pack: Pack, made: Path) -> None:
    data = bytearray(made.read_bytes())
    data[2 * PAGE + 5] ^= 1
    made.write_bytes(data)
    done = pack("verify", made)
    assert done.exit_code == 1
    assert len([line for line in done.stdout.splitlines() if "damaged package" in line]) == 1
    assert "1 thing wrong" in done.stdout
    told = json.loads(pack("verify", "--json", made).stdout)
    assert [row["name"] for row in told["wrong"]] == ["lib/other.so"]


def test_verify_names_what_changed_in_the_tree(pack: Pack, made: Path, tree: Path) -> None:
    put_guest(tree / "usr/bin", THIRD, "again")
    (tree / "lib/other.so").unlink()
    done = pack("verify", made, "--tree", tree)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert "usr/bin/again: stale: the tree has another file of that name" in lines
    assert any(line.startswith("lib/other.so: in the tree: ") for line in lines)
    assert "1 programs and libraries of the trees have no package in it" in lines
    assert not any(line.startswith("usr/bin/one:") for line in lines)
    (tree.parent / "more/lib").mkdir(parents=True)
    put_guest(tree.parent / "more/lib", OTHER, "other.so")
    done = pack("verify", made, "--tree", tree, "--tree", tree.parent / "more")
    assert not any(line.startswith("lib/other.so") for line in done.stdout.splitlines())


def test_verify_compares_functions_with_fresh_code(
    pack: Pack, store: Store, tmp_path: Path
) -> None:
    """The package made by hand is not what a conversion gives; a converted one is."""
    (tmp_path / "tree").mkdir()
    put_guest(tmp_path / "tree", THIRD)
    out = tmp_path / "a.xlpack"
    assert pack(tmp_path / "tree", "-o", out, "-j", 1).exit_code == 0
    words = ("--tree", tmp_path / "tree", "--sample", "1/1", "-j", 1)
    assert pack("verify", out, *words).exit_code == 0
    with writing(out) as writer:
        writer.add(["guest"], encode(package_for(THIRD)))
    assert pack("verify", out).exit_code == 0
    done = pack("verify", out, *words)
    assert done.exit_code == 1
    assert "guest: " in done.stdout
    assert pack("verify", out, "--sample", "1/1").exit_code == 2


@pytest.mark.parametrize("command", ["list", "verify", "import"])
def test_what_is_no_pack_is_one_line(
    pack: Pack, store: Store, tmp_path: Path, command: str
) -> None:
    (tmp_path / "short").write_bytes(b"\x7fxlk")
    for place in (tmp_path / "short", tmp_path, tmp_path / "gone", store.package_path(GUEST)):
        done = pack(command, place)
        assert done.exit_code == 1
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stderr.startswith("xlate: ")


# --- import --------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Path) -> Store:
    """The empty store of another machine, where ``made`` was brought to."""
    monkeypatch.setenv("XLATE_CACHE", str(tmp_path / "elsewhere"))
    return Store(tmp_path / "elsewhere")


def test_imported_packages_are_used(
    pack: Pack, made: Path, elsewhere: Store, xlate_run: Path, tree: Path
) -> None:
    done = pack("import", made)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "2 imported" in done.stdout
    assert len(elsewhere.packages()) == 2
    for program in (tree / "usr/bin/one", tree / "lib/other.so"):
        result = run(xlate_run, program, cache=elsewhere.root)
        assert (result.status, result.states) == (PACKAGE_STATUS, ["hit"])
    assert "2 there already" in pack("import", made).stdout


def test_into_the_systems_store(
    pack: Pack,
    made: Path,
    xlate_run: Path,
    tree: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert pack("import", "--system", made).exit_code == 1  # the tests' environment says off
    monkeypatch.setenv("XLATE_SYSTEM_CACHE", str(tmp_path / "system"))
    old = os.umask(0o077)
    try:
        done = pack("import", "--system", made)
    finally:
        os.umask(old)
    assert (done.exit_code, done.stderr) == (0, "")
    for path in (tmp_path / "system").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)
    result = run(xlate_run, tree / "usr/bin/one")
    assert (result.status, result.states) == (PACKAGE_STATUS, ["hit in the system store"])


def test_a_good_package_of_the_store_stays_unless_it_is_to_be_replaced(
    pack: Pack, made: Path, elsewhere: Store
) -> None:
    elsewhere.prepare()
    path = elsewhere.package_path(GUEST)
    write(path, package_for(GUEST, level=2))
    assert "1 imported, 1 there already" in pack("import", made).stdout
    assert read(path).identity.level == 2
    assert "2 imported" in pack("import", "--replace", made).stdout
    assert read(path).identity.level == 1


@pytest.mark.parametrize("damage", ["cut", "stale"])
def test_a_bad_package_of_the_store_is_replaced(
    pack: Pack, made: Path, elsewhere: Store, damage: str
) -> None:
    elsewhere.prepare()
    path = elsewhere.package_path(GUEST)
    write(path, package_for(GUEST, fingerprint=bytes(32)))
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-5])
    assert "2 imported" in pack("import", made).stdout
    assert read(path) == package_for(GUEST)
    assert len(elsewhere.packages()) == 2


def test_what_is_damaged_or_foreign_is_refused_and_the_rest_imported(
    pack: Pack, elsewhere: Store, tmp_path: Path
) -> None:
    out = tmp_path / "mixed.xlpack"
    with writing(out) as writer:
        writer.add(["damaged"], encode(package_for(GUEST)))
        writer.add(["good"], encode(package_for(OTHER)))
        writer.add(["foreign"], encode(package_for(THIRD, fingerprint=bytes(32))))
    data = bytearray(out.read_bytes())
    data[2 * PAGE + 5] ^= 1
    out.write_bytes(data)
    done = pack("import", out)
    assert done.exit_code == 1
    assert "1 imported" in done.stdout
    first, second = sorted(done.stderr.splitlines())
    assert first.startswith("xlate: damaged: damaged package")
    assert second == "xlate: foreign: refused (made by another version of xlate)"
    assert elsewhere.find(OTHER) is not None
    assert len(elsewhere.packages()) == 1


def test_a_bad_pack_does_not_keep_the_next_one_out(
    pack: Pack, made: Path, elsewhere: Store, tmp_path: Path
) -> None:
    (tmp_path / "bad").write_bytes(made.read_bytes()[:-1])
    done = pack("import", tmp_path / "bad", made)
    assert done.exit_code == 1
    assert "damaged pack" in done.stderr
    assert len(elsewhere.packages()) == 2


def test_what_is_in_quarantine_stays_out(
    pack: Pack, elsewhere: Store, xlate_run: Path, tmp_path: Path
) -> None:
    guest = put_guest(tmp_path, THIRD)
    out = tmp_path / "third.xlpack"
    assert pack(guest, "-o", out, "-j", 1).exit_code == 0
    elsewhere.remove(elsewhere.package_path(THIRD))
    quarantine.add(elsewhere.root, THIRD, {FUNCTION: "a test says so"})
    assert pack("import", out).exit_code == 0
    found = elsewhere.find(THIRD)
    assert found is not None
    (data,) = contents(out).values()
    assert FUNCTION in {entry.key for entry in decode(data).entries}
    assert FUNCTION not in {entry.key for entry in read(found).entries}
    result = run(xlate_run, guest, cache=elsewhere.root)
    assert (result.status, result.states) == (BASELINE_STATUS, ["hit"])
    assert result.stats["runtime_blocks"] > 0


@pytest.mark.parametrize("why", ["off", "file", "shared"])
def test_without_a_store_nothing_is_imported(
    pack: Pack, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    place = tmp_path / "place"
    if why == "file":
        place.write_text("")
    elif why == "shared":
        place.mkdir(mode=0o777)
        place.chmod(0o777)
    monkeypatch.setenv("XLATE_CACHE", "off" if why == "off" else str(place))
    done = pack("import", made)
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_full_store_is_one_line_for_each(
    pack: Pack, made: Path, full_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLATE_CACHE", str(full_disk / "store"))
    Store(full_disk / "store").prepare()
    (full_disk / "filler").write_bytes(bytes(20 << 10))
    done = pack("import", made)
    assert done.exit_code == 1
    assert done.stderr.count("no space left") >= 1
    for kept in Store(full_disk / "store").packages():
        assert not kept.problem
    assert list((full_disk / "store" / "packages").glob(".*")) == []


def test_inspect_and_verify_look_into_the_systems_store(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the user's, as programs do; what is wrong there is taken out where that can be."""
    guest = put_guest(tmp_path, GUEST)
    system = tmp_path / "system"
    store.root.rename(system)
    for folder in (system, *system.iterdir()):
        folder.chmod(0o755)
    monkeypatch.setenv("XLATE_SYSTEM_CACHE", str(system))
    for command in (("inspect", "--package"), ("verify",)):
        done = CliRunner().invoke(cli, [*command, str(guest)])
        assert str(system / "packages") in done.output, done.output
    store.prepare()
    write(store.package_path(GUEST), package_for(GUEST))
    done = CliRunner().invoke(cli, ["inspect", "--package", str(guest)])
    assert str(store.folder) in done.output
    monkeypatch.setenv("XLATE_SYSTEM_CACHE", "off")
    monkeypatch.setenv("XLATE_CACHE", "off")
    done = CliRunner().invoke(cli, ["inspect", "--package", str(guest)])
    assert "there is no store" in done.output
