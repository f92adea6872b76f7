"""Families: recorded steps with everything that can be patched named by order of appearance.

Two steps with the same family text are the same machine code, whichever row, instruction set state
or register they come from. Patchable are general registers (operands), constants (immediates) and
state offsets. The exit of a step is not part of the code: it is glue that the translator adds
behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from xlate.errors import Inconsistent
from xlate.ir import OPS, Block, Op, Value
from xlate.ir.ops import Effect
from xlate.isa import Expr

FLAGS = "NZCV"


@dataclass(frozen=True)
class Operand:
    """A general register of the step: its number (text of an expression) and how it is used."""

    number: str
    read: bool
    written: bool


@dataclass(frozen=True)
class Exit:
    """How the step ends: kind, and its decode-time value (target or pc) as C text."""

    kind: str = "none"  # none, jump, indirect, branch, stop
    detail: str = ""  # jump/indirect: jump, call, return; stop: reason
    value: str = ""


@dataclass(frozen=True)
class Family:
    """Canonical block and the recipe that fills it: register numbers, immediates, offsets."""

    block: Block
    operands: tuple[Operand, ...]
    immediates: tuple[str, ...]
    widths: tuple[int, ...]  # of immediates, bits
    offsets: tuple[str, ...]
    flags_read: str
    flags_written: str
    exit: Exit
    operand_exprs: tuple[Expr, ...]
    immediate_exprs: tuple[Expr, ...]
    offset_exprs: tuple[Expr, ...]

    @property
    def key(self) -> str:
        """Canonical text."""
        return self.block.text()


@dataclass(frozen=True)
class Sym:
    """A patchable parameter in canonical text: $0 register, #0 immediate, @0 offset."""

    sigil: str
    index: int

    def __str__(self) -> str:
        return f"{self.sigil}{self.index}"


@dataclass
class _Names:
    texts: list[str] = field(default_factory=list)
    exprs: list[Expr] = field(default_factory=list)

    def of(self, value: Any) -> int:
        expr = Expr.of(value)
        if expr.text not in self.texts:
            self.texts.append(expr.text)
            self.exprs.append(expr)
        return self.texts.index(expr.text)


def live_ops(ops: list[Op], drop_flags: str = "") -> list[Op]:
    """Without set_flag of ``drop_flags`` and without values that nothing uses."""
    kept: list[Op] = []
    needed: set[int] = set()
    for op in reversed(ops):
        if op.name == "set_flag" and op.params["flag"] in drop_flags:
            continue
        pure = OPS[op.name].effect in (Effect.PURE, Effect.READ_STATE)
        if pure and op.index not in needed:
            continue
        needed.update(a.op.index for a in op.args)
        kept.append(op)
    return kept[::-1]


def _exit_of(op: Op) -> Exit:
    if op.name == "exit_jump":
        return Exit("jump", op.params["kind"], str(Expr.of(op.params["target"])))
    if op.name == "exit_indirect":
        return Exit("indirect", op.params["kind"])
    if op.name == "exit_branch":
        return Exit("branch", "jump", str(Expr.of(op.params["target"])))
    return Exit("stop", op.params["reason"], str(Expr.of(op.params["pc"])))


def _take_exit(ops: list[Op]) -> tuple[list[Op], Exit]:
    """How the operations leave, and those of them that are code of the step."""
    exits = [op for op in ops if OPS[op.name].effect is Effect.EXIT and op.name != "exit_skip"]
    if not exits:
        return ops, Exit()
    if len(exits) > 1 or exits[0] is not ops[-1]:
        raise Inconsistent(f"an exit must come last: {[op.name for op in ops]}")
    only_glue = exits[0].name in ("exit_jump", "exit_stop")
    return ops[:-1] if only_glue else ops, _exit_of(exits[0])


