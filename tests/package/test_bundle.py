"""Copies of xlate-run that carry packages, and executables that are a whole guest program.

The guest's own function returns 5, the package's 9 (samples.py).
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import needs as wanted
from tests.package.samples import (
    BASELINE_STATUS,
    GUEST,
    PACKAGE_STATUS,
    Run,
    guest_image,
    package_for,
    put_guest,
    run,
)
from xlate.errors import MalformedInput, Unsupported
from xlate.package import bundle, pack
from xlate.package.format import encode
from xlate.package.layout import PACK, PAGE, SLOT
from xlate.package.store import Store

OTHER = guest_image(padding=b"another")
IN_RUNTIME = "hit in the runtime"
NOT_AS_MADE = "xlate-run: this executable is not as it was made ("
OWN_FAILURE = 125


def filled_with(*guests: bytes):
    def fill(filler: bundle.Filler) -> None:
        for number, guest in enumerate(guests):
            filler.add([f"bin/{number}"], encode(package_for(guest)), guest)

    return fill


def bundled(xlate_run: Path, path: Path, *guests: bytes) -> Path:
    bundle.write(path, xlate_run.read_bytes(), filled_with(*guests))
    return path


def standalone(xlate_run: Path, path: Path, *guests: bytes, names: Sequence[str] = ()) -> Path:
    files = [bundle.GuestFile(GUEST, tuple(names))]
    bundle.write(path, xlate_run.read_bytes(), filled_with(*guests), files)
    return path


def run_alone(app: Path | str, *words: str, env: dict[str, str] | None = None, **more) -> Run:
    """An app with statistics on its standard error."""
    done = subprocess.run(
        [str(app), *words],
        env={"XLATE_STATS": "json", **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **more,
    )
    last = (done.stderr.splitlines() or [""])[-1]
    return Run(done.returncode, done.stderr, json.loads(last) if last.startswith("{") else {})


# --- packages in the runtime ---------------------------------------------------------------------


@pytest.fixture
def carrying(xlate_run: Path, tmp_path: Path) -> Path:
    return bundled(xlate_run, tmp_path / "xlate-carrying", GUEST, OTHER)


def test_packages_are_taken_from_the_runtime(carrying: Path, tmp_path: Path) -> None:
    for number, data in enumerate((GUEST, OTHER)):
        result = run(carrying, put_guest(tmp_path, data, f"guest{number}"))
        assert (result.status, result.states) == (PACKAGE_STATUS, [IN_RUNTIME])
        assert result.stats["package_functions"] == result.stats["map_blocks"] == 1


def test_what_it_lacks_it_lacks(carrying: Path, tmp_path: Path) -> None:
    data = guest_image(padding=b"a third")
    result = run(carrying, put_guest(tmp_path, data))
    assert (result.status, result.states) == (BASELINE_STATUS, ["none"])


def test_a_file_changed_since_is_another_file(carrying: Path, tmp_path: Path) -> None:
    data = bytearray(guest_image(padding=bytes(2 * PAGE)))
    carry = bundled(carrying, tmp_path / "second", bytes(data))
    data[-1] ^= 1  # behind the first page: the quick key is the same
    for cache in ("off", tmp_path / "cache"):  # by its sum, and by its hash
        result = run(carry, put_guest(tmp_path, bytes(data)), cache=cache)
        assert result.states == ["refused: made for another file"]
        assert result.status == BASELINE_STATUS


def test_it_makes_no_file_and_needs_no_home(carrying: Path, guest: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for env in ({}, {"HOME": str(home)}, {"HOME": str(home), "XDG_CACHE_HOME": str(home)}):
        result = run_alone(carrying, str(guest), env=env)
        assert (result.status, result.states) == (PACKAGE_STATUS, [IN_RUNTIME])
    assert not list(home.iterdir())


def test_a_store_is_asked_for_what_it_lacks(
    xlate_run: Path, guest: Path, store: Store, tmp_path: Path
) -> None:
    store.package_path(GUEST).write_bytes(encode(package_for(GUEST)))
    carry = bundled(xlate_run, tmp_path / "carry", OTHER)
    assert run(carry, guest, cache=store.root).states == ["hit"]


def test_it_is_found_by_links_and_by_relative_names(carrying: Path, guest: Path) -> None:
    folder = carrying.parent
    (folder / "link").symlink_to(carrying.name)
    for name in ("./xlate-carrying", "./link"):
        result = run_alone(name, str(guest), cwd=folder)
        assert result.states == [IN_RUNTIME]


def test_a_runtime_that_cannot_be_read_runs_the_program(
    carrying: Path, guest: Path, tmp_path: Path
) -> None:
    wanted.needs_root()
    tmp_path.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder != Path("/tmp"):
            folder.chmod(0o755)
    carrying.chmod(0o711)
    result = run_alone(carrying, str(guest), user=65534)
    assert result.states == ["refused: this xlate-run cannot read its own file"]
    assert result.status == BASELINE_STATUS


def test_carrying_again_replaces_what_was_carried(
    carrying: Path, guest: Path, tmp_path: Path
) -> None:
    second = bundled(carrying, tmp_path / "second", OTHER)
    assert run(second, guest).states == ["none"]
    third = bundled(second, tmp_path / "third", GUEST, OTHER)
    assert third.read_bytes() == carrying.read_bytes()


def test_what_is_carried_is_checked(carrying: Path) -> None:
    carried = bundle.check(carrying)
    assert carried.names == ()
    assert carried.pack_at is not None
    with pack.opened(carrying, base=carried.pack_at) as inner:
        assert {row.guest_hash for row in inner.rows} == {
            inner.package(row).identity.guest_hash for row in inner.rows
        }
    data = bytearray(carrying.read_bytes())
    data[-1] ^= 1
    carrying.write_bytes(data)
    with pytest.raises(MalformedInput, match="its checksum is wrong"):
        bundle.check(carrying)


def test_a_plain_runtime_carries_nothing(xlate_run: Path, guest: Path) -> None:
    assert not bundle.carries(xlate_run)
    with pytest.raises(Unsupported, match="carries nothing"):
        bundle.check(xlate_run)
    with pytest.raises(Unsupported, match="not an xlate-run"):
        bundle.check(guest)


# --- damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [-PAGE, -1, 1])
def test_another_length_is_refused(carrying: Path, guest: Path, by: int) -> None:
    data = carrying.read_bytes()
    carrying.write_bytes(data[:by] if by < 0 else data + bytes(by))
    result = run_alone(carrying, str(guest))
    assert result.status == OWN_FAILURE
    assert result.stderr.startswith(NOT_AS_MADE)
    assert result.stderr.count("\n") == 1


def test_strip_is_noticed(carrying: Path, guest: Path) -> None:
    if not shutil.which("strip"):
        wanted.missing("strip")
    subprocess.run(["strip", str(carrying)], check=True)
    result = run_alone(carrying, str(guest))
    assert (result.status, result.stderr.startswith(NOT_AS_MADE)) == (OWN_FAILURE, True)


@pytest.mark.parametrize(
    ("where", "answer"),
    [
        ("header", "refused: damaged header of the pack"),
        ("row", "none"),
        ("package", "refused: damaged header"),
    ],
)
def test_a_damaged_pack_costs_its_packages(
    xlate_run: Path, guest: Path, tmp_path: Path, where: str, answer: str
) -> None:
    carry = bundled(xlate_run, tmp_path / "carry", GUEST)
    carried = bundle.check(carry)
    assert carried.pack_at is not None
    data = bytearray(carry.read_bytes())
    header = PACK.unpack(bytes(data[carried.pack_at :]))
    offset = {"header": 100, "row": header["rows_at"], "package": PAGE + 100}[where]
    data[carried.pack_at + offset] ^= 1  # type: ignore[operator]
    carry.write_bytes(data)
    result = run(carry, guest)
    assert (result.status, result.states) == (BASELINE_STATUS, [answer])


# --- a pack by -p --------------------------------------------------------------------------------


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "both.xlpack"
    with pack.writing(path) as writer:
        for number, guest in enumerate((GUEST, OTHER)):
            writer.add([f"bin/{number}"], encode(package_for(guest)))
    return path


def test_a_pack_is_an_argument_of_p(xlate_run: Path, packed: Path, tmp_path: Path) -> None:
    for number, data in enumerate((GUEST, OTHER)):
        guest = put_guest(tmp_path, data, f"guest{number}")
        result = run(xlate_run, guest, "-p", str(packed))
        assert (result.status, result.states) == (PACKAGE_STATUS, ["hit"])


def test_its_hashes_are_remembered_one_by_one(
    xlate_run: Path, packed: Path, store: Store, tmp_path: Path
) -> None:
    for number, data in enumerate((GUEST, OTHER)):
        guest = put_guest(tmp_path, data, f"guest{number}")
        os.utime(guest)
        for _ in range(2):
            result = run(xlate_run, guest, "-p", str(packed), cache=store.root)
            assert result.states == ["hit"]
    # Damage beneath an unchanged ctime is not looked for; beneath a changed one it is found.
    data = bytearray(packed.read_bytes())
    data[2 * PAGE + 2 * PAGE] ^= 1
    packed.write_bytes(data)
    states = {
        run(xlate_run, tmp_path / f"guest{number}", "-p", str(packed), cache=store.root).states[0]
        for number in range(2)
    }
    assert states == {"hit", "refused: damaged"}


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (lambda data: data[:-PAGE], "refused: truncated or damaged pack"),
        (lambda data: data[:8] + b"\x09" + data[9:], "stale: another format of packs"),
        (lambda data: data[:20] + b"\x09" + data[21:], "refused: damaged header of the pack"),
    ],
)
def test_a_damaged_pack_is_refused(
    xlate_run: Path, packed: Path, guest: Path, change, answer: str
) -> None:
    packed.write_bytes(change(packed.read_bytes()))
    result = run(xlate_run, guest, "-p", str(packed))
    assert (result.status, result.states) == (BASELINE_STATUS, [answer])


# --- standalone ----------------------------------------------------------------------------------


@pytest.fixture
def app(xlate_run: Path, tmp_path: Path) -> Path:
    return standalone(xlate_run, tmp_path / "app", GUEST, names=["/usr/bin/nine"])


def test_an_app_is_the_program(app: Path) -> None:
    for words in ((), ("--help",), ("-p", "nothing"), ("--inherit=3,-,-,-,-,-,-,-,-,-",)):
        result = run_alone(app, *words)
        assert (result.status, result.states) == (PACKAGE_STATUS, [IN_RUNTIME])


def test_an_app_without_a_package_runs_in_the_baseline(xlate_run: Path, tmp_path: Path) -> None:
    result = run_alone(standalone(xlate_run, tmp_path / "app"))
    assert (result.status, result.states) == (BASELINE_STATUS, ["none"])


def test_an_app_lost_its_end(app: Path) -> None:
    app.write_bytes(app.read_bytes()[:-PAGE])
    result = run_alone(app)
    assert result.status == OWN_FAILURE
    assert result.stderr.startswith(NOT_AS_MADE)


def test_an_app_with_a_damaged_table(app: Path) -> None:
    data = bytearray(app.read_bytes())
    slot_at = bundle.find_slot(bytes(data))
    slot = SLOT.unpack(bytes(data[slot_at:]))
    struct.pack_into("<Q", data, slot["table_at"], 3)  # type: ignore[arg-type]
    app.write_bytes(data)
    result = run_alone(app)
    assert result.status == OWN_FAILURE
    assert "the table of what it carries is damaged" in result.stderr


def test_an_app_that_cannot_be_read_says_so(app: Path, tmp_path: Path) -> None:
    wanted.needs_root()
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder != Path("/tmp"):
            folder.chmod(0o755)
    app.chmod(0o711)
    result = run_alone(app, user=65534)
    assert result.status == OWN_FAILURE
    assert "its own file cannot be read" in result.stderr


def test_files_may_not_grow(app: Path) -> None:
    result = run_alone("/bin/sh", "-c", f"ulimit -f 0; exec {app}")
    assert result.status == OWN_FAILURE
    assert "the program in it cannot be opened" in result.stderr


def test_equal_inputs_give_equal_bytes(xlate_run: Path, app: Path, tmp_path: Path) -> None:
    again = standalone(xlate_run, tmp_path / "again", GUEST, names=["/usr/bin/nine"])
    assert again.read_bytes() == app.read_bytes()
    assert bundle.check(again).names == (("/bin/nine",),)


def test_no_name_is_too_long_or_relative(xlate_run: Path, tmp_path: Path) -> None:
    for name in ("/" + "a" * 300, "bin/nine"):
        with pytest.raises(Unsupported, match="a name that cannot be carried"):
            standalone(xlate_run, tmp_path / "app", names=[name])
    assert not (tmp_path / "app").exists()


# --- where it is looked for ----------------------------------------------------------------------


@pytest.fixture
def jail(carrying: Path, guest: Path, busybox_armhf: Path, public_folder: Path) -> Path:
    """A folder with the runtime, the guest and a busybox, and nothing else."""
    wanted.needs_root()
    shutil.copy(carrying, public_folder / "xlate-run")
    shutil.copy(guest, public_folder / "guest")
    shutil.copy(busybox_armhf, public_folder / "busybox")
    return public_folder


def test_after_the_guest_changed_its_root(carrying: Path, busybox_armhf: Path, jail: Path) -> None:
    result = run_alone(carrying, str(busybox_armhf), "chroot", str(jail), "/guest")
    assert result.status == PACKAGE_STATUS
    assert IN_RUNTIME in result.states


def test_in_a_root_without_proc(jail: Path) -> None:
    for words in (["/guest"], ["/busybox", "sh", "-c", "exec /guest"]):
        result = run_alone("/usr/sbin/chroot", str(jail), "/xlate-run", *words)
        assert result.status == PACKAGE_STATUS
        assert IN_RUNTIME in result.states


@pytest.mark.parametrize("way", ["namespace", "chroot", "paths"])
def test_in_a_root_of_its_own(carrying: Path, jail: Path, way: str) -> None:
    options = ["--root", str(jail), "--root-by", way]
    for words in (["/guest"], ["/busybox", "sh", "-c", "exec /guest"]):
        result = run_alone(carrying, *options, *words)
        assert result.status == PACKAGE_STATUS, result
        assert IN_RUNTIME in result.states


def test_a_pack_in_a_root(xlate_run: Path, packed: Path, jail: Path) -> None:
    for way in ("chroot", "paths"):
        options = ["-p", str(packed), "--root", str(jail), "--root-by", way]
        result = run_alone(xlate_run, *options, "/guest", env={"XLATE_CACHE": "off"})
        assert (result.status, result.states) == (PACKAGE_STATUS, ["hit"])
