"""What `xlate verify` is given and cannot use, or cannot write: one line, and no success."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import threading
from pathlib import Path

import pytest

from tests.badinput.elf_images import Image
from tests.verify.conftest import STATUS, Checked
from tests.verify.test_static import ALL, symbol, with_wrong_code
from xlate.cli import verify_store
from xlate.convert import target
from xlate.errors import Inconsistent
from xlate.package.format import Package, read, write
from xlate.verify import fresh
from xlate.verify.case import Case, State
from xlate.verify.placement import Placement, without
from xlate.verify.stencil_engine import drive

RUN = ("verify", "--json", "--run")


def refused(checked: Checked, *words: str) -> str:
    done = checked.xlate(*words)
    assert (done.exit_code, done.stdout) == (1, ""), done
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("words", [ALL, RUN], ids=["static", "run"])
def test_a_package_that_is_none_is_not_replaced_by_the_stores(checked, tmp_path, words):
    empty = tmp_path / "empty"
    empty.touch()
    program = str(checked.program)
    for path, why in ((tmp_path / "none", "cannot be read"), (empty, "damaged package")):
        assert why in refused(checked, *words, "-p", str(path), program)


def test_a_package_of_something_else_is_none_of_a_run(checked, tmp_path):
    other = tmp_path / "other.xlp"
    package = checked.package
    identity = package.identity.__class__(**{**package.identity.__dict__, "guest_hash": bytes(32)})
    write(other, package.__class__(**{**package.__dict__, "identity": identity}))
    told = refused(checked, *RUN, "-p", str(other), str(checked.program))
    assert told.endswith(f"xlate: {other}: no function of it was entered\n")
    other.chmod(0o666)
    assert "others may write" in refused(checked, *RUN, "-p", str(other), str(checked.program))


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_package_that_is_named_is_the_one_that_runs(checked, tmp_path, kind):
    given = tmp_path / ("given.xlp" if kind == "file" else checked.path.name)
    key = symbol(checked, "mixed")
    write(given, with_wrong_code(checked.package, key))
    place = given if kind == "file" else tmp_path
    done = checked.xlate(*RUN, "-p", str(place), str(checked.program))
    told = json.loads(done.stdout)
    assert (done.exit_code, told["taken_out"]) == (1, [])
    assert [row["key"] for row in told["wrong"]] == [key]


@pytest.mark.parametrize(
    "words", [("--bogus",), ("--smaple", "1/2"), ("-j", "2", "--run")], ids=lambda words: words[0]
)
def test_an_option_that_is_none_is_no_program(checked, words):
    done = checked.xlate("verify", *words, str(checked.program))
    assert done.exit_code == 2, done


def test_a_program_that_does_not_start_is_not_said_to_lack_a_package(checked, tmp_path, capfd):
    program = tmp_path / "linked"
    program.write_bytes(Image(interpreter=b"/nonexistent/loader\0").data())
    program.chmod(0o755)
    told = refused(checked, *RUN, str(program))
    assert told == f"xlate: {program}: nothing was recorded (xlate-run ended with status 127)\n"
    assert "/nonexistent/loader" in capfd.readouterr().err


@pytest.mark.parametrize("words", [ALL, RUN], ids=["static", "run"])
def test_findings_are_told_when_nothing_can_be_written(checked, monkeypatch, words):
    def full(path: Path, package: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    key = symbol(checked, "mixed")
    write(checked.path, with_wrong_code(checked.package, key))
    monkeypatch.setattr(verify_store, "write", full)
    done = checked.xlate(*words, str(checked.program))
    told = json.loads(done.stdout)
    assert (done.exit_code, bool(told["taken_out"])) == (1, False)
    rows = told["differ"] if words == ALL else told["wrong"]
    assert [row["key"] for row in rows] == [key]
    why = "what is wrong stays in it (no space left on device)"
    assert done.stderr == f"xlate: {checked.path}: {why}\n"


def test_what_somebody_else_took_out_meanwhile_stays_out(checked, monkeypatch):
    mixed, chosen = symbol(checked, "mixed"), symbol(checked, "chosen")
    write(checked.path, with_wrong_code(checked.package, mixed))
    compare = fresh.compare

    def and_meanwhile(*args: object, **more: object) -> fresh.Compared:
        found = compare(*args, **more)
        write(checked.path, without(read(checked.path), {chosen: "by another check"}))
        return found

    monkeypatch.setattr(fresh, "compare", and_meanwhile)
    assert json.loads(checked.xlate(*ALL, str(checked.program)).stdout)["taken_out"]
    placed = Placement(checked.package)
    assert all(placed.is_taken_out(f"f_{key:08x}") for key in (mixed, chosen))
    assert checked.status() == STATUS


@pytest.mark.parametrize("command", ["verify", "convert"])
def test_packages_are_put_into_the_store_one_by_one(checked, monkeypatch, command):
    def locked(path: Path, package: Package) -> None:
        handle = os.open(checked.path.parent, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)
        written.append(path)
        write(path, package)

    written: list[Path] = []
    write(checked.path, with_wrong_code(checked.package, symbol(checked, "mixed")))
    monkeypatch.setattr(verify_store if command == "verify" else target, "write", locked)
    assert checked.xlate(command, "-q", "--jobs", "1", str(checked.program)).exit_code in (0, 1)
    assert written == [checked.path]


def test_an_answer_that_makes_no_sense_leaves_nobody_behind():
    before = threading.active_count()
    case = Case(State(), {0x10000: (5, bytes(4096))}, "whatever")
    with pytest.raises(Inconsistent, match="answered"):
        drive(["cat"], [(case, None)] * 40)
    assert threading.active_count() == before
