"""Runs cases of A64 as text of the optimised tier, an instruction at a time.

There is no optimised tier for this guest: no functions, exits or packages. What there is, the text
of one instruction (``backends/llvm/snippet.py``) with registers and flags in variables, becomes a
function of its own, is compiled, and is executed by unicorn's x86-64, where guest addresses are
addresses and faults are exact. The stream of instructions is this file's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import unicorn
from unicorn import x86_const as x86

from backends.llvm.binding import to_object
from backends.llvm.places import Locals
from backends.llvm.slots import FLAG_LOCAL, FLAG_SLOTS, FLAGS, LESS, PRELUDE
from backends.llvm.snippet import make_snippet
from backends.stencil.extract import Raw, functions
from frontends.arm64.decode import Insn, decode, record_insn
from frontends.arm64.state import PC, STATE
from xlate.errors import Inconsistent
from xlate.ir import Op
from xlate.isa import Refusal
from xlate.verify.a64 import EXEC, PAGE, WRITE, Case, Result, State

MAX_INSNS = 64
_AT = STATE.offsets()
_STATE_AT, _STACK_AT, _CODE_AT = 0x10_0000_0000, 0x10_0001_0000, 0x10_0002_0000  # host addresses
_REGISTERS = range(PC)
_REGISTERS_AT = 64  # slots behind all others
_MEMORY = (unicorn.UC_HOOK_MEM_UNMAPPED, unicorn.UC_HOOK_MEM_PROT)
_Key = tuple[int, int]  # word and pc


class _Compiled:
    """One instruction: its host code, and the operation by which it leaves, if any."""

    def __init__(self, insn: Insn, name: str) -> None:
        self.refused = False
        self.text = ""
        self.code = b""
        self.leaves: list[Op] = []
        try:
            block = record_insn(insn).steps[0].block
        except Refusal:
            self.refused = True
            return
        self.leaves = [op for op in block if op.name.startswith("exit_")]
        places = Locals(_AT, relative=False, word=64, registers_at=_REGISTERS_AT)
        live = FLAGS | 1 << LESS
        snippet = make_snippet((block,), _AT, live, relative=False, fold=False, places=places)
        lines = [*_loads(), snippet.allocas + snippet.text, *_stores(snippet.writes)]
        result = f"  ret i64 {snippet.outcome or 0}"
        if snippet.outcome and self._is_condition():
            lines.append(f"  %went = zext i1 {snippet.outcome} to i64")
            result = "  ret i64 %went"
        body = "\n".join([*lines, result]).replace("\1", "v").replace("\5", "")
        self.text = f"define i64 @{name}(ptr %st) #0 {{\n{body}\n}}\n"

    def _is_condition(self) -> bool:
        return any(op.name in ("exit_skip", "exit_branch") for op in self.leaves)

    def go_on(self, outcome: int, after: int) -> tuple[int, str]:
        """Where to go on and why to stop there, given what the code returned."""
        for op in self.leaves:
            if op.name == "exit_skip" and outcome:
                return after, ""
            if op.name == "exit_jump" or (op.name == "exit_branch" and outcome):
                return int(op.params["target"]), ""
            if op.name == "exit_indirect":
                return outcome, ""
            if op.name == "exit_stop":
                return int(op.params["pc"]), str(op.params["reason"])
        return after, ""


def _loads() -> Iterator[str]:
    for n in _REGISTERS:
        yield f"  %r{n} = alloca i64"
        yield f"  %rp{n} = getelementptr i8, ptr %st, i64 {_AT['r'] + 8 * n}"
        yield f"  %ri{n} = load i64, ptr %rp{n}"
        yield f"  store i64 %ri{n}, ptr %r{n}"
    for flag, local in FLAG_LOCAL.items():
        yield f"  {local} = alloca i1"
        yield f"  {local}p = getelementptr i8, ptr %st, i64 {_AT[flag.lower() + 'f']}"
        yield f"  {local}b = load i8, ptr {local}p"
        yield f"  {local}i = trunc i8 {local}b to i1"
        yield f"  store i1 {local}i, ptr {local}"
    yield "  %fl = alloca i1"
    yield f"  %fli = xor i1 {FLAG_LOCAL['N']}i, {FLAG_LOCAL['V']}i"
    yield "  store i1 %fli, ptr %fl"


def _stores(writes: int) -> Iterator[str]:
    """Give back what the snippet says that it writes: that account is under test as well."""
    for n in _REGISTERS:
        if writes >> _REGISTERS_AT + n & 1:
            yield f"  %ro{n} = load i64, ptr %r{n}"
            yield f"  store i64 %ro{n}, ptr %rp{n}"
    for flag, local in FLAG_LOCAL.items():
        if writes >> FLAG_SLOTS[flag] & 1:
            yield f"  {local}o = load i1, ptr {local}"
            yield f"  {local}z = zext i1 {local}o to i8"
            yield f"  store i8 {local}z, ptr {local}p"


class LlvmEngine:
    """The text of single instructions as an engine."""

    name = "llvm"
    flags_at_fault = True

    def __init__(self) -> None:
        self._uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)
        for at in (_STATE_AT, _STACK_AT, _CODE_AT):
            self._uc.mem_map(at, PAGE)
        for kind in _MEMORY:
            self._uc.hook_add(kind, self._fault)
        self._mapped: list[int] = []
        self._fault_at: int | None = None
        self._made: dict[_Key, _Compiled] = {}

    def run(self, cases: Sequence[Case]) -> list[Result]:
        """Run every case; all instructions are compiled as one module first."""
        self._compile({key for case in cases for key in _words(case)})
        return [self._run_case(case) for case in cases]

    def _compile(self, wanted: set[_Key]) -> None:
        names = {key: f"f{i}" for i, key in enumerate(sorted(wanted - self._made.keys()))}
        for (word, pc), name in names.items():
            self._made[word, pc] = _Compiled(decode(word, pc), name)
        texts = [self._made[key].text for key in names]
        raws = functions(to_object(PRELUDE + "".join(texts), reloc="pic")) if any(texts) else {}
        for key, name in names.items():
            if self._made[key].text:
                self._made[key].code = _plain(raws[name])

    def _fault(self, _uc: Any, _kind: int, at: int, _size: int, _value: int, _data: Any) -> bool:
        self._fault_at = at
        return False

    def _run_case(self, case: Case) -> Result:
        self._load(case)
        pc = case.state.pc
        for _ in range(MAX_INSNS):
            result, pc = self._step(case, pc)
            if result is not None:
                result.state = self._save(pc)
                result.pages = {
                    at: data
                    for at, (prot, before) in case.pages.items()
                    if prot & WRITE and (data := bytes(self._uc.mem_read(at, PAGE))) != before
                }
                return result
        raise Inconsistent(f"case does not end: {case.text}")

    def _step(self, case: Case, pc: int) -> tuple[Result | None, int]:
        prot, page = case.pages.get(pc & -PAGE, (0, b""))
        if not prot & EXEC or pc & 3:
            return Result(State(), "fetch"), pc
        key = int.from_bytes(page[pc % PAGE :][:4], "little"), pc
        if key not in self._made:  # a jump to before the case's first instruction
            self._compile({key})
        made = self._made[key]
        if made.refused:
            return Result(State(), "undefined"), pc
        outcome = self._execute(made.code)
        if outcome is None:
            return Result(State(), "fault", fault_addr=self._fault_at), pc
        pc, why = made.go_on(outcome, pc + 4)
        if not why:
            return None, pc
        svc = int.from_bytes(self._uc.mem_read(_STATE_AT + _AT["svc_imm"], 4), "little")
        return Result(State(), why, svc_imm=svc if why == "svc" else None), pc

    def _execute(self, code: bytes) -> int | None:
        """Call host code with the state; returns rax, None when it faulted."""
        uc = self._uc
        back = _CODE_AT + PAGE - 16
        uc.mem_write(_CODE_AT, code)
        uc.ctl_remove_cache(_CODE_AT, _CODE_AT + PAGE)
        uc.mem_write(_STACK_AT + PAGE - 16, back.to_bytes(8, "little"))
        uc.reg_write(x86.UC_X86_REG_RSP, _STACK_AT + PAGE - 16)
        uc.reg_write(x86.UC_X86_REG_RDI, _STATE_AT)
        self._fault_at = None
        try:
            uc.emu_start(_CODE_AT, back)
        except unicorn.UcError as error:
            if self._fault_at is None:
                raise Inconsistent(f"host code of an instruction: {error}") from error
            return None
        return int(uc.reg_read(x86.UC_X86_REG_RAX))

    def _load(self, case: Case) -> None:
        for at in self._mapped:
            self._uc.mem_unmap(at, PAGE)
        self._mapped = list(case.pages)
        for at, (prot, data) in case.pages.items():
            self._uc.mem_map(at, PAGE, prot & ~EXEC)
            self._uc.mem_write(at, data)
        state = bytearray(STATE.size())
        for n, value in enumerate(case.state.x):
            state[_AT["r"] + 8 * n : _AT["r"] + 8 * n + 8] = value.to_bytes(8, "little")
        for place, flag in enumerate("vczn"):
            state[_AT[flag + "f"]] = case.state.nzcv >> place & 1
        self._uc.mem_write(_STATE_AT, bytes(state))

    def _save(self, pc: int) -> State:
        state = bytes(self._uc.mem_read(_STATE_AT, STATE.size()))
        x = [int.from_bytes(state[_AT["r"] + 8 * n :][:8], "little") for n in range(32)]
        nzcv = sum(state[_AT[flag + "f"]] << place for place, flag in enumerate("vczn"))
        return State(x, pc, nzcv)


def _words(case: Case) -> Iterator[_Key]:
    """The instructions of a case, which end the page that it begins in."""
    page = case.pages[case.state.pc & -PAGE][1]
    for at in range(case.state.pc % PAGE, PAGE, 4):
        yield int.from_bytes(page[at : at + 4], "little"), (case.state.pc & -PAGE) + at


def _plain(raw: Raw) -> bytes:
    """The code of a function that needs nothing outside itself."""
    if raw.relocs or raw.pools or len(raw.code) > PAGE - 16:
        raise Inconsistent("an instruction's host code refers to something else")
    return raw.code
