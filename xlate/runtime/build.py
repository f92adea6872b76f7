"""Builds the native runtime `xlate-run`: the list of sources, the flags, and when to build again.

This file decides how C becomes the program and where it lands; what the generated headers hold
is the business of ``xlate.tools.gen_runtime``. That generator is a layer above this one, and
LLVM may abort the process it runs in, so it is started as a process of its own.

Everything is keyed by content, never by time. The program stands in
``build/runtime/<digest>/``, where the digest covers all sources that shape it; objects are kept
with the hashes of all files they read, so that after an edit only what the edit touched is
compiled. One file lock serialises builders: the second one waits, then finds the work done.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from xlate.errors import Unsupported, XlateError
from xlate.package.key import runtime_header
from xlate.version import VERSION

SOURCES = Path(__file__).with_name("src")
CHECKOUT = Path(__file__).resolve().parents[2]

# What the generated headers are made from: a change in any of these makes them stale.
GENERATOR_INPUTS = (
    "frontends",
    "backends",
    "xlate/bits.py",
    "xlate/ir",
    "xlate/isa",
    "xlate/abi",
    "xlate/targets.py",
    "xlate/pipeline.py",
    "xlate/tools/gen_*.py",
)

# Below 4 GiB everything is the guest's, so the runtime lives high. It never touches vector
# registers (they hold guest state), and there is no C library whose unwinder or stack guard
# could be used.
CFLAGS = (
    "-std=gnu11",
    "-O2",
    "-ffreestanding",
    "-fno-stack-protector",
    "-fPIE",
    "-mgeneral-regs-only",
    "-fno-asynchronous-unwind-tables",
    "-fno-strict-aliasing",
    "-Wall",
    "-Wextra",
    "-Werror",
)
LDFLAGS = ("-static", "-no-pie", "-nostdlib", "-Wl,-z,noexecstack")
IMAGE_BASE = 0x70000000000
KEPT_BUILDS = 8
# The ziglang compiler keeps what it has compiled; not in anybody's HOME.
ZIG_CACHE = CHECKOUT / "build" / "zig-cache"

Announce = Callable[[str], None]


class BuildFailed(XlateError):
    """The compiler or the generator refused; the message carries what it printed."""


@dataclass(frozen=True)
class Compiler:
    """A C compiler: the words that start it, and how it is told where the image goes."""

    command: tuple[str, ...]
    base_flag: str

    def identity(self) -> str:
        """Return what tells this compiler from another one, for keys."""
        return " ".join((*self.command, self.base_flag))


def find_compiler() -> Compiler:
    """Return the C compiler to use: $CC, then cc, gcc, clang, then the ziglang wheel."""
    named = os.environ.get("CC", "").split()
    for words in [named] if named else [["cc"], ["gcc"], ["clang"]]:
        if shutil.which(words[0]):
            return Compiler(tuple(words), f"-Wl,-Ttext-segment={IMAGE_BASE:#x}")
    if importlib.util.find_spec("ziglang") is not None:
        zig = (sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-linux-gnu")
        return Compiler(zig, f"-Wl,--image-base={IMAGE_BASE:#x}")
    raise Unsupported(
        "cannot build xlate-run",
        "",
        "no C compiler: neither cc, gcc, clang nor the ziglang package is here",
        advice="install gcc, or `pip install ziglang`",
    )


# The program of the guest that guards against assumptions of 32 bits: what it shares with
# xlate-run, compiled for that guest, and all that is its own. It is for tests and not in the wheel.
GUARD = "xlate-arm64"
GUARD_DEFINES = ("GUEST_ARM64=1",)
GUARD_FOLDER = "guest/arm64"
GUARD_SHARES = (
    "analyse.c",
    "code_cache.c",
    "decode.c",
    "dispatch.c",
    "emit.c",
    "fatal.c",
    "host/x86_64/copy.S",
    "host/x86_64/enter.S",
    "host/x86_64/start.S",
    "host/x86_64/syscall.S",
    "look_up.c",
    "memory_table.c",
    "stencil.c",
    "string.c",
    "thread.c",
    "translate.c",
    "units.c",
    "world.c",
)


def c_sources() -> list[Path]:
    """Return every file that is compiled for 32-bit ARM, in a fixed order."""
    found = (p for pattern in ("*.c", "*.S") for p in SOURCES.rglob(pattern))
    return sorted(p for p in found if not p.is_relative_to(SOURCES / GUARD_FOLDER))


def guard_sources() -> list[Path]:
    """Return every file of the program xlate-arm64, in order; none where there are none."""
    if not (SOURCES / GUARD_FOLDER).is_dir():
        return []
    return sorted([*(SOURCES / GUARD_FOLDER).glob("*.c"), *(SOURCES / p for p in GUARD_SHARES)])


def programs() -> dict[str, str]:
    """Return the programs and the source that tells each from the others.

    ``main.c`` makes xlate-run. A ``main_NAME.c`` takes its place in a second program
    xlate-NAME, which lands beside xlate-run: xlate-insn runs single cases. xlate-arm64, which
    lands there too, has sources of its own.
    """
    others = sorted(SOURCES.glob("main_*.c"))
    named = {f"xlate-{path.stem.removeprefix('main_')}": path.name for path in others}
    return {**named, "xlate-run": "main.c"}


def _files_under(pattern: str) -> Iterator[Path]:
    """Yield the source files a pattern of the checkout names, folders with all they hold."""
    for top in sorted(CHECKOUT.glob(pattern)):
        found = [top] if top.is_file() else sorted(top.rglob("*"))
        yield from (p for p in found if p.suffix in {".py", ".c", ".h", ".S", ".inc", ".toml"})


def _hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(tops: tuple[str, ...], *extra: str) -> str:
    """Hash names and contents of all files under the given places, and the extra strings."""
    state = hashlib.sha256()
    for pattern in tops:
        for path in _files_under(pattern):
            state.update(f"{path.relative_to(CHECKOUT)} {_hash_file(path)}\n".encode())
    for text in extra:
        state.update(text.encode() + b"\n")
    return state.hexdigest()


def _llvm_version() -> str:
    try:
        return importlib.metadata.version("llvmlite")
    except importlib.metadata.PackageNotFoundError:
        return "none"


def generator_digest() -> str:
    """Return the key of the generated headers."""
    return _digest(GENERATOR_INPUTS, _llvm_version())


def program_digest(compiler: Compiler, defines: tuple[str, ...] = ()) -> str:
    """Return the key of the whole program."""
    flags = " ".join((*CFLAGS, *LDFLAGS, VERSION, *defines))
    this_file = str(Path(__file__).resolve().relative_to(CHECKOUT))
    inputs = ("xlate/runtime/src", this_file)
    return _digest(inputs, generator_digest(), runtime_header(), compiler.identity(), flags)


def _run(command: list[str], what: str, environment: dict[str, str] | None = None) -> str:
    """Run a tool and return its output, or raise with everything it printed."""
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env={**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(ZIG_CACHE), **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        printed = (done.stdout + done.stderr).strip()
        raise BuildFailed(f"{what} failed with status {done.returncode}:\n{printed}")
    return done.stdout


def _generate(build_dir: Path, announce: Announce) -> None:
    """Make ``gen/*`` current in the build directory; the stamp is written last."""
    stamp = build_dir / "gen.digest"
    wanted = generator_digest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    announce("xlate: generating decoder, templates and system call tables (a minute, once) ...")
    stamp.unlink(missing_ok=True)
    (build_dir / "gen").mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(filter(None, (str(CHECKOUT), os.environ.get("PYTHONPATH"))))
    program = (
        "import pathlib, sys; from xlate.tools import gen_runtime; "
        "gen_runtime.generate(pathlib.Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", program, str(build_dir)]
    _run(command, "generating the runtime's tables", {"PYTHONPATH": path})
    stamp.write_text(wanted)


def _write_headers(build_dir: Path, digest: str) -> None:
    """Make current which packages this program accepts, and whose code it takes up again."""
    made_by = ", ".join(f"0x{byte:02x}" for byte in bytes.fromhex(digest))
    headers = {
        "package.h": runtime_header(),
        "stock.h": f"/* Generated by the build. */\n#define STOCK_FINGERPRINT {{{made_by}}}\n",
    }
    (build_dir / "gen").mkdir(parents=True, exist_ok=True)
    for name, text in headers.items():
        path = build_dir / "gen" / name
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)


