"""Immediates as the manual decodes them; each has a C twin in guest/arm64/decode_imm.h."""

from __future__ import annotations

from typing import Any

from xlate.isa import transform


@transform
def bit_mask(N: int, imms: int, immr: int) -> int:
    """DecodeBitMasks' wmask: a run of ones, rotated in an element that fills 64 bits; 0 if reserved."""
    length = (N << 6 | (imms ^ 63)).bit_length() - 1
    if length < 1:
        return 0
    size = 1 << length
    ones, turn = (imms & (size - 1)) + 1, immr & (size - 1)
    run = (1 << ones) - 1
    element = (run >> turn | run << (size - turn)) & ((1 << size) - 1)
    return sum(element << at for at in range(0, 64, size))


def is_bit_mask(N: Any, imms: Any) -> Any:
    """DecodeBitMasks does not refuse it: an element of two bits or more that is not all ones."""
    kind = N << 6 | (imms ^ 63)
    return kind & (kind - 1) != 0
