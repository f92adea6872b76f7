"""What AT_HWCAP and AT_HWCAP2 say is what the rows execute: no feature less, none more.

Libraries choose their hand-written code by these words. Every feature that Linux has a bit for
stands here with instructions of it, as a word of A32 and one of T32: all of them execute where the
feature is said to be there, and none where not. The numbers of the bits are those of Linux's
uapi/asm/hwcap.h.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests import needs
from xlate.errors import Unsupported
from xlate.pipeline import ir_text
from xlate.verify.case import code_bytes

TABLES = needs.CHECKOUT / "xlate/runtime/src/guest/arm32/hwcap.h"
PC = 0x10000


@dataclass(frozen=True)
class Feature:
    """A bit of one of the words, and instructions: words of A32 and T32 (T16) in pairs."""

    bit: int
    words: str
    why: str = ""  # why it is not told although they execute


FIRST = {
    "swp": Feature(0, "e1020091 -", "deprecated: programs are to use LDREX, as kernels advise"),
    "half": Feature(1, "e1d100b0 8808 e1c100b0 8008"),
    "thumb": Feature(2, "e12fff10 4700 e12fff30 4780"),
    "26bit": Feature(3, ""),
    "fastmult": Feature(4, "e0810392 fba20103 e0e10392 fbc20103"),
    "fpa": Feature(5, "ee000181 - ed900100 -"),
    "vfp": Feature(6, "ee300a81 ee300a81 ee210b02 ee210b02"),
    "edsp": Feature(7, "e1020051 fa82f081 e1003281 fb113002 e1c200d0 e9d20100 f5d0f000 f890f000"),
    "java": Feature(8, ""),  # BXJ is BX where it is not there
    "iwmmxt": Feature(9, "ee400000 ee400000 ed900100 ed900100"),
    "crunch": Feature(10, "ee000410 ee000410"),
    "thumbee": Feature(11, ""),
    "neon": Feature(12, "f2020844 ef020844 f420000f f920000f f2010d12 ef010d12 f3b10802 ffb10802"),
    "vfpv3": Feature(13, "eeb70a00 eeb70a00 eeba0ace eeba0ace"),
    "vfpv3d16": Feature(14, ""),  # says that d16 to d31 are not there
    "tls": Feature(15, "ee1d0f70 ee1d0f70"),
    "vfpv4": Feature(16, "eea00a81 eea00a81 eea10b42 eea10b42 eeb20a60 eeb20a60 f2020c54 ef020c54"),
    "idiva": Feature(17, "e710f211 - e730f211 -"),
    "idivt": Feature(18, "- fb91f0f2 - fbb1f0f2"),
    "vfpd32": Feature(19, "ee710baf ee710baf"),
    "lpae": Feature(20, "e1c200d0 e9d20100 e1b20f9f e8d2017f"),
    "evtstrm": Feature(21, ""),  # WFE waits for no events
    "fphp": Feature(22, "ee300981 ee300981 eeb809e0 eeb809e0"),
    "asimdhp": Feature(23, "f2120d44 ef120d44 f3110d12 ff110d12"),
    "asimddp": Feature(24, "fc220d54 fc220d54 fc210d02 fc210d02"),
    "asimdfhm": Feature(25, "fc220854 fc220854 fca10812 fca10812"),
    "asimdbf16": Feature(26, "fc020d44 fc020d44 fc020c44 fc020c44 f3b60642 ffb60642"),
    "i8mm": Feature(27, "fc220c44 fc220c44 fca20d44 fca20d44"),
}
SECOND = {
    "aes": Feature(0, "f3b00302 ffb00302 f3b00342 ffb00342 f3b00382 ffb00382 f3b003c2 ffb003c2"),
    "pmull": Feature(1, "f2a10e02 efa10e02"),
    "sha1": Feature(
        2,
        "f2020c44 ef020c44 f2120c44 ef120c44 f2220c44 ef220c44 f2320c44 ef320c44 "
        "f3b902c2 ffb902c2 f3ba0382 ffba0382",
    ),
    "sha2": Feature(3, "f3020c44 ff020c44 f3120c44 ff120c44 f3220c44 ff220c44 f3ba03c2 ffba03c2"),
    "crc32": Feature(4, "e1010042 fac1f082 e1410242 fad1f0a2"),
    "sb": Feature(5, "f57ff070 f3bf8f70"),
    "ssbs": Feature(6, ""),  # MSR SSBS, in A32 state by CPSR alone
}
# What came after ARMv8.0 without a bit of Linux's: rounding doubling, complex numbers.
NO_BIT = "f3120b54 ff120b54 fc920844 fc920844"


def told(table: str) -> dict[str, int]:
    """Return names and bits of one of the runtime's tables."""
    body = TABLES.read_text().split(f"{table}[] = {{")[1].split("};")[0]
    return {name: int(bit) for bit, name in re.findall(r'\{(\d+), "(\w+)"\}', body)}


def executes(isa: str, word: str) -> bool:
    if isa == "T32" and len(word) == 4:
        isa = "T16"
    try:
        ir_text(code_bytes(isa, [int(word, 16)]), PC, isa != "A32")
    except Unsupported:
        return False
    return True


def outcomes(words: str) -> list[bool]:
    pairs = enumerate(words.split())
    return [executes(("A32", "T32")[at % 2], word) for at, word in pairs if word != "-"]


@pytest.mark.parametrize(("table", "known"), [("HWCAPS", FIRST), ("HWCAPS2", SECOND)])
def test_exactly_what_is_told_executes(table: str, known: dict[str, Feature]) -> None:
    there = told(table)
    assert there.items() <= {name: feature.bit for name, feature in known.items()}.items()
    for name, feature in known.items():
        found = outcomes(feature.words)
        assert bool(found) or name not in there, f"{name} is told, and nothing shows it"
        if feature.why:
            assert name not in there
            assert all(found)
        else:
            assert found == [name in there] * len(found), name


def test_nothing_newer_executes() -> None:
    assert not any(outcomes(NO_BIT))