def _dependencies(listing: Path) -> list[str]:
    """Return the files a compiler's make rule names, without the system's own headers."""
    words = re.split(r"\s+", listing.read_text().replace("\\\n", " "))
    return sorted({w for w in words[1:] if w and not w.startswith(("/usr/", "/lib"))})


def _is_current(record: Path, key: str) -> bool:
    """Say whether the object was made with this key from files that still have those hashes."""
    try:
        made = json.loads(record.read_text())
        return made["key"] == key and all(
            _hash_file(Path(p)) == h for p, h in made["files"].items()
        )
    except (OSError, ValueError, KeyError):
        return False  # No record, a torn one, or a header that is gone: compile.


def _compile(compiler: Compiler, source: Path, build_dir: Path, defines: tuple[str, ...]) -> Path:
    """Return the object of a source file, compiled only where something it reads changed."""
    variant = hashlib.sha256(" ".join(defines).encode()).hexdigest()[:8] if defines else ""
    stem = build_dir / "objects" / variant / str(source.relative_to(SOURCES)).replace("/", "__")
    target = stem.with_name(stem.name + ".o")
    record = stem.with_name(stem.name + ".json")
    listing = stem.with_name(stem.name + ".d")
    flags = [*CFLAGS, f'-DXLATE_VERSION="{VERSION}"', *(f"-D{text}" for text in defines)]
    flags += [f"-I{SOURCES}", f"-I{build_dir}"]
    key = " ".join((compiler.identity(), *flags))
    if target.is_file() and _is_current(record, key):
        return target
    record.unlink(missing_ok=True)
    stem.parent.mkdir(parents=True, exist_ok=True)
    command = [*compiler.command, *flags, "-MMD", "-MF", str(listing)]
    command += ["-c", str(source), "-o", str(target)]
    _run(command, f"compiling {source.relative_to(CHECKOUT)}")
    files = {name: _hash_file(Path(name)) for name in _dependencies(listing)}
    record.write_text(json.dumps({"key": key, "files": files}))
    return target


