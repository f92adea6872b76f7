"""Arms of guest state, guest memory, floating-point status and exits."""

from __future__ import annotations

from backends.interp.cpu import Cpu, Exit, arm, width_of
from backends.interp.ieee import Round
from backends.interp.memory import WRITE
from xlate.ir import Op
from xlate.ir.block import WIDTHS


@arm("get_reg")
def _get_reg(cpu: Cpu, op: Op) -> int:
    return cpu.get(cpu.offsets["r"] + cpu.word * op.params["reg"], cpu.word)


@arm("set_reg")
def _set_reg(cpu: Cpu, op: Op, a: int) -> None:
    cpu.put(cpu.offsets["r"] + cpu.word * op.params["reg"], a, cpu.word)


@arm("get_flag")
def _get_flag(cpu: Cpu, op: Op) -> int:
    return cpu.get(cpu.offsets[op.params["flag"].lower() + "f"], 1)


@arm("set_flag")
def _set_flag(cpu: Cpu, op: Op, a: int) -> None:
    cpu.put(cpu.offsets[op.params["flag"].lower() + "f"], a, 1)


@arm("get_state")
def _get_state(cpu: Cpu, op: Op) -> int:
    return cpu.get(op.params["offset"], WIDTHS[op.ty] // 8)


@arm("set_state")
def _set_state(cpu: Cpu, op: Op, a: int) -> None:
    cpu.put(op.params["offset"], a, width_of(op) // 8)


@arm("get_fp_flags")
def _get_fp_flags(cpu: Cpu, op: Op) -> int:
    return cpu.fp.flags


@arm("set_fp_mode")
def _set_fp_mode(cpu: Cpu, op: Op, a: int) -> None:
    cpu.fp.round = Round(a >> 22 & 3)
    cpu.fp.flags = a & 0x9F
    cpu.fp.flush, cpu.fp.default_nan = bool(a >> 24 & 1), bool(a >> 25 & 1)


@arm("load")
def _load(cpu: Cpu, op: Op, a: int) -> int:
    return cpu.memory.load(a, WIDTHS[op.ty] // 8)


@arm("store")
def _store(cpu: Cpu, op: Op, a: int, b: int) -> None:
    cpu.memory.store(a, b, WIDTHS[op.args[1].op.ty] // 8)


@arm("version")
def _version(cpu: Cpu, op: Op, granule: int) -> int:
    return cpu.versions.get(granule, 0)


@arm("cas_if")
def _cas_if(
    cpu: Cpu,
    op: Op,
    ok: int,
    addr: int,
    expected: int,
    new: int,
    granule: int,
    version: int,
) -> int:
    if not ok or cpu.versions.get(granule, 0) != version:
        return 0
    size = WIDTHS[op.args[3].op.ty] // 8
    cpu.memory.check(addr, size, WRITE)
    cpu.versions[granule] = version + 2
    if cpu.memory.load(addr, size) != expected:
        return 0
    cpu.memory.store(addr, new, size)
    return 1


@arm("fence")
def _fence(cpu: Cpu, op: Op) -> None:
    """One thread: its accesses are in order already."""


@arm("exit_skip")
def _exit_skip(cpu: Cpu, op: Op, a: int) -> Exit | None:
    return Exit("skip") if a else None


@arm("exit_jump")
def _exit_jump(cpu: Cpu, op: Op) -> Exit:
    return Exit("jump", op.params["target"] & cpu.addresses)


@arm("exit_indirect")
def _exit_indirect(cpu: Cpu, op: Op, a: int) -> Exit:
    return Exit("jump", a)


@arm("exit_branch")
def _exit_branch(cpu: Cpu, op: Op, a: int) -> Exit:
    return Exit("jump", op.params["target"] & cpu.addresses) if a else Exit("skip")


@arm("exit_stop")
def _exit_stop(cpu: Cpu, op: Op) -> Exit:
    return Exit("stop", op.params["pc"] & cpu.addresses, op.params["reason"])
