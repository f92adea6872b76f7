"""Multiplication and division, written once for A32 and T32.

``Ra`` None means the form without accumulation. The operands of one product are 32-bit or
halfword values; where the manual computes with unbounded integers, 64 bits hold every case.
"""

from __future__ import annotations

from typing import Any

from frontends.arm32.machine import Arm32
from frontends.arm32.operands import (
    high_word,
    low_word,
    pair,
    refuse_pc,
    refuse_same,
    signed_half,
)
from xlate.ir import Value


def multiply(m: Arm32, Rd: Any, Rn: Any, Rm: Any, *, S: Any = 0) -> None:
    """Rd := Rn * Rm; with S also N and Z."""
    refuse_pc(m, Rd, Rn, Rm)
    _set(m, Rd, m.R[Rn] * m.R[Rm], S)


def multiply_add(m: Arm32, Rd: Any, Rn: Any, Rm: Any, Ra: Any, *, S: Any = 0) -> None:
    """Rd := Ra + Rn * Rm; with S also N and Z."""
    refuse_pc(m, Rd, Rn, Rm, Ra)
    _set(m, Rd, m.R[Rn] * m.R[Rm] + m.R[Ra], S)


def multiply_subtract(m: Arm32, Rd: Any, Rn: Any, Rm: Any, Ra: Any) -> None:
    """Rd := Ra - Rn * Rm."""
    refuse_pc(m, Rd, Rn, Rm, Ra)
    m.R[Rd] = m.R[Ra] - m.R[Rn] * m.R[Rm]


def _set(m: Arm32, Rd: Any, result: Value, S: Any) -> None:
    if S:
        m.set_nz(result)
    m.R[Rd] = result


def multiply_long(
    m: Arm32, RdLo: Any, RdHi: Any, Rn: Any, Rm: Any, *, signed: Any, add: Any, S: Any = 0
) -> None:
    """RdHi:RdLo := Rn * Rm, plus RdHi:RdLo when ``add``; with S also N and Z of the 64 bits."""
    refuse_pc(m, RdLo, RdHi, Rn, Rm)
    refuse_same(m, RdLo, RdHi)
    product = _long(m.R[Rn], signed) * _long(m.R[Rm], signed)
    if add:
        product = product + pair(m.R[RdLo], m.R[RdHi])
    if S:
        m.set_flag("N", product.slt(0))
        m.set_flag("Z", product.eq(0))
    _set_long(m, RdLo, RdHi, product)


def multiply_accumulate_accumulate_long(m: Arm32, RdLo: Any, RdHi: Any, Rn: Any, Rm: Any) -> None:
    """RdHi:RdLo := Rn * Rm + RdHi + RdLo (UMAAL)."""
    refuse_pc(m, RdLo, RdHi, Rn, Rm)
    refuse_same(m, RdLo, RdHi)
    product = m.R[Rn].zext(64) * m.R[Rm].zext(64)
    _set_long(m, RdLo, RdHi, product + m.R[RdLo].zext(64) + m.R[RdHi].zext(64))


def _long(value: Value, signed: Any) -> Value:
    return value.sext(64) if signed else value.zext(64)


def _set_long(m: Arm32, RdLo: Any, RdHi: Any, value: Value) -> None:
    m.R[RdLo] = low_word(value)
    m.R[RdHi] = high_word(value)


def multiply_halves(m: Arm32, Rd: Any, Rn: Any, Rm: Any, Ra: Any, *, N: Any, M: Any) -> None:
    """Rd := Rn.half(N) * Rm.half(M) + Ra, overflow into Q (SMLAxy, SMULxy)."""
    refuse_pc(m, Rd, Rn, Rm, *_given(Ra))
    product = signed_half(m.R[Rn], N) * signed_half(m.R[Rm], M)
    if Ra is None:
        m.R[Rd] = product
        return
    addend = m.R[Ra]
    m.set_q(m.block.op("add_v", product, addend, m.const(0, 1)))
    m.R[Rd] = product + addend


