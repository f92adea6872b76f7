"""Advanced SIMD element and structure loads and stores.

VLD1 and VST1 of whole registers move bytes in order, so lane widths do not matter there and registers
go in pairs. Structures (VLD2 to VLD4) are loops over elements from the unmodified base. The base is
written last. Alignment hints are not enforced (docs/limits.md).
"""

from __future__ import annotations

from typing import Any

from frontends.arm32.fp_shared import d_number, d_offset, element_row, load_as, rounds
from frontends.arm32.machine import PC, SP, Arm32
from xlate.isa import Imm, Reg


def write_back(m: Arm32, Rn: Reg, Rm: Reg, size: int) -> None:
    """Rn := Rn + size (Rm = 13), + Rm, or nothing (Rm = 15)."""
    if Rm == PC:
        return
    if Rm == SP:
        m.R[Rn] = m.R[Rn] + m.const(size)
    else:
        m.R[Rn] = m.R[Rn] + m.R[Rm]


def check_range(m: Arm32, Rn: Reg, last: Any) -> None:
    """UNPREDICTABLE with the pc as base or past D31."""
    if Rn == PC:
        m.unpredictable("the pc as base")
    if last > 31:
        m.unpredictable("register list past D31")


# --- VLD1, VST1 of whole registers ----------------------------------------------------------------


def _register_whole(count: int, kind: str, bad_align: int) -> None:
    def row(m: Arm32, D: Imm, load: int, Rn: Reg, Vd: Reg, align: Imm, Rm: Reg) -> None:
        if bad_align == 3:
            if align == 3:
                m.undefined("alignment")
        elif align & bad_align:
            m.undefined("alignment")
        number = d_number(Vd, D)
        check_range(m, Rn, number + (count - 1))
        base, pieces = m.R[Rn], _pieces(count)
        if load:
            values = [load_as(m, base + at if at else base, ty) for at, ty in pieces]
            for (at, _), value in zip(pieces, values, strict=True):
                m.set_state(d_offset(number) + at, value)
        else:
            for at, ty in pieces:
                m.store(base + at if at else base, m.get_state(d_offset(number) + at, ty))
        write_back(m, Rn, Rm, 8 * count)

    row.__doc__ = f"{count} registers from Vd := mem[Rn], or the reverse."
    tail = f"0 D:1 load:1 0 Rn:4 Vd:4 {kind} xx align:2 Rm:4"
    element_row(tail, manual="VLD1, VST1 (multiple single elements)", name=f"vld1_{count}")(row)


