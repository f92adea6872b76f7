"""xlate-run on machines that give it little: address space, files, descriptors, privileges.

Each test runs a real guest (the corpus, busybox) where something that usually is there is not,
and expects the guest's own result.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus import build
from tests import needs
from tests.badinput.conftest import Publish

ORDINARY_MMAP_MIN_ADDR = 65536


def _program(name: str, guest_cc: list[str], mode: str = "thumb") -> tuple[Path, build.Case]:
    found = next(program for program in build.programs() if program.name == name)
    return build.build(found, mode, guest_cc), found.cases[0]


def _limit(which: int, value: int) -> Callable[[], None]:
    def apply() -> None:
        resource.setrlimit(which, (value, value))

    return apply


def _assert_case(done: subprocess.CompletedProcess[bytes], case: build.Case) -> None:
    assert (done.returncode, done.stdout, done.stderr) == (case.status, case.expected_stdout(), b"")


@pytest.mark.parametrize(
    "options", [(), ("--guest-base", "0x100000000")], ids=["identity", "based"]
)
@pytest.mark.parametrize("kilobytes", [1_000_000, 200_000])
@pytest.mark.parametrize("name", ["hello", "signal_handlers", "fork_exec", "self_modifying"])
def test_address_space_limit(
    xlate_run: Path, guest_cc: list[str], name: str, kilobytes: int, options: tuple[str, ...]
) -> None:
    """`ulimit -v`: no room for the flat table, so the hash table serves."""
    program, case = _program(name, guest_cc)
    done = subprocess.run(
        [xlate_run, *options, program, *case.args],
        input=case.stdin.encode(),
        capture_output=True,
        env=build.clean_environment(case.env),
        preexec_fn=_limit(resource.RLIMIT_AS, kilobytes * 1024),
        timeout=60,
        check=False,
    )
    _assert_case(done, case)


def test_busybox_under_address_space_limit(xlate_run: Path, busybox_armhf: Path) -> None:
    """A shell with children and pipes under `ulimit -v 1000000`."""
    script = "for i in 1 2 3; do echo $i; done | sort -r | tr '\\n' ' '; expr 6 \\* 7"
    done = subprocess.run(
        [xlate_run, busybox_armhf, "sh", "-c", script],
        capture_output=True,
        preexec_fn=_limit(resource.RLIMIT_AS, 1_000_000 * 1024),
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"3 2 1 42\n"), done.stderr


def test_too_little_address_space_is_said(xlate_run: Path, guest_cc: list[str]) -> None:
    """A limit that no guest fits in gives xlate-run's own failure or refusal, in one line."""
    program, _ = _program("hello", guest_cc)
    done = subprocess.run(
        [xlate_run, program],
        capture_output=True,
        preexec_fn=_limit(resource.RLIMIT_AS, 3_000 * 1024),
        timeout=60,
        check=False,
    )
    # With so little the kernel may be unable to load xlate-run itself, and kills it.
    assert done.returncode in {125, 126, -9, -11}, done
    assert done.stderr.count(b"\n") <= 1


def test_small_stack_limit(xlate_run: Path, guest_cc: list[str]) -> None:
    """A guest stack as small as the limit says; xlate-run's own needs do not come on top."""
    program, case = _program("setjmp_longjmp", guest_cc)
    done = subprocess.run(
        [xlate_run, program],
        capture_output=True,
        preexec_fn=_limit(resource.RLIMIT_STACK, 256 * 1024),
        timeout=60,
        check=False,
    )
    _assert_case(done, case)


def test_few_descriptors(xlate_run: Path, guest_cc: list[str]) -> None:
    """`ulimit -n 12` leaves the guest its descriptors and xlate-run those it keeps."""
    program, case = _program("fork_exec", guest_cc)
    done = subprocess.run(
        [xlate_run, program],
        capture_output=True,
        env=build.clean_environment({}),
        preexec_fn=_limit(resource.RLIMIT_NOFILE, 12),
        timeout=60,
        check=False,
    )
    _assert_case(done, case)


