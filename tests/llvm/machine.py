"""Runs linked code in this process: an image in executable memory, entered through a C function.

The way in is LLVM text too: it takes the registers from a buffer, calls the function by its own
convention, and puts what comes back into the buffer.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import struct
from dataclasses import dataclass, field

from backends.llvm.linker import LinkedImage
from backends.llvm.objects import ObjectCode
from backends.llvm.pool import compile_functions
from backends.llvm.unit import FunctionText
from frontends.arm32.state import STATE
from tests.llvm.sample import DOUBLES, PRELUDE

OFFSETS = STATE.offsets()
INTEGERS = 10


def _way_in() -> str:
    """``i32 enter(state, function, u32 *integers, double *doubles)``."""
    before: list[str] = []
    after: list[str] = []
    value = "poison"
    for i in range(INTEGERS + DOUBLES):
        ty, base, at = ("i32", "%ints", 4 * i) if i < INTEGERS else ("double", "%fps", 8 * i - 80)
        before.append(f"%p{i} = getelementptr i8, ptr {base}, i64 {at}")
        before.append(f"%v{i} = load {ty}, ptr %p{i}")
        before.append(f"%a{i} = insertvalue %A {value}, {ty} %v{i}, {i}")
        after.append(f"%w{i} = extractvalue %G %g, 1, {i}")
        after.append(f"store {ty} %w{i}, ptr %p{i}")
        value = f"%a{i}"
    call = f"%g = call x86_regcallcc %G %f(ptr %st, %A {value})"
    result = ["%k = extractvalue %G %g, 0", "ret i32 %k"]
    body = "\n  ".join([*before, call, *after, *result])
    return f"define i32 @f_00000000(ptr %st, ptr %f, ptr %ints, ptr %fps) #0 {{\n  {body}\n}}\n"


_BOUNCE = """define x86_regcallcc %G @f_00000000(ptr %st, %A %in) #0 {{
  %at = getelementptr i8, ptr %st, i64 {target}
  %key = load i32, ptr %at
  %r0 = extractvalue %A %in, 0
  %more = add i32 %r0, {more}
  %out = insertvalue %A %in, i32 %more, 0
  %first = insertvalue %G poison, i32 %key, 0
  %g = insertvalue %G %first, %A %out, 1
  ret %G %g
}}
"""


# push r12; mov r12, rdi; call rsi; pop r12; ret
_JUMP = bytes.fromhex("4154 4989fc ffd6 415c c3")
# mov rax, rcx; ret
_SENT = bytes.fromhex("4889c8 c3")


def executable(code: bytes) -> tuple[mmap.mmap, int]:
    """Code in memory that may be executed, and its address; who holds the first keeps it there."""
    memory = mmap.mmap(-1, len(code), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    return memory, ctypes.addressof(ctypes.c_char.from_buffer(memory))


@functools.cache
def _helper(text: str) -> tuple[mmap.mmap, int]:
    """Compiled in a worker: LLVM's switches are a process's own, and tests share theirs."""
    function = FunctionText(0, "f_00000000", text)
    code = compile_functions([function], PRELUDE, level=1, jobs=1)[function.name]
    assert isinstance(code, ObjectCode)
    assert not code.relocs
    return executable(code.code)


def nest_address() -> int:
    """A function in the place of the dispatcher: adds 1000 to r0 and returns the target."""
    return _helper(_BOUNCE.format(target=OFFSETS["target"], more=1000))[1]


def safepoint_address() -> int:
    """A function in the place of the runtime that finds nothing to do: returns the target."""
    return _helper(_BOUNCE.format(target=OFFSETS["target"], more=0))[1]


@dataclass
class Machine:
    """A state, registers and one image; ``bias`` goes to the image's slot."""

    image: LinkedImage
    bias: int = 0
    integers: list[int] = field(default_factory=lambda: [0] * INTEGERS)
    doubles: list[float] = field(default_factory=lambda: [0.0] * DOUBLES)

    def __post_init__(self) -> None:
        self._memory, self.address = executable(struct.pack("<I", self.bias) + self.image.code[4:])
        self.state = ctypes.create_string_buffer(STATE.size())
        self.write("nest", "<Q", nest_address())
        self.write("safepoint", "<Q", safepoint_address())

    def write(self, name: str, form: str, value: int) -> None:
        """Set a member of the state."""
        struct.pack_into(form, self.state, OFFSETS[name], value)

    def read(self, name: str, form: str = "<I") -> int:
        """A member of the state."""
        value: int = struct.unpack_from(form, self.state, OFFSETS[name])[0]
        return value

    def run(self, key: int, *, before: int = 8) -> int:
        """Call the entry of a link key as optimised code does; returns the next guest key."""
        x = next(x for k, x, _ in self.image.entries if k == key)
        enter = ctypes.CFUNCTYPE(
            ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p
        )(_helper(_way_in())[1])
        ints = (ctypes.c_uint32 * INTEGERS)(*self.integers)
        fps = (ctypes.c_double * DOUBLES)(*self.doubles)
        out: int = enter(ctypes.addressof(self.state), self.address + x - before, ints, fps)
        self.integers, self.doubles = list(ints), list(fps)
        return out

    def come_in(self, key: int) -> int:
        """Jump to X of a key as baseline code does; returns the function that it is sent to."""
        code, address = executable(_JUMP + _SENT)
        self.write("enter", "<Q", address + len(_JUMP))
        x = next(x for k, x, _ in self.image.entries if k == key)
        jump = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p)(address)
        sent: int = jump(ctypes.addressof(self.state), self.address + x)
        assert code  # alive until here
        return sent - self.address
