"""Read the corpus manifest and build its programs, for the guest or for this machine.

Decides the compiler commands and where a built program lies: in a folder the caller names,
under a name that holds a digest of everything that shaped it, so that a second build is a
look-up and parallel builders do not meet. What is done with a built program is left to the
tests and to the bench.

    python -m corpus.build [--out DIR] [--mode MODE] [NAME ...]   build, print the paths
    python -m corpus.build --record NAME ...                      rewrite expected/

Where no ARM cross compiler is installed, the ``ziglang`` wheel takes its place (musl instead of
glibc).
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).resolve().parent
DEFAULT_OUT = CORPUS.parent / "build" / "corpus"

GUEST_MODES = ("thumb", "arm", "static-pie", "pie")
NATIVE = "native"
SCALAR = "native-scalar"  # without vectors of the compiler's own
NATIVE_MODES = (NATIVE, SCALAR)
# Linked against shared libraries: a run needs the sysroot (see `sysroot`).
DYNAMIC_MODES = ("pie",)

# One rounding per operation on both sides, and no warning in a program that is meant as an example.
COMMON_FLAGS = ("-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror")
# A compiler that makes PIE code unless told otherwise does so with -static as well.
GCC_MODE_FLAGS = {
    "thumb": ("-mthumb", "-static", "-fno-pie", "-no-pie"),
    "arm": ("-marm", "-static", "-fno-pie", "-no-pie"),
    "pie": ("-mthumb", "-fPIE", "-pie"),
    # Said to the linker: gcc built without default PIE drops -static-pie on the way to it.
    "static-pie": ("-mthumb", "-fPIE", "-static", "-Wl,-pie,--no-dynamic-linker,-z,text"),
    NATIVE: (),
    SCALAR: ("-fno-tree-vectorize",),
}
ZIG_MODE_FLAGS = {
    "thumb": ("-target", "thumb-linux-musleabihf", "-mcpu=cortex_a9", "-static"),
    "arm": ("-target", "arm-linux-musleabihf", "-mcpu=cortex_a9", "-static"),
}


class BuildError(Exception):
    """A program could not be built, or its oracle could not be asked; the text says why."""


@dataclass(frozen=True)
class Case:
    """One run of a program: what it is given and how it must end."""

    name: str
    args: tuple[str, ...]
    stdin: str
    env: dict[str, str]
    modes: tuple[str, ...]
    status: int
    stdout: Path | bytes

    def expected_stdout(self) -> bytes:
        """Return what the run must print, byte for byte."""
        return self.stdout if isinstance(self.stdout, bytes) else self.stdout.read_bytes()


@dataclass(frozen=True)
class Program:
    """One source of the corpus with its ways of being built and its cases."""

    name: str
    source: Path
    modes: tuple[str, ...]
    native: bool
    cflags: tuple[str, ...]
    guest_cflags: tuple[str, ...]
    libs: tuple[str, ...]
    oracle: str
    qemu_differs: str
    purpose: str
    cases: tuple[Case, ...]
    zig_differs: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Kernel(Program):
    """A program that takes a repetition count, for timing."""

    reps: int
    group: str


@dataclass(frozen=True)
class Disturbed(Program):
    """A program that does the same work with and without something that breaks its flow.

    Its arguments are ``disturbed`` or ``undisturbed`` and a count; both print the same line.
    """

    count: int
    few: int


def _case(row: dict[str, Any], program: str, modes: tuple[str, ...]) -> Case:
    name = row.get("name", "plain")
    stem = program if name == "plain" else f"{program}.{name}"
    status = row.get("status", 0)
    if "signal" in row:
        status = -int(signal.Signals[row["signal"]])
    return Case(
        name=name,
        args=tuple(row.get("args", ())),
        stdin=row.get("stdin", ""),
        env=dict(row.get("env", {})),
        modes=tuple(row.get("modes", modes)),
        status=status,
        stdout=CORPUS / "expected" / f"{stem}.out",
    )


def _program(row: dict[str, Any]) -> Program:
    modes = tuple(row.get("modes", ("thumb", "arm")))
    return Program(
        name=row["name"],
        source=CORPUS / row["source"],
        modes=modes,
        native=row.get("native", True),
        cflags=tuple(row.get("cflags", ())),
        guest_cflags=tuple(row.get("guest_cflags", ())),
        libs=tuple(row.get("libs", ())),
        oracle=row["oracle"],
        qemu_differs=row.get("qemu_differs", ""),
        zig_differs=row.get("zig_differs", ""),
        purpose=row["purpose"],
        cases=tuple(_case(case, row["name"], modes) for case in row.get("case", [{}])),
    )


def _kernel(row: dict[str, Any]) -> Kernel:
    modes = ("thumb", "arm")
    printed = row["check"].encode() + b"\n"
    return Kernel(
        name=row["name"],
        source=CORPUS / "kernels" / f"{row['name']}.c",
        modes=modes,
        native=True,
        cflags=("-fno-math-errno",),
        guest_cflags=tuple(row.get("guest_cflags", ())),
        libs=("-lm",),
        oracle=NATIVE,
        qemu_differs="",
        purpose="timing",
        cases=(Case("three", ("3",), "", {}, modes, 0, printed),),
        reps=row["reps"],
        group=row["group"],
    )


def _disturbed(row: dict[str, Any]) -> Disturbed:
    return Disturbed(
        name=row["name"],
        source=CORPUS / "disturbed" / f"{row['name']}.c",
        modes=("thumb", "arm", "pie"),
        native=True,
        cflags=(),
        guest_cflags=(),
        libs=(),
        oracle=NATIVE,
        qemu_differs="",
        zig_differs=row.get("zig_differs", ""),
        purpose=row["purpose"],
        cases=(),
        count=row["count"],
        few=row["few"],
    )


def programs() -> list[Program]:
    """Return the programs of the manifest in its order, kernels not among them."""
    return [_program(row) for row in _manifest()["program"]]


def kernels() -> list[Kernel]:
    """Return the kernels of the manifest in its order."""
    return [_kernel(row) for row in _manifest()["kernel"]]


def disturbed() -> list[Disturbed]:
    """Return the programs of ``disturbed/`` in the manifest's order."""
    return [_disturbed(row) for row in _manifest()["disturbed"]]


