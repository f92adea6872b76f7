"""`xlate binfmt`: what is registered, what would be written, and the real kernel where it allows.

Linux gives each user namespace a binfmt_misc of its own (since 6.7), so the last tests change
nothing outside themselves.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import needs as wanted
from xlate.errors import MalformedInput
from xlate.runtime import binfmt

Xlate = Callable[..., subprocess.CompletedProcess[str]]

QEMU = """enabled
interpreter /usr/bin/qemu-arm
flags: OCF
offset 0
magic 7f454c4601010100000000000000000002002800
mask ffffffffffffff00fffffffffffffffffeffffff
"""
AARCH64 = QEMU.replace("qemu-arm", "qemu-aarch64").replace("0101010000", "0201010000")
AARCH64 = AARCH64.replace("02002800", "0200b700")
SCRIPT = "enabled\ninterpreter /usr/bin/python3\nflags: \nextension .pyc\n"


@pytest.fixture
def xlate(xlate_command: list[str], python_env: dict[str, str]) -> Xlate:
    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*xlate_command, "binfmt", *words],
            env=python_env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder as binfmt_misc shows it, with rivals and others."""
    made = tmp_path / "binfmt_misc"
    made.mkdir()
    for name, text in {
        "register": "",
        "status": "enabled\n",
        "qemu-arm": QEMU,
        "qemu-aarch64": AARCH64,
        "python": SCRIPT,
        "old": QEMU.replace("enabled", "disabled", 1).replace("/usr/bin", "/no/such"),
    }.items():
        (made / name).write_text(text)
    return made


def test_status_shows_rivals(xlate: Xlate, folder: Path) -> None:
    """Only what would start a 32-bit ARM program is shown, with what has gone missing."""
    (folder / "xlate-arm").write_text(QEMU.replace("qemu-arm", "env"))
    lines = xlate("status", "--folder", folder).stdout.splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines[1:4]}
    assert rows["qemu-arm"][:3] == ["rival", "enabled", "OCF"]
    assert rows["old"][:2] == ["rival", "disabled"]
    assert rows["old"][-1] == "(missing)"
    assert rows["xlate-arm"][:2] == ["xlate", "enabled"]
    assert "several are enabled" in lines[4]
    assert len(lines) == 5


def test_nothing_mounted(xlate: Xlate, tmp_path: Path) -> None:
    done = xlate("status", "--folder", tmp_path)
    assert f"mount -t binfmt_misc binfmt_misc {tmp_path}" in done.stdout
    done = xlate("install", "--folder", tmp_path, "--interpreter", "/bin/sh")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_print_writes_nothing(xlate: Xlate, folder: Path, tmp_path: Path) -> None:
    """--print says each write as a command and makes none."""
    (folder / "xlate-arm").write_text(QEMU)
    boot = tmp_path / "boot.conf"
    options = ["--folder", folder, "--boot-file", boot, "--boot", "--interpreter", "/bin/sh"]
    before = {path: path.read_text() for path in folder.iterdir()}
    done = xlate("install", *options, "--flags", "PFC", "--print")
    lines = done.stdout.splitlines()
    assert lines[0] == f"echo -1 > {folder}/xlate-arm"
    assert lines[1].startswith("echo ':xlate-arm:M::\\x7f\\x45\\x4c\\x46\\x01")
    assert lines[1].endswith(f":PFC' > {folder}/register")
    assert lines[2].endswith(f"> {boot}")
    assert "qemu-arm" in lines[3]
    assert {path: path.read_text() for path in folder.iterdir()} == before
    assert not boot.exists()