def test_without_home_and_environment(xlate_run: Path, guest_cc: list[str]) -> None:
    """An empty environment, no HOME: nothing is looked for there."""
    program, case = _program("hello", guest_cc)
    done = subprocess.run(
        [xlate_run, program], capture_output=True, env={}, timeout=60, check=False
    )
    _assert_case(done, case)


@pytest.mark.parametrize("closed", [(0,), (2,), (0, 2), (0, 1, 2)], ids=str)
def test_standard_descriptors_closed(
    xlate_run: Path, guest_cc: list[str], tmp_path: Path, closed: tuple[int, ...]
) -> None:
    """A descriptor closed by the parent is closed for the guest: none of ours may land there."""
    program, case = _program("hello", guest_cc)

    def close() -> None:
        for fd in closed:
            os.close(fd)

    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run(
            [xlate_run, program], stdout=out, preexec_fn=close, timeout=60, check=False
        )
    printed = (tmp_path / "out").read_bytes()
    # puts to a closed descriptor fails quietly in a program that does not look.
    assert done.returncode == 0
    assert printed == (b"" if 1 in closed else case.expected_stdout())


def test_closed_stdin_is_bad_descriptor(xlate_run: Path, busybox_armhf: Path) -> None:
    """The guest that reads a closed standard input gets EBADF."""
    done = subprocess.run(
        [xlate_run, busybox_armhf, "cat"],
        capture_output=True,
        preexec_fn=lambda: os.close(0),
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert b"Bad file descriptor" in done.stderr


def _chroot(folder: Path) -> Callable[[], None]:
    def enter() -> None:
        os.chroot(folder)
        os.chdir("/")

    return enter


def test_container_without_proc(
    xlate_run: Path, guest_cc: list[str], busybox_armhf: Path, tmp_path: Path
) -> None:
    """Two static files in an empty root, no /proc, no /dev, no /tmp: the guest and xlate-run."""
    needs.needs_root()
    for source, name in ((xlate_run, "xlate-run"), (busybox_armhf, "busybox")):
        shutil.copy(source, tmp_path / name)
        (tmp_path / name).chmod(0o755)
    hello, case = _program("hello", guest_cc)
    shutil.copy(hello, tmp_path / "hello")

    def run(*args: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["/xlate-run", *args],
            capture_output=True,
            env={},
            preexec_fn=_chroot(tmp_path),
            timeout=60,
            check=False,
        )

    _assert_case(run("/hello"), case)
    done = run("/busybox", "sh", "-c", "echo $((6 * 7)) | /busybox sed s/4/four-/; /hello; exit 3")
    assert (done.returncode, done.stdout) == (3, b"four-2\n" + case.expected_stdout()), done.stderr


def test_read_only_working_directory(
    xlate_run: Path, guest_cc: list[str], publish: Publish
) -> None:
    """An ordinary user in a folder where nothing can be written: nothing needs to be."""
    user = needs.needs_ordinary_user()
    program, case = _program("hello", guest_cc)
    places = [publish(path) for path in (xlate_run, program)]
    done = subprocess.run(
        [str(place) for place in places],
        capture_output=True,
        env={},
        cwd="/",
        user=user,
        group=user,
        extra_groups=[],
        timeout=60,
        check=False,
    )
    _assert_case(done, case)


def test_ordinary_user_with_a_low_program(
    xlate_run: Path, guest_cc: list[str], publish: Publish
) -> None:
    """A program linked at 0x8000 runs unprivileged where vm.mmap_min_addr is 65536.

    The machine's own setting is used when it is that high; otherwise the equivalent is forced: the
    guest base that xlate-run would choose there.
    """
    user = needs.needs_ordinary_user()
    program, case = _program("start_state_low", guest_cc, "arm")
    places = [publish(path) for path in (xlate_run, program)]
    setting = int(Path("/proc/sys/vm/mmap_min_addr").read_text())
    options = [] if setting >= ORDINARY_MMAP_MIN_ADDR else ["--guest-base", "0x100000000"]
    done = subprocess.run(
        [str(places[0]), *options, str(places[1])],
        capture_output=True,
        env={},
        user=user,
        group=user,
        extra_groups=[],
        timeout=60,
        check=False,
    )
    _assert_case(done, case)
