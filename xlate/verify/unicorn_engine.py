"""Runs cases in unicorn: an outside witness, never the only one, with listed errors.

One instance serves all cases: pages that recur stay mapped and are rewritten. Unicorn stops
before the instruction it cannot execute and after an SVC, as our engines do. The only file that
imports unicorn.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from typing import Any

import unicorn
from unicorn import arm_const as arm

from xlate.errors import Inconsistent
from xlate.verify.case import CODE_PAGE, EXEC, PAGE, READ, WRITE, Case, Claims, Result, State

_CPSR_USER_MODE = 0x10
_FPEXC_ENABLE = 1 << 30
_CPACR_FULL_VFP = 0xF << 20
_INTERRUPTS = {1: "undefined", 2: "svc", 4: "fault", 7: "bkpt"}
_DATA_ABORT = 4  # as an interrupt only for alignment: other faults are errors of the memory hooks
_FETCH = (unicorn.UC_ERR_FETCH_UNMAPPED, unicorn.UC_ERR_FETCH_PROT)
_DATA = (
    unicorn.UC_ERR_READ_UNMAPPED,
    unicorn.UC_ERR_WRITE_UNMAPPED,
    unicorn.UC_ERR_READ_PROT,
    unicorn.UC_ERR_WRITE_PROT,
)
_UNDEFINED = (unicorn.UC_ERR_INSN_INVALID, unicorn.UC_ERR_EXCEPTION)
_MAX_INSNS = 64

# UC_ARM_REG_R0-R12 and D0-D31 are numbered in a row; SP, LR and PC are not.
_R = [*(arm.UC_ARM_REG_R0 + i for i in range(13))]
_R += [arm.UC_ARM_REG_SP, arm.UC_ARM_REG_LR, arm.UC_ARM_REG_PC]
_D = [arm.UC_ARM_REG_D0 + i for i in range(32)]
_OTHER = [arm.UC_ARM_REG_CPSR, arm.UC_ARM_REG_FPSCR]

# Coprocessor, 64-bit access, secure bank, CRn, CRm, opc1, opc2; the value stands behind 4 bytes.
_KEY = struct.Struct("<7I4x")
_TPIDRURO = _KEY.pack(15, 0, 0, 13, 0, 0, 3)
_TPIDRURW = _KEY.pack(15, 0, 0, 13, 0, 0, 2)


class UnicornEngine:
    """Unicorn with every feature of the 32-bit architecture switched on, in user mode."""

    name = "unicorn"
    claims = Claims(fault_addr=False)  # of an access over two pages it names neither end reliably

    def __init__(self, most: int = _MAX_INSNS) -> None:
        """Stop after so many instructions of a case, as ``endless``."""
        self._most = most
        self._uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_ARM)
        self._uc.ctl_set_cpu_model(arm.UC_CPU_ARM_MAX)
        self._uc.reg_write(arm.UC_ARM_REG_C1_C0_2, _CPACR_FULL_VFP)
        self._uc.reg_write(arm.UC_ARM_REG_FPEXC, _FPEXC_ENABLE)
        self._uc.hook_add(unicorn.UC_HOOK_INTR, self._interrupt)
        self._registers = _Registers(self._uc, [*_OTHER, *_R, *_D])
        self._thread = _Registers(self._uc, [arm.UC_ARM_REG_CP_REG] * 2, (_TPIDRURO, _TPIDRURW))
        self._mapped: dict[int, int] = {}
        self._loaded: dict[int, tuple[int, bytes]] = {}  # the pages of the last case
        self._written: list[int] = []  # which of them it changed
        self._interrupted: int | None = None

    def run(self, cases: list[Case]) -> list[Result]:
        """Run every case."""
        return [self._run_case(case) for case in cases]

    def _interrupt(self, uc: Any, number: int, _data: object) -> None:
        self._interrupted = number
        uc.emu_stop()

    def _run_case(self, case: Case) -> Result:
        self._load_pages(case)
        self._load_state(case.state)
        self._interrupted = None
        start = case.state.r[15] | int(case.state.thumb)
        error = None
        try:
            self._uc.emu_start(start, CODE_PAGE + PAGE, 0, self._most)
        except unicorn.UcError as e:
            error = e.errno
        result = Result(self._save_state(), self._stop(error))
        if self._interrupted == _DATA_ABORT:
            result.reason = "alignment"
        if result.stop == "svc":
            result.svc_imm = self._svc_imm(result.state)
        for addr, (prot, before) in case.pages.items():
            if prot & WRITE:
                data = bytes(self._uc.mem_read(addr, PAGE))
                if data != before:
                    result.pages[addr] = data
        self._written = list(result.pages)
        return result

    def _stop(self, error: int | None) -> str:
        """Name the reason of the stop from unicorn's error and interrupt numbers."""
        if self._interrupted is not None:
            return _INTERRUPTS.get(self._interrupted, f"interrupt {self._interrupted}")
        if error is None:
            at_end = self._uc.reg_read(arm.UC_ARM_REG_PC) == CODE_PAGE + PAGE
            return "fetch" if at_end else "endless"
        if error in _FETCH:
            return "fetch"
        if error in _DATA:
            return "fault"
        return "undefined" if error in _UNDEFINED else f"unicorn error {error}"

    def _svc_imm(self, state: State) -> int:
        size = 2 if state.thumb else 4
        word = int.from_bytes(self._uc.mem_read(state.r[15] - size, size), "little")
        return word & (0xFF if state.thumb else 0xFFFFFF)

    def _load_pages(self, case: Case) -> None:
        if case.pages is self._loaded:
            for addr in self._written:
                self._uc.mem_write(addr, case.pages[addr][1])
            return
        self._loaded = case.pages
        for addr in [a for a in self._mapped if a not in case.pages]:
            self._uc.mem_unmap(addr, PAGE)
            del self._mapped[addr]
        for addr, (prot, data) in case.pages.items():
            if addr not in self._mapped:
                self._uc.mem_map(addr, PAGE, _protection(prot))
            elif self._mapped[addr] != prot:
                self._uc.mem_protect(addr, PAGE, _protection(prot))
            self._mapped[addr] = prot
            self._uc.mem_write(addr, data)
            if prot & EXEC:  # writing does not make unicorn forget all that it translated there
                self._uc.ctl_remove_cache(addr, addr + PAGE)

    def _load_state(self, state: State) -> None:
        it = state.itstate
        cpsr = _CPSR_USER_MODE | state.nzcv << 28 | state.q << 27 | state.ge << 16
        cpsr |= int(state.thumb) << 5 | (it & 3) << 25 | (it >> 2) << 10
        self._registers.write([cpsr, state.fpscr, *state.r, *state.d])
        self._thread.write([state.tpidruro, state.tpidrurw])

    def _save_state(self) -> State:
        values = self._registers.read()
        tpidruro, tpidrurw = self._thread.read()
        cpsr, fpscr = values[:2]
        return State(
            r=list(values[2:18]),
            nzcv=cpsr >> 28,
            q=cpsr >> 27 & 1,
            ge=cpsr >> 16 & 15,
            thumb=bool(cpsr >> 5 & 1),
            itstate=(cpsr >> 25 & 3) | (cpsr >> 10 & 63) << 2,
            d=list(values[18:]),
            fpscr=fpscr,
            tpidruro=tpidruro,
            tpidrurw=tpidrurw,
        )


