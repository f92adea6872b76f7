"""What a standalone executable is made of: a program, the libraries it is linked with, their names.

Decides by which paths the guest will find each file, and says what is left to the machine that the
executable runs on. A file below the sysroot has the path it has there, and the one that links lead
to. A library from elsewhere (a DT_RUNPATH with $ORIGIN, a default folder of this machine) is
put where every dynamic loader looks last: /lib.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from xlate.convert.files import Closure, mapped, with_libraries
from xlate.errors import Unsupported
from xlate.loader import Image, load, read_file
from xlate.package.bundle import GuestFile

LAST_FOLDER = "/lib"
SYSTEM_FOLDERS = ("/lib/", "/usr/lib/")

# What a program may look for when it runs: by the functions of the C library that it imports, and
# by names of files in a program that has its C library in itself.
LOOKS_FOR = (
    ("plugins", ("dlopen", "dlmopen", "g_module_open"), ()),
    (
        "name services (the machine's /etc, and libnss_* of glibc's)",
        ("getpwnam", "getpwuid", "getpwnam_r", "getpwuid_r", "getgrnam", "getgrgid", "getaddrinfo",
         "gethostbyname", "getservbyname", "getpwent", "getgrent", "getgrouplist"),
        (b"/etc/nsswitch.conf",),
    ),
    ("character sets (gconv modules)", ("iconv_open",), (b"gconv-modules",)),
    ("locales", ("setlocale", "newlocale"), (b"locale-archive",)),
    (
        "programs and scripts that it executes",
        ("execve", "execv", "execvp", "execl", "execlp", "execle", "execvpe", "system", "popen",
         "posix_spawn", "posix_spawnp", "fexecve"),
        (),
    ),
)  # fmt: skip
# They have these functions for everybody, and say nothing about the program.
C_LIBRARY = ("libc.", "libc-", "libpthread.", "libdl.", "ld-", "libresolv.", "libm.", "libgcc_s.")


@dataclass(frozen=True)
class Standalone:
    """The files, the program first; where they were found; and what is not in them."""

    files: tuple[GuestFile, ...]
    paths: tuple[Path, ...]
    left_out: tuple[str, ...]


def gather(program: Path, sysroot: Path | None) -> Standalone:
    """Return what goes into the executable of a program.

    Raises MalformedInput or Unsupported when the program or a library cannot be had.
    """
    closure = with_libraries(program, sysroot)
    _check_whole(closure)
    asked = _asked(closure.files, sysroot)
    files = tuple(
        GuestFile(
            read_file(str(path)),
            tuple(sorted(_names(path, sysroot, first=number == 0) | asked.get(_real(path), set()))),
        )
        for number, path in enumerate(closure.files)
    )
    return Standalone(files, closure.files, tuple(_left_out(closure.files, files)))


def _check_whole(closure: Closure) -> None:
    for missing in closure.missing:
        raise Unsupported(
            "a library is missing",
            "",
            f"{missing.name}, needed by {missing.wanted_by}, is not found",
            advice="-L SYSROOT",
        )


def _asked(paths: Iterable[Path], sysroot: Path | None) -> dict[str, set[str]]:
    """The whole paths by which programs and libraries ask for files, by the file they get."""
    asked: dict[str, set[str]] = {}
    for image in map(load, paths):
        for name in (image.interpreter or "", *image.needed):
            if name.startswith("/"):
                asked.setdefault(_real(mapped(name, sysroot)), set()).add(name)
    return asked


def _real(path: Path) -> str:
    return os.path.realpath(path)


def _names(path: Path, sysroot: Path | None, *, first: bool) -> set[str]:
    """The guest's paths of a file; the program of somewhere else has none but the executable's."""
    real = Path(_real(path))
    if sysroot is not None:
        places = ((path, sysroot), (real, Path(_real(sysroot))))
        inside = {f"/{one.relative_to(top)}" for one, top in places if one.is_relative_to(top)}
        if inside:
            return inside
    if first:
        return set()
    found = {str(one) for one in (path, real) if str(one).startswith(SYSTEM_FOLDERS)}
    return found or {f"{LAST_FOLDER}/{path.name}"}


def _left_out(paths: Iterable[Path], files: Iterable[GuestFile]) -> Iterator[str]:
    """Yield what the program may look for when it runs, with who asks for it."""
    asks = [
        (path.name, _imports(load(path)), file.data)
        for path, file in zip(paths, files, strict=True)
        if not path.name.startswith(C_LIBRARY)
    ]
    is_static = len(asks) == 1 and not asks[0][1]
    for what, functions, texts in LOOKS_FOR:
        by = [
            name
            for name, imports, data in asks
            if imports.intersection(functions) or (is_static and any(t in data for t in texts))
        ]
        if by:
            yield f"{what}: {', '.join(by)}"


def _imports(image: Image) -> set[str]:
    """The names that a file's relocations ask other files for."""
    return {r.symbol.split("@")[0] for r in image.relocations if r.symbol and not r.symbol_value}
