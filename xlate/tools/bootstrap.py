"""Sets a checkout up for `make`: a virtual environment, and what the tests want from the system.

This runs with whatever Python the machine has, before anything is installed, so it imports the
standard library only. It writes to `.venv/` and `build/`, and says so first. Only `--system`, and
only for root, changes anything outside the checkout: it asks apt for compilers and emulators.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
VENV = CHECKOUT / ".venv"
OLDEST_PYTHON = (3, 11)

# What the tests want from the system: program, and the Debian packages that bring it.
SYSTEM_TOOLS = {
    "gcc": ("gcc", "libc6-dev"),
    "arm-linux-gnueabihf-gcc": ("gcc-arm-linux-gnueabihf", "libc6-dev-armhf-cross"),
    "aarch64-linux-gnu-gcc": ("gcc-aarch64-linux-gnu",),
    "qemu-arm": ("qemu-user",),
    "valgrind": ("valgrind",),
    "strace": ("strace",),
}


class SetupError(Exception):
    """Setting up cannot go on; the message says what to do."""


def _run(*command: str | Path, quiet: bool = False) -> None:
    """Run a tool; its output is shown only when it fails, or always unless quiet."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        env=pip_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        check=False,
    )
    if done.returncode:
        printed = (done.stdout or b"").decode(errors="replace").strip()
        raise SetupError(f"{' '.join(words[:6])} ... failed ({done.returncode})\n{printed}".strip())


def pip_environment() -> dict[str, str]:
    """Return the environment for pip: what it writes stays in the checkout unless the user chose.

    pip asks rustc for its version, and where that is rustup's it would make itself a home.
    """
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if not Path(environment.get("HOME", "/"), ".rustup").exists():
        environment.setdefault("RUSTUP_HOME", str(CHECKOUT / "build" / "rustup"))
    if not any(map(environment.get, ("PIP_CACHE_DIR", "PIP_NO_CACHE_DIR", "XDG_CACHE_HOME"))):
        environment["PIP_CACHE_DIR"] = str(CHECKOUT / "build" / "pip-cache")
    return environment


def check_python() -> None:
    """Refuse a Python that is too old, naming a newer one where the machine has it."""
    if sys.version_info >= OLDEST_PYTHON:
        return
    newer = [f"python3.{minor}" for minor in range(20, OLDEST_PYTHON[1] - 1, -1)]
    found = next(filter(shutil.which, newer), "python3.11")
    version = ".".join(map(str, sys.version_info[:3]))
    raise SetupError(f"Python 3.11 or newer is needed, this is {version}; try: make PYTHON={found}")


def make_venv() -> None:
    """Create .venv, also where Debian has split ensurepip away from Python."""
    if (VENV / "bin" / "python").exists():
        return
    attempts: list[Sequence[str]] = [
        (sys.executable, "-m", "venv", str(VENV)),
        (sys.executable, "-m", "virtualenv", "--quiet", str(VENV)),
        ("uv", "venv", "--quiet", "--seed", "--python", sys.executable, str(VENV)),
    ]
    reasons = []
    for command in attempts:
        if shutil.which(command[0]) is None:
            continue
        try:
            _run(*command, quiet=True)
        except SetupError as error:
            reasons.append(str(error).splitlines()[0])
            shutil.rmtree(VENV, ignore_errors=True)
        else:
            return
    tried = "; ".join(reasons)
    raise SetupError(
        f"no virtual environment could be made ({tried}); try: apt install python3-venv"
    )


def _stamp(extras: Sequence[str]) -> tuple[Path, str]:
    """Return where it is noted what was installed, and the note for the present state."""
    note = hashlib.sha256((CHECKOUT / "pyproject.toml").read_bytes()).hexdigest()
    return VENV / f".installed-{'-'.join(extras) or 'plain'}", note


def install(extras: Sequence[str]) -> None:
    """Install the checkout, editable, with what it depends on and the extras."""
    stamp, note = _stamp(extras)
    if stamp.is_file() and stamp.read_text() == note:
        return
    target = f"{CHECKOUT}[{','.join(extras)}]" if extras else str(CHECKOUT)
    _run(VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--editable", target)
    stamp.write_text(note)


def ensure_package(requirement: str, module: str) -> None:
    """Install one more package into the virtual environment unless it is there."""
    python = VENV / "bin" / "python"
    probe = [str(python), "-c", f"import {module}"]
    if subprocess.run(probe, stderr=subprocess.DEVNULL, check=False).returncode:
        _run(python, "-m", "pip", "install", "--quiet", requirement)


def ensure_compiler() -> None:
    """Install the ziglang package, a C compiler, where the machine has none."""
    if not os.environ.get("CC") and not any(map(shutil.which, ("cc", "gcc", "clang"))):
        print("No C compiler here: the ziglang package serves as one (pip, .venv/).", flush=True)
        ensure_package("ziglang", "ziglang")


def link_runtime() -> None:
    """Build the runtime and put it beside `xlate`, as an installed package has it."""
    command = [str(VENV / "bin" / "python"), "-m", "xlate.runtime.build"]
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SetupError("xlate-run could not be built")
    link = VENV / "bin" / "xlate-run"
    link.unlink(missing_ok=True)
    link.symlink_to(done.stdout.strip())


def system_packages() -> list[str]:
    """Return the Debian packages whose programs are missing here."""
    lacking = [packages for tool, packages in SYSTEM_TOOLS.items() if shutil.which(tool) is None]
    return [package for packages in lacking for package in packages]


def install_system_packages() -> None:
    """Ask apt for what the tests want; say what is skipped where that is not possible."""
    packages = system_packages()
    if not packages:
        return
    names = " ".join(packages)
    if os.geteuid() != 0 or shutil.which("apt-get") is None or os.environ.get("NO_APT"):
        print(f"Tests that need these packages are skipped: {names}", flush=True)
        return
    print(f"As root, installing with apt-get (NO_APT=1 prevents it): {names}", flush=True)
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    try:
        _run("apt-get", "update", "-q", quiet=True)
    except SetupError as error:
        # A stale list of some other source is no reason not to try.
        print(f"apt-get update: {str(error).splitlines()[0]}", flush=True)
    try:
        _run("apt-get", "install", "-q", "-y", "--no-install-recommends", *packages, quiet=True)
    except SetupError as error:
        print(f"{error}\nTests that need these packages are skipped: {names}", flush=True)


def _announce(extras: Sequence[str]) -> None:
    also = f" and the extras {', '.join(extras)}" if extras else ""
    print(f"Setting up: Python packages of xlate-arm{also}, with pip, into .venv/")
    print("Writing only to .venv/ and build/ in this checkout.", flush=True)


def main() -> int:
    """Set up what the arguments ask for."""
    parser = argparse.ArgumentParser(description="Set the checkout up for make.")
    parser.add_argument("--extras", default="", help="comma-separated extras to install, too")
    parser.add_argument("--system", action="store_true", help="install tools for the tests")
    arguments = parser.parse_args()
    extras = [extra for extra in arguments.extras.split(",") if extra]
    try:
        check_python()
        stamp, note = _stamp(extras)
        if not (stamp.is_file() and stamp.read_text() == note):
            _announce(extras)
        if arguments.system:
            install_system_packages()
        make_venv()
        install(extras)
        ensure_compiler()
        link_runtime()
    except SetupError as error:
        print(f"bootstrap: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