@dataclass
class _Naming:
    """Names for what can be patched in one step, given in order, and how it is used."""

    regs: _Names = field(default_factory=_Names)
    imms: _Names = field(default_factory=_Names)
    offs: _Names = field(default_factory=_Names)
    widths: dict[int, int] = field(default_factory=dict)
    used: dict[int, list[bool]] = field(default_factory=dict)  # by operand: read first, written
    flags_read: set[str] = field(default_factory=set)
    flags_written: set[str] = field(default_factory=set)

    def params(self, op: Op) -> dict[str, Any]:
        """Parameters of the operation in canonical form."""
        params = dict(op.params)
        if op.name == "const" and isinstance(params["value"], Expr):
            params["value"] = self._immediate(params["value"], op.ty)
        elif op.name in ("get_reg", "set_reg"):
            params["reg"] = self._operand(params["reg"], written=op.name == "set_reg")
        elif op.name in ("get_state", "set_state") and isinstance(params["offset"], Expr):
            params["offset"] = Sym("@", self.offs.of(params["offset"]))
        elif op.name == "exit_branch":
            params["target"] = "taken"
        elif op.name == "get_flag":
            self.flags_read.add(params["flag"])
        elif op.name == "set_flag":
            self.flags_written.add(params["flag"])
        return params

    def _immediate(self, value: Expr, ty: str) -> Sym:
        index = self.imms.of(f_width(value, ty))
        self.widths[index] = int(ty[1:])
        return Sym("#", index)

    def _operand(self, number: Any, *, written: bool) -> Sym:
        index = self.regs.of(number)
        use = self.used.setdefault(index, [False, False])
        if written:
            use[1] = True
        elif not use[1]:
            use[0] = True
        return Sym("$", index)


def family(block: Block) -> Family:
    """Canonicalise one recorded step; raises Inconsistent when an exit is not last."""
    ops, leave = _take_exit(live_ops(block.ops))
    names = _Naming()
    out = Block()
    mapping: dict[int, Value] = {}
    for op in ops:
        args = (mapping[a.op.index] for a in op.args)
        mapping[op.index] = out.op(op.name, *args, ty=op.ty, **names.params(op))
    return Family(
        out,
        tuple(Operand(t, *names.used[i]) for i, t in enumerate(names.regs.texts)),
        tuple(names.imms.texts),
        tuple(names.widths[i] for i in range(len(names.imms.texts))),
        tuple(names.offs.texts),
        "".join(f for f in FLAGS if f in names.flags_read),
        "".join(f for f in FLAGS if f in names.flags_written),
        leave,
        tuple(names.regs.exprs),
        tuple(names.imms.exprs),
        tuple(names.offs.exprs),
    )


def f_width(value: Expr, ty: str) -> Expr:
    """Immediates of different widths are different holes even when their text is equal."""
    if ty == "i32":
        return value
    width = int(ty[1:])
    return value & ((1 << width) - 1)


def variant(
    block: Block, *, drop_flags: str = "", partition: tuple[int, ...] | None = None
) -> Block:
    """A canonical block without dead flags, operands that name the same register made one."""
    out = Block()
    mapping: dict[int, Value] = {}
    for op in live_ops(block.ops, drop_flags):
        params = dict(op.params)
        if partition is not None and op.name in ("get_reg", "set_reg"):
            params["reg"] = Sym("$", partition[params["reg"].index])
        mapping[op.index] = out.op(
            op.name, *(mapping[a.op.index] for a in op.args), ty=op.ty, **params
        )
    return out


# Which operands may name one register, in the order of preference. Only the first is needed for
# every family: the translator makes operands distinct by copying. By the order of appearance (1, 1)
# is mostly Rd = Rn.
PARTITIONS: dict[int, tuple[tuple[int, ...], ...]] = {
    0: ((),),
    1: ((0,),),
    2: ((0, 1), (0, 0)),
    3: ((0, 1, 2), (0, 1, 1), (0, 1, 0), (0, 0, 2)),
    4: ((0, 1, 2, 3),),
}
