"""One-line instruction cases: how they are read, checked and written.

    A32 e0810002       add r0, r1, r2     | r1=5 r2=7 => r0=12
    T32 bf08+3001      it eq; addseq ...  | nzcv=Z r0=1 => r0=2

Instruction set (A32, T16, T32), words in hexadecimal (joined by + in a sequence; a 32-bit T32
word has the first halfword in front), text for the reader, what is given, what is expected.
What is not named is zero before, and stays as it was. The code ends at the end of the code page
and ``.`` is its address.

Items: ``r0``-``r14``, ``sp``, ``lr``, ``pc``, ``d0``, ``s0`` (numbers, or with a point or as
inf or nan floating-point), ``nzcv=nZCv`` (flags left out stay), ``q``, ``ge``, ``it``,
``thumb``, ``fpscr``, ``tpidruro``, ``tpidrurw``, ``mem[0x800000]=hexbytes`` (mapped for reading
and writing; ``ro[...]`` for reading). Expected may also be ``undefined``, ``svc`` or
``svc=imm``, ``bkpt``, ``fault@addr``; else the case ends behind its last instruction.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from xlate.errors import MalformedInput
from xlate.verify.case import (
    CODE_PAGE,
    EXEC,
    PAGE,
    READ,
    WRITE,
    Case,
    Result,
    State,
    code_bytes,
    make_case,
)

_LINE = re.compile(r"(A32|T16|T32) +([0-9a-f+]+) +([^|]*?) *\|(.*?)=>(.*)")
_ALIASES = {"sp": "r13", "lr": "r14", "pc": "r15"}
_STAYS = ("undefined", "bkpt", "fault")  # these stop with pc at the instruction
_SMALL = ("q", "ge", "fpscr", "tpidruro", "tpidrurw")


@dataclass(frozen=True)
class Line:
    """One case with what is expected of every engine."""

    where: str
    isa: str
    words: tuple[int, ...]
    text: str
    case: Case
    expected: Result


def parse_lines(text: str, name: str) -> Iterator[Line]:
    """Yield the cases of a file; blank lines and # comments are skipped."""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition("#")[0].strip() if raw.lstrip().startswith("#") else raw.strip()
        if line:
            yield parse_line(line, f"{name}:{number}")


