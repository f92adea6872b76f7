"""Cases of A64: state and memory before and after, one-line cases, their difference.

The same notions as ``case.py`` and ``lines.py`` have for 32-bit ARM, with the state of this guest.
Code and data lie above 4 GiB. A line:

    91001c20  add x0, x1, #7  | x1=5 => x0=12

Items: ``x0``-``x30``, ``sp``, ``pc`` (numbers; ``.`` is the address of the code), ``nzcv=nZCv``
(flags left out stay), ``mem[0x700000000]=hexbytes``. What is not named is zero before, and stays as
it was. Expected may also be ``undefined``, ``svc=imm``, ``bkpt`` or ``fault@addr``; else the case
ends behind its last instruction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from xlate.errors import MalformedInput

PAGE = 4096
READ, WRITE, EXEC = 1, 2, 4
CODE_PAGE = 0x55_0040_0000
DATA_PAGE = 0x7_0000_0000
STOPS = ("svc", "undefined", "bkpt", "signal", "fault", "fetch")

_UDF = bytes(4)  # A64's permanently undefined word
_LINE = re.compile(r"([0-9a-f+]+) +([^|]*?) *\|(.*?)=>(.*)")
_STAYS = ("undefined", "bkpt", "fault")  # these stop with pc at the instruction


@dataclass
class State:
    """What a program can see of its processor: x0-x30, then sp; pc; NZCV (N is 8)."""

    x: list[int] = field(default_factory=lambda: [0] * 32)
    pc: int = 0
    nzcv: int = 0

    def copy(self) -> State:
        """Return a state that shares nothing with this one."""
        return State(list(self.x), self.pc, self.nzcv)


@dataclass
class Case:
    """State and pages (address to protection and bytes) before; ``text`` is for people."""

    state: State
    pages: dict[int, tuple[int, bytes]]
    text: str = ""


@dataclass
class Result:
    """State after, the reason of the stop, and the pages that changed.

    ``refusal`` says why an instruction was refused where the engine knows, ``unimplemented`` for a
    word that has no row in this guest.
    """

    state: State
    stop: str
    pages: dict[int, bytes] = field(default_factory=dict)
    fault_addr: int | None = None
    svc_imm: int | None = None
    refusal: str = ""


@dataclass(frozen=True)
class Line:
    """One case with what is expected of every engine."""

    where: str
    words: tuple[int, ...]
    text: str
    case: Case
    expected: Result


def make_case(words: Iterable[int], state: State, pages: dict[int, tuple[int, bytes]]) -> Case:
    """Case of ``words`` at the end of the code page."""
    code = b"".join(word.to_bytes(4, "little") for word in words)
    state = state.copy()
    state.pc = CODE_PAGE + PAGE - len(code)
    page = _UDF * ((PAGE - len(code)) // 4) + code
    return Case(state, {CODE_PAGE: (READ | EXEC, page), **pages})


def differences(case: Case, a: Result, b: Result, *, flags: bool = True) -> list[str]:
    """Lines of what differs between two results of one case; ``flags`` says whether NZCV counts."""
    found = []
    if a.stop != b.stop:
        found.append(f"stop {a.stop} against {b.stop}")
    if None not in (a.svc_imm, b.svc_imm) and a.svc_imm != b.svc_imm:
        found.append(f"svc {a.svc_imm} against {b.svc_imm}")
    if None not in (a.fault_addr, b.fault_addr) and a.fault_addr != b.fault_addr:
        found.append(f"fault at {a.fault_addr or 0:#x} against {b.fault_addr or 0:#x}")
    values = [(f"x{i}", x, y) for i, (x, y) in enumerate(zip(a.state.x, b.state.x, strict=True))]
    values += [("pc", a.state.pc, b.state.pc)]
    values += [("nzcv", a.state.nzcv, b.state.nzcv)] if flags else []
    found += [f"{name} {x:#x} against {y:#x}" for name, x, y in values if x != y]
    for addr in sorted({*a.pages, *b.pages}):
        before = case.pages[addr][1]
        x, y = a.pages.get(addr, before), b.pages.get(addr, before)
        if x != y:
            at = next(i for i in range(PAGE) if x[i] != y[i])
            found.append(
                f"mem[{addr + at:#x}] {x[at : at + 8].hex()} against {y[at : at + 8].hex()}"
            )
    return found


def parse_lines(text: str, name: str) -> Iterator[Line]:
    """Yield the cases of a file; blank lines and # comments are skipped."""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line and not line.startswith("#"):
            yield parse_line(line, f"{name}:{number}")


def parse_line(line: str, where: str) -> Line:
    """Read one case; raises MalformedInput that names the place."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise MalformedInput(where, "not of the form: words text | given => expected")
    words = tuple(int(word, 16) for word in match[1].split("+"))
    start = CODE_PAGE + PAGE - 4 * len(words)
    try:
        given = _Items(match[3].split(), State(), {}, start)
        wanted = _Items(match[4].split(), given.state.copy(), given.memory, start)
    except ValueError as e:
        raise MalformedInput(where, str(e)) from e
    touched = sorted({addr & -PAGE for addr in wanted.memory})
    case = make_case(words, given.state, {p: (READ | WRITE, given.page(p)) for p in touched})
    case.text = line
    if not wanted.pc_named:
        wanted.state.pc = case.state.pc if wanted.stop in _STAYS else CODE_PAGE + PAGE
    result = Result(wanted.state, wanted.stop, {}, wanted.fault_addr, wanted.svc_imm)
    for page in touched:
        if wanted.page(page) != given.page(page):
            result.pages[page] = wanted.page(page)
    return Line(where, words, match[2], case, result)


class _Items:
    """The words of one side of a line, applied to a state and to memory."""

    def __init__(
        self, items: Iterable[str], state: State, memory: dict[int, int], start: int
    ) -> None:
        self.state = state
        self.memory = dict(memory)
        self.start = start
        self.stop = "fetch"
        self.fault_addr: int | None = None
        self.svc_imm: int | None = None
        self.pc_named = False
        for item in items:
            self._item(item)

    def page(self, addr: int) -> bytes:
        """Bytes of a page."""
        return bytes(self.memory.get(addr + i, 0) for i in range(PAGE))

    def _item(self, item: str) -> None:
        name, _, value = item.partition("=")
        if memory := re.fullmatch(r"mem\[(\w+)\]", name):
            start = int(memory[1], 0)
            self.memory.update({start + i: b for i, b in enumerate(bytes.fromhex(value))})
        elif name == "sp" or re.fullmatch(r"x\d+", name):
            self.state.x[31 if name == "sp" else int(name[1:])] = self._number(value)
        elif name == "pc":
            self.state.pc, self.pc_named = self._number(value), True
        elif name == "nzcv":
            for letter in value:
                bit = 8 >> "NZCV".index(letter.upper())
                self.state.nzcv = self.state.nzcv & ~bit | (bit if letter.isupper() else 0)
        else:
            self._stop(name, value)

    def _stop(self, name: str, value: str) -> None:
        kind, _, addr = name.partition("@")
        if kind not in STOPS:
            raise ValueError(f"unknown item {name}")
        self.stop = kind
        self.fault_addr = int(addr, 0) if addr else None
        self.svc_imm = int(value, 0) if value else None

    def _number(self, text: str) -> int:
        base = self.start if text.startswith(".") else 0
        return (base + int(text.removeprefix(".") or "0", 0)) & (1 << 64) - 1
