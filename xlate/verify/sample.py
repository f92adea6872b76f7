"""Which part of all is checked: the same part every time, on every machine.

A key is in the sample by a hash of itself, so that the choice depends neither on order nor on what
else is in a package; ``first`` and ``count`` then cut a range out of the sorted rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """``share`` of ``of`` keys, then from number ``first`` on, at most ``count``."""

    share: int = 1
    of: int = 1
    first: int = 0
    count: int | None = None

    def takes(self, key: int) -> bool:
        """Say whether the hash of a key is in the share."""
        digest = hashlib.blake2b(key.to_bytes(4, "little"), digest_size=32).digest()
        return int.from_bytes(digest[:8], "little") % self.of < self.share

    def of_keys(self, keys: Iterable[int]) -> list[int]:
        """Return the chosen keys in order."""
        chosen = sorted(key for key in set(keys) if self.takes(key))
        end = None if self.count is None else self.first + self.count
        return chosen[self.first : end]
