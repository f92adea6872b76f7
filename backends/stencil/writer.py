"""Prints the plan and its templates as C tables (gen/stencils_arm32.inc)."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from backends.stencil import hostregs
from backends.stencil.family import FLAGS, Family
from backends.stencil.holes import Template
from backends.stencil.plan import CONDITIONS, FUSED_MASKS, Entry, Plan
from xlate.ir.ops import OPS, Effect

MEMORY = (Effect.READ_MEMORY, Effect.WRITE_MEMORY)
NONE = 0xFFFF
_SOURCES = {"I": 0, "A": 0, "O": 1}


def flag_bits(names: str) -> int:
    """N is bit 0, Z bit 1, C bit 2, V bit 3."""
    return sum(1 << FLAGS.index(f) for f in names)


class _Pool:
    """Templates numbered, their code and holes laid one behind the other."""

    def __init__(self, templates: Mapping[str, Template]) -> None:
        self.templates = templates
        self.numbers: dict[str, int] = {}
        self.code = bytearray()
        self.holes = bytearray()
        self.rows: list[str] = []
        self._same: dict[Template, int] = {}
        self.constants = bytearray()

    def number(self, key: str) -> int:
        """Number of a template; equal machine code is stored once."""
        if key in self.numbers:
            return self.numbers[key]
        template = self.templates[key]
        if template not in self._same:
            self._same[template] = len(self.rows)
            self.rows.append(self._row(template))
        self.numbers[key] = self._same[template]
        return self.numbers[key]

    def _row(self, t: Template) -> str:
        code_at, hole_at = len(self.code), len(self.holes)
        self.code += t.code
        for hole in t.regs:
            self.holes += bytes(
                (hole.operand | hole.rex_bit << 2 | hole.shift << 4, hole.rex_at, hole.field_at)
            )
        for imm in t.imms:
            kind = _SOURCES[imm.source] | (2 if imm.scale < 0 else 0) | imm.index << 4
            self.holes += struct.pack("<BBHi", kind, imm.size, imm.at, imm.addend)
        for pool in t.pools:
            self.holes += struct.pack(
                "<BBHi", 4, 4, pool.at, self._constant(pool.data) + pool.addend
            )
        for jump in t.jumps:
            self.holes += struct.pack("<H", jump.at)
        clobbers = sum(1 << i for i, r in enumerate(hostregs.SCRATCH) if r in t.clobbers)
        clobbers |= t.inner << 6 | t.boxed << 7
        counts = f"{len(t.regs)}, {len(t.imms) + len(t.pools)}, {len(t.jumps)}"
        return f"{{ {code_at}, {hole_at}, {len(t.code)}, {counts}, {clobbers} }}"

    def _constant(self, data: bytes) -> int:
        """Offset of the data in the pool of constants, each aligned to its size."""
        for at in range(0, len(self.constants) - len(data) + 1, len(data)):
            if self.constants[at : at + len(data)] == data:
                return at
        self.constants += bytes(-len(self.constants) % len(data))
        self.constants += data
        return len(self.constants) - len(data)


def _bytes(name: str, data: bytes) -> list[str]:
    lines = [f"const u8 {name}[] = {{"]
    lines += [
        "\t" + ",".join(str(b) for b in data[i : i + 32]) + "," for i in range(0, len(data), 32)
    ]
    return [*lines, "};"]


def _uses_memory(fam: Family) -> bool:
    """Whether the family reads or writes guest memory."""
    return any(OPS[op.name].effect in MEMORY for op in fam.block.ops)


def _family_row(entry: Entry, variants: list[int], pool: _Pool) -> str:
    fam = entry.fam
    plain = len(variants)
    for m in range(len(entry.masks)):
        keys = [entry.plain.get((m, p)) for p in range(entry.partitions)]
        variants += [NONE if k is None else pool.number(k) for k in keys]
    fused = NONE
    if entry.fused:
        fused = len(variants)
        for m in range(len(FUSED_MASKS)):
            for cond in range(CONDITIONS):
                keys = [entry.fused.get((m, cond, p)) for p in range(entry.partitions)]
                variants += [NONE if k is None else pool.number(k) for k in keys]
    modal = pool.number(entry.modal) if entry.modal else NONE
    reads = sum(1 << i for i, o in enumerate(fam.operands) if o.read)
    writes = sum(1 << i for i, o in enumerate(fam.operands) if o.written)
    masks = [flag_bits(m) for m in entry.masks]
    masks += [masks[-1]] * (5 - len(masks))
    flags = f"{flag_bits(fam.flags_read)}, {flag_bits(fam.flags_written)}"
    return (
        f"{{ {plain}, {fused}, {modal}, {len(fam.operands)}, {reads}, {writes}, {flags}, "
        f"{entry.partitions}, {{ {', '.join(map(str, masks))} }}, {int(_uses_memory(fam))} }}"
    )


def write(plan: Plan, templates: Mapping[str, Template], skips: list[Entry]) -> str:
    """C text of all tables; ``skips`` are the families "skip unless condition n holds"."""
    pool = _Pool(templates)
    variants: list[int] = []
    families = [_family_row(e, variants, pool) for e in plan.entries.values()]
    lines = ["/* Generated: templates of the baseline tier; do not edit. */"]
    lines += _bytes("template_code", bytes(pool.code) + bytes(8))
    lines += _bytes("template_holes", bytes(pool.holes))
    lines += _bytes("template_constants", bytes(pool.constants) or bytes(16))
    lines += ["const struct tmpl templates[] = {", *(f"\t{r}," for r in pool.rows), "};"]
    lines += [f"const u16 variants[] = {{ {', '.join(map(str, variants))} }};"]
    lines += ["const struct family families[] = {", *(f"\t{f}," for f in families), "};"]
    lines += [
        f"const u16 skip_family[{CONDITIONS}] = {{ {', '.join(str(e.number) for e in skips)} }};"
    ]
    lines += ["const u32 template_constants_size = sizeof(template_constants);"]
    lines += [
        f"#define TEMPLATE_COUNT {len(pool.rows)}",
        f"#define TEMPLATE_BYTES {len(pool.code) + len(pool.holes)}",
        "",
    ]
    return "\n".join(lines)


def report(plan: Plan, templates: Mapping[str, Template]) -> dict[str, int]:
    """Counts and sizes: what the budget of the design is held against."""
    distinct = set(templates.values())
    return {
        "families": len(plan.entries),
        "wanted": len(plan.requests),
        "templates": len(distinct),
        "code_bytes": sum(len(t.code) for t in distinct),
        "hole_bytes": sum(3 * len(t.regs) + 8 * len(t.imms) + 2 * len(t.jumps) for t in distinct),
        "longest": max(len(t.code) for t in distinct),
    }
