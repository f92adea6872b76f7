"""How values of system calls are called and how structures look: the tracer's tables as values.

A frontend writes these down (``frontends/arm32/linux_names.py``); ``xlate.tools.gen_trace`` turns
them into C. An argument of a row names one after a colon, ``hex:open`` or ``out:stat64``; a second
part says which argument tells its length or selects: ``in:iovec.2``, ``hex:ioctl.1``.
"""

from __future__ import annotations

from dataclasses import dataclass

ALL_BITS = 0xFFFFFFFF


@dataclass(frozen=True)
class Names:
    """Values under ``mask`` are one of ``low``, every other bit is in ``bits``."""

    mask: int
    low: tuple[tuple[str, int], ...]
    bits: tuple[tuple[str, int], ...]


def _pairs(text: str) -> tuple[tuple[str, int], ...]:
    words = (word.split("=") for word in text.split())
    return tuple((name, int(value, 0)) for name, value in words)


def one_of(text: str) -> Names:
    """Return names of whole values, from ``NAME=VALUE NAME=VALUE``."""
    return Names(ALL_BITS, _pairs(text), ())


def flags(text: str, low: str = "0=0", mask: int = 0) -> Names:
    """Return names of bits, the widest first; ``low`` are the values under ``mask``."""
    bits = sorted(_pairs(text), key=lambda pair: -pair[1].bit_count())
    return Names(mask, _pairs(low) if mask else (), tuple(bits))


@dataclass(frozen=True)
class Field:
    """One member: its place is C's ``offsetof``, or ``at`` and ``size`` where C has no struct."""

    name: str
    member: str
    how: str
    at: int = 0
    size: int = 0


@dataclass(frozen=True)
class Shape:
    """A structure as it is shown: of the C type ``of``, or of ``size`` bytes."""

    of: str
    size: int
    fields: tuple[Field, ...]


def struct(of: str, text: str) -> Shape:
    """Return a shape of the C structure ``of``, from ``shown=member:how`` words."""
    fields = []
    for word in text.split():
        name, _, rest = word.partition("=")
        member, _, how = rest.partition(":")
        fields.append(Field(name, member, how or "d"))
    return Shape(of, 0, tuple(fields))


def layout(size: int, text: str) -> Shape:
    """Return a shape of ``size`` bytes, from ``shown=offset/bytes:how`` words."""
    fields = []
    for word in text.split():
        name, _, rest = word.partition("=")
        place, _, how = rest.partition(":")
        at, _, width = place.partition("/")
        fields.append(Field(name, "", how or "d", int(at), int(width)))
    return Shape("", size, tuple(fields))


@dataclass(frozen=True)
class Choice:
    """An argument whose kind follows from another one's value, by the names of that one."""

    of: str
    cases: dict[str, str]