def multiply_word_half(m: Arm32, Rd: Any, Rn: Any, Rm: Any, Ra: Any, *, M: Any) -> None:
    """Rd := (Rn * Rm.half(M) >> 16) + Ra, overflow into Q (SMLAWy, SMULWy)."""
    refuse_pc(m, Rd, Rn, Rm, *_given(Ra))
    product = m.R[Rn].sext(64) * signed_half(m.R[Rm], M).sext(64)
    result = product.asr(16).trunc(32)
    if Ra is None:
        m.R[Rd] = result
        return
    addend = m.R[Ra]
    m.set_q(m.block.op("add_v", result, addend, m.const(0, 1)))
    m.R[Rd] = result + addend


def multiply_halves_long(
    m: Arm32, RdLo: Any, RdHi: Any, Rn: Any, Rm: Any, *, N: Any, M: Any
) -> None:
    """RdHi:RdLo := RdHi:RdLo + Rn.half(N) * Rm.half(M) (SMLALxy)."""
    refuse_pc(m, RdLo, RdHi, Rn, Rm)
    refuse_same(m, RdLo, RdHi)
    product = signed_half(m.R[Rn], N) * signed_half(m.R[Rm], M)
    _set_long(m, RdLo, RdHi, product.sext(64) + pair(m.R[RdLo], m.R[RdHi]))


def _dual_product(m: Arm32, Rn: Any, Rm: Any, *, X: Any, subtract: Any) -> Value:
    """Low product plus or minus high product as i64; X swaps the halves of Rm."""
    first, second = m.R[Rn], m.R[Rm].ror(16) if X else m.R[Rm]
    low = (signed_half(first, 0) * signed_half(second, 0)).sext(64)
    high = (signed_half(first, 1) * signed_half(second, 1)).sext(64)
    return low - high if subtract else low + high


def multiply_dual(m: Arm32, Rd: Any, Rn: Any, Rm: Any, Ra: Any, *, X: Any, subtract: Any) -> None:
    """Rd := both products + Ra, overflow into Q (SMLAD, SMUAD, SMLSD, SMUSD)."""
    refuse_pc(m, Rd, Rn, Rm, *_given(Ra))
    exact = _dual_product(m, Rn, Rm, X=X, subtract=subtract)
    if Ra is not None:
        exact = exact + m.R[Ra].sext(64)
    result = low_word(exact)
    m.set_q(exact.ne(result.sext(64)))
    m.R[Rd] = result


def multiply_dual_long(
    m: Arm32, RdLo: Any, RdHi: Any, Rn: Any, Rm: Any, *, X: Any, subtract: Any
) -> None:
    """RdHi:RdLo := RdHi:RdLo + both products (SMLALD, SMLSLD)."""
    refuse_pc(m, RdLo, RdHi, Rn, Rm)
    refuse_same(m, RdLo, RdHi)
    product = _dual_product(m, Rn, Rm, X=X, subtract=subtract)
    _set_long(m, RdLo, RdHi, product + pair(m.R[RdLo], m.R[RdHi]))


def multiply_most_significant(
    m: Arm32, Rd: Any, Rn: Any, Rm: Any, Ra: Any, *, R: Any, subtract: Any = 0
) -> None:
    """Rd := bits 63-32 of Ra:0 plus or minus Rn * Rm, R rounds (SMMUL, SMMLA, SMMLS)."""
    refuse_pc(m, Rd, Rn, Rm, *_given(Ra))
    value = m.R[Rn].sext(64) * m.R[Rm].sext(64)
    if Ra is not None:
        addend = m.R[Ra].zext(64) << 32
        value = addend - value if subtract else addend + value
    m.R[Rd] = high_word(value + 0x80000000 if R else value)


def divide(m: Arm32, Rd: Any, Rn: Any, Rm: Any, *, signed: Any) -> None:
    """Rd := Rn / Rm toward zero; 0 when Rm is 0."""
    refuse_pc(m, Rd, Rn, Rm)
    m.R[Rd] = m.block.op("sdiv" if signed else "udiv", m.R[Rn], m.R[Rm])


def _given(Ra: Any) -> tuple[Any, ...]:
    return () if Ra is None else (Ra,)
