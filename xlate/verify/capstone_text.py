"""Capstone's text of a few instructions: what people read in a case line."""

from __future__ import annotations

from functools import cache
from typing import Any

import capstone


@cache
def disassembler(isa: str) -> Any:
    """Return capstone for an instruction set, ARMv8's 32-bit additions included."""
    mode = capstone.CS_MODE_ARM if isa == "A32" else capstone.CS_MODE_THUMB
    return capstone.Cs(capstone.CS_ARCH_ARM, mode | capstone.CS_MODE_V8)


def disassemble(isa: str, code: bytes, addr: int) -> str:
    """Return the texts joined by "; ", or nothing when capstone does not know all of the code."""
    texts = []
    size = 0
    for _, length, mnemonic, operands in disassembler(isa).disasm_lite(code, addr):
        texts.append(f"{mnemonic} {operands}".strip())
        size += length
    return "; ".join(texts) if size == len(code) else ""
