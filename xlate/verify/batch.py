"""Many cases that share their pages: thousands of runs for one loading of code.

The code of all instructions lies in a few pages, each piece followed by undefined instructions that
stop it; a run is a piece entered in one state. All runs have one dictionary of pages, by which
engines know that nothing has to be loaded again. What the interpreter makes of each state is
settled here: states are drawn anew until an access that hits nothing is the exception and what the
manual leaves open does not occur.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from backends.interp import Cpu, Memory
from frontends.arm32.decode import Insn
from frontends.arm32.state import STATE
from xlate.isa.machine import Refusal, Step
from xlate.verify.case import (
    CONST_PAGE,
    DATA_PAGES,
    EXEC,
    PAGE,
    READ,
    WRITE,
    Case,
    Result,
    State,
    code_bytes,
)
from xlate.verify.generate import KUSER_PAGE, Drawn, Generator, decode_all
from xlate.verify.interp_engine import MAX_INSNS, Endless, Stream, load_state, save_state
from xlate.verify.stencil_engine import encode_state

CODE_LOW = 0x00500000
MOST_CODE = 56 * PAGE
UDF_WORD = {"A32": 0xE7F1DEF0, "T32": 0xDEF0}
_UDF = {"A32": bytes.fromhex("f0def1e7"), "T32": bytes.fromhex("f0def0de")}
# Bytes for a piece of one instruction, and for each further one: optimised code may take eight
# times the room of the file that it was made from.
ROOM, MORE_ROOM = 128, 48
_GAP = 8  # bytes of undefined instructions behind a piece, at least
_TRIES = 6  # states drawn for one that is wanted
_POOL = 4096
_UNALIGNED_A32 = "branch to A32 at an address that is not a multiple of 4 (unpredictable)"
# What of FPSCR's control the states vary: the rounding mode. FZ is 1 << 24, DN 1 << 25.
VARIED = 3 << 22


@dataclass(frozen=True)
class Piece:
    """Instructions to be entered at the first; ``text`` names them for people."""

    isa: str  # A32 or T32
    words: tuple[int, ...]
    label: str  # by what it is counted
    executes: bool = True
    half: bool = False  # T32: begins at a halfword that is no multiple of four
    group: str = ""  # by what its runs are counted


@dataclass
class Batch:
    """Pieces of one instruction set with their runs."""

    isa: str
    pages: dict[int, tuple[int, bytes]]
    code: bytes
    used: int  # bytes of the code; what follows are undefined instructions to the end of the page
    starts: list[int]
    pieces: Sequence[Piece]
    runs: list[Run] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)  # states that were drawn in vain

    @cached_property
    def entries(self) -> list[int]:
        """Keys of the pieces, in order of address."""
        return [start | int(self.isa != "A32") for start in self.starts]


@dataclass(frozen=True)
class Run:
    """One state of one piece; ``insns`` of ``drawn`` begin with those that were executed."""

    piece: int
    drawn: Drawn
    executed: int  # so many of them
    length: int  # instructions that may share a block: at least those of the piece

    @cached_property
    def record(self) -> bytes:
        """The state before, as drivers take it."""
        return encode_state(self.drawn.case.state)

    @cached_property
    def wanted(self) -> bytes:
        """The state after, as drivers give it."""
        return encode_state(self.drawn.expected.state, self.drawn.expected.svc_imm or 0)


class States(Generator):
    """States like the generator's, from pools, since a proof takes millions."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, (), ())
        self._core = [self._core_value() for _ in range(_POOL)]
        self._fp = [self._fp_value() for _ in range(_POOL)]
        self.pick = self._random

    def state(self, itstate: int = 0) -> State:
        """Return a state."""
        pick = self._random
        bits = pick.getrandbits(32)
        state = State(r=[*pick.choices(self._core, k=15), 0], d=pick.choices(self._fp, k=32))
        state.nzcv, state.q, state.ge = bits & 15, bits >> 4 & 1, bits >> 5 & 15
        control = pick.getrandbits(32) & VARIED if bits >> 9 & 3 == 3 else 0
        cumulative = bits >> 11 & 31 if bits >> 16 & 3 == 3 else 0
        state.fpscr = (bits >> 18 & 15) << 28 | control | cumulative | (cumulative & 1) << 26
        state.itstate = itstate
        state.tpidruro, state.tpidrurw = pick.getrandbits(32), pick.getrandbits(32)
        return state

    def moved(self, insn: Insn, case: Case, faulted: Result) -> None:
        """Move the base of an access that faulted into the data pages."""
        if insn.row is not None:
            self._move_base(insn.row, insn.word, case, faulted)