def parse_line(line: str, where: str) -> Line:
    """Read one case; raises MalformedInput that names the place."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise MalformedInput(where, "not of the form: ISA words text | given => expected")
    isa, words = match[1], tuple(int(word, 16) for word in match[2].split("+"))
    start = CODE_PAGE + PAGE - len(code_bytes(isa, list(words)))
    try:
        given = _Items(match[4].split(), State(), {}, start)
        wanted = _Items(match[5].split(), given.state.copy(), given.memory, start)
    except ValueError as e:
        raise MalformedInput(where, str(e)) from e
    pages = {page: given.page(page) for page in sorted({*given.touched, *wanted.touched})}
    case = make_case(isa, list(words), given.state, pages)
    case.text = line
    return Line(where, isa, words, match[3], case, _expected(case, wanted))


def _expected(case: Case, wanted: _Items) -> Result:
    result = Result(wanted.state, wanted.stop, fault_addr=wanted.fault_addr, svc_imm=wanted.svc_imm)
    if not wanted.pc_named:
        stays = wanted.stop in _STAYS
        wanted.state.r[15] = case.state.r[15] if stays else CODE_PAGE + PAGE
    if not wanted.thumb_named:
        wanted.state.thumb = case.state.thumb
    for page, (_, before) in case.pages.items():
        if page in wanted.touched:
            after = wanted.page(page)[1]
            if after != before:
                result.pages[page] = after
    return result


class _Items:
    """The words of one side of a line, applied to a state and to memory."""

    def __init__(
        self, items: Iterable[str], state: State, memory: dict[int, int], start: int
    ) -> None:
        self.state = state
        self.memory = dict(memory)
        self.touched: set[int] = {addr & -PAGE for addr in memory}
        self.read_only: set[int] = set()
        self.start = start
        self.stop = "fetch"
        self.fault_addr: int | None = None
        self.svc_imm: int | None = None
        self.pc_named = self.thumb_named = False
        for item in items:
            self._item(item)

    def page(self, addr: int) -> tuple[int, bytes]:
        """Protection and bytes of a page that was named."""
        data = bytearray(PAGE)
        for at, byte in self.memory.items():
            if at & -PAGE == addr:
                data[at - addr] = byte
        return READ if addr in self.read_only else READ | WRITE, bytes(data)

    def _item(self, item: str) -> None:
        name, _, value = item.partition("=")
        name = _ALIASES.get(name, name)
        if memory := re.fullmatch(r"(mem|ro)\[(\w+)\]", name):
            self._memory(memory[1], int(memory[2], 0), bytes.fromhex(value))
        elif register := re.fullmatch(r"([rds])(\d+)", name):
            self._register(register[1], int(register[2]), value)
        elif name == "nzcv":
            for letter in value:
                bit = 8 >> "NZCV".index(letter.upper())
                self.state.nzcv = self.state.nzcv & ~bit | (bit if letter.isupper() else 0)
        elif name in _SMALL:
            setattr(self.state, name, int(value, 0))
        elif name == "it":
            self.state.itstate = int(value, 0)
        elif name == "thumb":
            self.state.thumb, self.thumb_named = bool(int(value, 0)), True
        else:
            self._stop(name, value)

    def _stop(self, name: str, value: str) -> None:
        kind, _, addr = name.partition("@")
        if kind not in ("undefined", "svc", "bkpt", "fault"):
            raise ValueError(f"unknown item {name}")
        self.stop = kind
        self.fault_addr = int(addr, 0) if addr else None
        self.svc_imm = int(value, 0) if value else None

    def _memory(self, kind: str, addr: int, data: bytes) -> None:
        self.memory.update({addr + i: byte for i, byte in enumerate(data)})
        pages = {(addr + i) & -PAGE for i in range(len(data))}
        self.touched |= pages
        self.read_only |= pages if kind == "ro" else set()

    def _register(self, bank: str, index: int, text: str) -> None:
        if bank == "r":
            self.state.r[index] = self._number(text, "<f") & 0xFFFFFFFF
            self.pc_named = self.pc_named or index == 15
        elif bank == "d":
            self.state.d[index] = self._number(text, "<d")
        else:
            at, half = self.state.d[index // 2], 32 * (index % 2)
            value = self._number(text, "<f")
            self.state.d[index // 2] = at & ~(0xFFFFFFFF << half) | value << half

    def _number(self, text: str, format_: str) -> int:
        if text.startswith("."):
            return self.start + int(text[1:] or "0", 0)
        if re.search(r"\.|inf|nan", text):
            return int.from_bytes(struct.pack(format_, float(text)), "little")
        return int(text, 0)


def format_line(isa: str, words: Iterable[int], text: str, case: Case, result: Result) -> str:
    """Return the line of a case whose expected outcome is ``result``."""
    digits = 8 if isa == "A32" else 4
    code = "+".join(f"{word:0{digits}x}" for word in words)
    given = _state_items(State(), case.state, end=15) + _memory_items(case)
    if case.state.itstate:
        given.append(f"it={case.state.itstate:#x}")
    usual = case.state.r[15] if result.stop in _STAYS else CODE_PAGE + PAGE
    end = 15 if result.state.r[15] == usual else 16
    after = _state_items(case.state, result.state, end=end) + _changed_items(case, result)
    if case.state.thumb != result.state.thumb:
        after.append(f"thumb={int(result.state.thumb)}")
    if result.stop != "fetch":
        after.insert(0, _stop_item(result))
    return f"{isa} {code}  {text}  | {' '.join(given)} => {' '.join(after)}"


def _stop_item(result: Result) -> str:
    if result.stop == "fault":
        return f"fault@{result.fault_addr or 0:#x}"
    return f"svc={result.svc_imm or 0}" if result.stop == "svc" else result.stop


def _state_items(old: State, new: State, *, end: int) -> list[str]:
    items = [f"r{i}={new.r[i]:#x}" for i in range(end) if old.r[i] != new.r[i]]
    items += [f"d{i}={new.d[i]:#x}" for i in range(32) if old.d[i] != new.d[i]]
    if old.nzcv != new.nzcv:
        changed = old.nzcv ^ new.nzcv
        letters = [
            (new.nzcv >> (3 - i) & 1, c) for i, c in enumerate("nzcv") if changed >> (3 - i) & 1
        ]
        items.append("nzcv=" + "".join(c.upper() if on else c for on, c in letters))
    for name in _SMALL:
        if getattr(old, name) != getattr(new, name):
            items.append(f"{name}={getattr(new, name):#x}")
    return items


def _memory_items(case: Case) -> list[str]:
    """Every page that is not code, in runs of bytes that are not zero."""
    items = []
    for addr, (prot, data) in case.pages.items():
        if prot & EXEC:
            continue
        kind = "mem" if prot & WRITE else "ro"
        runs = [(m.start(), m.end()) for m in re.finditer(rb"[^\0]+", data)] or [(0, 1)]
        items += [f"{kind}[{addr + a:#x}]={data[a:b].hex()}" for a, b in runs]
    return items


def _changed_items(case: Case, result: Result) -> list[str]:
    items = []
    for addr, after in result.pages.items():
        before = case.pages[addr][1]
        changed = [i for i in range(PAGE) if after[i] != before[i]]
        first, last = changed[0], changed[-1] + 1
        items.append(f"mem[{addr + first:#x}]={after[first:last].hex()}")
    return items
