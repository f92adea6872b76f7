"""Laws that every row obeys, over all its shapes and over random words."""

from __future__ import annotations

import inspect
import random
from functools import cache

import pytest

from frontends.arm32.decode import A32, T16, T32, decode_a32, decode_t32
from frontends.arm32.machine import make as make_arm32
from frontends.arm64.machine import make as make_arm64
from frontends.arm64.rows import A64
from xlate.ir import OPS
from xlate.ir.block import WIDTHS, Op
from xlate.ir.ops import Effect
from xlate.isa import Context, Expr, Loop, Machine, Refusal, Row, Shape, record, shapes
from xlate.isa.decoder import Decoder

SETS = {"A32": A32, "T16": T16, "T32": T32, "A64": A64}
HAS_IT = ("T16", "T32")
ROWS = [(isa, row) for isa, rows in SETS.items() for row in rows]
WORDS = 12  # random words for each row
MAX_LINES = 25
MAX_REGISTERS = 4
FAULTING = (Effect.READ_MEMORY, Effect.WRITE_MEMORY)
LEAVING = ("exit_jump", "exit_indirect", "exit_branch", "exit_stop")

each_row = pytest.mark.parametrize(
    ("isa", "row"), ROWS, ids=[f"{isa}-{row.name}" for isa, row in ROWS]
)


@cache
def shapes_of(isa: str, name: str) -> list[Shape]:
    row = SETS[isa][name]
    in_it = Expr.var("in_it") if isa in HAS_IT else False
    return list(shapes(row, maker(isa), context(isa, row, Expr.var("pc"), in_it)))


