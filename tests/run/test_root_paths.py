"""--root by path translation shows what a namespace shows, line by line.

``corpus/rooted/paths.c`` prints what every call says of every kind of path. The namespace way is
the measure, since the kernel itself resolves paths there. What containers and hardened machines
refuse is refused here by a seccomp filter.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from corpus import build
from tests import needs as wanted
from tests.run.self_checking import passes, program

SOURCE = build.CORPUS / "rooted" / "paths.c"
FLAGS = re.compile(r" flags \w+")
#: x86-64's numbers.
UNSHARE, CHROOT, OPENAT2 = 272, 161, 437
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
#: Programs of corpus/syscalls that have to do with paths, names of sockets and descriptors.
PROGRAMS = (
    *("attributes", "directory", "exec_forms", "exec_scripts", "extended_attributes"),
    *("file_handles", "file_owners", "file_times", "inotify_events", "open_modes"),
    *("openat2_calls", "proc_descriptors", "proc_maps", "proc_self"),
    *("renaming", "stat_calls", "statx_calls"),
    *("thread_unshare", "thread_without_leader", "unix_addresses", "unix_peers", "unnamed_files"),
)

Run = Callable[..., subprocess.CompletedProcess[str]]


def _filter(numbers: Iterable[int], error: int) -> bytes:
    """Return a program of the kernel's packet filter that refuses these system calls."""
    codes = [struct.pack("HBBI", LOAD, 0, 0, 0)]
    for number in numbers:
        codes.append(struct.pack("HBBI", JUMP_EQUAL, 0, 1, number))
        codes.append(struct.pack("HBBI", RETURN, 0, 0, REFUSE | error))
    return b"".join([*codes, struct.pack("HBBI", RETURN, 0, 0, ALLOW)])


def refusing(*numbers: int, error: int = errno.EPERM) -> Callable[[], None]:
    """Return what a child does before it executes so that these calls fail in it."""
    codes = ctypes.create_string_buffer(_filter(numbers, error))
    rules = struct.pack("HxxxxxxP", (len(codes) - 1) // 8, ctypes.addressof(codes))
    libc = ctypes.CDLL(None, use_errno=True)

    def install() -> None:
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "no new privileges")
        if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, rules):
            raise OSError(ctypes.get_errno(), "seccomp")
        codes.raw  # noqa: B018  (the rules point into it)

    return install


@pytest.fixture
def world(xlate_run: Path, public_folder: Path, guest_cc: list[str]) -> Path:
    """A public folder with xlate-run and a root that holds the program with the table."""
    root = public_folder / "root"
    for name in ("bin", "proc", "sys", "dev", "tmp", "etc", "spot"):
        (root / name).mkdir(parents=True)
    (root / "spot").chmod(0o777)
    (root / "etc/motd").write_text("inside\n")
    shutil.copy(xlate_run, public_folder / "xlate-run")
    shutil.copy(build.build(program(SOURCE), "thumb", guest_cc), root / "bin/paths")
    return public_folder


@pytest.fixture
def run(world: Path) -> Run:
    """Run words below the root as an ordinary user, with calls refused; its output."""
    user = os.getuid() or wanted.needs_ordinary_user()

    def call(
        *words: str, before: Callable[[], None] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [world / "xlate-run", "--root", world / "root", *words],
            env={"PATH": "/bin", "XLATE_CACHE": "off"},
            user=user,
            group=user if os.getuid() == 0 else None,
            extra_groups=[] if os.getuid() == 0 else None,
            cwd=world / "root/spot",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=100,
            preexec_fn=before,
            check=False,
        )

    return call


def _lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) > 5000
    return lines


