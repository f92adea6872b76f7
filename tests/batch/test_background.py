"""The background converter, from a program's first run at a terminal to its own end.

No converter outlives these tests: the fixture ends it, and looks.
"""

from __future__ import annotations

import errno
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests import needs as wanted
from tests.batch.test_current import record
from tests.cli.test_convert import FLAGS
from tests.package.samples import GUEST, guest_image, put_guest
from xlate.batch import shift, starter, wishes
from xlate.batch.shift import MANY_NEW, NOT_ONE, TOO_LARGE, round_of
from xlate.cli.background import background
from xlate.errors import Inconsistent
from xlate.package.key import fingerprint, quick_key
from xlate.package.layout import WANTED
from xlate.package.store import Store

DESK = Path(__file__).with_name("at_a_desk.py")
LOOP = """
__attribute__((noinline)) int call(int nr, int a)
{
	register int number asm("r7") = nr;
	register int first asm("r0") = a, second asm("r1") = 0;
	register int third asm("r2") = 0, last asm("r3") = 0;

	asm volatile("svc #0" : "+r"(first) : "r"(number), "r"(second), "r"(third), "r"(last));
	return first;
}
__attribute__((noinline)) int sum(int n)
{
	int s = 0;

	for (int i = 0; i < n; i++)
		s += i;
	return s;
}
void _start(void)
{
	int children = call(114, -1); /* wait4: a guest that has none is told so */

	call(1, sum(5) - children);
	__builtin_unreachable();
}
"""
ECHILD = 10
STATUS = 10 + ECHILD

Desk = Callable[..., tuple[int, bytes]]


@pytest.fixture
def root(public_folder: Path) -> Iterator[Path]:
    """Return where the store is; no converter of it is left, whatever the test did."""
    store = public_folder / "home" / "store"
    store.parent.mkdir()
    yield store
    starter.stop(store)
    assert starter.running(store) is None
    until(lambda: not _mentioning(store), 10)


def _mentioning(path: Path) -> list[str]:
    """Return the command lines of processes that name a path."""
    lines = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes()
        except OSError:
            continue
        if os.fsencode(path) in words:
            lines.append(words.decode())
    return lines


@pytest.fixture
def program(guest_cc: list[str], public_folder: Path) -> Path:
    """Return a program that ends with 20 when it has no children."""
    path = public_folder / "prog"
    command = [*guest_cc, *FLAGS, "-mthumb", "-x", "c", "-", "-o", str(path)]
    subprocess.run(command, input=LOOP, text=True, check=True, timeout=60)
    path.chmod(0o755)
    return path


@pytest.fixture
def desk(python_env: dict[str, str], xlate_run: Path, root: Path, public_folder: Path) -> Desk:
    """Return what runs `xlate` with a terminal as its standard error: status, what that shows."""
    top = public_folder / "top"
    top.mkdir()

    def run(
        *words: object, user: int | None = None, idle: float = 60, nice: int = 0
    ) -> tuple[int, bytes]:
        mine, its = pty.openpty()
        environment = {**python_env, "XLATE_CACHE": str(root), "XLATE_BACKGROUND": ""}
        command = [sys.executable, str(DESK), str(idle), str(nice), str(top), *map(str, words)]
        process = subprocess.Popen(command, env=environment, stderr=its, user=user,
                                   stdout=subprocess.PIPE, cwd="/")  # fmt: skip
        os.close(its)
        shown = b""
        while piece := _read(mine):
            shown += piece
        os.close(mine)
        process.communicate(timeout=60)
        return process.returncode, shown

    return run


def _read(terminal: int) -> bytes:
    """Return what was printed on a terminal; nothing when nobody has it open any more."""
    try:
        return os.read(terminal, 1 << 12)
    except OSError:
        return b""


