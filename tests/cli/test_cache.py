"""`xlate cache`: what it says of a store, and what it removes."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.package.kept import branches
from tests.package.samples import GUEST, PACKAGE_STATUS, guest_image, package_for, put_guest, run
from xlate import cli as command_line
from xlate.package.format import encode, write
from xlate.package.layout import SEEN
from xlate.package.store import Store


@dataclass(frozen=True)
class Done:
    """How the command ended and what it printed."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return a store with one package, which was made a day ago."""
    one = Store(tmp_path / "store")
    one.prepare()
    path = one.package_path(GUEST)
    write(path, package_for(GUEST))
    os.utime(path, (time.time() - 86_400, time.time() - 86_400))
    return one


@pytest.fixture
def cache(store: Store, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Return what runs the command in this process, with a store of the test's own."""

    def xlate_cache(*words: str, **changes: str) -> Done:
        capfd.readouterr()
        with monkeypatch.context() as patch:
            for name, value in {"XLATE_CACHE": str(store.root), **changes}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["xlate", "cache", *words])
            patch.setattr(sys, "stdin", io.StringIO())
            status = command_line._status()
        sys.stdout.flush()
        out, err = capfd.readouterr()
        return Done(status if isinstance(status, int) else 0, out, err)

    return xlate_cache


def test_the_first_line_is_path_size_and_cap(cache: Run, store: Store) -> None:
    done = cache(XLATE_CACHE_MAX="5M")
    first, *rest = done.stdout.splitlines()
    size = re.escape(f"{store.root}: ") + r"\d+\.\d KiB, cap 5\.0 MiB \(XLATE_CACHE_MAX\)"
    assert re.fullmatch(size, first), first
    assert any(re.match(r"\s+packages\s+1\s.*optimised code", line) for line in rest)
    assert "no cap" in cache(XLATE_CACHE_MAX="none").stdout.splitlines()[0]
    told = json.loads(cache("--json", XLATE_CACHE_MAX="5M").stdout)
    assert (told["path"], told["cap"], told["distrusted"]) == (str(store.root), 5 << 20, "")
    assert told["kinds"]["packages"]["files"] == 1
    assert told["size"] == sum(kind["bytes"] for kind in told["kinds"].values())
    assert json.loads(cache("path", "--json", XLATE_CACHE_MAX="5M").stdout) == told
    assert cache("path").stdout == f"{store.root}\n"


def test_why_programs_do_not_use_it(cache: Run, store: Store) -> None:
    store.root.chmod(0o777)
    assert f"programs do not use it: others may write to {store.root}" in cache().stdout
    done = cache("clear", "--yes")
    assert done.returncode == 1
    assert "not safe to change (others may write" in done.stderr
    assert store.find(GUEST) is not None


def test_no_store_and_one_that_is_not_there_yet(cache: Run, tmp_path: Path) -> None:
    done = cache(XLATE_CACHE="off")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "xlate: there is no store (XLATE_CACHE says off)\n"
    place = tmp_path / "new"
    for words in ([], ["list"], ["info"], ["verify"], ["gc"], ["clear"]):
        assert cache(*words, XLATE_CACHE=str(place)).returncode == 0
    assert not place.exists()


def test_mistakes_are_one_line(cache: Run) -> None:
    done = cache(XLATE_CACHE_MAX="lots")
    assert done.returncode == 1
    assert done.stderr.startswith("xlate: XLATE_CACHE_MAX ('lots' is no size")
    for words in (["gc", "--max-size", "lots"], ["gc", "--older-than", "3"], ["--json", "list"]):
        assert cache(*words).returncode == 2
    done = cache("info", "/nonexistent")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_hits_and_age(xlate_run: Path, tmp_path: Path, cache: Run, store: Store) -> None:
    guest = put_guest(tmp_path, GUEST)
    store.remember(guest, store.package_path(GUEST))
    (row,) = json.loads(cache("list", "--json").stdout)
    assert row["hits"] == 0
    assert row["used"] < time.time() - 80_000
    for _ in range(3):
        assert run(xlate_run, guest, cache=store.root).status == PACKAGE_STATUS
    (row,) = json.loads(cache("list", "--json").stdout)
    assert row["hits"] == 3
    assert row["used"] > time.time() - 60
    assert row["made"] < time.time() - 80_000
    assert row["state"] == "used"
    table = cache("list").stdout
    assert re.search(r"\.xlp .* 3 +just now +1 d ago +used", table), table


def test_code_against_tables(tmp_path: Path, cache: Run, store: Store) -> None:
    """Of a table only pages that hold anything count: the others are holes of the file."""
    data = guest_image(padding=bytes(100_000))
    write(store.package_path(data), package_for(data))
    (row,) = json.loads(cache("info", str(put_guest(tmp_path, data)), "--json").stdout)
    assert row["functions"] == 1
    assert 0 < row["code"] <= 8192
    assert 4096 <= row["tables"] <= 3 * 4096
    path = Path(row["path"])
    assert path.read_bytes() == encode(package_for(data))
    text = cache("info", path.name.removesuffix(".xlp")).stdout
    assert f"{row['code']:,} bytes, 1 functions" in text
    sums = json.loads(cache("info", "--json").stdout)
    assert sums["packages"] == 2
    assert sums["functions"] == 2


