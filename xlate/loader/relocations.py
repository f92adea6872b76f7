"""The relocations and the dynamic entries of a file.

lief reads the tables; what they mean for code is for discovery to say. A value is what the word
would be at the file's own addresses: REL relocations keep their addend in the word itself.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable

import lief

from xlate.loader.image import Relocation
from xlate.loader.names import name_of

# A hostile table must not keep the reader busy for minutes.
MOST_RELOCATIONS = 4_000_000
PREFIX = "arm_"


def relocations(elf: lief.ELF.Binary) -> tuple[Relocation, ...]:
    """Return the relocations in order of address, those of unknown type left out."""
    found: dict[Relocation, None] = {}
    for item in itertools.islice(elf.relocations, MOST_RELOCATIONS):
        kind = name_of(item, "type")
        if kind is None:
            continue
        symbol = item.symbol if item.has_symbol else None
        text = _text(symbol.name) if symbol is not None else ""
        value = symbol.value if symbol is not None and symbol.shndx else 0
        found[Relocation(item.address, kind.removeprefix(PREFIX), text, value)] = None
    return tuple(sorted(found, key=lambda one: (one.guest_va, one.kind, one.symbol)))


def dynamic(elf: lief.ELF.Binary) -> dict[str, int]:
    """Return the dynamic entries that hold an address or a size, by lower-case name."""
    return dict(_entries(elf.dynamic_entries))


def runpath(elf: lief.ELF.Binary) -> tuple[str, ...]:
    """Return where the program wants its libraries looked for: DT_RUNPATH, else DT_RPATH."""
    for kind in (lief.ELF.DynamicEntryRunPath, lief.ELF.DynamicEntryRpath):
        for entry in elf.dynamic_entries:
            if isinstance(entry, kind):
                text = entry.runpath if hasattr(entry, "runpath") else entry.rpath
                return tuple(part for part in _text(text).split(":") if part)
    return ()


def _text(name: str | bytes) -> str:
    return name if isinstance(name, str) else os.fsdecode(name)


def _entries(items: Iterable[lief.ELF.DynamicEntry]) -> Iterable[tuple[str, int]]:
    for item in items:
        name = name_of(item, "tag")
        if name is not None:
            yield name, item.value