def _compile_all(
    compiler: Compiler, sources: list[Path], build_dir: Path, defines: tuple[str, ...]
) -> dict[Path, Path]:
    """Return the object of each source file."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        work = {s: pool.submit(_compile, compiler, s, build_dir, defines) for s in sources}
        return {source: job.result() for source, job in work.items()}


def _link(compiler: Compiler, objects: list[Path], target: Path) -> None:
    """Link into a temporary name and rename, so that nobody ever runs half a program."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".link-")
    os.close(handle)
    fresh = Path(name)
    try:
        command = [*compiler.command, *LDFLAGS, compiler.base_flag, *map(str, objects)]
        _run([*command, "-o", name], "linking xlate-run")
        fresh.chmod(0o755)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def _forget_old(build_dir: Path, current: Path) -> None:
    """Keep the latest few programs; older ones belong to sources that are gone."""
    builds = sorted(build_dir.glob("*/xlate-run"), key=lambda p: p.stat().st_mtime)
    for program in builds[:-KEPT_BUILDS]:
        if program != current:
            shutil.rmtree(program.parent, ignore_errors=True)


@contextmanager
def _only_builder(build_dir: Path) -> Iterator[None]:
    build_dir.mkdir(parents=True, exist_ok=True)
    with (build_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure(
    build_dir: Path | None = None,
    *,
    announce: Announce = lambda _line: None,
    defines: tuple[str, ...] = (),
) -> Path:
    """Return the program built from the present sources, building what is missing.

    ``defines`` are macros ("NAME=value") for a variant that tests want, with other tunables.
    """
    place = build_dir or CHECKOUT / "build" / "runtime"
    if not SOURCES.is_dir():
        raise Unsupported(
            "xlate-run is missing",
            "",
            "this installation has neither the program nor its sources",
            advice="reinstall xlate-arm",
        )
    compiler = find_compiler()
    digest = program_digest(compiler, defines)
    program = place / digest[:16] / "xlate-run"
    if program.is_file():
        return program
    with _only_builder(place):
        if program.is_file():
            return program
        announce("xlate: building xlate-run (first use of these sources) ...")
        _generate(place, announce)
        _write_headers(place, digest)
        objects = _compile_all(compiler, c_sources(), place, defines)
        guard = {} if defines else _compile_all(compiler, guard_sources(), place, GUARD_DEFINES)
        if guard:
            _link(compiler, list(guard.values()), program.with_name(GUARD))
        mains = programs()
        # xlate-run comes last: where it is, all of them are.
        for name, main in mains.items():
            left_out = {SOURCES / other for other in mains.values() if other != main}
            parts = [made for source, made in objects.items() if source not in left_out]
            _link(compiler, parts, program.with_name(name))
        _forget_old(place, program)
    return program


def main() -> int:
    """Build and print the path of a program."""
    parser = argparse.ArgumentParser(description="Build the runtime and print its path.")
    parser.add_argument("--program", default="xlate-run", choices=[*programs(), GUARD])
    name = parser.parse_args().program
    try:
        print(ensure(announce=lambda line: print(line, file=sys.stderr)).with_name(name))
    except XlateError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
