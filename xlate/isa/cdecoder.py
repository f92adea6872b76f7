"""Prints the C decoder: the same rows and shapes as Python's, as functions that fill in uops.

For each row one C function extracts the fields and walks the conditions that forked the recording;
each leaf appends the micro-operations of that shape. A bucket table on some bits of the word finds
the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xlate.errors import Inconsistent
from xlate.isa.encoding import FieldSlice
from xlate.isa.expr import Expr
from xlate.isa.insn import Row, RowSet
from xlate.isa.record import Loop, Shape, Step

# Gives the family number of a step, and C statements that fill ``uop``.
LeafText = Callable[[Step], tuple[int, list[str]]]
# Text of a group's C code, to (structural index, family numbers) of the shapes that share it.
Groups = dict[str, list[tuple[int, list[int]]]]

_C_KEYWORDS = {"unsigned", "signed", "long", "short", "int", "char", "if", "else", "for", "do"}
_DECLARED = {"unit", "word", "uop", "shape", "pc", "in_it"}
# Names a field must not have: C's own, and what the row functions declare.
C_WORDS = frozenset(_C_KEYWORDS | _DECLARED | {"while"})


@dataclass(frozen=True)
class Bucket:
    """Bits of a word that pick the candidate rows, high part first: (lsb, count) pairs."""

    name: str
    slices: tuple[tuple[int, int], ...]

    @property
    def bits(self) -> int:
        """Width of the index."""
        return sum(n for _, n in self.slices)

    def scatter(self, index: int) -> int:
        """A word with the index's bits in their places."""
        word = 0
        at = self.bits
        for lsb, n in self.slices:
            at -= n
            word |= (index >> at & ((1 << n) - 1)) << lsb
        return word

    def mask(self) -> int:
        """The bits looked at."""
        return self.scatter((1 << self.bits) - 1)

    def c_index(self) -> str:
        """C expression of the index of word ``w``."""
        parts, at = [], self.bits
        for lsb, n in self.slices:
            at -= n
            parts.append(f"((w >> {lsb} & {(1 << n) - 1}) << {at})")
        return " | ".join(parts)


def _c_name(rows: RowSet, row: Row) -> str:
    return f"row_{rows.name.lower()}_{row.name}"


def row_function(rows: RowSet, row: Row, shapes: Sequence[Shape], leaf: LeafText) -> str:
    """The C function of one row."""
    slices = [f for f in row.encoding.fields if f.name in row.structural]
    groups: Groups = {}
    by_values: dict[int, list[Shape]] = {}
    for shape in shapes:
        index = 0
        for f in slices:
            index = index << f.bits | shape.structural[f.name]
        by_values.setdefault(index, []).append(shape)
    for index, mine in by_values.items():
        families: list[int] = []
        text = _tree(mine, 0, leaf, families, "\t\t")
        groups.setdefault(text, []).append((index, families))
    reserved = C_WORDS & {f.name for f in row.encoding.fields if f.name not in row.structural}
    if reserved:
        raise Inconsistent(f"{row.name}: field named like a word of C: {sorted(reserved)}")
    lines = [f"static void {_c_name(rows, row)}(struct unit *unit, u32 word)", "{"]
    used = "\n".join(groups)
    for f in row.encoding.fields:
        if f.name in row.structural or f.name in used:
            name = f"field_{f.name}" if f.name in row.structural else f.name
            lines.append(f"\tconst u64 {name} = word >> {f.lsb} & {(1 << f.bits) - 1};")
    lines.append("\tconst u64 pc = unit->pc, in_it = unit->it != 0;")
    lines.append("\tstruct uop *uop;")
    lines.append("\t(void)word, (void)pc, (void)in_it, (void)uop;")
    index_text = _index_text(slices)
    if slices:
        lines.append(f"\tconst u32 shape = {index_text};")
    lines += _groups(groups, len(by_values))
    lines += ["}", ""]
    return "\n".join(lines)


def _index_text(slices: Sequence[FieldSlice]) -> str:
    text = "0"
    for f in slices:
        name = f"field_{f.name}"
        text = f"({text}) << {f.bits} | {name}" if text != "0" else name
    return text


def _groups(groups: Groups, total: int) -> list[str]:
    """Structural values whose code differs only in family numbers share it through a table."""
    if len(groups) == 1:
        ((text, members),) = groups.items()
        return _group(text, members, total)
    which = [0] * total
    for g, members in enumerate(groups.values()):
        for index, _ in members:
            which[index] = g
    lines = [f"\tstatic const u8 group[{total}] = {{ {', '.join(map(str, which))} }};"]
    lines.append("\tswitch (group[shape]) {")
    for g, (text, members) in enumerate(groups.items()):
        lines += [f"\tcase {g}: {{", *_group(text, members, total), "\t\tbreak;\n\t}"]
    return [*lines, "\t}"]


