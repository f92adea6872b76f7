"""Machine code of templates out of an object file, and the holes in it.

Register holes are found by decoding each instruction: template operands stand in registers 8-15,
whose number is split between a REX bit and a three-bit field. Constants are found by their numbers,
or by the relocations of absolute symbols. What a hole is, ``holes.py`` says.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import capstone
import lief

from backends.stencil import hostregs
from backends.stencil.holes import ImmHole, JumpHole, PoolHole, RegHole, Template
from xlate.errors import Inconsistent

lief.logging.disable()

R_X86_64_64, R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_32, R_X86_64_32S = 1, 2, 4, 10, 11
_PREFIXES = frozenset(b"\x66\x67\xf2\xf3\x2e\x36\x3e\x26\x64\x65\xf0")


@dataclass(frozen=True)
class Raw:
    """A function as the compiler left it: bytes and relocations (offset, type, symbol, addend)."""

    code: bytes
    relocs: tuple[tuple[int, int, str, int], ...]
    pools: tuple[PoolHole, ...] = ()


def functions(obj: bytes) -> dict[str, Raw]:
    """Every function of the object by name, with the constant data that it refers to."""
    elf = lief.ELF.parse(list(obj))
    assert isinstance(elf, lief.ELF.Binary)
    section = elf.get_section(".text")
    assert section is not None
    text = bytes(section.content)
    rows: list[tuple[int, int, str]] = sorted(
        (int(s.value), int(s.size), str(s.name)) for s in elf.symbols if s.is_function and s.size
    )
    sections = list(elf.sections)
    pools: dict[int, PoolHole] = {}
    relocs: list[tuple[int, int, str, int]] = []
    for r in elf.object_relocations:
        if r.section is None or r.section.name != ".text":
            continue
        kind = int(r.type) & 0xFFFF  # lief tells the machine in the bits above
        name = str(r.symbol.name) if r.symbol else ""
        relocs.append((int(r.address), kind, name, int(r.addend)))
        if (
            r.symbol
            and kind == R_X86_64_PC32
            and r.symbol.shndx < len(sections)
            and not r.symbol.is_function
        ):
            home = sections[r.symbol.shndx]
            if str(home.name).startswith(".rodata.cst"):
                start, size = int(r.symbol.value), int(home.entry_size)
                data = bytes(home.content)[start : start + size]
                pools[int(r.address)] = PoolHole(int(r.address), int(r.addend), data)
    relocs.sort()
    out: dict[str, Raw] = {}
    at = 0
    for start, size, name in rows:
        mine: list[tuple[int, int, str, int]] = []
        own: list[PoolHole] = []
        while at < len(relocs) and relocs[at][0] < start + size:
            offset, kind, symbol, addend = relocs[at]
            if offset in pools:
                own.append(replace(pools[offset], at=offset - start))
            elif offset >= start:
                mine.append((offset - start, kind, symbol, addend))
            at += 1
        out[name] = Raw(text[start : start + size], tuple(mine), tuple(own))
    return out


_capstone = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
_capstone.detail = True


@dataclass(frozen=True)
class _Field:
    """A four-bit register number somewhere in an instruction."""

    number: int
    rex_at: int
    rex_bit: int
    at: int
    shift: int
    bare_base: bool = False


def _fields(insn: capstone.CsInsn, start: int) -> list[_Field]:
    code = bytes(insn.bytes)
    at = 0
    while code[at] in _PREFIXES:
        at += 1
    if code[at] & 0xF0 != 0x40:
        return []
    rex_at, rex = at, code[at]
    at += 1
    opcode = code[at]
    modrm_at = insn.encoding.modrm_offset
    out: list[_Field] = []

    def field(bit: int, byte: int, shift: int, *, bare: bool = False) -> None:
        number = (rex >> bit & 1) << 3 | (code[byte] >> shift & 7)
        out.append(_Field(number, start + rex_at, bit, start + byte, shift, bare))

    if not modrm_at:
        two = opcode == 0x0F
        at += two
        opcode = code[at]
        if (two and opcode & 0xF8 == 0xC8) or (
            not two and (opcode & 0xF8 in (0xB8, 0x50, 0x58, 0x90))
        ):
            field(0, at, 0)
        return out
    mod, rm = code[modrm_at] >> 6, code[modrm_at] & 7
    field(2, modrm_at, 3)
    if mod == 3:
        field(0, modrm_at, 0)
    elif rm == 4:
        sib = modrm_at + 1
        field(0, sib, 0, bare=mod == 0)
        field(1, sib, 3)
    else:
        field(0, modrm_at, 0, bare=mod == 0)
    return out


def _relative(insn: capstone.CsInsn, relocs: frozenset[int]) -> tuple[int, int] | None:
    """Offset and size of a jump displacement inside the template, or None."""
    code = bytes(insn.bytes)
    if code[0] == 0xEB or code[0] & 0xF0 == 0x70:
        return insn.address + 1, 1
    at = 1 if code[0] == 0xE9 else 2 if code[0] == 0x0F and code[1] & 0xF0 == 0x80 else 0
    return (insn.address + at, 4) if at and insn.address + at not in relocs else None


def with_displacements(raw: Raw, numbers: list[int], insns: list[capstone.CsInsn]) -> Raw:
    """Give every access through a bare operand register a displacement of 0.

    Without one, the field values of rbp and r13 mean something else: the hole would not take them.
    """
    moved = [0] * (len(raw.code) + 1)  # old offset -> new offset
    out = bytearray()
    for insn in insns:
        start = insn.address
        code = bytearray(insn.bytes)
        bare = [f for f in _fields(insn, 0) if f.bare_base and f.number in numbers]
        cut = len(code)
        if bare:
            modrm = insn.encoding.modrm_offset
            cut = max(modrm, bare[0].at) + 1
            code[modrm] |= 0x40
            code.insert(cut, 0)
        for i in range(insn.size):
            moved[start + i] = len(out) + i + (1 if bare and i >= cut else 0)
        out += code
    moved[len(raw.code)] = len(out)
    at_relocs = frozenset(r[0] for r in raw.relocs)
    for insn in insns:
        jump = _relative(insn, at_relocs)
        if jump is not None:
            at, size = jump
            old = int.from_bytes(raw.code[at : at + size], "little", signed=True)
            end = insn.address + insn.size
            new = moved[end + old] - moved[end]
            out[moved[at] : moved[at] + size] = new.to_bytes(size, "little", signed=True)
    return Raw(
        bytes(out),
        tuple((moved[at], k, s, a) for at, k, s, a in raw.relocs),
        tuple(replace(p, at=moved[p.at]) for p in raw.pools),
    )


class WritesEarly(Inconsistent):
    """Guest state is written before the last access that may fault."""


def _check_order(name: str, insns: list[capstone.CsInsn], operands: tuple[str, ...]) -> None:
    """No operand register and no state member may be written before the last access through %gs."""
    accesses = [i for i, insn in enumerate(insns) if capstone.x86.X86_PREFIX_GS in insn.prefix]
    for insn in insns[: accesses[-1]] if accesses else ():
        _, written = insn.regs_access()
        wides = {_WIDE.get(insn.reg_name(reg)) for reg in written}
        to_state = any(
            op.type == capstone.x86.X86_OP_MEM
            and op.access & capstone.CS_AC_WRITE
            and insn.reg_name(op.mem.base) == hostregs.STATE
            for op in insn.operands
        )
        if wides & set(operands) or to_state:
            raise WritesEarly(
                f"template {name}: {insn.mnemonic} {insn.op_str} before the last access"
            )


class TooManyRegisters(Inconsistent):
    """The compiler ran out of temporaries and moved other registers aside."""


def _clobbered(insn: capstone.CsInsn, name: str, allowed: frozenset[str]) -> set[str]:
    """Spare temporaries written; raises TooManyRegisters for a register that nobody may touch."""
    _, written = insn.regs_access()
    wides = {_WIDE[n] for n in (insn.reg_name(reg) for reg in written) if n in _WIDE}
    wides.discard("rsp")
    spare = set(hostregs.SPARE_TEMPORARIES)
    for wide in wides - allowed - spare:
        raise TooManyRegisters(f"template {name} writes {wide}: {insn.mnemonic} {insn.op_str}")
    return wides & spare


def _wide_names() -> dict[str, str]:
    out = {}
    for wide in hostregs.NUMBER:
        if wide in ("rsp",):
            out["rsp"] = out["esp"] = wide
        elif wide[1:].isdigit():
            out.update({wide + s: wide for s in ("", "d", "w", "b")})
        else:
            low = wide[1:]
            short = low[0] + "l" if low.endswith("x") else low + "l"
            out.update({wide: wide, "e" + low: wide, low: wide, short: wide, low[0] + "h": wide})
    return out


_WIDE = _wide_names()


def locate(
    name: str,
    raw: Raw,
    operands: tuple[str, ...],
    constants: tuple[int | None, ...],
    *,
    boxed: bool = False,
) -> Template:
    """Find all holes; raises Inconsistent for code that cannot be a template."""
    numbers = [] if boxed else [hostregs.NUMBER[r] for r in operands]
    insns = list(_capstone.disasm(raw.code, 0))
    if sum(i.size for i in insns) != len(raw.code):
        raise Inconsistent(f"template {name} does not disassemble")
    if not boxed:
        _check_order(name, insns, operands)
    raw = with_displacements(raw, numbers, insns)
    code = bytearray(raw.code)
    imms, jumps, next_at = _by_relocation(name, raw)
    allowed = (
        frozenset(hostregs.NUMBER) if boxed else frozenset(operands) | set(hostregs.TEMPORARIES)
    )
    if len(operands) > 3:
        allowed -= {"rdx"}
    insns = list(_capstone.disasm(raw.code, 0))
    clobbers = {register for insn in insns for register in _clobbered(insn, name, allowed)}
    regs = _register_holes(insns, numbers)
    code, jumps, inner = _fall_through(code, next_at, jumps, insns)
    for hole in regs:
        code[hole.rex_at] &= ~(1 << hole.rex_bit)
        code[hole.field_at] &= ~(7 << hole.shift)
    template = Template(
        bytes(code),
        tuple(regs),
        tuple(imms),
        tuple(jumps),
        raw.pools,
        tuple(sorted(clobbers)),
        boxed,
        inner,
    )
    return _find_constants(name, template, constants)


def _by_relocation(name: str, raw: Raw) -> tuple[list[ImmHole], list[JumpHole], list[int]]:
    """Holes of absolute symbols, holes of jumps, and places of jumps to NEXT."""
    imms: list[ImmHole] = []
    jumps: list[JumpHole] = []
    next_at: list[int] = []
    for at, kind, symbol, addend in raw.relocs:
        size = {R_X86_64_64: 8, R_X86_64_32: 4, R_X86_64_32S: 4}.get(kind)
        if symbol in ("NEXT", "SKIP", "TAKEN") and kind in (R_X86_64_PLT32, R_X86_64_PC32):
            next_at.append(at) if symbol == "NEXT" else jumps.append(JumpHole(symbol, at))
        elif symbol[:1] in "IOA" and symbol[1:].isdigit() and size is not None:
            imms.append(ImmHole(symbol[0], int(symbol[1:]), at, size, 1, addend))
        else:
            raise Inconsistent(f"template {name}: relocation type {kind} against {symbol!r}")
    return imms, jumps, next_at


def _register_holes(insns: list[capstone.CsInsn], numbers: list[int]) -> list[RegHole]:
    """Every field that names an operand's register."""
    return [
        RegHole(numbers.index(f.number), f.rex_at, f.rex_bit, f.at, f.shift)
        for insn in insns
        for f in _fields(insn, insn.address)
        if f.number in numbers
    ]


