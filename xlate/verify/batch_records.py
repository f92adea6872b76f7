"""All states of a batch through one driver, as records that are compared before they are decoded.

The records are those of ``stencil_engine.py``. States are packed once for all engines, and an
answer whose bytes are those of the expected result is that result: of millions, a few are left to
be looked at. A driver that ends early gets the rest of the cases in the careful way, one answer
after the other.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import IO

from xlate.errors import Inconsistent
from xlate.verify.batch import Run
from xlate.verify.case import PAGE, STOPS, Result
from xlate.verify.stencil_engine import (
    CASE,
    CASE_MAGIC,
    HAS_MODULE,
    PAGE_HEAD,
    RESULT,
    RESULT_MAGIC,
    SAME,
    STATE,
    Module,
    decode_state,
    drive,
    encode_case,
    encode_module,
)

# What of a state's record tells results apart: r0-r15 with N Z C V Q T, GE with svc_imm, FPSCR,
# d0-d31 with TPIDRURO and TPIDRURW.
STATE_PARTS = ((0, 70), (72, 80), (84, 88), (96, 360))
_PAGE = PAGE_HEAD.size + PAGE


def answers(
    command: list[str],
    runs: Sequence[Run],
    seconds: float,
    module: Module | None = None,
    look: Callable[[Run, Result], None] = lambda run, result: None,
) -> tuple[list[Result], int]:
    """Return results of runs of one batch, and how many entered optimised code.

    A result that is as expected is the expected one itself; the others ``look`` has seen.
    """
    if not runs:
        return [], 0
    data = _ask(command, _records(runs, module), seconds)
    results: list[Result] = []
    entered = at = 0
    while len(results) < len(runs) and (end := _end(data, at)):
        run = runs[len(results)]
        entered += _head(data, at, len(results), packaged=module is not None)[7] > 0
        result = run.drawn.expected
        if not _is_expected(data, at, run):
            result = _decode(data, at)
            look(run, result)
        results.append(result)
        at = end
    rest = runs[len(results) :]
    for run, result in zip(
        rest, drive(command, [(run.drawn.case, module) for run in rest], seconds), strict=True
    ):
        entered += result.entered > 0
        look(run, result)
        results.append(result)
    return results, entered


def _records(runs: Sequence[Run], module: Module | None) -> bytes:
    parts = [encode_case(0, runs[0].drawn.case, HAS_MODULE if module else 0)]
    if module is not None:
        parts.append(encode_module(module, module.file))
    for index in range(1, len(runs)):
        parts += (CASE.pack(CASE_MAGIC, index, 0, SAME), runs[index].record)
    return b"".join(parts)


def _ask(command: list[str], records: bytes, seconds: float) -> bytes:
    """All that the driver writes until it ends or its time is over."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as driver:
        assert driver.stdin is not None
        assert driver.stdout is not None
        guard = threading.Timer(seconds, driver.kill)
        guard.start()
        feeder = threading.Thread(target=_feed, args=(driver.stdin, records))
        feeder.start()
        try:
            return driver.stdout.read()
        finally:
            guard.cancel()
            driver.kill()  # where an exception ended the reading
            feeder.join()


def _feed(pipe: IO[bytes], records: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):  # it shows in the answers
        pipe.write(records)
    with contextlib.suppress(BrokenPipeError):
        pipe.close()


def _end(data: bytes, at: int) -> int:
    """Where the answer that begins at a place ends; 0 when it is not whole."""
    body = at + RESULT.size + STATE.size
    if body > len(data):
        return 0
    end = body + _PAGE * RESULT.unpack_from(data, at)[5]
    return end if end <= len(data) else 0


def _head(data: bytes, at: int, index: int, *, packaged: bool) -> tuple[int, ...]:
    head = RESULT.unpack_from(data, at)
    if head[0] != RESULT_MAGIC or head[1] != index or not 1 <= head[2] <= len(STOPS):
        raise Inconsistent(f"the driver answered {head} to case {index}")
    if packaged and not head[6]:
        raise Inconsistent(f"xlate-insn used no package for case {index}")
    return head


def _is_expected(data: bytes, at: int, run: Run) -> bool:
    """Say whether nothing differs, in the strictest sense."""
    _, _, stop, fault_addr, _, count, _, _ = RESULT.unpack_from(data, at)
    expected = run.drawn.expected
    if STOPS[stop - 1] != expected.stop or count != len(expected.pages):
        return False
    if expected.stop == "fault" and fault_addr != expected.fault_addr:
        return False
    body = at + RESULT.size
    wanted = run.wanted
    for start, stop in STATE_PARTS:
        if data[body + start : body + stop] != wanted[start:stop]:
            return False
    page = body + STATE.size
    for _ in range(count):
        addr = PAGE_HEAD.unpack_from(data, page)[0]
        if data[page + PAGE_HEAD.size : page + _PAGE] != expected.pages.get(addr):
            return False
        page += _PAGE
    return True


def _decode(data: bytes, at: int) -> Result:
    _, _, stop, fault_addr, write, count, _, entered = RESULT.unpack_from(data, at)
    body = at + RESULT.size
    state, svc_imm = decode_state(data[body : body + STATE.size])
    result = Result(state, STOPS[stop - 1], entered=entered, fault_write=bool(write))
    for page in range(body + STATE.size, body + STATE.size + count * _PAGE, _PAGE):
        addr = PAGE_HEAD.unpack_from(data, page)[0]
        result.pages[addr] = data[page + PAGE_HEAD.size : page + _PAGE]
    result.fault_addr = fault_addr if result.stop == "fault" else None
    result.svc_imm = svc_imm if result.stop == "svc" else None
    return result
