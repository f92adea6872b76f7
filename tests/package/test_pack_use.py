"""`xlate pack list`, `verify` and `import`: what comes of a pack, here and elsewhere.

Packages are made by hand (samples.py) and stand in a store, so that hardly anything is compiled.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.package.conftest import Pack
from tests.package.samples import (
    BASELINE_STATUS,
    FUNCTION,
    GUEST,
    OTHER,
    PACKAGE_STATUS,
    THIRD,
    contents,
    package_for,
    put_guest,
    run,
)
from xlate.cli import cli
from xlate.package import quarantine
from xlate.package.format import decode, encode, read, write
from xlate.package.layout import FAST_FEATURES, PAGE
from xlate.package.pack import writing
from xlate.package.store import Store

# --- list and verify -----------------------------------------------------------------------------


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


def test_a_names_control_characters_do_not_reach_the_terminal(
    stocked: Store, tmp_path: Path
) -> None:
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
    assert "not in it: 1 of the programs and libraries of the trees" in lines
    assert not any(line.startswith("usr/bin/one:") for line in lines)
    (tree.parent / "more/lib").mkdir(parents=True)
    put_guest(tree.parent / "more/lib", OTHER, "other.so")
    done = pack("verify", made, "--tree", tree, "--tree", tree.parent / "more")
    assert not any(line.startswith("lib/other.so") for line in done.stdout.splitlines())


def test_verify_compares_functions_with_fresh_code(
    pack: Pack, stocked: Store, tmp_path: Path
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
    pack: Pack, stocked: Store, tmp_path: Path, command: str
) -> None:
    (tmp_path / "short").write_bytes(b"\x7fxlk")
    for place in (tmp_path / "short", tmp_path, tmp_path / "gone", stocked.package_path(GUEST)):
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


@pytest.mark.parametrize("damage", ["cut", "stale", "writable"])
def test_a_bad_package_of_the_store_is_replaced(
    pack: Pack, made: Path, elsewhere: Store, damage: str
) -> None:
    elsewhere.prepare()
    path = elsewhere.package_path(GUEST)
    changes = {"fingerprint": bytes(32)} if damage == "stale" else {}
    write(path, package_for(GUEST, **changes))
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-5])
    elif damage == "writable":
        path.chmod(0o666)
    else:
        os.utime(path, (1000, 1000))  # one that its version uses would stay beside ours
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
    told = json.loads(pack("import", "--json", out).stdout)
    assert (told["imported"], told["there_already"], told["refused"]) == (0, 1, 2)
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
    stocked: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the user's, as programs do; what is wrong there is taken out where that can be."""
    guest = put_guest(tmp_path, GUEST)
    system = tmp_path / "system"
    stocked.root.rename(system)
    for folder in (system, *system.iterdir()):
        folder.chmod(0o755)
    monkeypatch.setenv("XLATE_SYSTEM_CACHE", str(system))
    for command in (("inspect", "--package"), ("verify",)):
        done = CliRunner().invoke(cli, [*command, str(guest)])
        assert str(system / "packages") in done.output, done.output
    stocked.prepare()
    write(stocked.package_path(GUEST), package_for(GUEST))
    done = CliRunner().invoke(cli, ["inspect", "--package", str(guest)])
    assert str(stocked.folder) in done.output
    monkeypatch.setenv("XLATE_SYSTEM_CACHE", "off")
    monkeypatch.setenv("XLATE_CACHE", "off")
    done = CliRunner().invoke(cli, ["inspect", "--package", str(guest)])
    assert "there is no store" in done.output
