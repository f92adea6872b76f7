"""Runs cases of A64 in the interpreter, and in the native runtime of that guest.

``xlate-arm64 --cases`` answers a stream of records, little-endian without padding (its cases.c has
the same layout): a case is ``magic id npages zero``, the state and ``npages`` times ``addr prot
zero bytes[4096]``; a result is ``magic id stop npages fault_addr``, the state and the pages that
changed. The state is x0-x30, sp, pc as 64 bits, then NZCV (N is bit 3) and the immediate of the
last SVC as 32.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from backends.interp import Cpu, Exit, Fault, Memory
from frontends.arm64.decode import Insn, decode, record_insn
from frontends.arm64.state import PC, STATE
from xlate.errors import Inconsistent
from xlate.isa import Refusal
from xlate.verify.a64 import EXEC, PAGE, STOPS, Case, Result, State

MAX_INSNS = 64
CASE_MAGIC, RESULT_MAGIC = 0x36434958, 0x36525958
CASE, STATE_RECORD, RESULT = struct.Struct("<4I"), struct.Struct("<33Q2I"), struct.Struct("<4IQ")
PAGE_HEAD = struct.Struct("<Q2I")
TIMEOUT = 60.0
_AT = STATE.offsets()


class Engine(Protocol):
    """Something that runs cases; ``flags_at_fault``: NZCV holds at a fault in the middle."""

    name: str
    flags_at_fault: bool

    def run(self, cases: Sequence[Case]) -> list[Result]:
        """Run every case on its own; results are in the order of the cases."""


class InterpEngine:
    """The interpreter as an engine."""

    name = "interp"
    flags_at_fault = True

    def run(self, cases: Sequence[Case]) -> list[Result]:
        """Run every case; raises Inconsistent for one that does not stop."""
        return [_interpret(case) for case in cases]


def _interpret(case: Case) -> Result:
    memory = Memory(STATE.word)
    for addr, (prot, data) in case.pages.items():
        memory.map(addr, prot, data)
    cpu = Cpu(STATE, memory)
    _load(cpu, case.state)
    for _ in range(MAX_INSNS):
        result = _step(cpu)
        if result is not None:
            result.state = _save(cpu)
            pages = {addr: bytes(memory.pages[addr // PAGE][1]) for addr in case.pages}
            result.pages = {a: data for a, data in pages.items() if data != case.pages[a][1]}
            return result
    raise Inconsistent(f"case does not end: {case.text}")


def _step(cpu: Cpu) -> Result | None:
    """Execute one instruction; None when the stream goes on."""
    pc = cpu.get(_AT["r"] + 8 * PC, 8)
    try:
        insn = decode(cpu.memory.load(pc, 4, EXEC), pc)
    except Fault:
        return Result(State(), "fetch")
    try:
        left = cpu.run(step.block for step in record_insn(insn).steps)
    except Refusal as refusal:
        return Result(State(), "undefined", refusal=refusal.kind)
    except Fault as fault:
        return Result(State(), "fault", fault_addr=fault.addr)
    return _leave(cpu, insn, left)


def _leave(cpu: Cpu, insn: Insn, left: Exit | None) -> Result | None:
    stopped = left is not None and left.kind == "stop"
    away = left is not None and left.kind in ("jump", "stop")
    cpu.put(_AT["r"] + 8 * PC, left.target if away and left else (insn.pc + 4) & cpu.addresses, 8)
    if not stopped or left is None:
        return None
    result = Result(State(), left.reason)
    result.svc_imm = cpu.get(_AT["svc_imm"], 4) if left.reason == "svc" else None
    return result


def _load(cpu: Cpu, state: State) -> None:
    for i, value in enumerate(state.x):
        cpu.put(_AT["r"] + 8 * i, value, 8)
    cpu.put(_AT["r"] + 8 * PC, state.pc, 8)
    for i, flag in enumerate("nzcv"):
        cpu.put(_AT[flag + "f"], state.nzcv >> (3 - i) & 1, 1)


def _save(cpu: Cpu) -> State:
    x = [cpu.get(_AT["r"] + 8 * i, 8) for i in range(32)]
    nzcv = sum(cpu.get(_AT[flag + "f"], 1) << (3 - i) for i, flag in enumerate("nzcv"))
    return State(x, cpu.get(_AT["r"] + 8 * PC, 8), nzcv)


@dataclass
class StencilEngine:
    """The baseline tier as an engine; ``program`` is the path of xlate-arm64."""

    program: Path
    name: str = "stencil"
    flags_at_fault: bool = False  # of several instructions, docs/decisions/0003

    def run(self, cases: Sequence[Case]) -> list[Result]:
        """Run every case; raises Inconsistent when the program does not survive them."""
        sent = b"".join(_records(cases))
        done = subprocess.run(
            [str(self.program), "--cases"],
            input=sent,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        if done.returncode:
            raise Inconsistent(f"xlate-arm64 ended with {done.returncode}: {done.stderr!r}")
        at = 0
        results = []
        for index, case in enumerate(cases):
            result, at = _answer(done.stdout, at, index, case)
            results.append(result)
        return results


def _records(cases: Sequence[Case]) -> Iterable[bytes]:
    for index, case in enumerate(cases):
        s = case.state
        yield CASE.pack(CASE_MAGIC, index, len(case.pages), 0)
        yield STATE_RECORD.pack(*s.x, s.pc, s.nzcv, 0)
        for addr, (prot, data) in case.pages.items():
            yield PAGE_HEAD.pack(addr, prot, 0) + data


def _answer(data: bytes, at: int, index: int, case: Case) -> tuple[Result, int]:
    if len(data) < at + RESULT.size + STATE_RECORD.size:
        raise Inconsistent(f"xlate-arm64 gave no answer to: {case.text}")
    magic, number, stop, npages, fault_addr = RESULT.unpack_from(data, at)
    if magic != RESULT_MAGIC or number != index or not 1 <= stop <= len(STOPS):
        raise Inconsistent(f"xlate-arm64 answered {data[at : at + 24].hex()} to: {case.text}")
    *x, pc, nzcv, svc_imm = STATE_RECORD.unpack_from(data, at + RESULT.size)
    result = Result(State(x, pc, nzcv), STOPS[stop - 1])
    at += RESULT.size + STATE_RECORD.size
    for _ in range(npages):
        addr = PAGE_HEAD.unpack_from(data, at)[0]
        result.pages[addr] = data[at + PAGE_HEAD.size : at + PAGE_HEAD.size + PAGE]
        at += PAGE_HEAD.size + PAGE
    result.fault_addr = fault_addr if result.stop == "fault" else None
    result.svc_imm = svc_imm if result.stop == "svc" else None
    return result, at