def until(holds: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def stat_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


@pytest.mark.needs_guest_cc
def test_the_second_run_is_converted(
    desk: Desk, program: Path, root: Path, xlate_run: Path
) -> None:
    """All of it: one line, a converter that is nobody's child and gives way, a hit, its end."""
    store = Store(root)
    status, shown = desk("exec", program, idle=2)
    assert (status, shown.decode().splitlines()) == (STATUS, [starter.LINE])
    until(lambda: starter.running(root))
    found = starter.running(root)
    assert found is not None
    fields = stat_of(found.pid)
    assert int(fields[1]) != os.getpid()
    assert int(fields[3]) not in (0, os.getsid(0))
    assert fields[4] == "0"  # no terminal
    until(lambda: len(os.sched_getaffinity(found.pid)) == 1)
    assert {Path(f"/proc/{found.pid}/fd/{n}").readlink() for n in range(3)} == {Path("/dev/null")}
    until(lambda: store.find(program.read_bytes()) and not wishes.waiting(store))
    command = [xlate_run, "--stats=json", program]
    ran = subprocess.run(command, env={"XLATE_CACHE": str(root)}, capture_output=True, check=False)
    stats = json.loads(ran.stderr)
    assert (ran.returncode, stats["runtime_blocks"]) == (STATUS, 0)
    assert [row["state"] for row in stats["packages"]] == ["hit"]
    until(lambda: starter.running(root) is None)
    assert [link.name for link in (root / wishes.KNOWN).iterdir()] == [
        quick_key(program.read_bytes()).hex()
    ]
    assert desk("exec", program, idle=0)[1] == b""  # told once


@pytest.mark.needs_guest_cc
def test_an_ordinary_user_has_one(desk: Desk, program: Path, root: Path, checkout: Path) -> None:
    user = wanted.needs_ordinary_user()
    os.chown(root.parent, user, user)
    probe = ["sh", "-c", f"{sys.executable} -P -c 'import xlate.cli'"]
    if subprocess.run(probe, user=user, env={"PYTHONPATH": str(checkout)}, check=False,
                      capture_output=True).returncode:  # fmt: skip
        wanted.forbidden("another user to read Python or the checkout")
    assert desk("exec", program, user=user)[0] == STATUS
    until(lambda: starter.running(root))
    found = starter.running(root)
    assert found is not None
    assert Path(f"/proc/{found.pid}").stat().st_uid == user
    until(lambda: Store(root).find(program.read_bytes()))


@pytest.mark.needs_guest_cc
def test_it_gives_way(desk: Desk, program: Path, root: Path) -> None:
    desk("exec", program, nice=starter.NICE)
    until(lambda: starter.running(root))
    found = starter.running(root)
    assert found is not None
    until(lambda: stat_of(found.pid)[16] == "19")


@pytest.mark.needs_guest_cc
def test_two_programs_have_one_converter(desk: Desk, program: Path, root: Path) -> None:
    desk("exec", program)
    until(lambda: starter.running(root))
    found = starter.running(root)
    assert found is not None
    desk("exec", program)
    again = starter.running(root)
    assert again is not None
    assert again.pid == found.pid
    assert len([line for line in _mentioning(root) if "batch.converter" in line]) == 1
    assert starter.stop(root)
    assert starter.running(root) is None
    assert not starter.stop(root)


@pytest.mark.needs_guest_cc
def test_a_kill_leaves_the_wish_to_the_next(desk: Desk, program: Path, root: Path) -> None:
    desk("exec", program)
    until(lambda: starter.running(root))
    found = starter.running(root)
    assert found is not None
    os.kill(found.pid, signal.SIGKILL)
    until(lambda: starter.running(root) is None)
    until(lambda: not _mentioning(root))
    store = Store(root)
    if store.find(program.read_bytes()) is None:
        assert [wish.path for wish in wishes.waiting(store)] == [program]
        desk("exec", program)
    until(lambda: store.find(program.read_bytes()))


@pytest.mark.needs_guest_cc
def test_as_the_tests_run_nothing_is_started(
    python_env: dict[str, str], xlate_command: list[str], program: Path, root: Path
) -> None:
    """Without a terminal, with the real surroundings."""
    environment = {**python_env, "XLATE_CACHE": str(root), "XLATE_BACKGROUND": ""}
    done = subprocess.run([*xlate_command, "exec", str(program)], env=environment,
                          capture_output=True, timeout=60, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (STATUS, b"")
    assert not (root / WANTED).exists()
    assert not (root / starter.LOCK).exists()


@pytest.mark.needs_guest_cc
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_command_says_what_there_is_and_works_it_off(
    monkeypatch: pytest.MonkeyPatch, program: Path, root: Path
) -> None:
    monkeypatch.setenv("XLATE_CACHE", str(root))

    def call(*words: str) -> str:
        done = CliRunner().invoke(background, words)
        assert done.exit_code == 0, done.output
        return done.stdout

    (root / "wanted").mkdir(parents=True)
    (root / "wanted" / quick_key(program.read_bytes()).hex()).symlink_to(program)
    told = json.loads(call("--json"))
    assert (told["pid"], told["waiting"], told["given_up"]) == (None, [str(program)], {})
    assert told["why_not"]
    assert "not running" in call()
    assert call("run") == "1 of 1 files are converted\n"
    assert Store(root).find(program.read_bytes())
    assert json.loads(call("--json"))["waiting"] == []
    assert call("stop") == "not running\n"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_wishes_that_are_not_granted_go_away(tmp_path: Path) -> None:
    """Untrue ones, those whose file is gone, those of no program; the last is not tried again."""
    store = Store(tmp_path / "store")
    store.prepare()
    folder, _ = wishes.folders(store)
    folder.mkdir()
    text = tmp_path / "text"
    text.write_text("no program")
    quick = quick_key(b"no program").hex()
    for name, path in {quick: text, "0" * 32: text, "1" * 32: tmp_path / "gone"}.items():
        (folder / name).symlink_to(path)
    (folder / "odd").symlink_to(text)
    assert len(wishes.waiting(store)) == 3
    assert round_of(store) == {quick: NOT_ONE}
    assert wishes.waiting(store) == []
    assert wishes.hopeless(store, fingerprint().hex()) == {quick: NOT_ONE}
    assert wishes.hopeless(store, "of other sources") == {}
    (folder / quick).symlink_to(text)
    assert round_of(store) == {}
    assert wishes.waiting(store) == []


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_what_runs_recorded_of_a_known_file_is_followed_up(tmp_path: Path) -> None:
    """Not for a few places; and a profile that was looked at is no reason to look again."""
    store = Store(tmp_path / "store")
    store.prepare()
    guest = put_guest(tmp_path, GUEST)
    quick = quick_key(GUEST).hex()
    folder, known = wishes.folders(store)
    folder.mkdir()
    (folder / quick).symlink_to(guest)
    assert round_of(store) == {}
    package = store.find(GUEST)
    assert package is not None
    assert [link.name for link in known.iterdir()] == [quick]
    assert wishes.grown(store) == []
    made = package.stat().st_ino
    for count, again in ((MANY_NEW, False), (MANY_NEW + 1, True)):
        time.sleep(0.02)  # times of files have the clock's ticks
        record(store, [0x2000_0000 + 4 * number for number in range(count)])
        assert [wish.path for wish in wishes.grown(store)] == [guest]
        assert round_of(store) == {}
        assert (package.stat().st_ino != made) == again
        assert wishes.grown(store) == []
    time.sleep(0.02)
    record(store, [4])
    guest.write_bytes(b"another")
    assert round_of(store) == {}
    assert list(known.iterdir()) == []


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_what_is_too_large_or_fails_for_good_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    store.prepare()
    guest = put_guest(tmp_path, GUEST)
    quick = quick_key(GUEST).hex()
    folder, _ = wishes.folders(store)
    folder.mkdir()

    def wish() -> dict[str, str]:
        (folder / quick).symlink_to(guest)
        failed = round_of(store)
        assert wishes.waiting(store) == []
        return failed

    def full(job):
        raise OSError(errno.ENOSPC, "no space left", "package")

    def broken(job):
        raise Inconsistent("two parts disagree")

    monkeypatch.setattr(shift, "convert", full)
    assert wish() == {}  # tomorrow there may be room
    monkeypatch.setattr(shift, "memory", lambda: 1)
    assert wish() == {quick: TOO_LARGE}
    (store.root / wishes.HOPELESS).unlink()
    monkeypatch.setattr(shift, "memory", lambda: 1 << 40)
    monkeypatch.setattr(shift, "convert", broken)
    assert wish() == {quick: "two parts disagree"}
    assert wish() == {}
    assert wishes.hopeless(store, fingerprint().hex()) == {quick: "two parts disagree"}


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_path_inside_a_root_is_found_beside_what_else_ran(tmp_path: Path) -> None:
    """The program has the host's name, what it executed the root's own; both become known."""
    store = Store(tmp_path / "store")
    store.prepare()
    folder, known = wishes.folders(store)
    folder.mkdir()
    (tmp_path / "root/usr/bin").mkdir(parents=True)
    first = put_guest(tmp_path / "root/usr/bin", GUEST, "sh")
    other = guest_image(padding=b"more")
    second = put_guest(tmp_path / "root/usr", other, "executed")
    quick = [quick_key(data).hex() for data in (GUEST, other)]
    (folder / quick[0]).symlink_to(first)
    (folder / quick[1]).symlink_to("/usr/executed")
    assert round_of(store) == {}
    assert {link.name: link.readlink() for link in known.iterdir()} == {
        quick[0]: first,
        quick[1]: second,
    }
    assert store.find(other) is not None
    assert wishes.waiting(store) == []
