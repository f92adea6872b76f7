"""A host that says no: system calls of a child that fail with an error of the test's choice.

A filter (seccomp) in the child's last step before it becomes the program; it is inherited, so the
guest's own calls fail as well. Conditions are on arguments, since xlate-run itself needs the call.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from dataclasses import dataclass

MMAP, PREAD = 9, 17
PROT_EXEC, MAP_PRIVATE, MAP_ANONYMOUS = 4, 2, 0x20

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # of BPF
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER, _ARGUMENTS = 0, 16  # offsets in struct seccomp_data
_SET_MDWE, _GET_MDWE = 65, 66
_SET_SECCOMP, _SET_NO_NEW_PRIVS, _FILTER = 22, 38, 2


@dataclass(frozen=True)
class Rule:
    """A call with these bits set in an argument (number, bits), and none of those of ``clear``."""

    call: int
    error: int
    set_bits: tuple[tuple[int, int], ...] = ()
    clear: tuple[tuple[int, int], ...] = ()


def _program(rule: Rule) -> bytes:
    """Return the filter: load, compare, go on or allow."""
    tests = [(_NUMBER, _EQUAL, rule.call, True)]
    tests += [(_ARGUMENTS + 8 * at, _ANY_BIT, bits, True) for at, bits in rule.set_bits]
    tests += [(_ARGUMENTS + 8 * at, _ANY_BIT, bits, False) for at, bits in rule.clear]
    code = []
    for number, (at, kind, value, wanted) in enumerate(tests):
        out = 2 * (len(tests) - number) - 1  # to the last instruction, which allows
        code += [(_LOAD, 0, 0, at), (kind, *((0, out) if wanted else (out, 0)), value)]
    code += [(_RETURN, 0, 0, _ERRNO | rule.error), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("<HBBI", *one) for one in code)


def refusing(rule: Rule) -> Callable[[], None]:
    """Return what a child calls before it becomes the program (``preexec_fn``)."""
    code = ctypes.create_string_buffer(_program(rule))
    pointer = ctypes.addressof(code)
    program = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(code.raw) // 8, pointer))
    libc = ctypes.CDLL(None, use_errno=True)

    def begin() -> None:
        if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_SET_SECCOMP, _FILTER, program):
            raise OSError(ctypes.get_errno(), "no filter")
        assert code  # the kernel has read it

    return begin


def deny_write_execute() -> None:
    """Let no memory of this process gain execution any more; OSError from kernels before 6.3."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_MDWE, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no PR_SET_MDWE")


def knows_mdwe() -> bool:
    """Say whether the kernel has it: the question is whether it is set."""
    return bool(ctypes.CDLL(None).prctl(_GET_MDWE, 0, 0, 0, 0) >= 0)
