"""Runs cases by decoding and recording each instruction and reading the IR in Python.

Keeps what an instruction stream needs around single instructions: pc, the instruction set
state, ITSTATE, and the meaning of an exit. A case that does not end is a mistake of the case
and raises.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from backends.interp import Cpu, Exit, Fault, Memory
from backends.interp.ieee import Round
from frontends.arm32.decode import ALWAYS, Insn, decode, record_insn, record_predicate
from frontends.arm32.state import STATE
from xlate.errors import Inconsistent
from xlate.isa import Refusal
from xlate.isa.machine import Step
from xlate.verify.case import EXEC, PAGE, Case, Claims, Result, State

MAX_INSNS = 64
_AT = STATE.offsets()
_R, _D = struct.Struct("<16I"), struct.Struct("<32Q")
_FP_FLAGS = 0x1F
_OWN = 0x08000080  # QC and IDC
_REASONS = {"svc": "svc", "bkpt": "bkpt", "undefined": "undefined"}


class Endless(Inconsistent):
    """A case executes more instructions than any case should."""


class InterpEngine:
    """The interpreter as an engine."""

    name = "interp"
    claims = Claims()

    def run(self, cases: list[Case]) -> list[Result]:
        """Run every case; raises Endless for one that does not stop."""
        return [run_case(case) for case in cases]


def run_case(
    case: Case, *, most: int = MAX_INSNS, stream: Callable[[Cpu], Stream] | None = None
) -> Result:
    """Run one case until it stops; Endless after so many instructions."""
    memory = Memory()
    for addr, (prot, data) in case.pages.items():
        memory.map(addr, prot, data)
    cpu = Cpu(STATE, memory)
    load_state(cpu, case.state)
    running = Stream(cpu) if stream is None else stream(cpu)
    for _ in range(most):
        result = running.step()
        if result is not None:
            result.state = save_state(cpu, running.itstate)
            result.pages = _changed(case, memory)
            return result
    raise Endless(f"case does not end: {case.text}")


class Stream:
    """Executes one guest instruction after the other on a cpu."""

    def __init__(self, cpu: Cpu) -> None:
        self.cpu = cpu
        self.itstate = cpu.get(_AT["itstate"], 1)
        self.last: Insn | None = None

    @property
    def pc(self) -> int:
        """Address of the next instruction, without the state bit."""
        return self.cpu.get(_AT["r"] + 60, 4)

    def step(self) -> Result | None:
        """Execute one instruction; None when the stream goes on."""
        pc, thumb = self.pc, bool(self.cpu.get(_AT["thumb"], 1))
        try:
            insn = decode(self._fetch, pc, thumb=thumb, itstate=self.itstate)
        except Fault:
            return Result(State(), "fetch")
        self.last = insn
        try:
            steps = self.record(insn)
        except Refusal as refusal:
            return self._refused(insn, refusal)
        try:
            left = self.cpu.run(step.block for step in steps)
        except Fault as fault:
            return Result(State(), "fault", fault_addr=fault.addr, fault_write=fault.write)
        return self._leave(insn, left)

    def record(self, insn: Insn) -> Sequence[Step]:
        """Return what an instruction does; raises Refusal."""
        return record_insn(insn).steps

    def _fetch(self, addr: int) -> int:
        return self.cpu.memory.load(addr & 0xFFFFFFFF, 2, EXEC)

    def _refused(self, insn: Insn, refusal: Refusal) -> Result | None:
        """A refusal is met only by an instruction that executes."""
        if insn.cond < ALWAYS:
            skipped = self.cpu.run(step.block for step in record_predicate(insn).steps)
            if skipped is not None:
                return self._leave(insn, None)
        return Result(State(), "undefined", reason=f"{refusal.kind}: {refusal.reason}")

    def _leave(self, insn: Insn, left: Exit | None) -> Result | None:
        after, thumb = (insn.pc + insn.size) & 0xFFFFFFFF, insn.thumb
        if left is not None and left.kind == "jump":
            self.itstate = 0
            after, thumb = left.target & ~1, bool(left.target & 1)
        elif left is not None and left.kind == "stop":
            after = left.target
            if after != insn.pc:
                self.itstate = insn.next_itstate
        else:
            self.itstate = insn.next_itstate
        self.cpu.put(_AT["r"] + 60, after, 4)
        self.cpu.put(_AT["thumb"], int(thumb), 1)
        if left is None or left.kind != "stop" or left.reason == "refetch":
            return None
        imm = self.cpu.get(_AT["svc_imm"], 4) if left.reason == "svc" else None
        return Result(State(), _REASONS[left.reason], svc_imm=imm)


def _changed(case: Case, memory: Memory) -> dict[int, bytes]:
    changed = {}
    for number, (_, data) in memory.pages.items():
        before = case.pages[number * PAGE][1]
        if data != before:
            changed[number * PAGE] = bytes(data)
    return changed


def load_state(cpu: Cpu, state: State) -> None:
    """Put a case's state into the interpreter's bytes."""
    _R.pack_into(cpu.state, _AT["r"], *state.r)
    for i, flag in enumerate("nzcv"):
        cpu.put(_AT[flag + "f"], state.nzcv >> (3 - i) & 1, 1)
    cpu.put(_AT["qf"], state.q, 1)
    cpu.put(_AT["thumb"], int(state.thumb), 1)
    cpu.put(_AT["itstate"], state.itstate, 1)
    for i in range(4):
        cpu.put(_AT["ge"] + i, state.ge >> i & 1, 1)
    _D.pack_into(cpu.state, _AT["d"], *state.d)
    cpu.put(_AT["fpscr"], state.fpscr & ~(_FP_FLAGS | _OWN), 4)
    cpu.put(_AT["qc"], state.fpscr & _OWN, 4)
    cpu.fp.round = Round(state.fpscr >> 22 & 3)
    cpu.fp.flags = state.fpscr & _FP_FLAGS
    cpu.fp.flush, cpu.fp.default_nan = bool(state.fpscr >> 24 & 1), bool(state.fpscr >> 25 & 1)
    cpu.put(_AT["tpidruro"], state.tpidruro, 4)
    cpu.put(_AT["tpidrurw"], state.tpidrurw, 4)


def save_state(cpu: Cpu, itstate: int) -> State:
    """Return the interpreter's bytes as a state."""
    get = cpu.get
    fpscr = get(_AT["fpscr"], 4) | cpu.fp.flags | get(_AT["qc"], 4)
    return State(
        r=list(_R.unpack_from(cpu.state, _AT["r"])),
        nzcv=sum(get(_AT[flag + "f"], 1) << (3 - i) for i, flag in enumerate("nzcv")),
        q=get(_AT["qf"], 1),
        ge=sum(get(_AT["ge"] + i, 1) << i for i in range(4)),
        thumb=bool(get(_AT["thumb"], 1)),
        itstate=itstate,
        d=list(_D.unpack_from(cpu.state, _AT["d"])),
        fpscr=fpscr,
        tpidruro=get(_AT["tpidruro"], 4),
        tpidrurw=get(_AT["tpidrurw"], 4),
    )
