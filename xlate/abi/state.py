"""How a guest state layout is written down, and its C header."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}


@dataclass(frozen=True)
class Field:
    """One member: C type, element count, alignment in bytes (0: the type's own)."""

    name: str
    ctype: str
    count: int = 1
    align: int = 0
    doc: str = ""

    @property
    def size(self) -> int:
        """Bytes of the whole member."""
        return SIZES[self.ctype] * self.count


@dataclass(frozen=True)
class StateLayout:
    """Members in order; offsets follow C's rules with explicit alignments.

    The general registers are the member ``r``, each ``word`` bits wide, as wide as an address.
    """

    guest: str
    fields: tuple[Field, ...]
    #: numbers that code of both languages needs: name in C, value, meaning
    constants: tuple[tuple[str, int, str], ...] = ()

    @property
    def word(self) -> int:
        """Bits of a general register and of an address."""
        return 8 * SIZES[next(f.ctype for f in self.fields if f.name == "r")]

    def offsets(self) -> dict[str, int]:
        """Byte offset of each member from the state pointer."""
        out: dict[str, int] = {}
        at = 0
        for f in self.fields:
            align = f.align or SIZES[f.ctype]
            at = (at + align - 1) // align * align
            out[f.name] = at
            at += f.size
        return out

    def size(self) -> int:
        """Bytes of the struct, rounded up to 16."""
        last = self.fields[-1]
        return (self.offsets()[last.name] + last.size + 15) // 16 * 16

    def abi(self) -> int:
        """Return a 64-bit number that differs for any other layout: code is made for one."""
        rows = zip(self.fields, self.offsets().values(), strict=True)
        text = "".join(f"{f.name} {f.ctype} {f.count} {at}\n" for f, at in rows)
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")

    def c_header(self) -> str:
        """Return the C struct with its static assertions."""
        guard = f"XLATE_GEN_STATE_{self.guest.upper()}_H"
        lines = [
            "/* Generated from the guest's state table; do not edit. */",
            f"#ifndef {guard}",
            f"#define {guard}",
            "",
        ]
        lines += [
            *(f"#define {name} {value} /* {doc} */" for name, value, doc in self.constants),
            "",
            "#ifndef __ASSEMBLER__",
            '#include "types.h"',
            "",
            f"struct {self.guest}_state {{",
        ]
        for f in self.fields:
            dim = f"[{f.count}]" if f.count > 1 else ""
            align = f" __attribute__((aligned({f.align})))" if f.align else ""
            lines.append(f"\t{f.ctype} {f.name}{dim}{align}; /* {f.doc} */")
        lines += ["} __attribute__((aligned(16)));", ""]
        struct = f"struct {self.guest}_state"
        lines += [
            f'_Static_assert(offsetof({struct}, {name}) == {at}, "{name} moved");'
            for name, at in self.offsets().items()
        ]
        lines += ["#endif", ""]
        lines += [f"#define STATE_{name.upper()} {at}" for name, at in self.offsets().items()]
        lines += ["", f"#define STATE_ABI {self.abi():#x}ull", "", "#endif", ""]
        return "\n".join(lines)
