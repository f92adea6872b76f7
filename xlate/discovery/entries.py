"""Where a function is entered in its middle: the places that runs came to, or the best of many.

Every such place costs: each has a way in from the state, so no value stays in a register where
ways meet. A function that was left to the baseline tier once may have been entered at each of its
blocks; a few of them take control back soon enough. Loops come first, as what is entered at none
of theirs may stay away for long, then places behind calls, where control comes back to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from frontends.arm32.recorded import recorded
from xlate.discovery.model import Block

MOST_ENTRIES = 256


def chosen(blocks: Mapping[int, Block], entered: Collection[int]) -> frozenset[int]:
    """Return at most MOST_ENTRIES of the keys of blocks that runs have entered."""
    if len(entered) <= MOST_ENTRIES:
        return frozenset(entered)
    ways: Counter[int] = Counter()
    heads: set[int] = set()
    resumed: set[int] = set()
    for key, block in blocks.items():
        ways.update(block.successors)
        heads.update(after for after in block.successors if after <= key)
        flow = recorded(block.insns[-1]).flow
        if flow.kind == "call" or flow.how in ("call", "svc"):
            resumed.add(block.end | int(block.thumb))

    def rank(key: int) -> tuple[bool, bool, int, int]:
        return key not in heads, key not in resumed, -ways[key], key

    return frozenset(sorted(entered, key=rank)[:MOST_ENTRIES])
