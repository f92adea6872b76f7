"""Makes a case that shows a difference as small as its difference allows: one line for a test.

First instructions go, one at a time from the end: taken out, or where that hides the difference
(a branch would no longer reach) replaced by one that does nothing. Then registers, flags and pages
become zero or go. What "differs" means is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from xlate.verify.case import CODE_PAGE, EXEC, PAGE, Case, make_case
from xlate.verify.generate import Drawn, decode_all
from xlate.verify.interp_engine import Endless, run_case

NOP_A32, NOP_T16, NOP_T32 = 0xE1A00000, 0xBF00, 0xF3AF8000


def shorten(drawn: Drawn, differs: Callable[[Drawn], bool]) -> Drawn:
    """Return the case with as few instructions as the difference needs."""
    best = drawn
    for index in reversed(range(len(drawn.words))):
        for words in _without(best, index):
            shorter = _rebuilt(best, words)
            if shorter is not None and differs(shorter):
                best = shorter
                break
    return best


def _without(drawn: Drawn, index: int) -> Iterator[list[int]]:
    words = drawn.words
    if len(words) > 1:
        yield words[:index] + words[index + 1 :]
    nop = NOP_A32 if drawn.isa == "A32" else NOP_T32 if words[index] >> 16 else NOP_T16
    if words[index] != nop:
        yield [*words[:index], nop, *words[index + 1 :]]


def _rebuilt(drawn: Drawn, words: list[int]) -> Drawn | None:
    """Return the case with other instructions; None where that is nothing to compare."""
    pages = {addr: page for addr, page in drawn.case.pages.items() if addr != CODE_PAGE}
    case = make_case(drawn.isa, words, drawn.case.state, pages)
    case.text = f"{drawn.isa} {'+'.join(f'{word:x}' for word in words)}"
    try:
        expected = run_case(case)
    except Endless:
        return None
    if expected.reason.partition(":")[0] in ("unpredictable", "unimplemented"):
        return None
    return Drawn(case, expected, drawn.isa, tuple(decode_all(drawn.isa, words, case.state.r[15])))


def reduce(case: Case, differs: Callable[[Case], bool]) -> Case:
    """Return the case with every register, page and flag zero that the difference does not need.

    A case that does not differ by itself depends on those before it: worth knowing as it is.
    """
    best = case
    for change in _simplifications(case) if differs(case) else ():
        smaller = Case(best.state.copy(), dict(best.pages), best.text)
        change(smaller)
        if differs(smaller):
            best = smaller
    return best


def _simplifications(case: Case) -> Iterator[Callable[[Case], None]]:
    yield from (partial(_clear_register, "r", i) for i in range(15))
    yield from (partial(_clear_register, "d", i) for i in range(32))
    for name in ("nzcv", "q", "ge", "itstate", "fpscr", "tpidruro", "tpidrurw"):
        yield partial(_clear, name)
    for addr, (prot, _) in case.pages.items():
        if not prot & EXEC:
            yield partial(_blank, addr)
            yield partial(_unmap, addr)


def _clear_register(bank: str, index: int, case: Case) -> None:
    getattr(case.state, bank)[index] = 0


def _clear(name: str, case: Case) -> None:
    setattr(case.state, name, 0)


def _blank(addr: int, case: Case) -> None:
    case.pages[addr] = case.pages[addr][0], bytes(PAGE)


def _unmap(addr: int, case: Case) -> None:
    del case.pages[addr]
