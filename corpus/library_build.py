"""Build the shared library of ``library/`` and the two programs that load it.

Decides the commands and the layout: one folder that holds ``libshape.so``, ``linked`` (needs it
by DT_NEEDED) and ``opened`` (opens it with dlopen), both with a run path of ``$ORIGIN``. The
folder's name holds a digest of what shaped it, as in ``build.py``.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.build import COMMON_FLAGS, CORPUS, DEFAULT_OUT, NATIVE, BuildError

SOURCES = CORPUS / "library"
MODE_FLAGS = {
    "thumb": ("-mthumb", "-fPIC", "-pie"),
    "arm": ("-marm", "-fPIC", "-pie"),
    NATIVE: ("-fPIC", "-pie"),
}
FLAGS = (*COMMON_FLAGS, "-fno-math-errno", "-Wl,--enable-new-dtags")


@dataclass(frozen=True)
class Built:
    """Where the library and its programs lie."""

    library: Path
    linked: Path
    opened: Path

    @property
    def programs(self) -> tuple[Path, Path]:
        """The programs, in the order in which they are told apart."""
        return self.linked, self.opened


def _commands(mode: str, compiler: Sequence[str], folder: Path) -> list[list[str]]:
    common = [*compiler, *FLAGS]
    program = [*common, *MODE_FLAGS[mode], "-Wl,-rpath,$ORIGIN"]
    library = [*common, *(flag for flag in MODE_FLAGS[mode] if flag != "-pie"), "-shared"]
    out = str(folder)
    return [
        [*library, "-Wl,-soname,libshape.so", str(SOURCES / "shape.c"), "-o", f"{out}/libshape.so"],
        [*program, str(SOURCES / "linked.c"), "-o", f"{out}/linked", f"-L{out}", "-lshape"],
        [*program, str(SOURCES / "opened.c"), "-o", f"{out}/opened", "-ldl"],
    ]


def _digest(mode: str, compiler: Sequence[str]) -> str:
    commands = _commands(mode, compiler, Path("OUT"))
    seen = hashlib.sha256("\0".join(word for words in commands for word in words).encode())
    for path in sorted(SOURCES.iterdir()):
        seen.update(path.read_bytes())
    version = subprocess.run([compiler[0], "--version"], capture_output=True, check=False)
    seen.update(version.stdout)
    return seen.hexdigest()[:12]


def build(mode: str, compiler: Sequence[str], out_dir: Path = DEFAULT_OUT) -> Built:
    """Return library and programs, compiling only when nothing equal lies there."""
    out_dir.mkdir(parents=True, exist_ok=True)
    target = out_dir / f"library-{mode}-{_digest(mode, compiler)}"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=out_dir, prefix=".build-") as scratch:
            folder = Path(scratch) / "built"
            folder.mkdir()
            _compile(_commands(mode, compiler, folder))
            try:
                folder.rename(target)
            except OSError:  # a parallel builder was first; its folder holds the same
                if not target.is_dir():
                    raise
    return Built(target / "libshape.so", target / "linked", target / "opened")


def _compile(commands: list[list[str]]) -> None:
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BuildError(f"{' '.join(command)}\n{done.stderr}")
