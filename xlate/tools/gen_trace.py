"""The tracer's tables -> C: names of values, shapes of structures, choices, and rows' arguments.

``gen/trace_arm32.inc`` is what ``trace_show.c`` includes, ``gen/trace_arm32.h`` has the tables'
numbers; ``argument`` gives the initialiser that
``gen_syscalls`` puts into each row. What an argument is called on the way is decided by
``xlate.abi.names``; a name that nothing defines is an error when the runtime is built.
"""

from __future__ import annotations

from frontends.arm32.linux_names import CHOICES, CLASSES, NAMES
from frontends.arm32.linux_shapes import SHAPES
from xlate.abi.linux import Arg, Row, parse_args
from xlate.abi.names import Field, Names, Shape

BANNER = "/* Generated from the frontend's tables of names; do not edit. */\n"
NO_LENGTH, LENGTH_AT = 0xFF, 0x80

#: What a name after the colon means when it is in no table: enum trace_how, and a fixed length.
BUILTIN: dict[str, tuple[str, int]] = {
    "d": ("SHOW_D", 0),
    "u": ("SHOW_U", 0),
    "x": ("SHOW_X", 0),
    "o": ("SHOW_O", 0),
    "p": ("SHOW_P", 0),
    "pages": ("SHOW_PAGES", 0),
    "file_mode": ("SHOW_FILE_MODE", 0),
    "create_mode": ("SHOW_CREATE_MODE", 0),
    "str": ("SHOW_STR", 0),
    "bytes": ("SHOW_BYTES", 0),
    "sigset": ("SHOW_SIGSET", 8),
    "sigset4": ("SHOW_SIGSET", 4),
    "sockaddr": ("SHOW_SOCKADDR", 0),
    "iovec": ("SHOW_IOVEC", 0),
    "msghdr": ("SHOW_MSGHDR", 0),
    "words": ("SHOW_WORDS", 0),
    "environ": ("SHOW_ENVIRON", 0),
    "status": ("SHOW_STATUS", 0),
    "int": ("SHOW_INTS", 1),
    "ints2": ("SHOW_INTS", 2),
    "ints": ("SHOW_INTS", 0),
    "fdset": ("SHOW_FDSET", 0),
    "dirents": ("SHOW_DIRENTS", 8),
    "dirents64": ("SHOW_DIRENTS", 16),
}

#: The same for arguments without one, by their kind.
BY_KIND: dict[str, str] = {
    "int": "SHOW_D",
    "pid": "SHOW_D",
    "fd": "SHOW_D",
    "uint": "SHOW_U",
    "size": "SHOW_U",
    "id16": "SHOW_U",
    "hex": "SHOW_X",
    "mode": "SHOW_O",
    "dirfd": "SHOW_DIRFD",
    "pair": "SHOW_PAIR",
    "path": "SHOW_PATH",
    "str": "SHOW_STR",
}

RESULTS = {"hex": "SHOW_P", "oct": "SHOW_O", "": "SHOW_D"}


def _meaning(name: str) -> tuple[str, str, int]:
    """Return how, table and fixed length of a name after the colon."""
    for tables, prefix, how in (
        (NAMES, "NAMES", "SHOW_NAMES"),
        (SHAPES, "SHAPE", "SHOW_SHAPE"),
        (CHOICES, "CHOICE", "SHOW_CHOICE"),
    ):
        if name in tables:
            return how, f"{prefix}_{name}", 0
    if name not in BUILTIN:
        raise ValueError(f"nothing is called {name!r}: no names, shape, choice or kind of value")
    how, fixed = BUILTIN[name]
    return how, "0", fixed


def _length(arg: Arg, args: tuple[Arg, ...]) -> int:
    """Return the register that tells a length or selects, as the runtime wants it."""
    if arg.shown_by is not None:
        return args[arg.shown_by].register
    if arg.length_of is None:
        return NO_LENGTH
    return args[arg.length_of].register | (LENGTH_AT if arg.deref else 0)


