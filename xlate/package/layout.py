"""The bytes of packages and of the store's small files, and their C header.

One table for both readers: ``format.py`` and ``store.py`` pack and unpack by it, and the runtime's
build prints it as ``gen/package.h``. What the fields mean is written in docs/package.md; what
is a sound file is decided by the readers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from xlate.abi.state import SIZES, Field, StateLayout

FORMAT = 1
PAGE = 4096
MAGIC = b"\x7fxlp\r\n\x1a\n"
FEATURES = "x86-64"
FAST_FEATURES = f"{FEATURES} fp fast"  # of packages made with `--fp fast`

PROFILE_MAGIC = b"xlprof\r\n"
PROFILE_FORMAT = 1
PROFILE_SIZE = 256 << 10
PROFILE_PROBES = 64
HASH_FACTOR = 0x9E3779B9

SEEN_MAGIC = b"xlseen\r\n"

# Code of the baseline tier that is kept: QUICK.kept, QUICK-p.kept beside a package.
STOCK_MAGIC = b"xlkept\r\n"
STOCK_FORMAT = 1
STOCK_FOLDER = "kept"
STOCK_SUFFIX = ".kept"

# Files of one quick key that may stand beside each other: NAME.xlp, NAME-1.xlp, ...
CANDIDATES = 4
SUFFIX = ".xlp"
PROFILE_SUFFIX = ".prof"

SECTIONS = ("table_a32", "table_t32", "image", "entries", "faults", "profile", "provenance")

HASH_AT = PAGE - 32

_HEADER_FIELDS = (
    Field("magic", "u8", count=8, doc="PACKAGE_MAGIC"),
    Field("format", "u32", doc="PACKAGE_FORMAT"),
    Field("level", "u32", doc="of optimisation, for information"),
    Field("abi", "u64", doc="layout of the guest state the code was made for"),
    Field("fingerprint", "u8", count=32, doc="of the sources that shaped the code"),
    Field("features", "u8", count=16, doc="what the host processor must have, and fp fast"),
    Field("guest_hash", "u8", count=32, doc="BLAKE2b-256 of the guest file"),
    Field("guest_size", "u64", doc="bytes of the guest file"),
    Field("quick", "u8", count=16, doc="quick key of the guest file"),
    Field("low", "u64", doc="page of the lowest link address"),
    Field("high", "u64", doc="end of the last page"),
    Field("position_independent", "u32", doc="1: may run with a bias"),
    Field("functions", "u32"),
    Field("fault_count", "u32", doc="rows at the start of the fault section"),
    Field("entry_count", "u32"),
    Field("profile_count", "u32"),
    Field("pad", "u32"),
    Field("file_size", "u64"),
    Field("sections", "u64", count=2 * len(SECTIONS), doc="offset and size of each"),
    Field("data_hash", "u8", count=32, doc="BLAKE2b-256 of everything after this page"),
)


def _whole_page(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Return the fields, zeros, and the page's own hash as its last bytes."""
    last = fields[-1]
    end = StateLayout("header", fields).offsets()[last.name] + last.size
    return (
        *fields,
        Field("rest", "u8", count=HASH_AT - end),
        Field("header_hash", "u8", count=32, doc="BLAKE2b-256 of the page before it"),
    )


@dataclass(frozen=True)
class Record:
    """A C struct without padding that Python packs as well."""

    name: str
    layout: StateLayout
    codec: struct.Struct

    @classmethod
    def of(cls, name: str, *fields: Field) -> Record:
        """Return the record of these members, which must follow each other without gaps."""
        layout = StateLayout(name, fields)
        letters = {"u8": "s", "u32": "I", "u64": "Q"}
        codec = struct.Struct("<" + "".join(f"{f.count}{letters[f.ctype]}" for f in layout.fields))
        last = layout.fields[-1]
        assert codec.size == layout.offsets()[last.name] + last.size
        return cls(name, layout, codec)

    def pack(self, **values: int | bytes | tuple[int, ...]) -> bytes:
        """Return the bytes; members that are not named are zero."""
        flat: list[int | bytes] = []
        for f in self.layout.fields:
            empty = b"" if f.ctype == "u8" else (0,) * f.count
            value = values.pop(f.name, empty)
            flat.extend(value if isinstance(value, tuple) else (value,))
        assert not values
        return self.codec.pack(*flat)

    def unpack(self, data: bytes) -> dict[str, int | bytes | tuple[int, ...]]:
        """Return the members by name; arrays of numbers as tuples."""
        flat = list(self.codec.unpack(data[: self.codec.size]))
        out: dict[str, int | bytes | tuple[int, ...]] = {}
        for f in self.layout.fields:
            if f.ctype == "u8" or f.count == 1:
                out[f.name] = flat.pop(0)
            else:
                out[f.name] = tuple(flat[: f.count])
                del flat[: f.count]
        return out

    def c_struct(self) -> str:
        """Return the C definition with its static assertions."""
        lines = [f"struct {self.name} {{"]
        for f in self.layout.fields:
            dim = f"[{f.count}]" if f.count > 1 else ""
            lines.append(f"\t{f.ctype} {f.name}{dim};" + (f" /* {f.doc} */" if f.doc else ""))
        lines.append("};")
        lines.append(
            f'_Static_assert(sizeof(struct {self.name}) == {self.codec.size}, "{self.name}");'
        )
        return "\n".join(lines) + "\n"


