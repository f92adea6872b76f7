"""The kinds of rows a Linux system-call table is written in, and what each argument kind means.

A frontend lists its guest's calls as ``Row`` values. This file decides the grammar of the argument
column and checks every row as it is built; ``xlate.tools.gen_syscalls`` turns rows into C, the
tracer's formats and the support page. It names no guest and no system call.

The argument column is a list of kinds, one per argument::

    int uint hex mode size pid sig   a 32-bit number; int, pid and sig are signed
    fd dirfd                         a descriptor; xlate's own ones are hidden (EBADF)
    id16                             a 16-bit user or group id, 65535 meaning "leave alone"
    pair                             a 64-bit number in an even/odd pair of registers
    path str                         a NUL-terminated string the kernel reads
    path:name                        what it is for, if not to be followed to its end: see PATH_USES
    addr                             an address of guest memory that is not a buffer
    any                              a pointer whose direction depends on other arguments
    in=16 out=16 inout=16            a buffer of so many bytes
    in@2 in@2*8 out@1/4096           a buffer as long as argument 2 says (times, divided rounded up)
    out@*2                           a buffer whose length is the u32 that argument 2 points at
    out@2^4096                       of which it touches so many bytes, whatever length is said
    hex:open out:stat64 in:iovec.2   how the tracer shows it; see ``xlate.abi.names``

Directions matter twice: buffers the kernel writes must first be taken off the list of watched code
pages, and every buffer must end below the top of the guest's address space.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum


class Support(Enum):
    """How a call is served."""

    SAME = "same"
    CONVERTED = "converted"
    REFUSED = "refused"


SAME = Support.SAME
REFUSED = Support.REFUSED

#: kind -> C type a handler receives
KINDS: dict[str, str] = {
    "int": "s32",
    "pid": "s32",
    "sig": "s32",
    "uint": "u32",
    "size": "u32",
    "hex": "u32",
    "mode": "u32",
    "fd": "s32",
    "dirfd": "s32",
    "id16": "u32",
    "pair": "s64",
    "path": "gaddr",
    "str": "gaddr",
    "addr": "gaddr",
    "any": "gaddr",
    "in": "gaddr",
    "out": "gaddr",
    "inout": "gaddr",
}

#: What a path is for, as the runtime's enum path_use has it; "text" is none that is looked up. A
#: number behind it is the argument with the bits that turn following off and on.
PATH_USES: dict[str, tuple[str, int, int]] = {
    "": ("PATH_FOLLOW", 0, 0),
    "name": ("PATH_NAME", 0, 0),
    "link": ("PATH_NOFOLLOW", 0, 0),
    "text": ("", 0, 0),
    "at": ("PATH_FOLLOW", 0x100, 0),
    "at_link": ("PATH_NOFOLLOW", 0, 0x400),
    "inotify": ("PATH_FOLLOW", 0x02000000, 0),
    "fanotify": ("PATH_FOLLOW", 0x4, 0),
}

BUFFERS = ("in", "out", "inout")
RESULTS = ("", "id16")
#: Argument registers of the widest call: r0-r6.
REGISTERS = 7

_ARG = re.compile(
    r"(?P<kind>[a-z0-9]+?)"
    r"(?:=(?P<fixed>\d+)|@(?P<deref>\*?)(?P<of>\d)(?P<scale>[*/]\d+)?(?:\^(?P<most>\d+))?)?"
    r"(?::(?P<shown>[a-z0-9_]+)(?:\.(?P<by>\d))?)?$"
)


@dataclass(frozen=True)
class Arg:
    """One argument: its kind, the first register it uses, and the length of a buffer."""

    kind: str
    register: int
    fixed: int = 0
    length_of: int | None = None
    deref: bool = False
    times: int = 1
    per: int = 1
    most: int = 0
    shown: str = ""
    shown_by: int | None = None

    @property
    def ctype(self) -> str:
        """C type of the handler's parameter."""
        return KINDS[self.kind]

    @property
    def is_buffer(self) -> bool:
        """True for arguments that carry a direction."""
        return self.kind in BUFFERS

    @property
    def counts_bytes(self) -> bool:
        """True when another argument is this buffer's length in bytes."""
        plain = self.times == 1 and self.per == 1 and not self.deref
        return self.is_buffer and self.length_of is not None and plain