def _manifest() -> dict[str, Any]:
    with (CORPUS / "manifest.toml").open("rb") as file:
        return tomllib.load(file)


def guest_compiler() -> list[str]:
    """Return the command that compiles for 32-bit ARM Linux with hard float."""
    path = shutil.which("arm-linux-gnueabihf-gcc")
    if path is not None:
        return [path]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    raise BuildError(
        "no ARM compiler; try: apt install gcc-arm-linux-gnueabihf, or pip install ziglang"
    )


def native_compiler() -> list[str]:
    """Return the command that compiles for this machine."""
    for name in ("gcc", "cc", "clang"):
        path = shutil.which(name)
        if path is not None:
            return [path]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    raise BuildError("no C compiler; try: apt install gcc, or pip install ziglang")


def sysroot(compiler: Sequence[str]) -> Path:
    """Return the folder whose ``lib/`` holds the cross compiler's dynamic loader and libc."""
    command = [*compiler, "-print-file-name=libc.so.6"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    libc = Path(done.stdout.strip())
    # A compiler without a shared libc prints the bare name.
    if done.returncode == 0 and libc.is_absolute():
        for folder in libc.resolve().parents:
            if list(folder.glob("lib/ld-linux-armhf.so.*")):
                return folder
    raise BuildError(f"{compiler[0]} has no shared libc; try: apt install libc6-dev-armhf-cross")


def is_zig(compiler: Sequence[str]) -> bool:
    """Say whether the command is the C compiler inside the ziglang wheel."""
    return "ziglang" in compiler


def compile_command(program: Program, mode: str, compiler: Sequence[str]) -> list[str]:
    """Return the whole command but for ``-o OUTPUT``."""
    # A caller's zig command may already name a target; the mode's must be the only one.
    words = list(compiler)
    if is_zig(compiler):
        words = words[: words.index("cc") + 1]
    mode_flags = (ZIG_MODE_FLAGS if is_zig(compiler) else GCC_MODE_FLAGS).get(mode, ())
    guest = program.guest_cflags if mode not in NATIVE_MODES else ()
    source = str(program.source)
    return [*words, *mode_flags, *COMMON_FLAGS, *program.cflags, *guest, source, *program.libs]


def _digest(program: Program, command: Sequence[str]) -> str:
    seen = hashlib.sha256("\0".join(command).encode())
    for path in sorted([program.source, *program.source.parent.glob("*.h")]):
        seen.update(path.read_bytes())
    version = subprocess.run([command[0], "--version"], capture_output=True, check=False)
    seen.update(version.stdout)
    return seen.hexdigest()[:12]


def build(
    program: Program,
    mode: str,
    compiler: Sequence[str] | None = None,
    out_dir: Path = DEFAULT_OUT,
) -> Path:
    """Return the program built for ``mode``, compiling it only when nothing equal lies there."""
    if compiler is None:
        compiler = native_compiler() if mode in NATIVE_MODES else guest_compiler()
    command = compile_command(program, mode, compiler)
    out_dir.mkdir(parents=True, exist_ok=True)
    target = out_dir / f"{program.name}-{mode}-{_digest(program, command)}"
    if target.exists():
        return target
    # Written under a private name and renamed, so that a parallel builder never sees half a file.
    with tempfile.TemporaryDirectory(dir=out_dir, prefix=".build-") as scratch:
        output = Path(scratch) / program.name
        done = subprocess.run(
            [*command, "-o", str(output)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise BuildError(f"{program.name} ({mode}): {' '.join(command)}\n{done.stderr}")
        output.replace(target)
    return target


@dataclass(frozen=True)
class Outcome:
    """How a process ended: a status, or a negative signal number; what it printed."""

    status: int
    stdout: bytes
    stderr: bytes


def clean_environment(extra: dict[str, str]) -> dict[str, str]:
    """Return the few variables a case runs with, so that the caller's own cannot show in output."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC", **extra}


def run_case(
    words: Sequence[str], program: Path, case: Case, *, timeout: float = 60, cwd: Path | None = None
) -> Outcome:
    """Run one case of a built program under the command ``words`` (none: directly)."""
    done = subprocess.run(
        [*words, str(program), *case.args],
        input=case.stdin.encode(),
        capture_output=True,
        env=clean_environment(case.env),
        timeout=timeout,
        cwd=cwd,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def record(program: Program) -> None:
    """Rewrite the expected output of every case from the program's oracle."""
    if program.oracle not in {NATIVE, "qemu-arm"}:
        raise BuildError(f"{program.name}: oracle {program.oracle!r}; its output is kept by hand")
    for case in program.cases:
        mode = NATIVE if program.oracle == NATIVE else case.modes[0]
        words = [] if program.oracle == NATIVE else ["qemu-arm"]
        with tempfile.TemporaryDirectory(prefix="xlate-") as folder:
            outcome = run_case(words, build(program, mode), case, cwd=Path(folder))
        if outcome.status != case.status:
            raise BuildError(
                f"{program.name} {case.name}: the oracle ended with {outcome.status}, "
                f"the manifest says {case.status}"
            )
        if isinstance(case.stdout, Path):
            case.stdout.write_bytes(outcome.stdout)


def main(argv: Sequence[str] | None = None) -> int:
    """Build or record the named programs, all when none is named."""
    parser = argparse.ArgumentParser(prog="python -m corpus.build", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder for built programs")
    parser.add_argument("--mode", action="append", choices=[*GUEST_MODES, NATIVE])
    parser.add_argument("--record", action="store_true", help="rewrite expected output")
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args(argv)
    known: list[Program] = [*programs(), *kernels(), *disturbed()]
    chosen = [p for p in known if not args.names or p.name in args.names]
    unknown = set(args.names) - {p.name for p in chosen}
    if unknown:
        parser.error(f"not in the manifest: {', '.join(sorted(unknown))}")
    try:
        for program in chosen:
            if args.record:
                record(program)
                continue
            wanted = args.mode or program.modes
            timed = isinstance(program, Kernel)
            allowed = [
                *program.modes,
                *([NATIVE] if program.native else []),
                *(DYNAMIC_MODES if timed else ()),
            ]
            for mode in wanted:
                if mode in allowed:
                    print(build(program, mode, out_dir=args.out))
    except BuildError as error:
        print(f"corpus.build: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
