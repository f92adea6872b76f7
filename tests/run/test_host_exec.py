"""What a guest starts: its own kind, scripts by the sysroot, host programs only if allowed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

LINE = r"xlate-run: (\S+): a program of the host, .*; try: --host-exec (\S+)\n"


@pytest.fixture
def shell(xlate_run: Path, busybox_armhf: Path, tmp_path: Path) -> Path:
    """A folder with the guest's busybox and a host program beside it."""
    shutil.copy(busybox_armhf, tmp_path / "busybox")
    shutil.copy(shutil.which("true") or "/bin/true", tmp_path / "host-true")
    shutil.copy(shutil.which("printenv") or "/usr/bin/printenv", tmp_path / "host-printenv")
    return tmp_path


def _run(
    xlate_run: Path, folder: Path, options: list[str], script: str
) -> subprocess.CompletedProcess[str]:
    command = [xlate_run, *options, folder / "busybox", "sh", "-c", script]
    environment = {"XLATE_CACHE": "off", "PATH": "/nowhere", "MARK": "seen"}
    return subprocess.run(
        command,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _script(path: Path, first: str) -> None:
    path.write_text(f"#!{first}\necho from-script $0 $*\n")
    path.chmod(0o755)


def test_refused_with_one_line(xlate_run: Path, shell: Path) -> None:
    """Nothing of the host runs unless somebody said so, and the line says how."""
    done = _run(xlate_run, shell, [], "./busybox env ./host-true; echo $?")
    found = re.match(LINE, done.stderr)
    assert found, done.stderr
    assert found[1] == found[2] == str((shell / "host-true").resolve())
    assert done.stdout == "126\n"
    assert done.stderr.count("xlate-run:") == 1
    assert "Permission denied" in done.stderr


@pytest.mark.parametrize("which", ["allow", "*/host-*", "/nowhere,{folder}/host-printenv"])
def test_allowed(xlate_run: Path, shell: Path, which: str) -> None:
    """With its arguments, environment, and descriptors as the guest has them."""
    options = ["--host-exec", which.format(folder=shell.resolve())]
    done = _run(xlate_run, shell, options, "A=x ./host-printenv MARK A; echo $?")
    assert (done.stdout, done.stderr) == ("seen\nx\n0\n", "")


def test_pattern_that_does_not_fit(xlate_run: Path, shell: Path) -> None:
    done = _run(xlate_run, shell, ["--host-exec", "*/host-true"], "exec ./host-printenv MARK")
    assert "--host-exec" in done.stderr
    assert done.stdout == ""


def test_option_is_inherited(xlate_run: Path, shell: Path) -> None:
    """A shell started by the guest may start what the first one may."""
    script = "./busybox sh -c './host-printenv MARK'; ./host-printenv MARK"
    done = _run(xlate_run, shell, ["--host-exec", "allow"], script)
    assert (done.stdout, done.stderr) == ("seen\nseen\n", "")


def test_no_descriptor_of_ours_is_left(xlate_run: Path, shell: Path) -> None:
    """A host program gets the guest's descriptors and none of xlate-run's."""
    shutil.copy(shutil.which("ls") or "/bin/ls", shell / "host-ls")
    options = ["--host-exec", "allow", "--strace-file", "trace", "--strace", "--stats"]
    done = _run(xlate_run, shell, options, "exec ./host-ls /proc/self/fd")
    assert done.stdout.split() == ["0", "1", "2", "3"]


def test_script_with_an_arm_interpreter(xlate_run: Path, shell: Path) -> None:
    """The interpreter is found in the sysroot, at the path that the first line names."""
    (shell / "root/opt/x").mkdir(parents=True)
    shutil.copy(shell / "busybox", shell / "root/opt/x/busybox")
    _script(shell / "script", "/opt/x/busybox sh")
    done = _run(
        xlate_run, shell, ["-L", "root"], "cd /; exec $0/script a b".replace("$0", str(shell))
    )
    assert (done.stdout, done.stderr) == (f"from-script {shell}/script a b\n", "")


def test_script_with_a_host_interpreter(xlate_run: Path, shell: Path) -> None:
    """Without an ARM one the line names the interpreter; allowed, it runs the script."""
    host_sh = Path(shutil.which("sh") or "/bin/sh").resolve()
    _script(shell / "script", str(host_sh))
    done = _run(xlate_run, shell, [], "./busybox env ./script a")
    found = re.match(LINE, done.stderr)
    assert found, done.stderr
    assert found[1] == str(host_sh)
    done = _run(xlate_run, shell, ["--host-exec", str(host_sh)], "./script a 'b c'")
    assert (done.stdout, done.stderr) == ("from-script ./script a b c\n", "")


def test_other_files_say_nothing(xlate_run: Path, shell: Path) -> None:
    """Text without #! is what shells run themselves; no line of ours gets in between."""
    path = shell / "plain"
    path.write_text("echo plain $1\n")
    path.chmod(0o755)
    done = _run(xlate_run, shell, [], "./plain x")
    assert (done.stdout, done.stderr) == ("plain x\n", "")
    assert os.access(path, os.X_OK)
