"""Floating-point functions: what is passed, what is in the state, which register is free."""

from __future__ import annotations

import re
import struct

import capstone

from backends.llvm.linker import link
from backends.llvm.modules import normalise
from backends.llvm.objects import ObjectCode
from backends.llvm.pool import compile_functions
from backends.llvm.slots import PRELUDE
from frontends.arm32.state import STATE
from tests.llvm.machine import OFFSETS, Machine
from tests.llvm.test_lifter import BASE, BX_LR, PUSH_LR, RETURN, UDF, call, lift

D15 = OFFSETS["d"] + 8 * 15
KEEP_LR, GIVE_LR = 0xE1A0400E, 0xE1A0E004  # mov r4, lr; mov lr, r4
ADD_TO_D15, D15_TWICE, ADD_D15 = 0xEE30FB01, 0xEE3FFB0F, 0xEE3F0B00  # d15, d0, d1; d15; d0, d15, d0
ADD, ADD_LATER = 0xEE300B01, 0xEE300B08  # vadd.f64 d0, d0, d1; vadd.f64 d0, d0, d8


def machine(*words: int) -> Machine:
    texts = list(lift(list(words)).texts.values())
    results = compile_functions(texts, PRELUDE, level=1, jobs=1)
    return Machine(link(texts, results, low=BASE, span=4096, offsets=STATE.offsets()))


def d15(m: Machine) -> bytes:
    return bytes(m.state[D15 : D15 + 8])


def test_no_aggregate_is_left():
    functions = lift([PUSH_LR, ADD, call(2, 6), ADD, RETURN, UDF, ADD, BX_LR]).texts
    caller, leaf = (normalise(functions[f"f_{BASE + 4 * number:08x}"]) for number in (0, 6))
    for normal in (caller, leaf):
        assert not normal.integer
        assert len(re.findall("%[AC]", normal.text)) == 1  # where they are kept
    assert "double poison)" in caller.text
    assert "@d0(ptr %st, i32 " in caller.text


def test_d15_crosses_calls_and_returns_in_the_state():
    # vadd d15, d0, d1; bl 6; vadd d0, d15, d0; 6: vadd d15, d15, d15
    m = machine(KEEP_LR, ADD_TO_D15, call(2, 6), ADD_D15, GIVE_LR, BX_LR, D15_TWICE, BX_LR)
    m.doubles[:2] = [1.25, 2.0]
    m.run(BASE)
    assert m.doubles[0] == 2 * (1.25 + 2.0) + 1.25
    assert d15(m) == struct.pack("<d", 6.5)


def test_a_half_of_d15_leaves_the_other_half():
    m = machine(0xEEF0FA40, BX_LR)  # vmov.f32 s31, s0
    m.write("d", "<120x8s", b"lowerhig")
    m.doubles[0] = struct.unpack("<d", b"s0..s1..")[0]
    m.run(BASE)
    assert d15(m) == b"lowes0.."


def test_a_quad_half_of_which_is_in_the_state():
    # vorr q7, q0, q0; vadd.i64 q0, q7, q1
    m = machine(0xF220E150, 0xF23E0842, BX_LR)
    words = [3, 5, 10, 20]
    m.doubles[:4] = [struct.unpack("<d", struct.pack("<Q", w))[0] for w in words]
    m.run(BASE)
    assert struct.pack("<2d", *m.doubles[:2]) == struct.pack("<2Q", 13, 25)
    assert struct.pack("<d", m.doubles[14]) == struct.pack("<Q", 3)
    assert d15(m) == struct.pack("<Q", 5)


def test_all_others_pass_through_a_call():
    m = machine(KEEP_LR, ADD, call(2, 6), ADD, GIVE_LR, BX_LR, ADD, BX_LR)
    m.doubles = [float(i) for i in range(15)]
    m.run(BASE)
    assert m.doubles == [3.0, *map(float, range(1, 15))]


def test_the_register_of_d15_is_not_kept():
    """A value is needed behind a call, and d0-d14 are taken: xmm15 is written, and never saved."""
    words = [PUSH_LR, ADD_LATER, call(2, 7), ADD_LATER, call(4, 7), RETURN, UDF, ADD, BX_LR]
    functions = lift(words).texts
    name = f"f_{BASE:08x}"
    code = compile_functions(list(functions.values()), PRELUDE, level=1, jobs=1)[name]
    assert isinstance(code, ObjectCode)
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    lines = [f"{i.mnemonic} {i.op_str}" for i in decoder.disasm(code.code, 0)]
    assert any(line.startswith(("movapd xmm15", "addsd xmm15")) for line in lines)
    assert not any(re.search(r"\[rsp.*\], xmm15", line) for line in lines)
