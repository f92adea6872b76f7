"""A case (state and memory before), a result (after, why it stopped), their difference.

Every engine runs a case the same way: the pages are the whole guest memory, the code lies in
pages that may be executed, and execution goes on until something stops it. A case ends where
its code page ends (``fetch``), so it needs no instruction count; the rest of the code page is
filled with undefined instructions.

What is compared, always: r0-r14, pc, NZCV, Q, GE, the T bit, d0-d31, FPSCR's NZCV and control
bits, TPIDRURO, TPIDRURW, memory, the reason of the stop and the immediate of an SVC. FPSCR's
cumulative flags and the address of a fault only between engines that claim them. The stencils
leave flags unwritten that a later instruction of the block overwrites, also before an instruction
that can fault (``docs/decisions/0003``): their NZCV at a fault is compared only where the case is
one instruction. Optimised code answers for less at some stops, and says so in its results
(``Result.stale``). Not compared: the exclusive monitor (seen through the result of a later STREX)
and ITSTATE where a block is left in its middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

PAGE = 4096
READ, WRITE, EXEC = 1, 2, 4

CODE_PAGE = 0x00400000
DATA_PAGES = (0x00800000, 0x00801000)
CONST_PAGE = 0x00802000

FPSCR_CONTROL = 0xF7C00000  # NZCV, AHP, DN, FZ, RMode; Len and Stride do not exist for us
FPSCR_NZCV = 0xF0000000
FPSCR_MODES = 0x03000000  # FZ and DN, which optimised code takes for clear
FPSCR_CUMULATIVE = 0x0800009F  # QC, IDC and the five IEEE flags
STOPS = ("svc", "undefined", "bkpt", "signal", "fault", "fetch")

# Undefined in both instruction sets: A32 UDF #0x1de0; T32 UDF #0xf0 and, for a jump between the
# two halfwords, a branch back to such a UDF.
_FILLER = (0xE7F1DEF0).to_bytes(4, "little") * (PAGE // 4)


@dataclass
class State:
    """What a program can see of its processor."""

    r: list[int] = field(default_factory=lambda: [0] * 16)
    nzcv: int = 0  # N is 8, V is 1
    q: int = 0
    ge: int = 0  # GE[0] is 1
    thumb: bool = False
    itstate: int = 0
    d: list[int] = field(default_factory=lambda: [0] * 32)
    fpscr: int = 0
    tpidruro: int = 0
    tpidrurw: int = 0

    def copy(self) -> State:
        """Return a state that shares nothing with this one."""
        return replace(self, r=list(self.r), d=list(self.d))


@dataclass
class Case:
    """State and pages (address to protection and bytes) before; ``text`` is for people."""

    state: State
    pages: dict[int, tuple[int, bytes]]
    text: str = ""


@dataclass
class Result:
    """State after, the reason of the stop, and the pages that changed.

    ``reason`` says why an instruction was refused, for people: engines word it differently.
    ``stale`` is what of the state the engine does not answer for at this stop: "nzcv" (of FPSCR
    too), "pc",
    "cumulative" (flags of FPSCR), or "registers" for everything but pc and the T bit. ``entered``
    counts entries into optimised code.
    """

    state: State
    stop: str
    pages: dict[int, bytes] = field(default_factory=dict)
    fault_addr: int | None = None
    fault_write: bool = False
    svc_imm: int | None = None
    reason: str = ""
    stale: frozenset[str] = frozenset()
    entered: int = 0


@dataclass(frozen=True)
class Claims:
    """What an engine answers for beyond registers and memory."""

    fp_flags: bool = True  # FPSCR's cumulative flags
    fault_addr: bool = True
    flags_at_fault: bool = True  # NZCV, when later instructions overwrite them unread

    def for_length(self, insns: int) -> Claims:
        """Claims for a case of so many instructions: in one, nothing makes a flag dead."""
        return replace(self, flags_at_fault=self.flags_at_fault or insns == 1)


class Engine(Protocol):
    """Something that runs cases."""

    name: str
    claims: Claims

    def run(self, cases: list[Case]) -> list[Result]:
        """Run every case on its own; results are in the order of the cases."""


def code_bytes(isa: str, words: list[int]) -> bytes:
    """Instruction words as bytes of memory; a T32 word's first halfword is its high half."""
    if isa == "A32":
        return b"".join(word.to_bytes(4, "little") for word in words)
    halves = [
        half for word in words for half in ([word >> 16] if word >> 16 else []) + [word & 0xFFFF]
    ]
    return b"".join(half.to_bytes(2, "little") for half in halves)


