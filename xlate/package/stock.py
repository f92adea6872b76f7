"""Files of kept code, which the runtime writes and reads (stock_file.c): whether one is whole.

The sum finds damage and nothing else: four lanes, each of every fourth word, as in store.c.
"""

from __future__ import annotations

import struct
from functools import reduce
from typing import Any

from xlate.errors import MalformedInput
from xlate.package.key import content_hash
from xlate.package.layout import PAGE, STOCK, STOCK_FORMAT, STOCK_MAGIC

_LANES = 4
_FACTOR = 0x9E3779B97F4A7C15
_WORD = (1 << 64) - 1


def _lane(start: int, words: tuple[int, ...]) -> int:
    return reduce(
        lambda sum_, word: ((sum_ << 29 & _WORD | sum_ >> 35) ^ word) * _FACTOR & _WORD,
        words,
        start,
    )


def sum_of(data: bytes) -> bytes:
    """Return the sum of the data, zeros behind it up to whole groups."""
    data += bytes(-len(data) % (8 * _LANES))
    words = struct.unpack(f"<{len(data) // 8}Q", data)
    return struct.pack("<4Q", *(_lane(n + 1, words[n::_LANES]) for n in range(_LANES)))


def check(data: bytes) -> None:
    """Raise MalformedInput unless a file's bytes are whole; one of another format is passed."""
    if len(data) < PAGE or not data.startswith(STOCK_MAGIC):
        raise MalformedInput("not kept code", "it does not begin like it")
    header: dict[str, Any] = STOCK.unpack(data)
    if header["format"] != STOCK_FORMAT:
        return
    if content_hash(data[: STOCK.codec.size - 32]) != header["header_hash"]:
        raise MalformedInput("damaged kept code", "the header's checksum is wrong")
    if header["file_size"] != len(data):
        why = f"{len(data)} bytes long instead of {header['file_size']}"
        raise MalformedInput("damaged kept code", why)
    if sum_of(data[PAGE:]) != header["data_sum"]:
        raise MalformedInput("damaged kept code", "the sum of its contents is wrong")
