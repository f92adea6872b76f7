"""Debian's busybox for armhf behaves as its amd64 build does, in some hundred invocations.

Each case of ``busybox_cases.toml`` runs twice in the same folder, made anew: natively, and as a
guest. Output, standard error, wait status and the files left behind must be equal. PATH holds
nothing but links to the busybox under test, so a guest shell starts guest programs only.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.run import busybox_folder
from tests.run.conftest import Runner

with (Path(__file__).parent / "busybox_cases.toml").open("rb") as _file:
    CASES: list[dict[str, Any]] = tomllib.load(_file)["case"]


@dataclass(frozen=True)
class Result:
    """All that a run shows to the outside."""

    status: int
    stdout: bytes
    stderr: bytes
    files: dict[str, str]


class Bench:
    """The folder that native and guest runs take turns in, and the native results."""

    def __init__(self, root: Path, native_busybox: Path) -> None:
        """Prepare an empty bench below ``root``; the native busybox tells the applets."""
        self.native_busybox = native_busybox
        self.work = root / "work"
        self.bin = root / "bin"
        self.native: dict[str, Result] = {}
        self._big = root / "big"
        self._installed: tuple[Path, tuple[str, ...]] | None = None

    def big(self) -> Path:
        """Return the 20 MB file, made on first use."""
        if not self._big.exists():
            busybox_folder.write_big(self._big)
        return self._big

    def _install(self, busybox: Path, emulator: tuple[str, ...]) -> None:
        """Fill PATH for one side; both sides see the same names in the same folder."""
        if self._installed == (busybox, emulator):
            return
        if self.bin.exists():
            shutil.rmtree(self.bin)
        self.bin.mkdir()
        listing = subprocess.run(
            [str(self.native_busybox), "--list"], capture_output=True, text=True, check=True
        )
        for applet in {"busybox", *listing.stdout.split()}:
            path = self.bin / applet
            if not emulator:
                path.symlink_to(busybox)
                continue
            words = [*emulator, "-0", applet, str(busybox)]
            path.write_text(f'#!{self.native_busybox} sh\nexec {shlex.join(words)} "$@"\n')
            path.chmod(0o755)
        self._installed = (busybox, emulator)

    def _sysroot(self, busybox: Path) -> Path:
        """Return a root with nothing but /bin/sh: popen and system start that by its path."""
        sysroot = self.work.parent / "sysroot"
        if not sysroot.exists():
            (sysroot / "bin").mkdir(parents=True)
            shutil.copy(busybox, sysroot / "bin" / "sh")
        return sysroot

    def run(self, case: dict[str, Any], runner: Runner | None, busybox: Path) -> Result:
        """Run one case in a fresh folder, natively or under a runner."""
        words = runner.words if runner else ()
        if runner is not None and not runner.is_qemu and case.get("bin_sh"):
            words = (*words, "-L", str(self._sysroot(busybox)))
        # qemu-arm cannot execve an ARM program unless the machine has binfmt_misc set up for it,
        # so there PATH holds scripts that put it in front.
        qemu = runner is not None and runner.is_qemu
        self._install(busybox, words if qemu else ())
        start = (str(self.bin / "busybox"),) if qemu else (*words, str(self.bin / "busybox"))
        if self.work.exists():
            shutil.rmtree(self.work)
        self.work.mkdir()
        busybox_folder.fill(self.work, self.big() if case.get("big") else None)
        args = case["run"] if "run" in case else ["sh", "-c", case["sh"]]
        done = subprocess.run(
            [*start, *args],
            input=case.get("stdin", "").encode(),
            capture_output=True,
            cwd=self.work,
            env={
                "PATH": str(self.bin),
                "HOME": str(self.work),
                "XLATE_CACHE": os.environ.get("XLATE_CACHE", "off"),
                "XLATE_SYSTEM_CACHE": os.environ.get("XLATE_SYSTEM_CACHE", "off"),
                "LC_ALL": "C",
                "TZ": "UTC",
                "TERM": "dumb",
            },
            timeout=120,
            check=False,
        )
        files = busybox_folder.contents(self.work)
        return Result(done.returncode, done.stdout, done.stderr, files)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, busybox_amd64: Path) -> Bench:
    """Return the bench of this session, with the native busybox to compare with."""
    return Bench(tmp_path_factory.mktemp("busybox"), busybox_amd64)


def test_there_are_enough_cases() -> None:
    """The list has unique names and the breadth that was asked for."""
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names))
    assert len(names) >= 70


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_busybox(
    case: dict[str, Any], bench: Bench, runner: Runner, busybox_armhf: Path, busybox_amd64: Path
) -> None:
    """Guest and native run end the same, print the same and leave the same files."""
    if runner.is_qemu and "qemu_differs" in case:
        pytest.skip(case["qemu_differs"])
    name = case["name"]
    if name not in bench.native:
        bench.native[name] = bench.run(case, None, busybox_amd64)
    guest = bench.run(case, runner, busybox_armhf)
    assert guest == bench.native[name]
