"""The Python decoder of a row set: word to row, at the cost of a dictionary look-up.

Words are sorted into buckets by the bits that most rows fix; a bucket is filled when first
asked for and lists its candidate rows, narrowest first. What a row means for an overlap is
decided in ``insn.py``; how bytes become words (halfwords, instruction set state) belongs to the
guest's ``decode.py``.
"""

from __future__ import annotations

from xlate.isa.insn import Row, RowSet

KEY_BITS = 12  # 4,096 buckets at most: two or three candidates each for the row sets of ARM


class Decoder:
    """Finds the narrowest row that matches a word; agrees with ``RowSet.find`` on every word."""

    def __init__(self, rows: RowSet) -> None:
        self._rows = sorted(rows, key=lambda row: -row.specificity)
        self._key_mask = _most_fixed_bits(rows)
        self._buckets: dict[int, tuple[Row, ...]] = {}

    def find(self, word: int) -> Row | None:
        """Return the row of ``word``, or None where there is a gap."""
        key = word & self._key_mask
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = self._candidates(key)
        for row in bucket:
            if row.matches(word):
                return row
        return None

    def _candidates(self, key: int) -> tuple[Row, ...]:
        """Rows whose fixed bits agree with the key where both say something."""
        mask = self._key_mask
        return tuple(
            row for row in self._rows if (row.encoding.value ^ key) & row.encoding.mask & mask == 0
        )


def _most_fixed_bits(rows: RowSet) -> int:
    """Return a mask of the bits that the largest number of rows fix."""
    fixed = {bit: sum(row.encoding.mask >> bit & 1 for row in rows) for bit in range(rows.width)}
    chosen = sorted(fixed, key=lambda bit: -fixed[bit])[:KEY_BITS]
    return sum(1 << bit for bit in chosen)