def lay_out(isa: str, pieces: Sequence[Piece], states: States) -> Batch:
    """Return the batch of some pieces, without runs; their code fits into MOST_CODE."""
    code = bytearray(_UDF[isa] * 4)
    starts = []
    for piece in pieces:
        code += _UDF[isa] * (-len(code) % 4 // 2)
        if piece.half:
            code += _UDF[isa][:2]
        starts.append(CODE_LOW + len(code))
        code += code_bytes(isa, list(piece.words))
        code += _UDF[isa][: -len(code) % 4] + _UDF[isa] * (_GAP // 4)
    wanted = sum(ROOM + MORE_ROOM * (len(piece.words) - 1) for piece in pieces)
    used = len(code)
    size = max(used, min(wanted, MOST_CODE))
    code += _UDF[isa] * ((-(-size // PAGE) * PAGE - len(code)) // 4)
    if len(code) > MOST_CODE:
        raise ValueError(f"{len(code)} bytes of code")
    pages = {
        CODE_LOW + at: (READ | EXEC, bytes(code[at : at + PAGE]))
        for at in range(0, len(code), PAGE)
    }
    for addr in DATA_PAGES:
        pages[addr] = READ | WRITE, states.pick.randbytes(PAGE)
    pages[CONST_PAGE] = READ, states.pick.randbytes(PAGE)
    return Batch(isa, pages, bytes(code), used, starts, pieces)


class Interpreter:
    """Runs the states of a batch; what an instruction does is recorded once."""

    def __init__(self, batch: Batch) -> None:
        self._pages = batch.pages
        self._memory = Memory()
        for addr, (prot, data) in batch.pages.items():
            self._memory.map(addr, prot, data)
        self._writable = [a for a, (prot, _) in batch.pages.items() if prot & WRITE]
        self._recorded: dict[tuple[int, int, int], Sequence[Step] | Refusal] = {}
        self.executed: list[Insn] = []
        self._cpu = Cpu(STATE, self._memory)
        self._zero = bytes(len(self._cpu.state))

    def run(self, case: Case) -> Result:
        """Run one state; raises Endless. ``executed`` has its instructions."""
        for addr in self._writable:
            page = self._memory.pages[addr // PAGE][1]
            if page != self._pages[addr][1]:
                page[:] = self._pages[addr][1]
        cpu = self._cpu
        cpu.state[:] = self._zero
        cpu.versions.clear()
        load_state(cpu, case.state)
        self.executed = []
        stream = _Recorder(cpu, self._recorded, self.executed)
        for _ in range(MAX_INSNS):
            result = stream.step()
            if result is not None:
                result.state = save_state(cpu, stream.itstate)
                result.pages = self._changed()
                return result
        raise Endless("the run does not end")

    def _changed(self) -> dict[int, bytes]:
        now = {addr: self._memory.pages[addr // PAGE][1] for addr in self._writable}
        return {a: bytes(page) for a, page in now.items() if page != self._pages[a][1]}


class _Recorder(Stream):
    """A stream that records each instruction of the batch once, in each state of IT."""

    def __init__(
        self,
        cpu: Cpu,
        recorded: dict[tuple[int, int, int], Sequence[Step] | Refusal],
        executed: list[Insn],
    ) -> None:
        super().__init__(cpu)
        self._recorded, self._executed = recorded, executed

    def record(self, insn: Insn) -> Sequence[Step]:
        """Return what an instruction does; raises Refusal, and counts it as executed."""
        self._executed.append(insn)
        key = insn.pc | insn.thumb, insn.itstate, insn.word
        known = self._recorded.get(key)
        if known is None:
            try:
                known = super().record(insn)
            except Refusal as refusal:
                known = refusal
            self._recorded[key] = known
        if isinstance(known, Refusal):
            raise known
        return known


def fill(batch: Batch, states: States, each: int) -> None:
    """Add ``each`` runs of every piece, as far as states can be found."""
    interpreter = Interpreter(batch)
    for number, piece in enumerate(batch.pieces):
        start = batch.starts[number]
        insns = tuple(decode_all(piece.isa, list(piece.words), start))
        found = 0
        for _ in range(_TRIES * each):
            if found == each:
                break
            case = Case(states.state(), batch.pages, f"{piece.label} at {start:#x}")
            case.state.r[15], case.state.thumb = start, batch.isa != "A32"
            expected = _settle(interpreter, states, case, len(insns))
            if isinstance(expected, str):
                batch.dropped[expected] += 1
                continue
            executed = dict.fromkeys(interpreter.executed)
            drawn = Drawn(case, expected, piece.isa, tuple(executed | dict.fromkeys(insns)))
            length = max(len(insns), len(interpreter.executed))
            batch.runs.append(Run(number, drawn, len(executed), length))
            found += 1


def _settle(interpreter: Interpreter, states: States, case: Case, insns: int) -> Result | str:
    """Run, moving bases while accesses fault (one in ten stays); or why the state is no good."""
    stays = states.pick.random() < 0.1
    for turn in range(insns + 1):
        try:
            expected = interpreter.run(case)
        except Endless:
            return "it does not end"
        if expected.stop != "fault" or stays or turn == insns:
            break
        before = list(case.state.r)
        states.moved(interpreter.executed[-1], case, expected)
        if case.state.r == before:
            break
    return _no_good(expected, interpreter.executed) or expected


def _no_good(expected: Result, executed: Iterable[Insn]) -> str:
    if any(insn.pc & 3 for insn in executed if not insn.thumb):
        return _UNALIGNED_A32
    if max(expected.state.r[15], expected.fault_addr or 0) >= KUSER_PAGE:
        return "it comes to the page of the kernel's helpers"
    if not expected.state.thumb and expected.state.r[15] & 3:
        return _UNALIGNED_A32
    return ""