def place_code(isa: str, words: list[int]) -> tuple[int, bytes]:
    """Return the address of the words when they end at the end of the code page, and that page."""
    code = code_bytes(isa, words)
    page = _FILLER[: PAGE - len(code)] + code
    return CODE_PAGE + PAGE - len(code), page


def make_case(
    isa: str, words: list[int], state: State, pages: dict[int, tuple[int, bytes]]
) -> Case:
    """Case of ``words`` of ``isa`` (A32, T16 or T32): sets pc, the T bit and the code page."""
    state = state.copy()
    state.r[15], page = place_code(isa, words)
    state.thumb = isa != "A32"
    return Case(state, {CODE_PAGE: (READ | EXEC, page), **pages})


def differences(case: Case, a: Result, b: Result, claims: Claims) -> list[str]:
    """Lines of what differs between two results of one case; empty when they agree."""
    found: list[str] = []
    if a.stop != b.stop:
        found.append(f"stop {a.stop} {a.reason} against {b.stop} {b.reason}".replace("  ", " "))
    elif a.stop == "svc" and a.svc_imm != b.svc_imm:
        found.append(f"svc {a.svc_imm} against {b.svc_imm}")
    elif a.stop == "fault" and claims.fault_addr and a.fault_addr != b.fault_addr:
        found.append(f"fault at {a.fault_addr or 0:#x} against {b.fault_addr or 0:#x}")
    found += _state_differences(a, b, claims)
    return [*found, *_page_differences(case, a, b)]


def _state_differences(a: Result, b: Result, claims: Claims) -> Iterator[str]:
    stale = a.stale | b.stale
    x, y = a.state, b.state
    if "registers" in stale:
        names = ["thumb"]
        if x.r[15] != y.r[15] and "pc" not in stale:
            yield f"r15 {x.r[15]:#x} against {y.r[15]:#x}"
    else:
        names = ["q", "ge", "thumb", "tpidruro", "tpidrurw"]
        if "nzcv" not in stale and (claims.flags_at_fault or a.stop != "fault"):
            names.insert(0, "nzcv")
        yield from _register_differences(x, y)
    for name in names:
        if getattr(x, name) != getattr(y, name):
            yield f"{name} {int(getattr(x, name)):#x} against {int(getattr(y, name)):#x}"
    cumulative = claims.fp_flags and "cumulative" not in stale
    mask = FPSCR_CONTROL | (FPSCR_CUMULATIVE if cumulative else 0)
    if "nzcv" in stale:
        mask &= ~FPSCR_NZCV
    if "registers" not in stale and (x.fpscr ^ y.fpscr) & mask:
        yield f"fpscr {x.fpscr & mask:#x} against {y.fpscr & mask:#x}"


def _register_differences(a: State, b: State) -> Iterator[str]:
    for i in range(16):
        if a.r[i] != b.r[i]:
            yield f"r{i} {a.r[i]:#x} against {b.r[i]:#x}"
    for i in range(32):
        if a.d[i] != b.d[i]:
            yield f"d{i} {a.d[i]:#018x} against {b.d[i]:#018x}"


def _page_differences(case: Case, a: Result, b: Result) -> Iterator[str]:
    for addr in sorted({*a.pages, *b.pages}):
        before = case.pages[addr][1]
        x, y = a.pages.get(addr, before), b.pages.get(addr, before)
        if x != y:
            at = next(i for i in range(PAGE) if x[i] != y[i])
            yield f"mem[{addr + at:#x}] {x[at : at + 8].hex()} against {y[at : at + 8].hex()}"
