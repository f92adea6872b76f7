"""Runs cases in the native runtime: one ``xlate-insn`` process answers a stream of records.

The records are little-endian and have no padding; ``main_insn.c`` of the runtime has the same
layout. A case is ``magic id npages flags``, the state, and ``npages`` times ``addr prot
bytes[4096]``; with bit 0 of the flags then ``address length offset file_size`` of a mapped segment
and the file's bytes (0: the file before). With bit 1 neither pages nor segment are sent: they are
those of the case before, in the state before it ran; this is done for cases that share one
dictionary of pages, which is what makes sixteen states of one instruction cheap.

A result is ``magic id stop fault_addr fault_write npages package entered``, the state, and the
pages that changed. The pages of a case are the whole guest memory while it runs. The state is what
a program can see: r[16] (pc without the Thumb bit), N Z C V Q T ITSTATE and the monitor's size
as bytes, GE as four bytes, svc_imm, excl_addr, the whole FPSCR, excl_value, d[32], TPIDRURO,
TPIDRURW, and eight words that are zero.

A driver that dies or does not answer is started again, and the first case without an answer is
blamed.
"""

from __future__ import annotations

import contextlib
import struct
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from xlate.errors import Inconsistent
from xlate.verify.case import PAGE, STOPS, Case, Claims, Result, State

CASE_MAGIC, RESULT_MAGIC = 0x31434958, 0x31525958
STATE = struct.Struct("<16I8B4I Q32Q2I32x")
CASE = struct.Struct("<4I")
RESULT = struct.Struct("<8I")
PAGE_HEAD = struct.Struct("<2I")
MODULE = struct.Struct("<4I")
HAS_MODULE, SAME = 1, 2
TIMEOUT = 60.0  # seconds for one batch; a case takes microseconds

assert STATE.size == 392


@dataclass(frozen=True)
class Module:
    """The file that a case's code is mapped from: one segment of it, where it is in the file."""

    file: bytes
    address: int
    length: int
    offset: int


@dataclass
class StencilEngine:
    """The baseline tier as an engine; ``program`` is the path of xlate-insn."""

    program: Path
    arguments: list[str] = field(default_factory=list)
    name: str = "stencil"
    claims: Claims = field(default_factory=lambda: Claims(flags_at_fault=False))

    def run(self, cases: list[Case]) -> list[Result]:
        """Run every case; one that kills the driver has the stop ``crash``."""
        return drive([str(self.program), *self.arguments], [(case, None) for case in cases])


Job = tuple[Case, Module | None]


def drive(command: list[str], jobs: Sequence[Job], seconds: float = TIMEOUT) -> list[Result]:
    """Results of all jobs, by as many drivers as it takes."""
    results: list[Result] = []
    while len(results) < len(jobs):
        results += _batch(command, jobs[len(results) :], seconds)
    return results


def _batch(command: list[str], jobs: Sequence[Job], seconds: float) -> list[Result]:
    """Results up to the first case that the driver does not survive, that one included."""
    results: list[Result] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as driver:
        assert driver.stdin is not None
        assert driver.stdout is not None
        guard = threading.Timer(seconds, driver.kill)
        guard.start()
        feeder = threading.Thread(target=_feed, args=(driver.stdin, jobs))
        feeder.start()
        try:
            for index, (case, module) in enumerate(jobs):
                result = _answer(driver.stdout, index, case, packaged=module is not None)
                if result is None:
                    break
                results.append(result)
        finally:  # whatever happened: neither process nor threads may keep us waiting
            guard.cancel()
            if len(results) < len(jobs):
                driver.kill()
            feeder.join()
            with contextlib.suppress(BrokenPipeError):
                driver.stdin.close()  # with what it did not take
    if len(results) < len(jobs):
        ended = f"driver ended with status {driver.returncode}"
        results.append(Result(jobs[len(results)][0].state.copy(), "crash", reason=ended))
    return results


