"""`pip install` into an empty virtual environment gives working `xlate` and `xlate-run`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import needs as wanted
from tests.package.samples import BASELINE_STATUS, guest_image, put_guest
from xlate.version import VERSION

pytestmark = pytest.mark.slow


def _run(*command: str | Path, cwd: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run outside the checkout, with nothing of this Python's environment but pip's settings."""
    kept = ("PATH", "LANG", "SSL_CERT_FILE", "http_proxy", "https_proxy", "no_proxy")
    environment = {k: v for k, v in os.environ.items() if k in kept or k.startswith("PIP_")}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**environment, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def wheel(
    checkout: Path, xlate_run: Path, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The wheel, built as for a user: in pip's own environment, with build-system.requires alone.

    What takes long, the templates, is in the cache of the checkout after xlate_run.
    """
    wanted.needs_module("pip")
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps")
    done = _run(*pip, "-w", folder, checkout, cwd=folder, home=home)
    if "No matching distribution found for" in done.stderr:
        wanted.missing("a package index", done.stderr.strip()[-300:])
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and what it depends on, from pip's index."""
    venv = tmp_path_factory.mktemp("venv")
    done = _run(sys.executable, "-m", "venv", venv, cwd=venv, home=home)
    if done.returncode:
        wanted.missing("python3-venv", done.stderr.strip())
    done = _run(venv / "bin" / "pip", "install", "--quiet", wheel, cwd=venv, home=home)
    if done.returncode:
        wanted.missing("a package index", done.stderr.strip()[-300:])
    return venv


def test_wheel_holds_the_program_and_no_tests(wheel: Path) -> None:
    assert wheel.name == f"xlate_arm-{VERSION}-py3-none-linux_x86_64.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for name in ("xlate-run", "xlate-insn"):
            program = archive.getinfo(f"xlate/runtime/bin/{name}")
            assert archive.read(program)[:4] == b"\x7fELF"
            assert program.external_attr >> 16 & 0o111
    tops = {name.split("/")[0] for name in names}
    info = f"xlate_arm-{VERSION}"
    assert tops == {"xlate", "frontends", "backends", f"{info}.dist-info", f"{info}.data"}
    assert f"{info}.data/scripts/xlate-run" in names
    assert f"{info}.dist-info/licenses/LICENSE" in names
    assert not any(name.endswith((".c", ".h", ".o")) for name in names)


def test_commands_work_from_the_environment(installed: Path, home: Path, tmp_path: Path) -> None:
    xlate, runner = installed / "bin" / "xlate", installed / "bin" / "xlate-run"
    done = _run(xlate, "--version", cwd=tmp_path, home=home)
    assert (done.returncode, done.stdout) == (0, f"xlate {VERSION}\n")
    done = _run(runner, "--version", cwd=tmp_path, home=home)
    assert done.returncode == 0
    assert VERSION in done.stdout
    done = _run(xlate, "exec", "no-such-program", cwd=tmp_path, home=home)
    assert done.returncode == 127
    assert done.stderr.startswith("xlate-run: no-such-program: ")


def test_installed_commands_run_a_guest(
    installed: Path, home: Path, tmp_path: Path, busybox_armhf: Path
) -> None:
    for command in ([installed / "bin" / "xlate", "exec"], [installed / "bin" / "xlate-run"]):
        done = _run(*command, busybox_armhf, "uname", "-m", cwd=tmp_path, home=home)
        assert (done.returncode, done.stdout) == (0, "armv7l\n"), done.stderr


def test_installed_inspect_needs_no_checkout(
    installed: Path, home: Path, tmp_path: Path, busybox_armhf: Path
) -> None:
    done = _run(installed / "bin" / "xlate", "inspect", busybox_armhf, cwd=tmp_path, home=home)
    assert done.returncode == 0, done.stderr
    assert "host code" in done.stdout


def test_installed_runner_takes_what_the_installed_converter_makes(
    installed: Path, home: Path, tmp_path: Path
) -> None:
    """Both were made from the same sources, though one reads them where pip put them."""
    guest = put_guest(tmp_path, guest_image())
    package = tmp_path / "guest.xlp"
    done = _run(
        installed / "bin" / "xlate", "convert", guest, "-o", package, cwd=tmp_path, home=home
    )
    assert done.returncode == 0, done.stderr
    runner = (installed / "bin" / "xlate-run", "-p", package, "--stats=json", guest)
    done = _run(*runner, cwd=tmp_path, home=home)
    assert done.returncode == BASELINE_STATUS
    stats = json.loads(done.stderr)
    assert [row["state"] for row in stats["packages"]] == ["hit"]
    assert stats["enters"]


def test_runner_works_alone(xlate_run: Path, home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "alone"
    copy.write_bytes(xlate_run.read_bytes())
    copy.chmod(0o755)
    done = subprocess.run([copy, "--help"], env={}, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0
    assert b"PROG" in done.stdout
