"""xlate-run and packages: what it uses, what it refuses and why; the program is right either way.

The guest's own function returns 5, the package's 9 (samples.py): status and statistics must agree.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from tests import needs as wanted
from tests.badinput.elf_images import PF_R, PF_W, PF_X, Image, Segment
from tests.package.samples import (
    BASELINE_STATUS,
    CODE,
    GUEST,
    LOW,
    PACKAGE_STATUS,
    Run,
    guest_image,
    package_for,
    put_guest,
    reseal,
    run,
)
from xlate.package import layout
from xlate.package.format import encode, write
from xlate.package.store import Store, package_name

DATA = encode(package_for(GUEST))
OFFSETS = layout.HEADER.layout.offsets()
HIT = "hit"


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o644)
    return path


def assert_used(result: Run) -> None:
    assert (result.status, result.states) == (PACKAGE_STATUS, [HIT]), result
    assert result.stats["package_functions"] == 1
    assert result.stats["map_blocks"] - result.stats["kept_blocks"] == 1
    assert result.stats["enters"] == 1
    assert result.stderr == ""


def assert_refused(result: Run, *reasons: str) -> None:
    assert result.status == BASELINE_STATUS, result
    assert len(result.states) == 1
    assert any(reason in result.states[0] for reason in reasons), result.states
    assert result.stats["package_functions"] == 0
    assert result.stats["enters"] == 0
    assert result.stderr == ""


# --- used ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("position_independent", [False, True], ids=["fixed", "pie"])
@pytest.mark.parametrize(
    "options", [(), ("--guest-base", "0x100000000")], ids=["identity", "based"]
)
def test_a_package_is_used(
    xlate_run: Path, tmp_path: Path, position_independent: bool, options: tuple[str, ...]
) -> None:
    data = guest_image(position_independent=position_independent)
    guest = put_guest(tmp_path, data)
    write(tmp_path / "one.xlp", package_for(data))
    assert_used(run(xlate_run, guest, "-p", str(tmp_path / "one.xlp"), *options))
    assert run(xlate_run, guest, *options).states == ["none"]


def test_a_package_is_found_in_the_store_and_in_a_folder(
    xlate_run: Path, guest: Path, store: Store
) -> None:
    path = store.package_path(GUEST)
    write(path, package_for(GUEST))
    result = run(xlate_run, guest, cache=store.root)
    assert_used(result)
    row = result.stats["packages"][0]
    assert row == {
        "file": str(guest), "package": path.name, "functions": 1, "state": HIT, "count": 1,
    }  # fmt: skip
    assert path.name == package_name(GUEST)
    assert_used(run(xlate_run, guest, "-p", str(path.parent)))
    assert_used(run(xlate_run, guest, "-p", str(path.parent) + "/"))


def test_the_option_comes_before_the_store(xlate_run: Path, guest: Path, store: Store) -> None:
    write(store.package_path(GUEST), package_for(GUEST))
    bad = put(guest.with_name("bad.xlp"), DATA[:5000])
    good = put(guest.with_name("good.xlp"), DATA)
    assert_used(run(xlate_run, guest, "-p", str(good)))
    assert_used(run(xlate_run, guest, "-p", str(bad), cache=store.root))
    assert_used(run(xlate_run, guest, "-p", str(good.parent), cache=store.root))


def test_relative_paths(
    xlate_run: Path, guest: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store.package_path(GUEST), package_for(GUEST))
    put(guest.with_name("one.xlp"), DATA)
    monkeypatch.chdir(guest.parent)
    assert_used(run(xlate_run, guest, "-p", "one.xlp"))
    assert_used(run(xlate_run, guest, "-p", "store/packages"))
    assert_used(run(xlate_run, guest, cache="store"))


@pytest.mark.parametrize("variable", ["XLATE_CACHE", "XDG_CACHE_HOME", "HOME"])
def test_the_environment_names_the_store(
    xlate_run: Path, guest: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    place = guest.parent / "place"
    environment = {variable: str(place)}
    store = Store.locate(environment)
    assert store is not None
    store.prepare()
    write(store.package_path(GUEST), package_for(GUEST))
    assert run(xlate_run, guest, cache="").states == ["none"]
    if variable == "XLATE_CACHE":
        assert_used(run(xlate_run, guest, cache=place))
        return
    monkeypatch.setenv(variable, str(place))
    assert_used(run(xlate_run, guest, cache=""))
    assert run(xlate_run, guest, cache="off").states == ["none"]


def test_a_program_that_the_guest_executes_uses_them_too(
    xlate_run: Path, busybox_armhf: Path, guest: Path, store: Store
) -> None:
    """With its environment emptied by the guest: the store is the one of the first start."""
    write(store.package_path(GUEST), package_for(GUEST))
    words = [str(busybox_armhf), "env", "-i", str(guest)]
    for options in ({"cache": store.root}, {"package": str(store.root / "packages")}):
        given = ("-p", options["package"]) if "package" in options else ()
        result = run(xlate_run, guest, *given, words=words, cache=options.get("cache", "off"))
        assert result.status == PACKAGE_STATUS
        assert sorted(result.states) == [HIT, "none"]
        assert result.stats["processes"] == 1


def test_the_baseline_tier_looks_for_none(xlate_run: Path, guest: Path, store: Store) -> None:
    write(store.package_path(GUEST), package_for(GUEST))
    result = run(xlate_run, guest, "--tier", "baseline", cache=store.root)
    assert (result.status, result.states) == (BASELINE_STATUS, [])


def test_two_files_of_one_quick_key(xlate_run: Path, tmp_path: Path, store: Store) -> None:
    """Same size and first page: their packages stand beside each other."""
    images = [guest_image(padding=bytes(5000) + bytes([n]) * 8) for n in range(3)]
    for number, data in enumerate(images[:2]):
        write(store.package_path(data), package_for(data))
        assert run(xlate_run, put_guest(tmp_path, data, f"g{number}"), cache=store.root).status == 9
    assert len(store.packages()) == 2
    for number, data in enumerate(images[:2]):
        assert_used(run(xlate_run, put_guest(tmp_path, data, f"h{number}"), cache=store.root))
    other = run(xlate_run, put_guest(tmp_path, images[2], "other"), cache=store.root)
    assert_refused(other, "made for another file")
    nothing = run(xlate_run, put_guest(tmp_path, GUEST, "nothing"), cache=store.root)
    assert nothing.stats["packages"][0]["package"] == ""
    assert nothing.states == ["none"]


# --- refused -------------------------------------------------------------------------------------


def test_a_foreign_package_is_refused(xlate_run: Path, guest: Path) -> None:
    foreign = encode(package_for(guest_image(padding=b"another program")))
    path = put(guest.with_name("foreign.xlp"), foreign)
    result = run(xlate_run, guest, "-p", str(path))
    assert_refused(result, "made for another file")
    assert result.stats["packages"][0]["package"] == "foreign.xlp"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fingerprint": bytes(32)}, "stale: made by another version of xlate"),
        ({"abi": 1}, "stale: made for another layout"),
        ({"format": layout.FORMAT + 1}, "stale: another format"),
        ({"features": b"x86-64-v3"}, "made for another processor"),
        ({"guest_hash": bytes(32)}, "made for another file"),
        ({"guest_size": 1}, "made for another file"),
        ({"quick": bytes(16)}, "made for another file"),
        ({"magic": b"\x7fELF\1\1\1\0"}, "not a package"),
        ({"low": LOW + 4096, "high": LOW + 8192}, "addresses are not the file's"),
        ({"low": LOW + 1}, "damaged"),
        ({"high": 1 << 63}, "damaged"),
        ({"low": LOW + 8192}, "damaged"),
        ({"fault_count": 1 << 31}, "damaged"),
        ({"entry_count": 7}, "damaged"),
        ({"file_size": 4096}, "damaged"),
        *(
            ({"sections": tuple(bad if n == i else 0 for n in range(14))}, "damaged")
            for i in range(0, 6, 2)
            for bad in (1, 4097, 1 << 62)
        ),
    ],
    ids=str,
)
def test_a_sealed_package_that_does_not_fit_is_refused(
    xlate_run: Path, guest: Path, change: dict[str, int], reason: str
) -> None:
    path = put(guest.with_name("one.xlp"), reseal(DATA, **change))
    assert_refused(run(xlate_run, guest, "-p", str(path)), reason)


@pytest.mark.parametrize("at", [*sorted(OFFSETS.values()), 3000, 4095])
def test_a_damaged_header_is_refused(xlate_run: Path, guest: Path, at: int) -> None:
    data = DATA[:at] + bytes([DATA[at] ^ 0x20]) + DATA[at + 1 :]
    path = put(guest.with_name("one.xlp"), data)
    assert_refused(
        run(xlate_run, guest, "-p", str(path)), "damaged header", "not a package", "another format"
    )


@pytest.mark.parametrize("at", [*range(4096, len(DATA), 4000), len(DATA) - 1])
def test_damaged_contents_are_refused(xlate_run: Path, guest: Path, at: int) -> None:
    data = DATA[:at] + bytes([DATA[at] ^ 0x80]) + DATA[at + 1 :]
    path = put(guest.with_name("one.xlp"), data)
    assert_refused(run(xlate_run, guest, "-p", str(path)), "refused: damaged")


@pytest.mark.parametrize("length", [0, 1, 4095, 4096, 8192, len(DATA) - 4096, len(DATA) - 1])
def test_a_truncated_package_is_refused(xlate_run: Path, guest: Path, length: int) -> None:
    path = put(guest.with_name("one.xlp"), DATA[:length])
    assert_refused(run(xlate_run, guest, "-p", str(path)), "not a package", "truncated")


def test_what_is_no_file_is_refused(xlate_run: Path, guest: Path, store: Store) -> None:
    path = store.package_path(GUEST)
    os.mkfifo(path)
    assert_refused(run(xlate_run, guest, cache=store.root), "not trusted")
    path.unlink()
    path.mkdir()
    assert_refused(run(xlate_run, guest, cache=store.root), "not trusted")
    assert run(xlate_run, guest, "-p", "/nonexistent/x.xlp").states == ["none"]


def test_guest_text_that_is_writable_has_no_package(xlate_run: Path, tmp_path: Path) -> None:
    data = Image(code=CODE, segments=(Segment(flags=PF_R | PF_W | PF_X),)).data()
    guest = put_guest(tmp_path, data)
    write(tmp_path / "one.xlp", package_for(data))
    result = run(xlate_run, guest, "-p", str(tmp_path / "one.xlp"))
    assert result.status == BASELINE_STATUS
    assert HIT not in result.states


def test_without_address_space_for_the_table(xlate_run: Path, guest: Path) -> None:
    path = put(guest.with_name("one.xlp"), DATA)
    limit = ["sh", "-c", 'ulimit -v 4000000; exec "$@"', "sh"]
    assert_refused(run(xlate_run, guest, "-p", str(path), before=limit), "no room in the window")


def test_an_elf_header_that_lies_about_itself(xlate_run: Path, tmp_path: Path) -> None:
    """A package for a file whose segments were moved: its hash is right, its place is not."""
    data = bytearray(GUEST)
    struct.pack_into("<I", data, 52 + 20, 8192)  # p_memsz: one page more
    guest = put_guest(tmp_path, bytes(data))
    path = put(tmp_path / "one.xlp", encode(package_for(bytes(data))))
    assert_refused(run(xlate_run, guest, "-p", str(path)), "addresses are not the file's")


# --- trust ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_may_write_is_refused(xlate_run: Path, guest: Path, mode: int) -> None:
    path = put(guest.with_name("one.xlp"), DATA)
    path.chmod(mode)
    assert_refused(run(xlate_run, guest, "-p", str(path)), "not trusted")


@pytest.mark.parametrize("which", ["packages", ".", ".."])
def test_a_folder_that_others_may_write_is_refused(
    xlate_run: Path, tmp_path: Path, which: str
) -> None:
    guest = put_guest(tmp_path, GUEST)
    (tmp_path / "deep").mkdir()
    store = Store(tmp_path / "deep" / "store")
    store.prepare()
    write(store.package_path(GUEST), package_for(GUEST))
    folder = store.root / which
    folder.chmod(0o777)
    assert_refused(run(xlate_run, guest, cache=store.root), "not trusted")
    folder.chmod(0o1777)  # the sticky bit: nobody removes what is another's
    assert_used(run(xlate_run, guest, cache=store.root))


def test_a_symbolic_link_is_refused(xlate_run: Path, guest: Path, store: Store) -> None:
    elsewhere = put(guest.with_name("one.xlp"), DATA)
    store.package_path(GUEST).symlink_to(elsewhere)
    assert_refused(run(xlate_run, guest, cache=store.root), "not trusted")


def test_a_link_to_the_store_itself_is_followed(xlate_run: Path, guest: Path, store: Store) -> None:
    write(store.package_path(GUEST), package_for(GUEST))
    link = guest.with_name("link")
    link.symlink_to(store.root)
    assert_used(run(xlate_run, guest, cache=link))


def test_another_users_files_are_refused(xlate_run: Path, guest: Path, store: Store) -> None:
    user = wanted.needs_ordinary_user()
    path = store.package_path(GUEST)
    write(path, package_for(GUEST))
    os.chown(path, user, user)
    assert_refused(run(xlate_run, guest, cache=store.root), "not trusted")
    os.chown(path, 0, 0)
    os.chown(store.root, user, user)
    assert_refused(run(xlate_run, guest, cache=store.root), "not trusted")


def test_roots_store_serves_everybody_and_is_not_written(
    xlate_run: Path, public_folder: Path
) -> None:
    user = wanted.needs_ordinary_user()
    guest = put_guest(public_folder, GUEST)
    program = put_guest(public_folder, xlate_run.read_bytes(), "xlate-run")
    store = Store(public_folder / "store")
    store.prepare()
    write(store.package_path(GUEST), package_for(GUEST))
    for folder in (store.root, *store.root.iterdir()):
        folder.chmod(0o755)
    for _ in range(2):
        assert_used(run(program, guest, cache=store.root, user=user))
    assert list((store.root / "seen").iterdir()) == []
    assert list((store.root / "profiles").iterdir()) == []


def test_a_store_that_cannot_be_entered_is_none(xlate_run: Path, public_folder: Path) -> None:
    """Not one that others may write to: that would send its user to look for the wrong thing."""
    user = wanted.needs_ordinary_user()
    guest = put_guest(public_folder, GUEST)
    program = put_guest(public_folder, xlate_run.read_bytes(), "xlate-run")
    store = Store(public_folder / "store")
    store.prepare()
    result = run(program, guest, cache=store.root, user=user)
    assert (result.status, result.states) == (BASELINE_STATUS, ["none"])
