"""Who owns which block: the nearest function start that every way to the block passes.

Blocks that two functions reach have no such start but themselves: they become functions. So the
functions partition the blocks, each closed under its own control flow. Found by immediate
dominators (Cooper, Harvey and Kennedy) under a root that leads to all starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

ROOT = -1


def owners(starts: Iterable[int], successors: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Return the owner of every block that can be reached from the starts."""
    order = _reverse_postorder(sorted(starts), successors)
    number = {key: index for index, key in enumerate(order)}
    idom = _dominators(order, number, set(starts), successors)
    owner: dict[int, int] = {}
    for index, key in enumerate(order):
        above = idom[index]
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


def _dominators(
    order: Sequence[int],
    number: Mapping[int, int],
    starts: set[int],
    successors: Mapping[int, Sequence[int]],
) -> list[int]:
    """Immediate dominators by position in ``order``; ROOT for blocks below the root alone."""
    before: list[list[int]] = [[] for _ in order]
    for index, key in enumerate(order):
        for after in successors[key]:
            before[number[after]].append(index)
    unknown = -2
    idom = [ROOT if key in starts else unknown for key in order]
    inner = [index for index, key in enumerate(order) if key not in starts]
    changed = True
    while changed:
        changed = False
        for index in inner:
            best = unknown
            for pred in before[index]:
                if idom[pred] != unknown:
                    best = pred if best == unknown else _common(idom, best, pred)
            if idom[index] != best:
                idom[index] = best
                changed = True
    return idom


def _common(idom: Sequence[int], left: int, right: int) -> int:
    """The nearest block that dominates both."""
    while left != right:
        while left > right:
            left = idom[left]
        while right > left:
            right = idom[right]
    return left
