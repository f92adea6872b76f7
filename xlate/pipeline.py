"""The whole flow in one page: bytes, rows, recorded IR, templates, host code. The file to read first.

bytes --decode--> row and fields --record--> IR (a block of operations)
                                 --shapes--> families --compile--> templates --instantiate--> host code
The runtime does the last line in C, from tables that ``xlate.tools.gen_runtime`` prints; the functions here
do the same for one instruction at a time, for people who want to look.
"""

from __future__ import annotations

import capstone

from backends.stencil import hostregs
from backends.stencil.extract import Template, instantiate
from backends.stencil.family import Family, family
from backends.stencil.library import Request, compile_batch
from frontends.arm32.decode import Insn, decode
from xlate.errors import Unsupported
from xlate.isa import Context, Expr, Loop, Refusal, Shape, Step, record, shapes
from xlate.targets import ARM32


def decode_at(data: bytes, pc: int, thumb: bool) -> Insn:
    """Return the instruction whose bytes stand at ``pc``; raises Unsupported where no row matches."""

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
    """Return the recorded operations of one instruction; raises Unsupported with a row's refusal."""
    insn = decode_at(data, pc, thumb)
    assert insn.row is not None
    machine = ARM32.make(Context(pc, thumb, insn.size))
    try:
        record(insn.row, machine, insn.word)
    except Refusal as refusal:
        raise _unsupported(refusal, pc) from None
    return "\n--\n".join(step.block.text() for step in machine.steps if step.block.ops)


def host_text(data: bytes, pc: int, thumb: bool) -> str:
    """Return the baseline tier's code for one instruction, all flags alive, registers as pinned.

    Loads of registers that live in the state, tests of conditions and exits are glue that the
    translator adds; they are not shown. A loop step is shown for its first round.
    """
    insn = decode_at(data, pc, thumb)
    shape = _shape_of(insn)
    if shape.refusal is not None:
        raise _unsupported(shape.refusal, pc)
    return "\n".join(_step_text(step, _environment(insn)) for step in shape.steps)


def _unsupported(refusal: Refusal, pc: int) -> Unsupported:
    return Unsupported("instruction", f"{pc:#x}", f"{refusal.kind}: {refusal.reason}")


def _environment(insn: Insn) -> dict[str, int]:
    assert insn.row is not None
    return {**insn.row.encoding.extract(insn.word), "pc": insn.pc, "in_it": 0}


def _shape_of(insn: Insn) -> Shape:
    """The shape whose structural values and conditions fit the instruction's fields."""
    assert insn.row is not None
    env = _environment(insn)
    ctx = Context(Expr.var("pc"), insn.thumb, insn.size, Expr.var("in_it"))
    for shape in shapes(insn.row, ARM32.make, ctx):
        fits = all(env[name] == value for name, value in shape.structural.items())
        if fits and all(bool(cond.evaluate(env)) == outcome for cond, outcome in shape.path):
            return shape
    raise Unsupported("instruction", f"{insn.pc:#x}", "no recorded shape fits")


def _step_text(step: Step, env: dict[str, int]) -> str:
    if isinstance(step, Loop):
        over = Expr.of(step.over).evaluate(env)
        first = (over & -over).bit_length() - 1 if step.mask else 0
        env = {**env, "loop_reg": first, "loop_index": 0}
    fam = family(step.block)
    template = compile_batch(
        [Request(fam.key, fam.block, len(fam.operands), len(fam.immediates))], ARM32.state
    )[fam.key]
    return _listing(_filled(template, fam, env))


def _filled(template: Template, fam: Family, env: dict[str, int]) -> bytes:
    """The template with the instruction's registers (pinned, else scratch) and immediates."""
    pins = hostregs.PINS
    scratch = iter(hostregs.SCRATCH)
    operands = tuple(
        pins[number] if number in pins else next(scratch)
        for number in (fam.operand_exprs[i].evaluate(env) for i in range(len(fam.operands)))
    )
    values = {i: expr.evaluate(env) for i, expr in enumerate(fam.immediate_exprs)}
    offsets = {i: expr.evaluate(env) for i, expr in enumerate(fam.offset_exprs)}
    return instantiate(template, () if template.boxed else operands, values, offsets)


def _listing(code: bytes) -> str:
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    return "\n".join(f"{i.mnemonic} {i.op_str}".rstrip() for i in engine.disasm(code, 0))
