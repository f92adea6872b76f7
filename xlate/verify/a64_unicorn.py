"""Runs cases of A64 in unicorn: an outside witness, as ``unicorn_engine`` is for 32-bit ARM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import unicorn
from unicorn import arm64_const as a64

from xlate.verify.a64 import CODE_PAGE, EXEC, PAGE, WRITE, Case, Result, State

_INTERRUPTS = {1: "undefined", 2: "svc", 7: "bkpt"}
_FETCH = (unicorn.UC_ERR_FETCH_UNMAPPED, unicorn.UC_ERR_FETCH_PROT)
_UNDEFINED = (unicorn.UC_ERR_INSN_INVALID, unicorn.UC_ERR_EXCEPTION)
_MAX_INSNS = 64
# UC_ARM64_REG_X0-X28 are numbered in a row; the others are not.
_X = [*(a64.UC_ARM64_REG_X0 + i for i in range(29))]
_X += [a64.UC_ARM64_REG_X29, a64.UC_ARM64_REG_X30, a64.UC_ARM64_REG_SP]


class UnicornEngine:
    """Unicorn's AArch64, one instance for all cases."""

    name = "unicorn"
    flags_at_fault = True

    def __init__(self) -> None:
        self._uc = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
        self._uc.hook_add(unicorn.UC_HOOK_INTR, self._interrupt)
        self._mapped: list[int] = []
        self._interrupted: int | None = None

    def run(self, cases: Sequence[Case]) -> list[Result]:
        """Run every case."""
        return [self._run_case(case) for case in cases]

    def _interrupt(self, uc: Any, number: int, _data: object) -> None:
        self._interrupted = number
        uc.emu_stop()

    def _run_case(self, case: Case) -> Result:
        self._load(case)
        self._interrupted = error = None
        try:
            self._uc.emu_start(case.state.pc, CODE_PAGE + PAGE, 0, _MAX_INSNS)
        except unicorn.UcError as e:
            error = e.errno
        stop = self._stop(error)
        result = Result(self._save(), stop)
        if stop == "svc":
            word = int.from_bytes(self._uc.mem_read(result.state.pc - 4, 4), "little")
            result.svc_imm = word >> 5 & 0xFFFF
        for addr, (prot, before) in case.pages.items():
            data = bytes(self._uc.mem_read(addr, PAGE))
            if prot & WRITE and data != before:
                result.pages[addr] = data
        return result

    def _stop(self, error: int | None) -> str:
        if self._interrupted is not None:
            return _INTERRUPTS.get(self._interrupted, f"interrupt {self._interrupted}")
        if error is None:
            at_end = self._uc.reg_read(a64.UC_ARM64_REG_PC) == CODE_PAGE + PAGE
            return "fetch" if at_end else "endless"
        if error in _FETCH:
            return "fetch"
        return "undefined" if error in _UNDEFINED else "fault"

    def _load(self, case: Case) -> None:
        for addr in self._mapped:
            self._uc.mem_unmap(addr, PAGE)
        self._mapped = list(case.pages)
        for addr, (prot, data) in case.pages.items():
            self._uc.mem_map(addr, PAGE, prot)
            self._uc.mem_write(addr, data)
            if prot & EXEC:
                self._uc.ctl_remove_cache(addr, addr + PAGE)
        self._uc.reg_write_batch(list(zip(_X, case.state.x, strict=True)))
        self._uc.reg_write(a64.UC_ARM64_REG_NZCV, case.state.nzcv << 28)

    def _save(self) -> State:
        x = [self._uc.reg_read(number) for number in _X]
        nzcv = self._uc.reg_read(a64.UC_ARM64_REG_NZCV) >> 28
        return State(x, self._uc.reg_read(a64.UC_ARM64_REG_PC), nzcv)