def _pieces(count: int) -> list[tuple[int, str]]:
    """Byte offset and type of each access: pairs of registers, and the odd one."""
    pairs = [(16 * i, "v128") for i in range(count // 2)]
    return pairs + ([(8 * (count - 1), "v64")] if count % 2 else [])


for _count, _kind, _bad in ((1, "0111", 2), (2, "1010", 3), (3, "0110", 2), (4, "0010", 0)):
    _register_whole(_count, _kind, _bad)


# --- VLD2 to VLD4, VST2 to VST4 of whole registers ------------------------------------------------


def structures(
    m: Arm32, load: int, Rn: Reg, first: Any, step: Any, *, fields: int, size: int, length: int
) -> None:
    """Element i of structure k is lane k of register first + i * step; ``length`` lanes a register."""
    bytes_ = 1 << size

    def one(_: Any, index: Any) -> None:
        base = m.R[Rn]
        addrs = [base + m.const(index * (fields * bytes_) + i * bytes_) for i in range(fields)]
        offsets = [d_offset(first + step * i) + index * bytes_ for i in range(fields)]
        _transfer(m, load, addrs, offsets, 8 * bytes_)

    m.repeat(rounds(m, length), one)


def _transfer(m: Arm32, load: int, addrs: list[Any], offsets: list[Any], width: int) -> None:
    """Elements between memory and lanes: all loads first, so that a fault leaves the registers."""
    if load:
        values = [m.load(addr, width) for addr in addrs]
        for offset, value in zip(offsets, values, strict=True):
            m.set_state(offset, value)
    else:
        for addr, offset in zip(addrs, offsets, strict=True):
            m.store(addr, m.get_state(offset, f"i{width}"))


def _register_structures(name: str, kind: str, fields: int, per_field: int, bad_align: int) -> None:
    """``per_field`` registers hold each field: VLD2 has a form with two."""

    def row(
        m: Arm32,
        D: Imm,
        load: int,
        Rn: Reg,
        Vd: Reg,
        size: int,
        align: Imm,
        Rm: Reg,
        apart: Imm = 1,
    ) -> None:
        if size == 3:
            m.undefined("element width")
        if bad_align == 3:
            if align == 3:
                m.undefined("alignment")
        elif align & bad_align:
            m.undefined("alignment")
        first, step = d_number(Vd, D), apart + 1
        check_range(m, Rn, first + step * (fields - 1) + (per_field - 1))
        length = per_field * (8 >> size)
        structures(m, load, Rn, first, step, fields=fields, size=size, length=length)
        write_back(m, Rn, Rm, 8 * fields * per_field)

    row.__doc__ = f"{fields} registers from Vd := structures at mem[Rn], or the reverse."
    tail = f"0 D:1 load:1 0 Rn:4 Vd:4 {kind} size:2 align:2 Rm:4"
    element_row(tail, manual=f"VLD{fields}, VST{fields} (multiple structures)", name=name)(row)


_register_structures("vld2", "100 apart:1", 2, 1, 3)
_register_structures("vld2_pairs", "0011", 2, 2, 0)
_register_structures("vld3", "010 apart:1", 3, 1, 2)
_register_structures("vld4", "000 apart:1", 4, 1, 0)


# --- one lane -------------------------------------------------------------------------------------


def _check_lane(m: Arm32, fields: int, size: int, low: Imm) -> None:
    """Refuse what may not stand below the index; ``low`` is the last two bits of index_align."""
    if size == 0:
        bad = low & 1 if fields in (1, 3) else 0
    elif size == 1:
        bad = {1: low & 2, 2: 0, 3: low & 1, 4: 0}[fields]
    else:
        bad = {1: (low ^ (low >> 1)) & 1, 2: low & 2, 3: low, 4: (low & (low >> 1)) & 1}[fields]
    if bad:
        m.undefined("alignment")


def _register_lane(fields: int, size: int) -> None:
    """index_align is the index, then (but for bytes) the spacing bit, then the alignment."""

    def row(m: Arm32, D: Imm, load: int, Rn: Reg, Vd: Reg, index_align: Imm, Rm: Reg) -> None:
        _check_lane(m, fields, size, index_align & 3)
        apart: Any = 0
        if fields > 1 and size:
            apart = (index_align >> size) & 1
        elif size == 2 and index_align & 4:
            m.undefined("spacing of one register")
        first, index, bytes_ = d_number(Vd, D), index_align >> (size + 1), 1 << size
        check_range(m, Rn, first + (apart + 1) * (fields - 1))
        base = m.R[Rn]
        addrs = [base + i * bytes_ if i else base for i in range(fields)]
        offsets = [d_offset(first + (apart + 1) * i) + index * bytes_ for i in range(fields)]
        _transfer(m, load, addrs, offsets, 8 * bytes_)
        if fields > 1:
            m.next_step()
        write_back(m, Rn, Rm, fields * bytes_)

    row.__doc__ = f"One lane of {fields} registers from Vd := mem[Rn], or the reverse."
    tail = f"1 D:1 load:1 0 Rn:4 Vd:4 {size:02b} {fields - 1:02b} index_align:4 Rm:4"
    manual = f"VLD{fields}, VST{fields} (single {'element' if fields == 1 else 'structure'} from one lane)"
    element_row(tail, manual=manual, name=f"vld{fields}_lane_{8 << size}")(row)


for _fields in (1, 2, 3, 4):
    for _size in (0, 1, 2):
        _register_lane(_fields, _size)


# --- all lanes ------------------------------------------------------------------------------------


def _check_all(m: Arm32, fields: int, size: int, a: int) -> int:
    """Element bytes, or UNDEFINED."""
    if size == 3 and not (fields == 4 and a):
        m.undefined("element width")
    if (fields == 1 and size == 0 and a) or (fields == 3 and a):
        m.undefined("alignment")
    return 4 if size == 3 else 1 << size


def _register_all(fields: int) -> None:
    def row(m: Arm32, D: Imm, Rn: Reg, Vd: Reg, size: int, T: Imm, a: int, Rm: Reg) -> None:
        bytes_ = _check_all(m, fields, size, a)
        first = d_number(Vd, D)
        check_range(m, Rn, first + (T if fields == 1 else (T + 1) * (fields - 1)))
        base = m.R[Rn]
        values = [m.load(base + i * bytes_ if i else base, 8 * bytes_) for i in range(fields)]
        splats = [m.block.op("splat", x, ty="v64", lane=8 * bytes_) for x in values]
        for i, value in enumerate(splats):
            m.set_state(d_offset(first + (T + 1) * i), value)
        if fields == 1 and T:
            m.set_state(d_offset(first + 1), splats[0])
        if fields > 1:
            m.next_step()
        write_back(m, Rn, Rm, fields * bytes_)

    row.__doc__ = f"All lanes of {fields} registers from Vd := elements at mem[Rn]."
    tail = f"1 D:1 10 Rn:4 Vd:4 11 {fields - 1:02b} size:2 T:1 a:1 Rm:4"
    manual = f"VLD{fields} (single {'element' if fields == 1 else 'structure'} to all lanes)"
    element_row(tail, manual=manual, name=f"vld{fields}_all")(row)


for _fields in (1, 2, 3, 4):
    _register_all(_fields)
