"""System-call rows -> the runtime's dispatch table, the handlers' prototypes and the support page.

Writes ``gen/syscalls_arm32.h`` (prototypes that every ``sys/*.c`` includes, so that a handler with
other types does not compile), ``gen/syscalls_arm32.inc`` (one adapter per row and the table that
``sys/dispatch.c`` includes); ``gen/errno_names.inc`` and ``gen/trace_arm32.*`` for the tracer.
``python -m xlate.tools.gen_syscalls`` prints the support page.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from frontends.arm32.linux_syscalls import PRIVATE_BASE, ROWS
from xlate.abi.linux import PATH_USES, REFUSED, SAME, Arg, Row, Support
from xlate.tools import gen_trace

#: From here on new system calls have one number on all architectures.
COMMON_NUMBERS_FROM = 424
#: Their result is a process or thread, which has a number of its own under --deterministic.
GIVES_ID = frozenset(
    {
        *("getpid", "getppid", "gettid", "getpgrp", "getpgid", "getsid", "setsid"),
        *("set_tid_address", "wait4", "clone", "clone3", "fork", "vfork"),
    }
)
#: Calls that the host also has relative to folders, and what comes behind their arguments then.
AT_FORMS: dict[str, tuple[str, ...]] = {
    "link": ("linkat",),
    "mkdir": ("mkdirat",),
    "mknod": ("mknodat",),
    "rename": ("renameat",),
    "rmdir": ("unlinkat", "0x200"),
    "symlink": ("symlinkat",),
    "unlink": ("unlinkat",),
}
NO_REGISTER = -1
BANNER = "/* Generated from the guest's system-call rows; do not edit. */\n"


def generate(build_dir: Path) -> None:
    """Write the generated files under build_dir/gen."""
    gen = build_dir / "gen"
    gen.mkdir(parents=True, exist_ok=True)
    (gen / "syscalls_arm32.h").write_text(prototypes(ROWS), encoding="ascii")
    (gen / "syscalls_arm32.inc").write_text(dispatch_table(ROWS), encoding="ascii")
    (gen / "errno_names.inc").write_text(errno_names(), encoding="ascii")
    (gen / "trace_arm32.inc").write_text(gen_trace.tables(), encoding="ascii")
    (gen / "trace_arm32.h").write_text(gen_trace.table_numbers(), encoding="ascii")


def errno_names() -> str:
    """Return a table of names and texts; x86-64 and ARM number errors alike."""
    lines = [BANNER, "static const struct {", "\tconst char *name, *text;", "} errno_names[] = {"]
    lines += [
        f'\t[{number}] = {{"{name}", "{os.strerror(number)}"}},'
        for number, name in sorted(errno.errorcode.items())
    ]
    return "\n".join([*lines, "};", ""])


def handlers(rows: tuple[Row, ...]) -> dict[str, tuple[Arg, ...]]:
    """Return the C handlers that rows name, with their arguments; shared ones must agree."""
    found: dict[str, tuple[Arg, ...]] = {}
    for row in rows:
        if row.handler:
            types = [arg.ctype for arg in row.parsed]
            known = found.setdefault(row.handler, row.parsed)
            if [arg.ctype for arg in known] != types:
                raise ValueError(f"{row.handler} is named by rows with different arguments")
    return found


def prototypes(rows: tuple[Row, ...]) -> str:
    """Return the header with one prototype per handler."""
    lines = [BANNER, "#ifndef XLATE_GEN_SYSCALLS_ARM32_H", "#define XLATE_GEN_SYSCALLS_ARM32_H", ""]
    lines += ['#include "types.h"', "", "struct thread;", ""]
    for name, args in sorted(handlers(rows).items()):
        parameters = ", ".join(["struct thread *t", *(arg.ctype for arg in args)])
        lines.append(f"long {name}({parameters});")
    lines += ["", "#endif", ""]
    return "\n".join(lines)


def dispatch_table(rows: tuple[Row, ...]) -> str:
    """Return the adapters and the two tables of rows."""
    normal = [row for row in rows if row.nr < PRIVATE_BASE]
    private = [row for row in rows if row.nr >= PRIVATE_BASE]
    lines = [BANNER, '#include "gen/trace_arm32.h"', ""]
    same = [row for row in normal if row.support is SAME]
    lines += [_host_number(row) for row in same if row.nr >= COMMON_NUMBERS_FROM]
    lines += [_adapter(row) for row in rows if row.support is not REFUSED]
    lines += _table("syscall_rows", normal, 0)
    lines += _table("private_rows", private, PRIVATE_BASE)
    lines += [f"#define PRIVATE_BASE {PRIVATE_BASE:#x}", ""]
    return "\n".join(lines)


def _host_number(row: Row) -> str:
    """Return a definition for build machines whose headers are older than the call."""
    return f"#ifndef __NR_{row.host_name}\n#define __NR_{row.host_name} {row.nr}\n#endif\n"


def _table(name: str, rows: list[Row], base: int) -> list[str]:
    lines = [f"static const struct syscall_row {name}[] = {{"]
    for row in rows:
        fields = [f'.name = "{row.name}"', f".classes = {gen_trace.classes(row)}"]
        fields += _shown(row)
        if row.support is REFUSED:
            fields += [f".refused = {row.errno}", f'.reason = "{row.reason}"']
        else:
            fields.append(f".call = row_{row.name}")
        if row.ends:
            fields.append(".ends = true")
        if row.support is REFUSED or (row.support is SAME and not row.blocking):
            fields.append(".quick = true")
        lines.append(f"\t[{row.nr - base}] = {{{', '.join(fields)}}},")
    return [*lines, "};", ""]


def _shown(row: Row) -> list[str]:
    """Return the members that the tracer prints a row by."""
    fields = [f".result = {gen_trace.RESULTS[row.shows]}"]
    if row.parsed:
        arguments = ", ".join(gen_trace.argument(arg, row.parsed) for arg in row.parsed)
        fields.append(f".args = (const struct trace_arg[]){{{arguments}}}")
        fields.append(f".arg_count = {len(row.parsed)}")
    return fields


def _adapter(row: Row) -> str:
    body = _same_call(row) if row.support is SAME else _handler_call(row)
    rooted = _rooted_call(row) if row.support is SAME else ""
    unused = "" if "(t" in body else "\t(void)t;\n"
    unused += "" if "r[" in body else "\t(void)r;\n"
    if row.name in GIVES_ID:
        body = f"id_out({body})"
    head = f"static long row_{row.name}(struct thread *t, const u32 *r)"
    return f"{head}\n{{\n{unused}{rooted}\treturn {body};\n}}\n"


def _handler_call(row: Row) -> str:
    values = ", ".join(["t", *(_typed(arg) for arg in row.parsed)])
    return f"{row.handler}({values})"


def _typed(arg: Arg) -> str:
    """Return the C expression of an argument as its handler receives it."""
    register = f"r[{arg.register}]"
    if arg.kind == "pair":
        return f"reg_pair(r + {arg.register})"
    if arg.ctype == "gaddr":
        return f"GADDR({register})"
    if arg.kind == "pid":
        return f"id_in((s32){register})"
    return f"({arg.ctype}){register}"


def _same_call(row: Row) -> str:
    values = [_host_value(arg, row.parsed) for arg in row.parsed]
    values += ["0"] * (6 - len(values))
    call = "guest_blocking_syscall(t, " if row.blocking else "host_syscall6("
    text = f"{call}__NR_{row.host_name}, {', '.join(values)})"
    return f"result_{row.result}({text})" if row.result else text


def _host_value(arg: Arg, args: tuple[Arg, ...]) -> str:
    """Return the C expression of an argument as the host's kernel receives it."""
    register = f"r[{arg.register}]"
    if arg.is_buffer:
        return f"buf_{arg.kind}(GADDR({register}), {_length(arg, args)})"
    if arg.shown == "clock":
        return f"id_in_clock((s32){register})"
    simple = {
        "fd": f"fd_to_host(t, (s32){register})",
        "pid": f"id_in((s32){register})",
        "dirfd": f"fd_to_host(t, (s32){register})",
        "id16": f"id16_to_host({register})",
        "pair": f"reg_pair(r + {arg.register})",
        "path": f"ptr_to_host(GADDR({register}))",
        "str": f"ptr_to_host(GADDR({register}))",
        "any": f"ptr_to_host(GADDR({register}))",
        "addr": f"(long)g2h(GADDR({register}))",
    }
    return simple.get(arg.kind) or (f"(s32){register}" if arg.ctype == "s32" else register)


