"""Every exception that xlate raises on purpose.

Three words for three different things: the file is broken, we lack something, we made a
mistake. Only the command line prints them and exits; everything below it lets them pass.
"""

from __future__ import annotations

import re


class XlateError(Exception):
    """The root of the tree: ``str()`` is one line that a user can read."""


class MalformedInput(XlateError):
    """A file is not what it claims to be, or cannot be read at all."""

    def __init__(self, what: str, why: str, *, advice: str = "") -> None:
        """Keep what is wrong, why we say so, and what the user may try instead."""
        super().__init__(f"{what} ({why})" + (f"; try: {advice}" if advice else ""))
        self.what = what
        self.why = why
        self.advice = advice


class Unsupported(XlateError):
    """The input is sound, and xlate lacks what it needs."""

    def __init__(self, what: str, where: str, reason: str, *, advice: str = "") -> None:
        """Keep what is missing, where it was met, and the reason in words."""
        place = f" at {where}" if where else ""
        super().__init__(f"{what}{place} ({reason})" + (f"; try: {advice}" if advice else ""))
        self.what = what
        self.where = where
        self.reason = reason
        self.advice = advice


class Inconsistent(XlateError):
    """Two parts of xlate disagree: a mistake of ours, never of the input."""


MISTAKE = "internal error: "
"""How the reason begins for which a function has no code through a mistake of ours."""

_OBJECT = re.compile(r"<[^<>]* at 0x[0-9a-f]+>")


def as_mistake(error: Exception) -> str:
    """Return the reason for leaving a function out on which our own code failed.

    The same in every process: it stands in packages, which are equal for equal inputs.
    """
    kind = "" if isinstance(error, Inconsistent) else f"{type(error).__name__}: "
    return f"{MISTAKE}{kind}{_OBJECT.sub('...', ' '.join(str(error).split()))[:200]}"