def test_states_of_packages(cache: Run, store: Store) -> None:
    for number, change in enumerate(({"fingerprint": bytes(32)}, {})):
        data = guest_image(padding=b"%d" % number)
        write(store.package_path(data), package_for(data, **change))
    path = store.package_path(data)
    path.write_bytes(path.read_bytes()[:2000])
    rows = json.loads(cache("list", "--json").stdout)
    assert sorted(row["state"] for row in rows) == ["damaged", "of another version", "used"]


def test_verify_finds_damage_beneath_an_unchanged_time(
    xlate_run: Path, tmp_path: Path, cache: Run, store: Store
) -> None:
    """As a disk makes it: neither mtime nor ctime tell, so programs believe the hash of before."""
    guest = put_guest(tmp_path, GUEST)
    path = store.package_path(GUEST)
    assert cache("verify").stdout.startswith("0 wrong of 1 packages")
    store.remember(guest, path)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 4096)
        file.write(b"\x01")
    for record in (store.root / "seen").iterdir():
        values = SEEN.unpack(record.read_bytes())
        st = path.stat()
        if values["file"][1] == st.st_ino:
            second = 1_000_000_000
            times = (*divmod(st.st_mtime_ns, second), *divmod(st.st_ctime_ns, second))
            values["file"] = (st.st_dev, st.st_ino, st.st_size, *times)
            record.write_bytes(SEEN.pack(**values))
    assert run(xlate_run, guest, cache=store.root).states == ["hit"]
    done = cache("verify", "--keep")
    assert done.returncode == 1
    what = f"{path}: left there: damaged package (the checksum of its contents is wrong)"
    assert what in done.stdout
    assert path.exists()
    told = json.loads(cache("verify", "--json").stdout)
    assert [(row["path"], row["removed"]) for row in told["wrong"]] == [(str(path), True)]
    assert run(xlate_run, guest, cache=store.root).states == ["none"]
    assert cache("verify").returncode == 0


def test_verify_knows_every_kind(cache: Run, store: Store) -> None:
    bad = {
        "profiles/00.prof": b"short",
        "kept/00.kept": b"xlkept\r\n and nothing of it",
        "seen/00": b"no record",
        "quarantine/00.json": b"{",
        "memo.sqlite": b"no database, and long enough to be told so" * 100,
    }
    for name, data in bad.items():
        (store.root / name).parent.mkdir(exist_ok=True)
        (store.root / name).write_bytes(data)
    told = json.loads(cache("verify", "--json").stdout)
    assert {row["path"] for row in told["wrong"]} == {str(store.root / name) for name in bad}
    assert not any((store.root / name).exists() for name in bad)
    assert store.find(GUEST) is not None


def test_verify_finds_a_record_that_would_hide_a_package(
    xlate_run: Path, tmp_path: Path, cache: Run, store: Store
) -> None:
    guest = put_guest(tmp_path, GUEST)
    time.sleep(0.1)
    run(xlate_run, guest, cache=store.root)
    for record in (store.root / "seen").iterdir():
        values = SEEN.unpack(record.read_bytes())
        record.write_bytes(SEEN.pack(**{**values, "hash": bytes(32)}))
    done = cache("verify")
    assert "of a package, and not its hash" in done.stdout


def test_gc_and_clear(cache: Run, store: Store) -> None:
    for number in range(4):
        data = guest_image(padding=b"%d" % number)
        write(store.package_path(data), package_for(data))
    oldest = store.package_path(GUEST)
    dry = json.loads(cache("gc", "--older-than", "12h", "-n", "--json").stdout)
    assert (dry["removed"], dry["dry_run"]) == ([str(oldest)], True)
    assert oldest.exists()
    done = cache("gc", "--older-than", "12h")
    assert done.stdout.startswith("removed 1 files, freed ")
    assert not oldest.exists()
    assert cache("gc").stdout.startswith("removed 0 files")
    assert cache("gc", XLATE_CACHE_MAX="1k").stdout.startswith("removed 4 files")
    write(oldest, package_for(GUEST))
    done = cache("clear")
    assert done.returncode == 1
    assert "--yes" in done.stderr
    assert oldest.exists()
    assert cache("clear", "--yes").returncode == 0
    assert store.packages() == []
    assert store.root.exists()


def test_kept_code_is_checked_and_cleared(
    xlate_run: Path, tmp_path: Path, cache: Run, store: Store
) -> None:
    guest = put_guest(tmp_path, branches(50))
    time.sleep(0.1)
    for _ in range(2):
        assert run(xlate_run, guest, cache=store.root).status == 9
    (path,) = (store.root / "kept").glob("*.kept")
    assert cache("verify").returncode == 0
    assert json.loads(cache("--json").stdout)["kinds"]["kept"]["files"] == 1
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    done = cache("verify")
    assert f"{path}: removed: damaged kept code (the sum of its contents is wrong)" in done.stdout
    assert run(xlate_run, guest, cache=store.root).status == 9
    assert path.exists()
    cache("clear", "--yes")
    assert not path.exists()