def _at_form(row: Row) -> tuple[str, tuple[Arg, ...], list[str]]:
    """Return host call, arguments and C values with a folder before each path that is looked up."""
    values = [f"(u64){_host_value(arg, row.parsed)}" for arg in row.parsed]
    if row.host_name not in AT_FORMS:
        return row.host_name, row.parsed, values
    name, *last = AT_FORMS[row.host_name]
    args: list[Arg] = []
    texts: list[str] = []
    for arg, value in zip(row.parsed, values, strict=True):
        if arg.kind == "path" and arg.shown != "text":
            args.append(Arg("dirfd", NO_REGISTER))
            texts.append("(u64)AT_FDCWD")
        args.append(arg)
        texts.append(value)
    return name, tuple(args), [*texts, *last]


def _rooted_call(row: Row) -> str:
    """Return the line for a root whose paths are translated, empty for calls that name nothing."""
    name, args, values = _at_form(row)
    paths = [_path(i, args) for i in range(len(args))]
    paths = [text for text in paths if text]
    addresses = [i for i, arg in enumerate(row.parsed) if arg.shown == "sockaddr"]
    if row.mounts:
        return "\tif (rooted_on())\n\t\treturn -EPERM;\n"
    if not paths and not addresses:
        return ""
    values += ["0"] * (6 - len(values))
    words = f"t, __NR_{name}, (const u64[6]){{{', '.join(values)}}}"
    if paths:
        array = f"(const struct path_arg[]){{{', '.join(paths)}}}"
        call = f"rooted_call({words}, {array}, {len(paths)})"
    else:
        way = row.parsed[addresses[0]].kind
        call = f"rooted_address_{way}({words}, {addresses[0]})"
    return f"\tif (rooted_on())\n\t\treturn {call};\n"