def _fall_through(
    code: bytearray, next_at: list[int], jumps: list[JumpHole], insns: list[capstone.CsInsn]
) -> tuple[bytearray, list[JumpHole], bool]:
    """Make NEXT the end: drop the last jump, turn ``jcc NEXT; jmp X`` into ``jcc' X``.

    The last value says whether other jumps go there.
    """
    if insns[-1].bytes[0] == 0xE9 and insns[-1].address + 1 in next_at:
        next_at = [a for a in next_at if a != insns[-1].address + 1]
        code = code[: insns[-1].address]
    elif len(insns) > 1 and insns[-1].bytes[0] == 0xE9:
        last, before = insns[-1], insns[-2]
        jumped = [j for j in jumps if j.at == last.address + 1]
        if jumped and before.bytes[0] == 0x0F and before.address + 2 in next_at:
            next_at = [a for a in next_at if a != before.address + 2]
            code[before.address + 1] ^= 1
            jumps = [j for j in jumps if j not in jumped]
            jumps.append(replace(jumped[0], at=before.address + 2))
            code = code[: last.address]
    for at in next_at:
        struct.pack_into("<i", code, at, len(code) - (at + 4))
    return code, jumps, bool(next_at)


def _find_constants(name: str, template: Template, constants: tuple[int | None, ...]) -> Template:
    """Holes of numbered constants: the number itself, its negative, or its complement."""
    code = bytearray(template.code)
    holes = list(template.imms)
    for index, number in enumerate(constants):
        if number is None:
            continue
        if number < 64:  # a shift amount: found by comparing two compilations
            continue
        for scale, addend in ((1, 0), (-1, 0), (-1, -1)):
            needle = struct.pack("<I", (scale * number + addend) & 0xFFFFFFFF)
            at = code.find(needle)
            while at >= 0:
                holes.append(ImmHole("I", index, at, 4, scale, addend))
                code[at : at + 4] = bytes(4)
                at = code.find(needle, at)
    return replace(template, code=bytes(code), imms=tuple(holes))
