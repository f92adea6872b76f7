"""Who owns which block: the nearest function start that every way to the block passes.

Blocks that two functions reach have no such start but themselves: they become functions. So the
functions partition the blocks, each closed under its own control flow. Found by immediate
dominators (Cooper, Harvey and Kennedy) under a root that leads to all starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

ROOT = -1
UNKNOWN = -2


class Owners:
    """Owners of all blocks that can be reached from the starts; starts may be added.

    A start more only takes dominators away, and a block still stands behind all that dominate it.
    So the order of the first time serves on, and what dominated before is where to begin from.
    """

    def __init__(self, starts: Iterable[int], successors: Mapping[int, Sequence[int]]) -> None:
        first = sorted(starts)
        self._order = _reverse_postorder(first, successors)
        self._number = {key: index for index, key in enumerate(self._order)}
        self._before = _predecessors(self._order, self._number, successors)
        self._idom = [UNKNOWN] * len(self._order)
        self.add(first)

    def add(self, starts: Iterable[int]) -> None:
        """Make blocks starts that have owners so far."""
        for key in starts:
            self._idom[self._number[key]] = ROOT
        _settle(self._idom, self._before)

    def all(self) -> dict[int, int]:
        """Return the owner of every block by its key."""
        order = self._order
        owner: dict[int, int] = {}
        for key, above in zip(order, self._idom, strict=True):
            owner[key] = key if above == ROOT else owner[order[above]]
        return owner


def _reverse_postorder(starts: Sequence[int], successors: Mapping[int, Sequence[int]]) -> list[int]:
    seen: set[int] = set()
    done: list[int] = []
    for start in reversed(starts):
        if start in seen:
            continue
        seen.add(start)
        stack = [(start, iter(successors[start]))]
        while stack:
            key, rest = stack[-1]
            for after in rest:
                if after not in seen:
                    seen.add(after)
                    stack.append((after, iter(successors[after])))
                    break
            else:
                done.append(key)
                stack.pop()
    done.reverse()
    return done


def _predecessors(
    order: Sequence[int], number: Mapping[int, int], successors: Mapping[int, Sequence[int]]
) -> list[list[int]]:
    before: list[list[int]] = [[] for _ in order]
    for index, key in enumerate(order):
        for after in successors[key]:
            before[number[after]].append(index)
    return before


def _settle(idom: list[int], before: Sequence[Sequence[int]]) -> None:
    """Bring immediate dominators, by position, to rest; ROOT stands for the root alone."""
    inner = [(index, before[index]) for index, above in enumerate(idom) if above != ROOT]
    changed = True
    while changed:
        changed = False
        for index, ways in inner:
            best = UNKNOWN
            for pred in ways:
                if best == pred or idom[pred] == UNKNOWN:
                    continue
                best = pred if best == UNKNOWN else _common(idom, best, pred)
            if idom[index] != best:
                idom[index] = best
                changed = True


def _common(idom: Sequence[int], left: int, right: int) -> int:
    """The nearest block that dominates both."""
    while left != right:
        while left > right:
            left = idom[left]
        while right > left:
            right = idom[right]
    return left