def _path(index: int, args: tuple[Arg, ...]) -> str:
    """Return how the runtime is told of a path; empty when it is none or is not looked up."""
    arg = args[index]
    use, nofollow, follow = PATH_USES[arg.shown] if arg.kind == "path" else ("", 0, 0)
    if not use:
        return ""
    dirfd = index - 1 if index and args[index - 1].kind == "dirfd" else "NO_ARG"
    flags = "NO_ARG" if arg.shown_by is None else arg.shown_by
    return f"{{{index}, {dirfd}, {use}, {flags}, {nofollow:#x}, {follow:#x}}}"


def _length(arg: Arg, args: tuple[Arg, ...]) -> str:
    said = _said_length(arg, args)
    return f"at_most({said}, {arg.most})" if arg.most else said


def _said_length(arg: Arg, args: tuple[Arg, ...]) -> str:
    if arg.length_of is None:
        return str(arg.fixed)
    number = f"r[{args[arg.length_of].register}]"
    if arg.deref:
        return f"length_at(GADDR({number}))"
    if arg.times != 1:
        return f"(u64){number} * {arg.times}"
    if arg.per != 1:
        return f"((u64){number} + {arg.per - 1}) / {arg.per}"
    return number


def support_page(rows: tuple[Row, ...]) -> str:
    """Return the Markdown page that says how each call is served."""
    counts = {kind: sum(row.support is kind for row in rows) for kind in Support}
    summary = ", ".join(f"{count} {kind.value}" for kind, count in counts.items())
    lines = ["# System calls of 32-bit ARM Linux", "", f"{len(rows)} rows: {summary}.", ""]
    lines += ["| number | call | support | remark |", "|---|---|---|---|"]
    for row in rows:
        number = str(row.nr) if row.nr < PRIVATE_BASE else f"{row.nr:#x}"
        remark = f"{row.errno}: {row.reason}" if row.support is REFUSED else row.note
        lines.append(f"| {number} | {row.name} | {row.support.value} | {remark} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the support page."""
    print(support_page(ROWS), end="")


if __name__ == "__main__":
    main()
