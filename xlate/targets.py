"""The only file that names concrete guests: each with its rows, machine and state layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from frontends.arm32 import decode as arm32_decode
from frontends.arm32.machine import make as make_arm32
from frontends.arm32.rows import A32, T16, T32
from frontends.arm32.state import STATE as ARM32_STATE
from xlate.abi.state import StateLayout
from xlate.isa import Context, Machine, RowSet


@dataclass(frozen=True)
class Guest:
    """What translator and generators need to know of a guest."""

    name: str
    rowsets: tuple[RowSet, ...]
    make: Callable[[Context], Machine]
    state: StateLayout
    it_row: str = ""  # the row that begins an IT block
    always: tuple[str, ...] = ()  # rows that execute in an IT block whatever its condition
    plain: bool = False  # its templates are right and few, not the best


ARM32 = Guest(
    name="arm32",
    rowsets=(A32, T32, T16),
    make=make_arm32,
    state=ARM32_STATE,
    it_row=arm32_decode.IT_ROW,
    always=tuple(r for r in arm32_decode.UNCONDITIONAL if r != arm32_decode.IT_ROW),
)

GUESTS: dict[str, Guest] = {guest.name: guest for guest in (ARM32,)}


@cache
def arm64() -> Guest:
    """Return the guard against assumptions of 32 bits; no command of a user wants its rows."""
    from frontends.arm64.machine import make
    from frontends.arm64.rows import A64
    from frontends.arm64.state import STATE

    return Guest(name="arm64", rowsets=(A64,), make=make, state=STATE, plain=True)