def context(isa: str, row: Row, pc, in_it) -> Context:
    return Context(pc, isa in HAS_IT, row.encoding.width // 8, in_it)


def maker(isa: str):
    return make_arm64 if isa == "A64" else make_arm32


def word_of(isa: str) -> int:
    """Bits of a general register."""
    return 64 if isa == "A64" else 32


@each_row
def test_effects_come_after_the_last_fault(isa, row):
    """So that a fault leaves the old state: a step reads, may fault, then writes, then leaves."""
    for shape in shapes_of(isa, row.name):
        for step in shape.steps:
            written = left = None
            for op in step.block:
                effect = OPS[op.name].effect
                where = f"{shape.structural} {[str(c) for c, _ in shape.path]}\n{step.block.text()}"
                if effect is Effect.WRITE_STATE:
                    written = op
                assert not (written and effect in FAULTING and op.name != "fence"), where
                assert left is None, where
                left = op if op.name in LEAVING else None


@each_row
def test_widths(isa, row):
    for shape in shapes_of(isa, row.name):
        for step in shape.steps:
            for op in step.block:
                check_op(op, f"i{word_of(isa)}")


WORD_TYPE = "a guest word"
ARGUMENTS = {
    "load": (WORD_TYPE,),
    "store": (WORD_TYPE, None),
    "exit_indirect": (WORD_TYPE,),
    "cas_if": ("i1", WORD_TYPE, None, None, "i64", "i64"),
    "version": ("i64",),
    "set_flag": ("i1",),
    "set_reg": (WORD_TYPE,),
    "exit_skip": ("i1",),
    "exit_branch": ("i1",),
}


def check_op(op: Op, word: str) -> None:
    """The types that the operation's doc line asks for and the recorder does not enforce."""
    args = [a.ty for a in op.args]
    assert not op.ty or op.ty in WIDTHS, op.name
    for got, wanted in zip(args, ARGUMENTS.get(op.name, ()), strict=False):
        assert (word if wanted is WORD_TYPE else wanted) in (None, got), op.name
    assert op.name != "get_reg" or op.ty == word
    if op.name == "const":
        assert op.ty in ("i1", "i8", "i16", "i32", "i64"), op.ty
    elif op.name in ("zext", "sext"):
        assert WIDTHS[op.ty] > WIDTHS[args[0]], op.name
    elif op.name == "trunc":
        assert WIDTHS[op.ty] < WIDTHS[args[0]]
    elif op.name == "bitcast":
        assert WIDTHS[op.ty] == WIDTHS[args[0]]
    elif op.name == "nan_fix":
        assert {*args, op.ty} == {args[0]}
    elif op.name == "cas_if":
        assert args[2] == args[3]


@each_row
def test_registers_of_a_step(isa, row):
    """Stencils have room for four register operands in one step."""
    for shape in shapes_of(isa, row.name):
        for step in shape.steps:
            used = {str(op.params["reg"]) for op in step.block if op.name in ("get_reg", "set_reg")}
            assert len(used) <= MAX_REGISTERS, f"{sorted(used)}\n{step.block.text()}"


@each_row
def test_function_is_short_and_says_its_effect(isa, row):
    lines = inspect.getsource(row.semantics).splitlines()  # with the encodings above the function
    start = next(i for i, line in enumerate(lines) if line.lstrip().startswith("def "))
    assert row.semantics.__doc__, row.name
    assert row.manual, row.name
    assert len(lines) - start <= MAX_LINES + len(row.semantics.__doc__.splitlines())


def random_word(row: Row, pick: random.Random) -> int:
    word = row.encoding.value
    for field in row.encoding.fields:
        value = pick.randrange(14 if field.name == "cond" else 1 << field.bits)
        word |= value << field.lsb
    return word


@each_row
def test_one_shape_for_every_word_and_it_is_what_the_word_records(isa, row):
    pick = random.Random(row.name)
    in_it = isa in HAS_IT and pick.getrandbits(1)
    for _ in range(WORDS):
        word = random_word(row, pick)
        if SETS[isa].find(word) is not row:
            continue
        env = {**row.encoding.extract(word), "pc": 0x10000, "in_it": int(in_it)}
        matching = [s for s in shapes_of(isa, row.name) if takes(s, env)]
        assert len(matching) == 1, f"{word:#x} takes {len(matching)} shapes"
        machine = maker(isa)(context(isa, row, env["pc"], bool(in_it)))
        plain, refusal = recorded(row, word, machine)
        assert refusal == (matching[0].refusal.kind if matching[0].refusal else "")
        if not refusal and not any(isinstance(step, Loop) for step in matching[0].steps):
            compare(matching[0], plain, env, word_of(isa))


def recorded(row: Row, word: int, machine: Machine) -> tuple[list, str]:
    """The steps of one word, or the kind of the refusal."""
    try:
        record(row, machine, word)
    except Refusal as refused:
        return [], refused.kind
    return [s for s in machine.steps if s.block.ops], ""


def takes(shape: Shape, env: dict[str, int]) -> bool:
    if any(env[name] != value for name, value in shape.structural.items()):
        return False
    return all(bool(c.evaluate(env)) == outcome for c, outcome in shape.path)


def compare(shape: Shape, plain: list, env: dict[str, int], width: int) -> None:
    """Operation by operation, unless a register is the pc: a plain recording has a number there."""
    shaped = [[evaluated(op, env, width) for op in step.block] for step in shape.steps]
    known = [[evaluated(op, env, width) for op in step.block] for step in plain]
    registers = {params[0] for step in shaped for _, _, _, params in step if params}
    if width == 32 and ("reg", 15) in registers:
        return
    assert shaped == known, env


def evaluated(op: Op, env: dict[str, int], width: int) -> tuple:
    mask = (1 << (WIDTHS[op.ty] if op.name == "const" else width)) - 1
    params = tuple(
        (k, v.evaluate(env) & mask if isinstance(v, Expr) else v & mask if type(v) is int else v)
        for k, v in op.params.items()
    )
    return op.name, op.ty, tuple(a.op.index for a in op.args), params


@pytest.mark.parametrize("isa", SETS)
def test_the_fast_decoder_agrees_with_the_rows(isa):
    pick = random.Random(isa)
    rows = SETS[isa]
    decoder = Decoder(rows)
    words = [random_word(row, pick) for row in rows for _ in range(4)]
    words += [pick.getrandbits(rows.width) for _ in range(2000)]
    for word in words:
        assert decoder.find(word) is rows.find(word), f"{word:#x}"


def test_it_state_advances():
    """ITTE EQ: firstcond 0000, mask 0110, over three instructions."""
    itstate = decode_t32(0xBF06, 2, 0, 0).next_itstate
    conds = []
    while itstate:
        insn = decode_t32(0x1C40, 2, 0, itstate)  # adds r0, r0, #1
        conds.append((insn.cond, insn.in_it_block, insn.last_in_it_block))
        itstate = insn.next_itstate
    assert conds == [(0, True, False), (0, True, False), (1, True, True)]


def test_a_word_of_the_1111_space_has_no_condition():
    assert decode_a32(0xF57FF05F, 0).cond == 14  # dmb