def argument(arg: Arg, args: tuple[Arg, ...]) -> str:
    """Return the C initialiser of one argument of a row."""
    length = _length(arg, args)
    if arg.shown and arg.kind != "path":
        how, table, fixed = _meaning(arg.shown)
    elif arg.kind == "sig":
        how, table, fixed = "SHOW_NAMES", "NAMES_signal", 0
    elif arg.counts_bytes:
        how, table, fixed = "SHOW_BYTES", "0", 0
    else:
        how, table, fixed = BY_KIND.get(arg.kind, "SHOW_P"), "0", 0
    one_shape = how == "SHOW_SHAPE" and arg.counts_bytes and arg.shown_by is None
    if how == "SHOW_P" or one_shape:
        length = NO_LENGTH
    if how == "SHOW_SHAPE" and arg.kind == "out":
        fixed = 1  # The result says how many there are.
    # A choice may turn out to be either.
    out = "true" if arg.kind in ("out", "inout") or how == "SHOW_CHOICE" else "false"
    return f"{{{how}, {arg.register}, {length:#x}, {table}, {fixed}, {out}}}"


def classes(row: Row) -> str:
    """Return the classes that --strace=%CLASS finds a row by."""
    kinds = {arg.kind for arg in row.parsed}
    found = []
    if "path" in kinds:
        found.append("TRACE_FILE")
    if kinds & {"fd", "dirfd"}:
        found.append("TRACE_DESC")
    found += [f"TRACE_{name.upper()}" for name, calls in CLASSES.items() if row.name in calls]
    return " | ".join(found) or "0"


def table_numbers() -> str:
    """Return gen/trace_arm32.h: the numbers by which rows name tables."""
    lines = [BANNER, "#ifndef XLATE_GEN_TRACE_ARM32_H", "#define XLATE_GEN_TRACE_ARM32_H", ""]
    for prefix, tables in (("NAMES", NAMES), ("SHAPE", SHAPES), ("CHOICE", CHOICES)):
        names = ", ".join(f"{prefix}_{name}" for name in tables)
        lines.append(f"enum {{ {names} }};")
    return "\n".join([*lines, "", "#endif", ""])


def _names_rows(name: str, table: Names) -> list[str]:
    rows = ", ".join(f'{{{value:#x}, "{word}"}}' for word, value in (*table.low, *table.bits))
    return [f"static const struct trace_name rows_of_{name}[] = {{{rows}}};"]


def _field(field: Field, shape: Shape) -> str:
    how, table, fixed = _meaning(field.how)
    if shape.of:
        member = f"(({shape.of} *)0)->{field.member}"
        at, size = f"offsetof({shape.of}, {field.member})", f"sizeof({member})"
    else:
        at, size = str(field.at), str(field.size)
    return f'{{"{field.name}", {at}, {size}, {how}, {table}, {fixed}}}'


def _shape_fields(name: str, shape: Shape) -> list[str]:
    fields = ",\n\t".join(_field(field, shape) for field in shape.fields)
    return [f"static const struct trace_field fields_of_{name}[] = {{\n\t{fields},\n}};"]


def _choice_cases(name: str) -> list[str]:
    choice = CHOICES[name]
    values = dict(NAMES[choice.of].low)
    lines = [f"static const struct trace_case cases_of_{name}[] = {{"]
    for word, text in choice.cases.items():
        args = parse_args(text)
        lines.append(f"\t{{{values[word]:#x}, {argument(args[0], args)}}},")
    return [*lines, "};"]


def tables() -> str:
    """Return gen/trace_arm32.inc."""
    lines = [BANNER]
    for name, names in NAMES.items():
        lines += _names_rows(name, names)
    for name, shape in SHAPES.items():
        lines += _shape_fields(name, shape)
    for name in CHOICES:
        lines += _choice_cases(name)
    lines.append("static const struct trace_names trace_names[] = {")
    for name, names in NAMES.items():
        low, count = len(names.low), len(names.low) + len(names.bits)
        lines.append(f"\t{{{names.mask:#x}, {low}, {count}, rows_of_{name}}},")
    lines += ["};", "static const struct trace_shape trace_shapes[] = {"]
    for name, shape in SHAPES.items():
        size = f"sizeof({shape.of})" if shape.of else str(shape.size)
        lines.append(f"\t{{{size}, {len(shape.fields)}, fields_of_{name}}},")
    lines += ["};", "static const struct trace_choice trace_choices[] = {"]
    lines += [f"\t{{{len(CHOICES[name].cases)}, cases_of_{name}}}," for name in CHOICES]
    return "\n".join([*lines, "};", ""])
