"""Scenes of many at once: writers and runs that are killed, files that change under a run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests import needs
from tests.faults.ground import Ground, Guest, guest, twin
from tests.loader.elf_bytes import Elf
from xlate.convert.room import tidied
from xlate.package import quarantine
from xlate.package.gc import Plan
from xlate.package.layout import SUFFIX
from xlate.package.store import Store
from xlate.report import cache as report

TOGETHER = 12
KILLED = 500
CONVERSIONS = 20


@dataclass
class Running:
    """A process, when it is killed, and how to judge it if it was not."""

    pid: int
    until: float
    process: subprocess.Popen[bytes] | None = None
    judge: Callable[[], object] | None = None


def kills(ground: Ground) -> None:
    """500 runs, writers and collectors at once, each killed at some instant or left to its end.

    One package nobody writes or removes: it must be there, whole and used, to the end.
    """
    good, others = guest(1), [guest(n) for n in range(2, 8)]
    prog, path = ground.put(good, "good"), ground.install(good)
    ground.store.remember(prog, path)
    names = [ground.put(one, f"other{n}") for n, one in enumerate(others)]
    running: list[Running] = []
    for number in ground.times(KILLED):
        running.append(_one_more(ground, number, good, others, names))
        if running[-1].until == 0 and _over(ground, running[-1]):
            running.pop()
        while len(running) >= TOGETHER:
            running = [one for one in running if not _over(ground, one)]
            time.sleep(0.001)
    while running:
        running = [one for one in running if not _over(ground, one)]
        time.sleep(0.001)
    _all_whole(ground)
    for one, name in zip((good, *others), (prog, *names), strict=True):
        ground.run(name, "behind the kills", [one.own, one.packaged])
    ground.run(prog, "the good package", [good.packaged])
    if not path.exists():
        ground.blame("kills: the good package is gone")


def _one_more(
    ground: Ground, number: int, good: Guest, others: list[Guest], names: list[os.PathLike[str]]
) -> Running:
    """Start a run, a writer or a collector."""
    dice = ground.random
    until = time.monotonic() + dice.choice((0.002, 0.01, 0.03)) * dice.random() + 0.0002
    until = until if dice.random() < 0.7 else time.monotonic() + 60
    at = dice.randrange(len(others))
    kind = dice.choice(("run", "run", "good", "write", "write", "collect", "remember"))
    if kind in {"run", "good"}:
        one, name = (good, ground.folder / "good") if kind == "good" else (others[at], names[at])
        allowed = [good.packaged] if kind == "good" else [one.own, one.packaged]
        process = ground.start([name])  # type: ignore[list-item]
        if dice.random() < 0.4:  # a run is over before anybody looks
            time.sleep(0.0015 * dice.random())
            until = 0.0
        return Running(
            process.pid, until, process, lambda: ground.judge(process, f"{kind} among", allowed)
        )
    ground.counts[kind] += 1
    work: dict[str, Callable[[], object]] = {
        "write": lambda: ground.install(others[at], **_version(number)),
        "collect": lambda: _collect(ground.store, good),
        "remember": lambda: _wrong_function(ground.store, others[at]),
    }
    return Running(_forked(work[kind]), until)


def _version(number: int) -> dict[str, object]:
    """Return what makes a package of another xlate's, at every third writer."""
    return {"fingerprint": bytes(32)} if number % 3 == 0 else {}


def _collect(store: Store, good: Guest) -> None:
    keep = {store.package_path(good.data)}
    tidied(store, Plan(limit=0, keep=keep))


def _wrong_function(store: Store, one: Guest) -> None:
    with store.alone():
        quarantine.add(store.root, one.data, {0x10000: "a test says so"})
    store.remove(store.package_path(one.data))


