"""Perfect hashes: how a computed goto finds one of many places without a row of comparisons.

The key times a number that is found by trying, of which the highest bits are kept, is another for
each place. So one multiplication and one jump table do; that it is the right place is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

FEW = 8  # places that are compared one after the other
MOST_BITS = 12
TRIES = 2000


class Hash(NamedTuple):
    """``slots[(key * factor mod 2**32) >> (32 - bits)]`` is the key, or None."""

    factor: int
    bits: int
    slots: tuple[int | None, ...]


def perfect_hash(keys: Iterable[int]) -> Hash | None:
    """Return the smallest table that was found; None when there is none of moderate size."""
    wanted = sorted(set(keys))
    for bits in range(max((len(wanted) - 1).bit_length(), 1), MOST_BITS + 1):
        for factor in _factors():
            places = {(key * factor & 0xFFFFFFFF) >> (32 - bits): key for key in wanted}
            if len(places) == len(wanted):
                return Hash(factor, bits, tuple(places.get(at) for at in range(1 << bits)))
    return None


def _factors() -> Iterator[int]:
    """Odd numbers without a pattern, the same each time."""
    factor = 0x9E3779B1
    for _ in range(TRIES):
        yield factor
        factor = (factor * 0x5851F42D + 0x14057B7E) & 0xFFFFFFFF | 1
