"""The order of discovery: certain roots first, so that guesses are judged by what is known.

After each walk nothing direct is left to follow; then the next weaker evidence gets its turn:
places behind calls that do not return, the exception index, pointers. What they add may form or
reveal more of the same, so the weaker kinds take turns until none adds anything.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from xlate.discovery import roots
from xlate.discovery.functions import shape
from xlate.discovery.gaps import candidates, gaps
from xlate.discovery.labels import LabelTables
from xlate.discovery.model import Confidence, Discovery
from xlate.discovery.symbolic import saves_lr
from xlate.discovery.text import FREE, Text
from xlate.discovery.trial import plausible
from xlate.discovery.walk import Walk
from xlate.loader import Image

MOST_ROUNDS = 64


def discover(image: Image, *, observed: Iterable[int] = ()) -> Discovery:
    """Return the functions of an image; ``observed`` are keys that runs have executed."""
    with _uncollected():
        return _Search(image, frozenset(observed)).result()


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: nothing here is garbage, and looking takes half the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            # Frozen and thawed, all of it counts as old: no pass over it right now.
            gc.freeze()
            gc.enable()
            gc.unfreeze()


class _Search:
    """One discovery: the walk, what was refused, and the turns of evidence."""

    def __init__(self, image: Image, observed: frozenset[int]) -> None:
        self._image = image
        self._observed = observed
        self._refused: dict[str, int] = {}
        self._tried: set[int] = set()
        text = Text(image)
        keys, slots = roots.never_returning(image)
        self._walk = Walk(text, keys, slots, LabelTables(roots.code_words(image, text)))
        for start, end in roots.marked_data(image):
            text.claim_data(start, end)

    def result(self) -> Discovery:
        """Run all turns and shape what was found."""
        walk = self._walk
        for root in roots.certain(self._image, walk.text):
            if not walk.begin(root.key, Confidence.NAMED, root.why):
                self._refuse("named address outside text")
        walk.finish()
        self._index()
        words = list(roots.pointers(self._image, walk.text))
        self._turns(words)
        # What has run mostly lies in functions that are found without it, as loops and returns do.
        self._observe()
        self._turns(words)
        for _ in range(MOST_ROUNDS):
            if not self._guess():
                break
            self._turns(words)
        functions = shape(walk, self._names(), self._observed)
        if over := sum(function.passed_over for function in functions.values()):
            self._refused["observed address beyond the most entries of a function"] = over
        return Discovery(functions, walk.text.data_ranges(), walk.text.ranges, self._refused)

    def _turns(self, words: list[roots.Root]) -> None:
        """Let the weaker kinds of evidence take turns until none adds anything."""
        walk = self._walk
        for _ in range(MOST_ROUNDS):
            before = len(walk.runs), len(walk.starts)
            self._unreturned()
            self._constants()
            self._pointers(words)
            if before == (len(walk.runs), len(walk.starts)):
                break

    def _refuse(self, reason: str) -> None:
        self._refused[reason] = self._refused.get(reason, 0) + 1

    def _names(self) -> dict[int, str]:
        names: dict[int, str] = {}
        for symbol in self._image.code_symbols:
            names.setdefault(symbol.guest_va | int(bool(symbol.thumb)), symbol.name)
        return names

    # --- turns ----------------------------------------------------------------------------
    def _observe(self) -> None:
        """Keys that have run are code whatever they look like; inside a function they split it."""
        walk = self._walk
        for key in sorted(self._observed):
            if key in walk.owner:
                continue
            if not walk.begin(key, Confidence.OBSERVED, "seen at run time"):
                self._refuse("observed address outside text")
            walk.finish()

    def _index(self) -> None:
        """Functions of the exception index, in the mode in which they look like code."""
        walk = self._walk
        prefer = int(self._image.entry_thumb)
        for address in roots.indexed(self._image):
            if address in walk.owner or address | 1 in walk.owner:
                continue
            for bit in (prefer, 1 - prefer):
                if plausible(walk, address | bit):
                    walk.begin(address | bit, Confidence.NAMED, "exception index")
                    walk.finish()
                    break

    def _unreturned(self) -> None:
        """Places behind calls that do not return, where they look like code."""
        for key, call in list(self._walk.unreturned()):
            self._try(key, Confidence.CONTINUATION, f"behind the call at {call:#x}")

    def _constants(self) -> None:
        """Addresses that code forms in registers."""
        for key, why in list(self._walk.pointers.items()):
            self._try(key, Confidence.POINTER, why)

    def _pointers(self, words: list[roots.Root]) -> None:
        """Words of data; those in code, in its literals or in jump tables were judged there."""
        walk = self._walk
        for key, why, at in words:
            span = walk.text.range_at(at)
            if at not in walk.table_words and (span is None or walk.text.claim_at(at) == FREE):
                self._try(key, Confidence.POINTER, why)

    def _guess(self) -> bool:
        """Look into the gaps once everything else is settled; True when one held code."""
        walk = self._walk
        before = len(walk.runs)
        for start, end, thumb in list(gaps(walk.text)):
            for key in candidates(walk.text, start, end, thumb):
                self._try(key, Confidence.GUESS, "looks like code in a gap")
        return len(walk.runs) != before

    def _try(self, key: int, confidence: Confidence, why: str) -> None:
        """Begin a function at a key when it looks like one; each key has one chance."""
        walk = self._walk
        if key in self._tried or key in walk.starts:
            return
        self._tried.add(key)
        if key in walk.owner:
            if confidence is Confidence.POINTER and self._begins(key):
                walk.begin(key, confidence, why)
            return
        if not plausible(walk, key):
            if confidence is not Confidence.GUESS:
                self._refuse(f"{confidence.name.lower()} to what is no code")
            return
        walk.begin(key, confidence, why)
        walk.finish()

    def _begins(self, key: int) -> bool:
        """Known code at a key could be the begin of a function: it saves lr, or nothing falls in.

        Addresses of labels inside functions (computed goto) are of the second kind.
        """
        walk = self._walk
        owner = walk.runs.get(walk.owner[key])
        if owner is None:
            return False
        if any(insn.pc == key & ~1 and saves_lr(insn) for insn in owner.insns):
            return True
        return owner.start == key and not walk.fallen_into(key)
