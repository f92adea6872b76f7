"""What a piece of x86-64 code does to registers, stack and guest state, on every way through it.

A witness against backends/stencil/extract.py, so it shares nothing with it: it follows values
through moves, pushes and spills over the control-flow graph, and notes each guest access (a
segment override) with what was written before. A value is a token (a register's name at entry,
or None for anything computed) and whether its upper 32 bits are known to be zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import capstone
from capstone import x86

GENERAL = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", *(f"r{i}" for i in range(8, 16)))
STATE = "r12"
_ENGINE = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
_ENGINE.detail = True
_COPIES = frozenset({"mov", "movq", "movabs", "movaps", "movapd", "movd"})
_STOP = "ud2"  # leaves like a fault: before FPSCR.FZ or DN is set
_FORBIDDEN = ("call", "syscall", "int", "hlt", "ret", "wrgsbase", "wrfsbase", "leave")
# What stands in for the host's cipher instructions changes no register (lines of crc32.txt).
_HELP, _RED_ZONE = "call rax", 128
_READS_CARRY = x86.X86_EFLAGS_TEST_CF | x86.X86_EFLAGS_TEST_OF
_SETS_CARRY = (
    x86.X86_EFLAGS_MODIFY_CF | x86.X86_EFLAGS_RESET_CF | x86.X86_EFLAGS_UNDEFINED_CF
)  # fmt: skip


def _wide_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for wide in GENERAL:
        if wide[1:].isdigit():
            parts = [wide, wide + "d", wide + "w", wide + "b"]
        else:
            low = wide[1:]
            halves = [low[0] + "l", low[0] + "h"] if low.endswith("x") else [low + "l"]
            parts = [wide, "e" + low, low, *halves]
        names.update(dict.fromkeys(parts, wide))
    return names


WIDE = _wide_names()


@dataclass(frozen=True)
class Value:
    """What a register holds: whose value at entry, and whether the upper 32 bits are zero."""

    token: str | None = None
    narrow: bool = False

    def joined(self, other: Value) -> Value:
        same = self.token if self.token == other.token else None
        return Value(same, self.narrow and other.narrow)


UNKNOWN = Value()


@dataclass
class Values:
    """Registers and stack slots at one point; ``state_written``: a guest-visible part of it."""

    regs: dict[str, Value]
    slots: dict[int, Value] = field(default_factory=dict)
    depth: int = 0
    state_written: bool = False

    def copy(self) -> Values:
        return Values(dict(self.regs), dict(self.slots), self.depth, self.state_written)

    def joined(self, other: Values) -> Values:
        """Return what holds on both ways."""
        assert self.depth == other.depth, "the stack differs between two ways"
        names = self.regs.keys() & other.regs.keys()
        regs = {n: self.regs[n].joined(other.regs[n]) for n in names}
        common = self.slots.keys() & other.slots.keys()
        slots = {at: self.slots[at].joined(other.slots[at]) for at in common}
        return Values(regs, slots, self.depth, self.state_written or other.state_written)

    def moved(self) -> set[str]:
        """Return the general registers that no longer hold what they held at entry."""
        changed = {reg for reg in GENERAL if self.regs[reg].token != reg}
        return changed | ({"rsp"} if self.depth else set())

    def wide(self) -> set[str]:
        """Return the general registers whose upper 32 bits may be something."""
        return {reg for reg in GENERAL if not self.regs[reg].narrow}


@dataclass
class Flow:
    """Result: values before each guest access, values at each way out by its name."""

    accesses: list[tuple[str, Values]] = field(default_factory=list)
    ends: list[tuple[str, Values]] = field(default_factory=list)


def disassembled(code: bytes) -> list[Any]:
    """Return the instructions; all bytes must belong to one."""
    insns = list(_ENGINE.disasm(code, 0))
    assert sum(insn.size for insn in insns) == len(code), f"does not disassemble: {code.hex()}"
    return insns


def follow(
    code: bytes, ways_out: dict[int, str], hidden: range, narrow: frozenset[str] = frozenset()
) -> Flow:
    """Follow the code from its start, where the upper halves of ``narrow`` are zero.

    ``ways_out`` names jumps that leave, by the address behind them; falling off the end is NEXT.
    Writes to the state at offsets in ``hidden`` are not guest-visible.
    """
    insns = {insn.address: insn for insn in disassembled(code)}
    before: dict[int, Values] = {}
    todo = [(0, Values({reg: Value(reg, reg in narrow) for reg in GENERAL}))]
    while todo:
        at, values = todo.pop()
        old = before.get(at)
        merged = values if old is None else old.joined(values)
        if old is not None and merged == old:
            continue
        before[at] = merged
        if at == len(code):
            continue
        insn = insns[at]
        after = merged.copy()
        _step(insn, after, hidden)
        todo += [(to, after) for to in _internal(insn, ways_out)]
    flow = Flow()
    for at, values in sorted(before.items()):
        if at == len(code):
            flow.ends.append(("NEXT", values))
            continue
        insn = insns[at]
        if _guest_access(insn) or insn.mnemonic == _STOP:
            flow.accesses.append((_text(insn), values))
        if insn.address + insn.size in ways_out and _is_jump(insn):
            flow.ends.append((ways_out[insn.address + insn.size], values))
    assert set(before) - {len(code)} == set(insns), "code that is never reached"
    return flow


def _text(insn: Any) -> str:
    return f"{insn.mnemonic} {insn.op_str}"


def _is_jump(insn: Any) -> bool:
    return bool(insn.group(x86.X86_GRP_JUMP))


def _internal(insn: Any, ways_out: dict[int, str]) -> list[int]:
    """Return where the code goes on inside."""
    behind = insn.address + insn.size
    if not _is_jump(insn):
        return [behind]
    assert insn.operands[0].type == x86.X86_OP_IMM, f"{_text(insn)}: a computed jump"
    to = [] if behind in ways_out else [insn.operands[0].imm]
    return to if insn.mnemonic == "jmp" else [*to, behind]


def _memory(insn: Any) -> Any:
    """Return the memory operand, or None; LEA and NOP have none."""
    if insn.mnemonic in ("lea", "nop"):
        return None
    return next((op for op in insn.operands if op.type == x86.X86_OP_MEM), None)


def _guest_access(insn: Any) -> bool:
    return x86.X86_PREFIX_GS in insn.prefix and _memory(insn) is not None


def _register(insn: Any, op: Any) -> str:
    name: str = insn.reg_name(op.reg)
    return WIDE.get(name, name)


def _slot(insn: Any, values: Values) -> int | None:
    """Return the stack slot an operand names, counted from the depth at entry."""
    op = _memory(insn)
    if op is None or op.mem.base != x86.X86_REG_RSP or op.mem.index:
        return None
    return int(op.mem.disp) + values.depth


def _step(insn: Any, values: Values, hidden: range) -> None:
    """Change the values to those behind the instruction."""
    if _text(insn) == _HELP:
        assert values.depth <= -_RED_ZONE, (
            f"{_HELP} writes over what stands below the stack pointer"
        )
        return
    assert not insn.mnemonic.startswith(_FORBIDDEN), f"{_text(insn)} has no place in a template"
    if insn.mnemonic in ("push", "pop"):
        _push_or_pop(insn, values)
        return
    _note_state_write(insn, values, hidden)
    if insn.mnemonic == "xchg" and all(op.type == x86.X86_OP_REG for op in insn.operands):
        a, b = (_register(insn, op) for op in insn.operands)
        values.regs[a], values.regs[b] = values.regs[b], values.regs[a]
        return
    _, written = insn.regs_access()
    parts = {insn.reg_name(reg) for reg in written} - {"rflags"}
    names = {WIDE.get(part, part): _bytes(part) for part in parts}
    new = _copied(insn, values)
    slot = _slot(insn, values)
    op = _memory(insn)
    if slot is not None and op.access & capstone.CS_AC_WRITE:
        values.slots[slot] = new if new is not None and op.size == 8 else UNKNOWN
        return
    if "rsp" in names:
        assert insn.mnemonic in ("add", "sub", "lea"), f"{_text(insn)}: the stack pointer is lost"
        values.depth += _rsp_change(insn)
        del names["rsp"]
    for name, size in names.items():
        kept = values.regs.get(name, UNKNOWN).narrow
        values.regs[name] = new or Value(None, _is_narrow(insn, values, size, kept=kept))


def _push_or_pop(insn: Any, values: Values) -> None:
    name = _register(insn, insn.operands[0])
    if insn.mnemonic == "push":
        values.depth -= 8
        values.slots[values.depth] = values.regs[name]
    else:
        values.regs[name] = values.slots.get(values.depth, UNKNOWN)
        values.depth += 8


def _rsp_change(insn: Any) -> int:
    if insn.mnemonic == "lea":
        return int(insn.operands[1].mem.disp)
    amount = int(insn.operands[1].imm)
    return amount if insn.mnemonic == "add" else -amount


def _copied(insn: Any, values: Values) -> Value | None:
    """Return the value that a move carries, or None where a new one is computed."""
    if insn.mnemonic not in _COPIES or len(insn.operands) != 2:
        return None
    source = insn.operands[1]
    if source.type == x86.X86_OP_REG:
        value = values.regs.get(_register(insn, source), UNKNOWN)
    elif source.type == x86.X86_OP_MEM and _slot(insn, values) is not None:
        value = values.slots.get(_slot(insn, values) or 0, UNKNOWN)
    else:
        return None
    size = min(op.size for op in insn.operands)
    return value if size >= 8 or (size == 4 and value.narrow) else None


def _bytes(part: str) -> int:
    """Return the size of a part of a general register (of others, 8)."""
    if part[0] == "e" or part.endswith("d"):
        return 4
    return 8 if part in GENERAL or part not in WIDE else 2


def _is_narrow(insn: Any, values: Values, size: int, *, kept: bool) -> bool:
    """Say whether a register of which ``size`` bytes are written has upper 32 bits of zero."""
    if size == 4:
        return True
    if size < 4:
        return kept
    if insn.mnemonic == "shr" and insn.operands[1].type == x86.X86_OP_IMM:
        return bool(insn.operands[1].imm >= 32) or kept
    merges = insn.mnemonic in ("and", "or", "xor") or insn.mnemonic.startswith("cmov")
    if merges and insn.operands[1].type == x86.X86_OP_REG:
        other = values.regs.get(_register(insn, insn.operands[1]), UNKNOWN).narrow
        return kept or other if insn.mnemonic == "and" else kept and other
    return False


def _note_state_write(insn: Any, values: Values, hidden: range) -> None:
    op = _memory(insn)
    if op is None or _guest_access(insn):
        return
    base = insn.reg_name(op.mem.base) if op.mem.base else ""
    known = base in ("rsp", "rip") or base == STATE
    if not known:
        assert op.mem.base, f"{_text(insn)}: an absolute host address"
    if op.access & capstone.CS_AC_WRITE and base != "rsp":
        assert base != "rip", f"{_text(insn)}: writes into code"
        if op.mem.disp not in hidden or not known:
            values.state_written = True


def carry_readers(code: bytes, at: int) -> list[str]:
    """Return what reads the carry or overflow of the instruction that contains offset ``at``.

    Only straight on: a jump ends the search behind it, since templates set flags where they read.
    """
    insns = disassembled(code)
    readers = []
    seen = False
    for insn in insns:
        if seen:
            if insn.eflags & _READS_CARRY:
                readers.append(_text(insn))
            if insn.eflags & _SETS_CARRY:
                break
        seen = seen or insn.address <= at < insn.address + insn.size
    return readers