class _Registers:
    """Some registers, read and written at once: unicorn's own way asks for each one's type."""

    def __init__(self, uc: Any, numbers: Sequence[int], keys: Sequence[bytes] = ()) -> None:
        """Take their numbers; ``keys`` are what stands before the value of a coprocessor's."""
        keys = keys or [b""] * len(numbers)
        size = len(keys[0]) + 8
        self._uc, self._count = uc, ctypes.c_int(len(numbers))
        self._values = struct.Struct("<" + f"{len(keys[0])}xQ" * len(keys))
        self._room = ctypes.create_string_buffer(b"".join(key + bytes(8) for key in keys))
        self._start = ctypes.addressof(self._room)
        self._numbers = (ctypes.c_int * len(numbers))(*numbers)
        self._places = (ctypes.c_void_p * len(numbers))(
            *(self._start + size * i for i in range(len(numbers)))
        )
        self._heads = [(size * i, key) for i, key in enumerate(keys) if key]

    def write(self, values: Sequence[int]) -> None:
        """Set all of them."""
        self._values.pack_into(self._room, 0, *values)
        for at, key in self._heads:  # packing puts zeros there
            ctypes.memmove(self._start + at, key, len(key))
        self._check(self._uc._do_reg_write_batch(self._numbers, self._places, self._count))

    def read(self) -> tuple[int, ...]:
        """Return all of them."""
        self._check(self._uc._do_reg_read_batch(self._numbers, self._places, self._count))
        return self._values.unpack_from(self._room)

    def _check(self, status: int) -> None:
        if status != unicorn.UC_ERR_OK:
            raise Inconsistent(f"unicorn does not give its registers: {status}")


def _protection(prot: int) -> int:
    """Our PROT bits as unicorn's, which happen to be the same numbers; refuses anything else."""
    if prot & ~(READ | WRITE | EXEC):
        raise Inconsistent(f"page protection {prot}")
    return prot
