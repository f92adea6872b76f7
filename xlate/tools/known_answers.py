"""Programs of ours that ask libraries for answers that are known, in the roots of Debian.

``corpus/known`` has their sources, ``corpus/debian/known.toml`` the runs of these and of codecs
with and without their hand-written code. A program is built for the guest and for this machine
with the compilers at hand and put into each root beside Debian's own, so that it runs and is
converted like these. It opens libraries by name: no development packages are needed.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xlate.errors import Unsupported
from xlate.sysroot import apt
from xlate.tools import debian_run as debian

SOURCES = debian.CHECKOUT / "corpus" / "known"
PLAN = debian.CHECKOUT / "corpus" / "debian" / "known.toml"
WORLD = debian.World("known", "Known answers of Debian's libraries for armhf", tree="armhf")
FOLDER = "usr/local/lib/known"
PAGE = debian.CHECKOUT / "docs" / "known-answers.md"
HEAD = """\
# Known answers

Written by `make known` on {date}, at commit {commits}; not by hand. Libraries of Debian {suite} for
armhf under `xlate-run --root`, asked by programs of ours ([corpus/known](../corpus/known)) and by
codecs ([corpus/debian](../corpus/debian/known.toml)), in the baseline tier and converted.
What an answer is known by:

- published values, which the programs hold: digests, ciphers, curves and checksums of RFCs, FIPS
  and NIST; laws of arithmetic (GMP); plain loops beside the library's (zlib's checksums);
- the same library for amd64, run natively: glibc's mathematics to the last bit (its variants with
  fused multiplication set aside, which round otherwise), compressed files, pictures, streams;
- the library itself with its hand-written code turned off: `OPENSSL_armcap`, `JSIMD_FORCENONE`,
  `PIXMAN_DISABLE`, `VPX_SIMD_CAPS`, `NETTLE_FAT_OVERRIDE`, `--no-asm`, `--cpumask`, `-cpuflags`;
- outside this table, fractions: what IEEE 754 fixes (`tests/run/test_correct_rounding.py`), and
  byte loops, for each variant of glibc's memcpy and memchr (`corpus/programs/string_variants.c`).

The variants are those that HWCAP, HWCAP2 and /proc/cpuinfo choose; `tests/insn/test_hwcap.py` holds
what is said there against the rows. libopus and libspeex compute otherwise on x86-64, so only
their sizes are compared.

"""

# Without inlined functions or fused operations, so that libraries are asked, and alike.
FLAGS = ("-O2", "-fno-builtin", "-ffp-contract=off", "-frounding-math", "-Wall", "-Wextra")
LIBRARIES = ("-lm", "-ldl")


@dataclass(frozen=True)
class Machine:
    """A root and the compiler for it."""

    tree: str
    compiler: tuple[str, ...]


MACHINES = (
    Machine(WORLD.root.name, ("arm-linux-gnueabihf-gcc", "-mthumb")),
    Machine(WORLD.native, ("gcc",)),
)


def programs() -> list[Path]:
    """Return the sources, one for each program."""
    return sorted(SOURCES.glob("*.c"))


def load() -> debian.Plan:
    """Return the runs and what they need."""
    return debian.load(PLAN)


def _words(machine: Machine, source: Path, target: Path) -> list[str]:
    return [*machine.compiler, *FLAGS, str(source), "-o", str(target), *LIBRARIES]


def _digest(words: Sequence[str]) -> str:
    """Return a name for what the command and all sources are now."""
    seen = hashlib.sha256("\0".join(words).encode())
    for path in sorted(SOURCES.iterdir()):
        seen.update(path.read_bytes())
    return seen.hexdigest()


def install(announce: apt.Announce, trees: Path = debian.TREES) -> None:
    """Build the programs that the roots lack or have of other sources."""
    for machine in MACHINES:
        folder = trees / machine.tree / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        for source in programs():
            target = folder / source.stem
            words = _words(machine, source, target)
            note, digest = folder / f"{source.stem}.digest", _digest(words)
            if target.is_file() and note.is_file() and note.read_text() == digest:
                continue
            announce(f"building {source.stem} for {machine.tree}")
            _build(words)
            note.write_text(digest)


def _build(words: Sequence[str]) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise Unsupported("compiler", words[0], "not installed") from error
    if done.returncode:
        raise Unsupported("compiler", words[0], done.stderr.strip()[-500:])
