"""Builds the guest program of this folder and the package of its hand-written optimised code."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import lief

from backends.llvm.linker import link
from backends.llvm.pool import compile_functions
from frontends.arm32.state import STATE
from tests.optimised.bodies import PRELUDE, functions
from xlate.package import format as package_format
from xlate.package.key import identify
from xlate.package.store import package_name

HERE = Path(__file__).parent
PAGE = 4096
FLAGS = ("-static", "-no-pie", "-marm", "-O1", "-fno-inline", "-fno-optimize-sibling-calls")


@dataclass(frozen=True)
class Packaged:
    """A program and a folder with its package; the store for its profile; its libraries."""

    program: Path
    folder: Path
    cache: Path | None = None
    sysroot: Path | None = None

    def words(self) -> list[str]:
        """What ``xlate-run`` is told of it."""
        root = ["-L", str(self.sysroot)] if self.sysroot else []
        return ["-p", str(self.folder), *root]


def build(guest_cc: list[str], folder: Path) -> Packaged:
    """Build both in a fresh folder."""
    program = folder / "tiers"
    sources = [str(HERE / "tiers.c"), str(HERE / "functions.S")]
    subprocess.run([*guest_cc, *FLAGS, *sources, "-o", str(program)], check=True)
    packages = folder / "packages"
    packages.mkdir(mode=0o755)
    _write_package(program, packages)
    return Packaged(program, packages)


def _write_package(program: Path, folder: Path) -> None:
    guest = program.read_bytes()
    elf = lief.parse(str(program))
    assert isinstance(elf, lief.ELF.Binary)
    symbols = {str(s.name): s.value for s in elf.symbols}
    loads = [s for s in elf.segments if s.type == lief.ELF.Segment.TYPE.LOAD]
    low = min(s.virtual_address for s in loads) & -PAGE
    high = -(-max(s.virtual_address + s.virtual_size for s in loads) // PAGE) * PAGE
    texts = functions(symbols)
    results = compile_functions(texts, PRELUDE, level=1, jobs=1)
    image = link(texts, results, low=low, span=high - low, offsets=STATE.offsets())
    assert len(image.entries) == len(texts), (results, image.dropped)
    package = package_format.Package(
        identity=identify(guest, STATE.abi(), level=1, position_independent=False),
        low=low,
        high=high,
        table_a32=image.table_a32,
        table_t32=image.table_t32,
        image=image.code,
        entries=tuple(package_format.Entry(*entry) for entry in image.entries),
        faults=image.faults,
        fault_count=image.fault_count,
        functions=len(texts),
    )
    package_format.write(folder / package_name(guest), package)
