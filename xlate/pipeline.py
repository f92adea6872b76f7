"""The whole flow in one page, from bytes to host code: the file to read first.

bytes --decode--> row and fields --record--> IR (a block of operations)
      --shapes--> families --compile--> templates --instantiate--> host code
The runtime does the last line in C, from tables that ``xlate.tools.gen_runtime`` prints; the
functions here do the same for one instruction at a time, for people who want to look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import capstone

from backends.stencil import hostregs
from backends.stencil.family import FLAGS, PARTITIONS, Family
from backends.stencil.holes import Template, instantiate
from backends.stencil.library import Request, compile_batch
from backends.stencil.plan import Plan, fusable, readable, single_step
from frontends.arm32.decode import Insn, decode
from frontends.arm32.machine import PC
from xlate.errors import Unsupported
from xlate.isa import Context, Expr, Loop, Refusal, Shape, Step, record, shapes
from xlate.targets import ARM32


def decode_at(data: bytes, pc: int, thumb: bool) -> Insn:
    """Return the instruction at ``pc``; raises Unsupported where no row matches."""

    def fetch(guest_va: int) -> int:
        at = guest_va - pc
        if at + 2 > len(data):
            raise Unsupported("instruction", f"{pc:#x}", "its bytes are cut off")
        return int.from_bytes(data[at : at + 2], "little")

    insn = decode(fetch, pc, thumb=thumb)
    if insn.row is None:
        raise Unsupported("instruction", f"{pc:#x}", "undefined: no row of the tables matches")
    return insn


def ir_text(data: bytes, pc: int, thumb: bool) -> str:
    """Return the operations of one instruction; raises Unsupported with a row's refusal."""
    insn = decode_at(data, pc, thumb)
    assert insn.row is not None
    machine = ARM32.make(Context(pc, thumb, insn.size))
    try:
        record(insn.row, machine, insn.word)
    except Refusal as refusal:
        raise _unsupported(refusal, pc) from None
    return "\n--\n".join(step.block.text() for step in machine.steps if step.block.ops)


@dataclass(frozen=True)
class HostStep:
    """One step of an instruction in the baseline tier: template, and code without holes."""

    template: Template
    code: bytes

    def lines(self) -> list[str]:
        """Return the instructions as capstone prints them; a jump out of the step names its way."""
        ways = {hole.at + 4: hole.to for hole in self.template.jumps}
        out = []
        for insn in _printer().disasm(self.code, 0):
            operands = ways.get(insn.address + insn.size, insn.op_str)
            out.append(f"{insn.mnemonic} {operands}".rstrip())
        return out


def host_text(data: bytes, pc: int, thumb: bool) -> str:
    """Return the baseline tier's code for one instruction with all flags alive."""
    return "\n".join(line for step in host_steps(data, pc, thumb) for line in step.lines())


def host_steps(
    data: bytes, pc: int, thumb: bool, *, live: str = FLAGS, fused: int | None = None
) -> list[HostStep]:
    """Return the host code of every step of an instruction; ``live`` are the flags read later.

    With ``fused`` (a condition number) it ends by skipping what follows unless that holds.
    Loads of registers that live in the state, tests of conditions and exits are glue that the
    translator adds; they are not shown. A loop step is shown for its first round.
    """
    insn = decode_at(data, pc, thumb)
    shape = _shape_of(insn)
    if shape.refusal is not None:
        raise _unsupported(shape.refusal, pc)
    if fused is not None:
        return [_fused_step(insn, shape, live, fused)]
    return [_plain_step(step, _environment(insn), live) for step in shape.steps]


def _unsupported(refusal: Refusal, pc: int) -> Unsupported:
    return Unsupported("instruction", f"{pc:#x}", f"{refusal.kind}: {refusal.reason}")


def _environment(insn: Insn) -> dict[str, int]:
    assert insn.row is not None
    return {**insn.row.encoding.extract(insn.word), "pc": insn.pc, "in_it": 0}


