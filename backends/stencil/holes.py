"""What a template is: machine code with holes, and how the holes are filled.

The runtime fills them in C (from the tables ``writer.py`` prints); ``instantiate`` does the same
for proofs and listings. How holes are found is in ``extract.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from backends.stencil import hostregs


@dataclass(frozen=True)
class RegHole:
    """Operand register: byte and bit of its REX extension, byte and shift of its low three bits."""

    operand: int
    rex_at: int
    rex_bit: int
    field_at: int
    shift: int


@dataclass(frozen=True)
class ImmHole:
    """A decode-time value: source (I immediate, O state offset, A address part), index, place.

    ``size`` is in bytes; the stored value is ``scale * value + addend``.
    """

    source: str
    index: int
    at: int
    size: int
    scale: int = 1
    addend: int = 0


@dataclass(frozen=True)
class PoolHole:
    """A pc-relative reference to constant data, of which every code segment has a copy."""

    at: int
    addend: int
    data: bytes


@dataclass(frozen=True)
class JumpHole:
    """A 32-bit displacement to be filled with the way to SKIP or TAKEN."""

    to: str
    at: int


@dataclass(frozen=True)
class Template:
    """Code with holes zeroed."""

    code: bytes
    regs: tuple[RegHole, ...] = ()
    imms: tuple[ImmHole, ...] = ()
    jumps: tuple[JumpHole, ...] = ()
    pools: tuple[PoolHole, ...] = ()
    clobbers: tuple[str, ...] = ()  # which of hostregs.SPARE_TEMPORARIES it uses
    boxed: bool = False  # operands are in the state's scratch slots
    inner: bool = False  # a jump inside goes to its end: nothing may be put before its last jump


def instantiate(
    template: Template,
    operands: tuple[str, ...],
    constants: dict[int, int],
    offsets: dict[int, int] | None = None,
) -> bytes:
    """Fill register, constant and offset holes: what the runtime does, for proofs and listings.

    Without ``offsets`` only numbered constants (source I) are filled.
    """
    code = bytearray(template.code)
    for hole in template.regs:
        number = hostregs.NUMBER[operands[hole.operand]]
        code[hole.rex_at] |= (number >> 3) << hole.rex_bit
        code[hole.field_at] |= (number & 7) << hole.shift
    for imm in template.imms:
        source = offsets if imm.source == "O" else constants
        if source is None or imm.index not in source or (imm.source == "A" and offsets is None):
            continue
        value = (imm.scale * source[imm.index] + imm.addend) & ((1 << 8 * imm.size) - 1)
        code[imm.at : imm.at + imm.size] = value.to_bytes(imm.size, "little")
    return bytes(code)