HEADER = Record.of("package_header", *_whole_page(_HEADER_FIELDS))
ENTRY = Record.of(
    "package_entry",
    Field("key", "u32", doc="link address | T"),
    Field("offset", "u32", doc="of X in the image"),
    Field("size", "u32", doc="bytes of the function"),
    Field("kind", "u32", doc="0 function, 1 secondary entry"),
)
FAULT = Record.of(
    "package_fault",
    Field("start", "u32", doc="offset of the function in the image"),
    Field("size", "u32"),
    Field("key", "u32", doc="link address | T of its first instruction"),
    Field("stream", "u32", doc="offset of its deltas from the end of the rows"),
)
PROFILE = Record.of(
    "profile_header",
    Field("magic", "u8", count=8),
    Field("format", "u32"),
    Field("slots", "u32", doc="u32 link keys that follow, 0: free"),
    Field("quick", "u8", count=16),
    Field("rest", "u8", count=32),
)
# ``file``: device, inode, size, seconds and nanoseconds of mtime and of ctime.
SEEN = Record.of(
    "seen_record",
    Field("magic", "u8", count=8),
    Field("file", "u64", count=7),
    Field("hash", "u8", count=32),
)

# A page with the header; the image; from the next page on units, index, rows and fixes.
STOCK = Record.of(
    "stock_header",
    Field("magic", "u8", count=8),
    Field("format", "u32"),
    Field("units", "u32", doc="rows of struct stock_unit, by offset"),
    Field("fingerprint", "u8", count=32, doc="of the runtime that made the code"),
    Field("quick", "u8", count=16, doc="quick key of the guest file"),
    Field("file", "u64", count=7, doc="the guest file, as in a seen_record"),
    Field("low", "u64", doc="pages of its link addresses"),
    Field("high", "u64"),
    Field("package", "u8", count=32, doc="header_hash of the package beside it, else 0"),
    Field("bias", "u32", doc="that addresses in the code have"),
    Field("slots", "u32", doc="of the index, a power of two: key << 32 | unit + 1"),
    Field("rows", "u32", doc="u16"),
    Field("fixes", "u32", doc="struct fix of emit.h"),
    Field("image_size", "u64"),
    Field("file_size", "u64"),
    Field("data_sum", "u8", count=32, doc="of everything after this page"),
    Field("header_hash", "u8", count=32, doc="BLAKE2b-256 of the members before it"),
)
STOCK_UNIT = Record.of(
    "stock_unit",
    Field("key", "u32", doc="link address | T"),
    Field("at", "u32", doc="offset of X in the image"),
    Field("code", "u32", doc="bytes of host code"),
    Field("insns", "u32"),
    Field("row", "u32", doc="first of its 4 * insns + 1 rows, as in struct unit_rec"),
    Field("fix", "u32", doc="first of its fixes"),
    Field("fixes", "u32"),
)

PROFILE_SLOTS = (PROFILE_SIZE - PROFILE.codec.size) // SIZES["u32"]


def _c_bytes(data: bytes) -> str:
    return "{" + ", ".join(f"0x{b:02x}" for b in data) + "}"


def c_header(fingerprint: bytes) -> str:
    """Return ``gen/package.h``; ``fingerprint`` is what packages must have been made by."""
    defines = {
        "PACKAGE_MAGIC": _c_bytes(MAGIC),
        "PACKAGE_FORMAT": f"{FORMAT}u",
        "PACKAGE_FEATURES": f'"{FEATURES}"',
        "PACKAGE_FAST_FEATURES": f'"{FAST_FEATURES}"',
        "PACKAGE_FINGERPRINT": _c_bytes(fingerprint),
        "PACKAGE_CANDIDATES": str(CANDIDATES),
        "PACKAGE_SUFFIX": f'"{SUFFIX}"',
        "PROFILE_MAGIC": _c_bytes(PROFILE_MAGIC),
        "PROFILE_FORMAT": f"{PROFILE_FORMAT}u",
        "PROFILE_SIZE": f"{PROFILE_SIZE}u",
        "PROFILE_SLOTS": f"{PROFILE_SLOTS}u",
        "PROFILE_PROBES": f"{PROFILE_PROBES}u",
        "PROFILE_HASH_FACTOR": f"{HASH_FACTOR:#x}u",
        "PROFILE_SUFFIX": f'"{PROFILE_SUFFIX}"',
        "SEEN_MAGIC": _c_bytes(SEEN_MAGIC),
        "STOCK_MAGIC": _c_bytes(STOCK_MAGIC),
        "STOCK_FORMAT": f"{STOCK_FORMAT}u",
        "STOCK_FOLDER": f'"{STOCK_FOLDER}"',
        "STOCK_SUFFIX": f'"{STOCK_SUFFIX}"',
    }
    lines = [
        "/* Generated from xlate/package/layout.py; do not edit. */",
        "#ifndef XLATE_GEN_PACKAGE_H",
        "#define XLATE_GEN_PACKAGE_H",
        "",
        '#include "types.h"',
        "",
    ]
    lines += [f"#define {name} {value}" for name, value in defines.items()]
    names = ", ".join(f"SECTION_{name.upper()}" for name in SECTIONS)
    lines += ["", f"enum {{ {names}, SECTION_COUNT }};", ""]
    lines += [r.c_struct() for r in (HEADER, ENTRY, FAULT, PROFILE, SEEN, STOCK, STOCK_UNIT)]
    lines += ["#endif", ""]
    return "\n".join(lines)