def parse_args(text: str) -> tuple[Arg, ...]:
    """Return the arguments of one row, with the registers the EABI gives them."""
    args: list[Arg] = []
    register = 0
    for word in text.split():
        arg = _parse_arg(word, register)
        args.append(arg)
        register = arg.register + (2 if arg.kind == "pair" else 1)
    if register > REGISTERS:
        raise ValueError(f"{text!r} needs {register} registers, there are {REGISTERS}")
    for arg in args:
        for index in (arg.length_of, arg.shown_by):
            if index is not None and index >= len(args):
                raise ValueError(f"{text!r}: there is no argument {index}")
    return tuple(args)


def _parse_arg(word: str, register: int) -> Arg:
    match = _ARG.match(word)
    if match is None or match["kind"] not in KINDS:
        raise ValueError(f"unknown argument kind {word!r}")
    kind = match["kind"]
    has_length = match["fixed"] is not None or match["of"] is not None
    if has_length and kind not in BUFFERS:
        raise ValueError(f"{word!r}: only {', '.join(BUFFERS)} have a length")
    if kind == "pair":  # EABI: 64-bit arguments start at an even register
        register += register & 1
    scale = match["scale"] or "*1"
    number = int(scale[1:])
    return Arg(
        kind=kind,
        register=register,
        fixed=int(match["fixed"] or 0),
        length_of=None if match["of"] is None else int(match["of"]),
        deref=bool(match["deref"]),
        times=number if scale[0] == "*" else 1,
        per=number if scale[0] == "/" else 1,
        most=int(match["most"] or 0),
        shown=match["shown"] or "",
        shown_by=None if match["by"] is None else int(match["by"]),
    )


@dataclass(frozen=True)
class Row:
    """One system call of the guest.

    ``how`` is SAME (the host's call of the name ``host`` does the same on the same bytes), REFUSED
    (``errno`` and ``reason`` say what the guest gets and why), or the name of a C function.
    ``blocking`` calls go through the stub that closes the race with signals. ``result`` "id16"
    clamps a user id to 16 bits. ``ends`` calls do not return when they succeed, so the tracer
    prints them before they are made; ``shows`` is how it prints the result: "hex", "oct" or "".
    ``mounts`` calls change what the whole machine sees: EPERM where --root translates paths.
    """

    nr: int
    name: str
    how: Support | str
    args: str = ""
    host: str = ""
    blocking: bool = False
    result: str = ""
    errno: str = ""
    reason: str = ""
    note: str = ""
    ends: bool = False
    shows: str = ""
    mounts: bool = False
    parsed: tuple[Arg, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the row; a wrong one is an error at import."""
        object.__setattr__(self, "parsed", parse_args(self.args))
        if self.support is REFUSED:
            self._need(bool(self.errno and self.reason), "a refused row has an errno and a reason")
        else:
            self._need(not (self.errno or self.reason), "only refused rows have a reason")
        if self.support is not SAME:
            options = self.host or self.blocking or self.result
            self._need(not options, "host options are for SAME rows")
        self._need(self.result in RESULTS, f"result is one of {RESULTS}")
        uses = [arg.shown for arg in self.parsed if arg.kind == "path"]
        self._need(all(use in PATH_USES for use in uses), f"a path is for one of {[*PATH_USES]}")
        if self.support is SAME:
            self._need(len(self.parsed) <= 6, "the host passes at most six arguments")
            sized = [a.fixed or a.length_of is not None for a in self.parsed if a.is_buffer]
            self._need(all(sized), "a SAME row says the length of each buffer")

    def _need(self, condition: bool, law: str) -> None:
        if not condition:
            raise ValueError(f"system call {self.nr} {self.name}: {law}")

    @property
    def support(self) -> Support:
        """SAME, CONVERTED or REFUSED."""
        return self.how if isinstance(self.how, Support) else Support.CONVERTED

    @property
    def handler(self) -> str:
        """Name of the C function, empty unless converted."""
        return self.how if isinstance(self.how, str) else ""

    @property
    def host_name(self) -> str:
        """Name of the host's system call for a SAME row."""
        return self.host or self.name


def check_table(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Return the rows sorted by number; numbers and names are unique."""
    numbers: dict[int, str] = {}
    names: set[str] = set()
    for row in rows:
        if row.nr in numbers or row.name in names:
            raise ValueError(f"system call {row.nr} {row.name} is in the table twice")
        numbers[row.nr] = row.name
        names.add(row.name)
    return tuple(sorted(rows, key=lambda row: row.nr))