def _shape_of(insn: Insn, finish: Callable[[Any], None] | None = None) -> Shape:
    """The shape whose structural values and conditions fit the instruction's fields."""
    assert insn.row is not None
    env = _environment(insn)
    ctx = Context(Expr.var("pc"), insn.thumb, insn.size, Expr.var("in_it"))
    for shape in shapes(insn.row, ARM32.make, ctx, finish):
        fits = all(env[name] == value for name, value in shape.structural.items())
        if fits and all(bool(cond.evaluate(env)) == outcome for cond, outcome in shape.path):
            return shape
    raise Unsupported("instruction", f"{insn.pc:#x}", "no recorded shape fits")


def _plain_step(step: Step, env: dict[str, int], live: str) -> HostStep:
    if isinstance(step, Loop):
        over = Expr.of(step.over).evaluate(env)
        first = (over & -over).bit_length() - 1 if step.mask else 0
        env = {**env, "loop_reg": first, "loop_index": 0}
    plan = Plan()
    entry = plan.add(step)
    wanted = set(live) & set(entry.fam.flags_written)
    mask = next(m for m, kept in enumerate(entry.masks) if wanted <= set(kept))
    registers = _registers(entry.fam, env)
    partition = _partition(registers)
    if (mask, partition) not in entry.plain:
        partition = 0
    request = plan.requests[entry.plain[mask, partition]]
    return _filled(request, entry.fam, env, registers, shared=partition > 0)


def _fused_step(insn: Insn, shape: Shape, live: str, cond: int) -> HostStep:
    """The step of a fusable instruction with "skip unless cond" behind it."""
    step = single_step(shape)
    if step is None or not fusable(step) or not readable(step, [cond]):
        raise Unsupported("instruction", f"{insn.pc:#x}", f"not fused with condition {cond}")

    def skip_unless(machine: Any) -> None:
        machine.block.op("exit_skip", machine.holds(cond) ^ 1)

    tested = single_step(_shape_of(insn, skip_unless))
    assert tested is not None
    plan = Plan()
    entry = plan.add(step)
    plan.fuse(entry, cond, tested)
    registers = _registers(entry.fam, _environment(insn))
    mask = int(bool(live))
    partition = _partition(registers)
    if (mask, cond, partition) not in entry.fused:
        partition = 0
    request = plan.requests[entry.fused[mask, cond, partition]]
    return _filled(request, entry.fam, _environment(insn), registers, shared=partition > 0)


def _registers(fam: Family, env: dict[str, int]) -> tuple[int, ...]:
    return tuple(expr.evaluate(env) for expr in fam.operand_exprs)


def _partition(registers: tuple[int, ...]) -> int:
    """The partition that fits operands naming one register; 0 (all distinct) where none does."""
    same = tuple(registers.index(number) for number in registers)
    choices = PARTITIONS[len(registers)]
    return choices.index(same) if same in choices and PC not in registers else 0


def _filled(
    request: Request, fam: Family, env: dict[str, int], registers: tuple[int, ...], *, shared: bool
) -> HostStep:
    """The template with the instruction's registers (pinned, else scratch) and immediates."""
    template = compile_batch([request], ARM32.state)[request.key]
    values = {i: expr.evaluate(env) for i, expr in enumerate(fam.immediate_exprs)}
    offsets = {i: expr.evaluate(env) for i, expr in enumerate(fam.offset_exprs)}
    hosts = () if template.boxed else _hosts(registers, template, shared=shared)
    return HostStep(template, instantiate(template, hosts, values, offsets))


def _hosts(registers: tuple[int, ...], template: Template, *, shared: bool) -> tuple[str, ...]:
    """A host register for each operand, as the translator chooses them."""
    pins = hostregs.PINS
    pinned = {pins[n] for n in registers if n in pins}
    scratch = [r for r in hostregs.SCRATCH if r not in template.clobbers]
    if len(registers) < 4:  # rdx is a temporary of templates with up to three operands
        scratch.remove("rdx")
    free = iter([*scratch, *(r for r in pins.values() if r not in pinned)])
    hosts: list[str] = []
    for index, number in enumerate(registers):
        twin = registers.index(number)
        if twin < index and shared:
            hosts.append(hosts[twin])
        elif number in pins and twin == index:
            hosts.append(pins[number])
        else:
            hosts.append(next(free))
    return tuple(hosts)


@cache
def _printer() -> capstone.Cs:
    return capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