def _forked(work: Callable[[], object]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except OSError:
        os._exit(3)  # another one was faster: a file is gone, say
    except BaseException as error:
        os.write(2, f"a writer failed: {error!r}\n".encode())
        os._exit(4)
    os._exit(0)


def _over(ground: Ground, one: Running) -> bool:
    """Kill what has lived long enough; say whether it has ended, and judge it."""
    late = time.monotonic() >= one.until
    if one.process is not None:
        return _run_over(ground, one, one.process, late=late)
    pid, status = os.waitpid(one.pid, 0 if late and _killed(one.pid) else os.WNOHANG)
    if not pid:
        return False
    ground.counts["writers killed" if os.WIFSIGNALED(status) else "writers done"] += 1
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 4:
        ground.blame("kills: a writer failed")
    return True


def _run_over(
    ground: Ground, one: Running, process: subprocess.Popen[bytes], *, late: bool
) -> bool:
    if process.poll() is None and not late:
        return False
    if process.returncode is None:
        process.kill()
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            ground.counts["runs killed"] += 1
            return True
    assert one.judge is not None
    one.judge()
    return True


def _killed(pid: int) -> bool:
    os.kill(pid, signal.SIGKILL)
    return True


def _all_whole(ground: Ground) -> None:
    """Nothing in the store is damaged, whoever was killed when."""
    found = report.verify(ground.store, lambda done, total: None)
    for wrong in found.wrong:
        ground.blame(f"kills: {wrong.path.name}: {wrong.why}")


def conversions(ground: Ground) -> None:
    """Real conversions, killed at some instant: the store is whole, and the next one succeeds."""
    source = ground.folder / "one"
    source.write_bytes(Elf().build())
    words = [sys.executable, "-m", "xlate", "convert", "--quiet", "--jobs", "2", str(source)]
    env = {
        **os.environ, "XLATE_CACHE": str(ground.store.root), "PYTHONPATH": str(needs.CHECKOUT),
    }  # fmt: skip
    for _ in ground.times(CONVERSIONS):
        group = [
            subprocess.Popen(words, env=env, stderr=subprocess.DEVNULL, start_new_session=True)
            for _ in range(2)
        ]
        time.sleep(2.5 * ground.random.random())
        for one in group:
            if one.poll() is None:
                os.killpg(one.pid, signal.SIGKILL)
                ground.counts["conversions killed"] += 1
            one.wait()
        _all_whole(ground)
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:
        ground.blame(f"conversions: the last one said {done.stderr[:200]!r}")
    if ground.store.find(source.read_bytes()) is None:
        ground.blame("conversions: the last one left no package")


# --- under a run ---------------------------------------------------------------------------------


def replaced(ground: Ground) -> None:
    """The guest file is another one at every moment: a run is of one of them, wholly."""
    pair = [guest(1), guest(2)]
    allowed = [status for one in pair for status in (one.own, one.packaged)]
    for one in pair:
        ground.install(one)
    prog = ground.put(pair[0])
    started: list[subprocess.Popen[bytes]] = []
    for number in ground.times(400):
        started.append(ground.start([prog]))
        time.sleep(0.004 * ground.random.random())
        ground.put(pair[number % 2])
        if len(started) >= 8:
            ground.judge(started.pop(0), "replaced under a run", allowed)
    for process in started:
        ground.judge(process, "replaced under a run", allowed)


def written_to(ground: Ground) -> None:
    """A file whose bytes change in place, times put back: no stale package is ever used.

    Files of one quick key, so that the package of each stands beside the others'.
    """
    twins = [twin(n) for n in range(3)]
    for one in twins:
        ground.install(one)
    prog = ground.put(twins[0])
    before = prog.stat()
    for _ in ground.times(400):
        one = ground.random.choice(twins)
        with prog.open("r+b") as file:
            file.seek(len(one.data) - 8)
            file.write(one.data[-8:])
        if ground.random.random() < 0.7:
            os.utime(prog, ns=(before.st_atime_ns, before.st_mtime_ns))
        if ground.random.random() < 0.3:
            ground.settle()
        for _ in range(ground.random.randrange(1, 3)):
            ground.run(prog, "written to in place", [one.packaged])


def versions(ground: Ground) -> None:
    """Two versions of xlate take turns at one store: none takes the other's, or its place."""
    one = guest(9)
    prog = ground.put(one)
    ground.install(one, fingerprint=bytes(32))
    ground.run(prog, "the other version's alone", [one.own])
    ground.install(one)
    for _ in ground.times(200):
        if ground.random.random() < 0.5:
            ground.install(one, **ground.random.choice(({}, {"fingerprint": bytes(32)})))
        if ground.random.random() < 0.2:
            ground.settle()
        ground.run(prog, "two versions", [one.packaged])
    if len(list(ground.store.folder.glob(f"*{SUFFIX}"))) != 2:
        ground.blame("two versions: packages heap up")


def users(ground: Ground) -> None:
    """Two users: each one's own store is used by him alone, root's by both and written by one."""
    if os.geteuid():
        ground.counts["left out: no other user"] += 1
        return
    user, one = 65534, guest(11)
    for folder in (ground.folder, ground.store.root, ground.store.folder):
        folder.chmod(0o755)
    theirs = Store(ground.folder / "theirs")
    theirs.prepare()
    prog = ground.put(one)
    old, ground.store = ground.store, theirs
    ground.install(one)
    ground.store = old
    for place in (theirs.root, *theirs.root.rglob("*")):
        os.chown(place, user, user)
    ground.install(one)
    for _ in ground.times(30):
        ground.run(prog, "root, own store", [one.packaged])
        ground.run(prog, "root, another's store", [one.own], cache=theirs.root)
        ground.run(prog, "user, root's store", [one.packaged], user=user)
        ground.run(prog, "user, own store", [one.packaged], user=user, cache=theirs.root)
    seen = [path for path in theirs.root.rglob("*") if path.stat().st_uid != user]
    if seen:
        ground.blame(f"two users: root wrote {seen[0].name} into the other's store")
