"""What `make kept` runs: ``corpus/kept/scenarios.toml`` read, and the command lines it comes to.

A guest program runs with ``-L`` and the tree for armhf, under xlate-run and qemu-arm alike;
natively the same version of the program from the tree for amd64, by that tree's own linker.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlate.errors import MalformedInput
from xlate.tools import debian_run as debian

SCENARIOS = debian.CHECKOUT / "corpus" / "kept" / "scenarios.toml"
NATIVE_LIBRARIES = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
NATIVE_LINKER = "lib64/ld-linux-x86-64.so.2"


@dataclass(frozen=True)
class Program:
    """A program of the trees, and inputs: lists of words."""

    name: str
    path: str
    native: str
    inputs: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Regression:
    """Many short runs of a program; ``{n}`` in a word is the run's number."""

    program: str
    runs: int
    words: tuple[str, ...]

    def input(self, number: int) -> tuple[str, ...]:
        """Return the words of one run."""
        return tuple(word.replace("{n}", str(number)) for word in self.words)


@dataclass(frozen=True)
class Waiting:
    """A program that says a line and waits for the end of its input."""

    program: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """The whole file."""

    packages: tuple[str, ...]
    programs: tuple[Program, ...]
    regressions: tuple[Regression, ...]
    waiting: tuple[Waiting, ...]
    files: Mapping[str, str]

    def program(self, name: str) -> Program:
        """Return a program by name; MalformedInput where there is none."""
        for program in self.programs:
            if program.name == name:
                return program
        raise MalformedInput(str(SCENARIOS), f"no program is called {name}")

    def write_files(self, folder: Path) -> None:
        """Put the files that inputs name into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.files.items():
            (folder / name).write_text(text.lstrip("\n"), encoding="utf-8")


def load(path: Path = SCENARIOS) -> Plan:
    """Return what a file of scenarios says."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return Plan(
        packages=tuple(data["packages"]),
        programs=tuple(_program(row) for row in data["program"]),
        regressions=tuple(
            Regression(row["program"], row["runs"], tuple(row["words"]))
            for row in data["regression"]
        ),
        waiting=tuple(Waiting(row["program"], tuple(row["words"])) for row in data["memory"]),
        files=data["files"],
    )


def _program(row: Mapping[str, Any]) -> Program:
    inputs = tuple(tuple(words) for words in row["inputs"])
    return Program(row["name"], row["path"], row.get("native", row["path"]), inputs)


@dataclass(frozen=True)
class Commands:
    """Command lines of one program: natively, under qemu-arm, under xlate-run."""

    program: Program
    guest_tree: Path
    native_tree: Path
    files: Path

    def native(self, words: Sequence[str]) -> list[str]:
        """Return the command for this machine."""
        tree = self.native_tree
        libraries = ":".join(str(tree / name) for name in NATIVE_LIBRARIES)
        linker = [str(tree / NATIVE_LINKER), "--library-path", libraries]
        return [*linker, str(tree / self.program.native), *self._words(words)]

    def guest(self, runner: Sequence[str], words: Sequence[str]) -> list[str]:
        """Return the command behind a runner and its options."""
        program = str(self.guest_tree / self.program.path)
        return [*runner, "-L", str(self.guest_tree), program, *self._words(words)]

    def _words(self, words: Sequence[str]) -> list[str]:
        return [str(self.files / word[1:]) if word[:1] == "@" else word for word in words]

    def environment(self, *, native: bool = False, store: Path | None = None) -> dict[str, str]:
        """Return the variables; without a store nothing is kept."""
        home = {"PYTHONHOME": str(self.native_tree / "usr")} if native else {}
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "HOME": str(self.files),
            "XLATE_CACHE": str(store) if store else "off",
            **home,
        }