def test_table_of_paths(run: Run) -> None:
    """Every line is what the kernel says in a mount namespace, with openat2 and without it."""
    probe = subprocess.run(["unshare", "-Um", "true"], capture_output=True, check=False)
    if probe.returncode:
        wanted.forbidden("namespaces for ordinary users")
    expected = _lines(run("--root-by", "namespace", "/bin/paths"))
    assert _lines(run("--root-by", "paths", "/bin/paths")) == expected
    # Links are then refused by open's own flag, which stays with the descriptor.
    without = _lines(run("/bin/paths", before=refusing(UNSHARE, CHROOT, OPENAT2)))
    assert [FLAGS.sub("", line) for line in without] == [FLAGS.sub("", line) for line in expected]


@pytest.mark.parametrize(
    ("refused", "how"),
    [((), "a user and a mount namespace"), ((UNSHARE, CHROOT), "path translation")],
)
def test_way_is_chosen_and_said(run: Run, refused: tuple[int, ...], how: str) -> None:
    """The first way that the machine allows; statistics say which."""
    before = refusing(*refused) if refused else None
    done = run("--stats=json", "/bin/paths", "say", before=before)
    assert json.loads(done.stderr)["root"] == how
    assert done.stdout.startswith("  exe /bin/paths cwd /spot words /bin/paths say maps /bin/paths")
    done = run("--stats", "/bin/paths", "say", before=before)
    assert f"root entered by {how}\n" in done.stderr


def test_way_that_is_not_there(run: Run) -> None:
    """A way that is asked for by name is the only one."""
    for way, number in (("namespace", UNSHARE), ("chroot", CHROOT)):
        done = run("--root-by", way, "/bin/paths", "say", before=refusing(number))
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (125, "", 1)
        assert done.stderr.endswith("; try: --root-by paths\n")
    done = run("--root-by", "magic", "/bin/paths", "say")
    assert (done.returncode, "wants auto, namespace, chroot or paths" in done.stderr) == (2, True)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_pass(world: Path, name: str, guest_cc: list[str]) -> None:
    """Programs that check what Linux does find it in such a root, too."""
    source = build.CORPUS / "syscalls" / f"{name}.c"
    binary = build.build(program(source), "thumb", guest_cc)
    shutil.copy(binary, world / "root/bin" / name)
    words = [str(world / "xlate-run"), "--root", str(world / "root"), "--root-by", "paths"]
    passes([*words, f"/bin/{name}"], source, world / "root/spot")


@pytest.mark.parametrize("refused", [(), (OPENAT2,)], ids=["openat2", "by names"])
def test_nothing_leaves_by_a_race(
    run: Run, world: Path, guest_cc: list[str], refused: tuple[int, ...]
) -> None:
    """A link that comes where a folder was looked for leads to nothing of the host's."""
    race = build.build(program(SOURCE.with_name("race.c")), "thumb", guest_cc)
    shutil.copy(race, world / "root/bin/race")
    target = Path("/usr/bin/env")
    assert target.is_file()
    before = refusing(*refused) if refused else None
    words = ("--root-by", "paths", "/bin/race", str(target.parent), target.name)
    done = run(*words, before=before)
    assert (done.stdout, done.stderr, done.returncode) == ("ok race\n", "", 0)


def _passes(world: Path, name: str, guest_cc: list[str]) -> None:
    """A program of corpus/rooted says that all was well, by translated paths."""
    shutil.copy(
        build.build(program(SOURCE.with_name(f"{name}.c")), "thumb", guest_cc),
        world / "root/bin" / name,
    )
    done = subprocess.run(
        [world / "xlate-run", "--root", world / "root", "--root-by", "paths", f"/bin/{name}"],
        env={"XLATE_CACHE": "off"}, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == (f"ok {name}\n", "", 0)


def test_a_child_has_no_descriptors_of_another_thread(world: Path, guest_cc: list[str]) -> None:
    _passes(world, "forks", guest_cc)


def test_a_chroot_is_no_moment_without_a_root(world: Path, guest_cc: list[str]) -> None:
    if os.getuid():
        wanted.forbidden("chroot for ordinary users")
    _passes(world, "chroots", guest_cc)