def _group(text: str, members: list[tuple[int, list[int]]], total: int) -> list[str]:
    """One group's code with its family numbers: from a table, or themselves for a single shape."""
    count = len(members[0][1])
    if not count or total == 1:
        for number, fam in enumerate(members[0][1]):
            text = text.replace(f"FAMILY({number})FAMILY", str(fam))
        return [text]
    table = ["{ " + ", ".join(["0"] * count) + " }"] * total
    for index, families in members:
        table[index] = "{ " + ", ".join(map(str, families)) + " }"
    return [
        f"\t\tstatic const u16 f[{total}][{count}] = {{ {', '.join(table)} }};",
        text.replace("FAMILY(", "f[shape][").replace(")FAMILY", "]"),
    ]


def _tree(
    shapes: Sequence[Shape], depth: int, leaf: LeafText, families: list[int], tab: str
) -> str:
    """Nested ifs over the conditions of the shapes' paths."""
    if len(shapes) == 1 and len(shapes[0].path) <= depth:
        return _leaf(shapes[0], leaf, families, tab)
    condition = shapes[0].path[depth][0]
    if any(s.path[depth][0].text != condition.text for s in shapes):
        raise Inconsistent(f"{shapes[0].row.name}: recording forks on different conditions")
    yes = [s for s in shapes if s.path[depth][1]]
    no = [s for s in shapes if not s.path[depth][1]]
    first = _tree(yes, depth + 1, leaf, families, tab + "\t")
    second = _tree(no, depth + 1, leaf, families, tab + "\t")
    return f"{tab}if ({condition.text}) {{\n{first}\n{tab}}} else {{\n{second}\n{tab}}}"


def _leaf(shape: Shape, leaf: LeafText, families: list[int], tab: str) -> str:
    if shape.refusal is not None:
        return f"{tab}uop_refuse(unit);"
    lines: list[str] = []
    for step in shape.steps:
        number, body = leaf(step)
        families.append(number)
        text = [f"uop = uop_new(unit, FAMILY({len(families) - 1})FAMILY);", *body]
        if isinstance(step, Loop):
            lines += _loop(step, text)
        else:
            lines += text
    return "\n".join(tab + line for line in lines) or f"{tab};"


def _loop(step: Loop, body: list[str]) -> list[str]:
    over = Expr.of(step.over).text
    if step.mask:
        start = f"u64 loop_mask = {over}, loop_index = 0"
        head = f"for ({start}; loop_mask; loop_mask &= loop_mask - 1, loop_index++) {{"
        reg = "const u64 loop_reg = (u64)__builtin_ctzll(loop_mask);"
    else:
        start = f"u64 loop_index = 0, loop_count = {over}"
        head = f"for ({start}; loop_index < loop_count; loop_index++) {{"
        reg = "const u64 loop_reg = loop_index;"
    return [head, "\t" + reg, "\t(void)loop_reg;", *("\t" + b for b in body), "}"]


def tables(
    rows: RowSet,
    bucket: Bucket,
    chosen: Sequence[Row],
    fixed: tuple[int, int],
    suffix: str,
    kinds: Mapping[str, int],
) -> str:
    """Row and bucket tables; ``fixed``: mask and value of bits that the caller has tested already.

    ``kinds`` numbers rows (by name) that the decoder treats apart; all others are 0.
    """
    order = sorted(chosen, key=lambda r: -r.specificity)
    name = f"{rows.name.lower()}{suffix}"
    lines = [f"static const struct row {name}_rows[] = {{"]
    for row in order:
        cond = next(
            (f.lsb for f in row.encoding.fields if f.name == "cond" and row.predicated), 0xFF
        )
        lines.append(
            f"\t{{ {row.encoding.mask:#010x}, {row.encoding.value:#010x}, "
            f"{_c_name(rows, row)}, {cond}, {kinds.get(row.name, 0)} }},"
        )
    lines.append("};")
    lists: dict[tuple[int, ...], int] = {}
    flat: list[int] = []
    starts: list[int] = []
    for index in range(1 << bucket.bits):
        word = bucket.scatter(index) | fixed[1]
        known = bucket.mask() | fixed[0]
        mine = tuple(
            i
            for i, r in enumerate(order)
            if (word ^ r.encoding.value) & r.encoding.mask & known == 0
        )
        if mine not in lists:
            lists[mine] = len(flat)
            flat += [*mine, 0xFFFF]
        starts.append(lists[mine])
    lines.append(f"static const u16 {name}_candidates[] = {{ {', '.join(map(str, flat))} }};")
    lines.append(
        f"static const u16 {name}_buckets[{len(starts)}] = {{ {', '.join(map(str, starts))} }};"
    )
    lines.append(f"static inline const struct row *find_{name}(u32 w)\n{{")
    start_of = f"{name}_buckets[{bucket.c_index()}]"
    lines.append(f"\treturn find_row({name}_rows, {name}_candidates + {start_of}, w);\n}}\n")
    return "\n".join(lines)