def test_install_and_uninstall_write_what_they_print(
    xlate: Xlate, folder: Path, tmp_path: Path
) -> None:
    boot = tmp_path / "boot.conf"
    options = ["--folder", folder, "--boot-file", boot]
    done = xlate("install", *options, "--boot", "--interpreter", "/bin/sh")
    assert done.returncode == 0, done.stderr
    text = (folder / "register").read_text()
    assert f"echo '{text}' > {folder}/register" in done.stdout
    assert boot.read_text() == text + "\n"
    (folder / "xlate-arm").write_text(QEMU)
    done = xlate("uninstall", *options)
    assert done.stdout.splitlines() == [f"echo -1 > {folder}/xlate-arm", f"rm {boot}"]
    assert (folder / "xlate-arm").read_text().startswith("-1")
    assert not boot.exists()
    assert (folder / "qemu-arm").read_text() == QEMU
    (folder / "xlate-arm").unlink()
    assert "nothing of xlate's" in xlate("uninstall", *options).stdout


def test_without_permission(folder: Path, xlate: Xlate) -> None:
    """A write that is refused is one line."""
    (folder / "register").unlink()
    (folder / "register").mkdir()
    done = xlate("install", "--folder", folder, "--interpreter", "/bin/sh")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "not written" in done.stderr


@pytest.mark.parametrize(
    ("path", "flags", "words"),
    [
        ("relative/xlate-run", "PF", "cannot|register"),
        ("/with:colon", "PF", "register"),
        ("/" + "x" * 200, "PF", "register"),
        ("/bin/sh", "PX", "not among the flags"),
    ],
)
def test_bad_registrations(path: str, flags: str, words: str) -> None:
    with pytest.raises(MalformedInput, match=words):
        binfmt.registration(Path(path), flags)


NAMESPACE = ["unshare", "-Urm", "sh", "-ec"]
MOUNT = "mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc"


def _in_namespace(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    wanted.needs("unshare")
    possible = subprocess.run([*NAMESPACE, MOUNT], capture_output=True, check=False)
    if possible.returncode:
        pytest.skip("this kernel has no binfmt_misc in user namespaces")
    return subprocess.run(
        [*NAMESPACE, f"{MOUNT}\n{script}"],
        env={**environment, "XLATE_CACHE": "off"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_kernel_starts_arm_programs(
    xlate_command: list[str], python_env: dict[str, str], xlate_run: Path, busybox_armhf: Path
) -> None:
    """Registered, a program starts by its name, with its argv[0]; the rival is outweighed."""
    xlate = " ".join(xlate_command) + " binfmt"
    mine = binfmt.registration(Path("/bin/false")).replace(":xlate-arm:", ":rival:", 1)
    script = f"""
        echo '{mine}' > /proc/sys/fs/binfmt_misc/register
        {xlate} install --interpreter {xlate_run} > /dev/null
        {xlate} status
        {busybox_armhf} uname -m
        QEMU_UNAME=9.9 {busybox_armhf} uname -r
        {xlate} uninstall > /dev/null
        {busybox_armhf} uname -m || echo gone
    """
    done = _in_namespace(script, python_env)
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["rival", "xlate-arm"], done.stderr
    assert lines[-3:] == ["armv7l", "9.9", "gone"]


def test_setuid_is_said(
    xlate_run: Path, guest_cc: list[str], busybox_armhf: Path, public_folder: Path
) -> None:
    """With the caller's ids and one line; none where ids would not have changed."""
    user = wanted.needs_ordinary_user()
    places = {}
    for source, name in ((xlate_run, "xlate-run"), (busybox_armhf, "busybox")):
        places[name] = public_folder / name
        places[name].write_bytes(source.read_bytes())
        places[name].chmod(0o755)

    def run(user: int, script: str) -> subprocess.CompletedProcess[str]:
        words = [places["xlate-run"], places["busybox"], "sh", "-c", script]
        return subprocess.run(
            words,
            user=user,
            env={"XLATE_CACHE": "off"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    program = public_folder / "id"  # busybox goes by its name
    program.write_bytes(busybox_armhf.read_bytes())
    program.chmod(0o4755)
    done = run(user, f"exec {program} -u")
    assert done.stdout == f"{user}\n"
    assert done.stderr.count("\n") == 1
    assert f"{program}: runs with the caller's ids" in done.stderr
    assert run(os.getuid(), f"exec {program} -u").stderr == ""
    program.chmod(0o755)
    assert run(user, f"exec {program} -u").stderr == ""