def _feed(pipe: IO[bytes], jobs: Sequence[Job]) -> None:
    """Write every case; a driver that died shows in the answers: a broken pipe just ends it."""
    last = b""
    before: Job | None = None
    try:
        for index, (case, module) in enumerate(jobs):
            if before is not None and case.pages is before[0].pages and module is before[1]:
                pipe.write(CASE.pack(CASE_MAGIC, index, 0, SAME) + encode_state(case.state))
                continue
            before = case, module
            pipe.write(encode_case(index, case, HAS_MODULE if module else 0))
            if module is not None:
                pipe.write(encode_module(module, b"" if module.file is last else module.file))
                last = module.file
        pipe.close()
    except BrokenPipeError:
        with suppress(BrokenPipeError):  # of what was buffered
            pipe.close()


def encode_case(index: int, case: Case, flags: int = 0) -> bytes:
    """Return the record of one case."""
    parts = [CASE.pack(CASE_MAGIC, index, len(case.pages), flags), encode_state(case.state)]
    for addr, (prot, data) in case.pages.items():
        parts += [PAGE_HEAD.pack(addr, prot), data]
    return b"".join(parts)


def encode_module(module: Module, file: bytes) -> bytes:
    """Return what follows a case that has a segment; no file: the file before."""
    return MODULE.pack(module.address, module.length, module.offset, len(file)) + file


def encode_state(state: State, svc_imm: int = 0) -> bytes:
    """Return the 392 bytes of a state."""
    flags = [state.nzcv >> (3 - i) & 1 for i in range(4)]
    ge = sum((state.ge >> i & 1) << (8 * i) for i in range(4))
    small = (*flags, state.q, int(state.thumb), state.itstate, 0)
    thread = (state.tpidruro, state.tpidrurw)
    return STATE.pack(*state.r, *small, ge, svc_imm, 0, state.fpscr, 0, *state.d, *thread)


def decode_state(data: bytes) -> tuple[State, int]:
    """Return the state in 392 bytes and its svc_imm."""
    values = STATE.unpack(data)
    n, z, c, v, q, thumb, itstate, _ = values[16:24]
    ge, svc_imm, _, fpscr, _ = values[24:29]
    state = State(
        r=list(values[:16]),
        nzcv=n << 3 | z << 2 | c << 1 | v,
        q=q,
        ge=sum((ge >> (8 * i) & 1) << i for i in range(4)),
        thumb=bool(thumb),
        itstate=itstate,
        d=list(values[29:61]),
        fpscr=fpscr,
        tpidruro=values[61],
        tpidrurw=values[62],
    )
    return state, svc_imm


def _answer(pipe: IO[bytes], index: int, case: Case, *, packaged: bool) -> Result | None:
    """Read one result; None when the driver ended before it was complete."""
    head = pipe.read(RESULT.size)
    body = pipe.read(STATE.size)
    if len(body) < STATE.size:
        return None
    magic, number, stop, fault_addr, write, npages, package, entered = RESULT.unpack(head)
    if magic != RESULT_MAGIC or number != index or not 1 <= stop <= len(STOPS):
        raise Inconsistent(f"xlate-insn answered {head.hex()} to case {index}")
    if packaged and not package:
        raise Inconsistent(f"xlate-insn used no package for case {index}: {case.text}")
    state, svc_imm = decode_state(body)
    result = Result(state, STOPS[stop - 1], entered=entered)
    for _ in range(npages):
        page = pipe.read(PAGE_HEAD.size + PAGE)
        if len(page) < PAGE_HEAD.size + PAGE:
            return None
        result.pages[PAGE_HEAD.unpack_from(page)[0]] = page[PAGE_HEAD.size :]
    result.fault_addr = fault_addr if result.stop == "fault" else None
    result.fault_write = bool(write)
    result.svc_imm = svc_imm if result.stop == "svc" else None
    return result
