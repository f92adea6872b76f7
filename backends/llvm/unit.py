"""What the lifter hands to the compiler: one guest function as LLVM text, with its names.

The lifter (``function.py``) decides what a function is and writes its text; ``worker.py`` compiles
it and ``linker.py`` places it and makes its entries reachable. Nothing here is known of guest
instructions.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FunctionText:
    """One ``define`` as text; it compiles to the same code whatever it is compiled beside.

    ``text`` refers to other functions by the names in ``refs``, to ``@xlate_bias`` and to
    intrinsics; types, attribute groups and numbered metadata stand in a prelude common to all
    functions. Accesses carry ``!pcsections !L<offset>s<distance>``: guest pc less ``key`` without
    its T bit, and how far sp is from the state's.
    """

    key: int
    """Guest address | T by the ELF file's own addresses."""
    name: str
    """``f_%08x`` of the key; secondary entries ``s_...``."""
    text: str
    entries: tuple[int, ...] = ()
    """Link keys whose table entry calls this function; with several, it asks ``target``."""
    refs: frozenset[str] = frozenset()
    """Names of the functions that are called."""
