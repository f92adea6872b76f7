"""Media and bit operations, written once for A32, T16 and T32.

Parallel addition works on all lanes of a 32-bit value at once: ``H`` is the top bit of every
lane, and carries are kept from crossing lanes by adding without the top bits. Everything here is
total: no faults.
"""

from __future__ import annotations

from typing import Any

from frontends.arm32.machine import Arm32
from frontends.arm32.operands import refuse_pc, signed_half
from frontends.arm32.shifts import ASR, LSL, shift_imm
from xlate.ir import Value

_TOP = {8: 0x80808080, 16: 0x80008000}
_ALL = 0xFFFFFFFF
HIGH_HALF, LOW_HALF = 0xFFFF0000, 0x0000FFFF


# --- parallel addition and subtraction ----------------------------------------------------


def parallel(m: Arm32, prefix: str, op: str, Rd: Any, Rn: Any, Rm: Any) -> None:
    """Rd := lanes of Rn op Rm; prefix S Q SH U UQ UH, op ADD16 ASX SAX SUB16 ADD8 SUB8.

    S and U set GE: the lane's exact result is not negative (for unsigned sums: has a carry).
    """
    refuse_pc(m, Rd, Rn, Rm)
    a, b = m.R[Rn], m.R[Rm]
    if op in ("ASX", "SAX"):
        b = b.ror(16)
        sums, sum_ge = _lanes(m, prefix, a, b, 16, subtract=False)
        differences, difference_ge = _lanes(m, prefix, a, b, 16, subtract=True)
        high = HIGH_HALF if op == "ASX" else LOW_HALF
        result = (sums & high) | (differences & (_ALL ^ high))
        ge = (sum_ge & high) | (difference_ge & (_ALL ^ high))
        lane = 16
    else:
        lane = 8 if op.endswith("8") else 16
        result, ge = _lanes(m, prefix, a, b, lane, subtract=op.startswith("SUB"))
    if prefix in ("S", "U"):
        ones = ge >> (lane - 1)
        m.set_ge_bytes(ones if lane == 8 else ones * 0x0101)
    m.R[Rd] = result


def _lanes(
    m: Arm32, prefix: str, a: Value, b: Value, lane: int, *, subtract: bool
) -> tuple[Value, Value]:
    """Return all lanes, and the top bits of lanes whose GE is 1 (0 if prefix sets none)."""
    top = _TOP[lane]
    if prefix in ("SH", "UH"):
        if prefix == "SH":
            a, b = a ^ top, b ^ top
        half = _halved(a, b, lane, subtract)
        flips = prefix == "SH" or subtract
        return (half ^ top if flips else half), m.const(0)
    result = _wrapped(a, b, top, subtract)
    over = _borrow(a, b, result) if subtract else _carry(a, b, result)
    if prefix == "U":
        return result, (~over if subtract else over) & top
    if prefix == "S":
        return result, ~(a ^ b ^ over) & top
    if prefix == "UQ":
        full = _fill(over & top, lane)
        return (result & ~full if subtract else result | full), m.const(0)
    differ = a ^ b
    overflow = (differ if subtract else ~differ) & (a ^ result) & top
    full = _fill(overflow, lane)
    limit = ((a & top) >> (lane - 1)) + (_ALL ^ top)
    return (result & ~full) | (limit & full), m.const(0)


def _wrapped(a: Value, b: Value, top: int, subtract: bool) -> Value:
    """Lane-wise a + b or a - b modulo the lane."""
    low = _ALL ^ top
    if subtract:
        return ((a | top) - (b & low)) ^ (~(a ^ b) & top)
    return ((a & low) + (b & low)) ^ ((a ^ b) & top)


def _carry(a: Value, b: Value, total: Value) -> Value:
    """Top bits of lanes are the carries out of a + b = total; other bits are noise."""
    return (a & b) | ((a | b) & ~total)


def _borrow(a: Value, b: Value, difference: Value) -> Value:
    """Top bits of lanes are the borrows of a - b = difference; other bits are noise."""
    return (~a & b) | (~(a ^ b) & difference)


def _fill(tops: Value, lane: int) -> Value:
    """All bits of the lanes whose top bit is set in ``tops``."""
    return (tops >> (lane - 1)) * ((1 << lane) - 1)


def _halved(a: Value, b: Value, lane: int, subtract: bool) -> Value:
    """Unsigned lane-wise (a + b) >> 1; for a difference (a - b) >> 1 with the top bit flipped."""
    bottom = _TOP[lane] >> (lane - 1)
    if subtract:
        b = ~b
    half = ((a ^ b) & (_ALL ^ bottom)) >> 1
    return (a | b) - half if subtract else (a & b) + half


def select_bytes(m: Arm32, Rd: Any, Rn: Any, Rm: Any) -> None:
    """Rd := bytes of Rn where GE is 1, of Rm elsewhere (SEL)."""
    refuse_pc(m, Rd, Rn, Rm)
    second = m.R[Rm]
    m.R[Rd] = ((m.R[Rn] ^ second) & (m.ge_bytes() * 0xFF)) ^ second


def sum_of_differences(m: Arm32, Rd: Any, Rn: Any, Rm: Any, Ra: Any = None) -> None:
    """Rd := sum of absolute differences of the four bytes, plus Ra (USAD8, USADA8)."""
    refuse_pc(m, Rd, Rn, Rm, *(() if Ra is None else (Ra,)))
    a, b = m.R[Rn], m.R[Rm]
    total = m.const(0) if Ra is None else m.R[Ra]
    for shift in (0, 8, 16, 24):
        difference = ((a >> shift) & 0xFF) - ((b >> shift) & 0xFF)
        sign = difference.asr(31)
        total = total + ((difference ^ sign) - sign)
    m.R[Rd] = total


# --- saturation ---------------------------------------------------------------------------


def _add_saturated(m: Arm32, a: Value, b: Value, *, subtract: bool) -> tuple[Value, Value]:
    """SignedSatQ(a + b or a - b, 32) and whether it saturated."""
    if subtract:
        result, over = a - b, m.block.op("sub_v", a, b)
    else:
        result, over = a + b, m.block.op("add_v", a, b, m.const(0, 1))
    return m.select(over, a.asr(31) ^ 0x7FFFFFFF, result), over


def saturating_add(
    m: Arm32, Rd: Any, Rm: Any, Rn: Any, *, double: Any = 0, subtract: Any = 0
) -> None:
    """Rd := sat(Rm +- Rn), Rn doubled with saturation first (QADD, QSUB, QDADD, QDSUB)."""
    refuse_pc(m, Rd, Rm, Rn)
    first, second = m.R[Rm], m.R[Rn]
    saturated = None
    if double:
        second, saturated = _add_saturated(m, second, second, subtract=False)
    result, over = _add_saturated(m, first, second, subtract=bool(subtract))
    m.set_q(over if saturated is None else over | saturated)
    m.R[Rd] = result


def _clip(m: Arm32, value: Value, low: Any, high: Any) -> Value:
    """Nearest number to ``value`` from low to high, decode-time numbers modulo 2^32."""
    least, most = m.const(low), m.const(high)
    raised = m.select(value.slt(least), least, value)
    return m.select(most.slt(raised), most, raised)


def _limits(sat_imm: Any, unsigned: Any) -> tuple[Any, Any]:
    high = (1 << sat_imm) - 1
    return (0 if unsigned else 0 - (1 << sat_imm)), high


def saturate(
    m: Arm32, Rd: Any, Rn: Any, sat_imm: Any, sh: Any, imm5: Any, *, unsigned: Any
) -> None:
    """Rd := Rn shifted (sh: ASR, else LSL), clipped; SSAT to sat_imm + 1 bits (USAT sat_imm)."""
    refuse_pc(m, Rd, Rn)
    value, _ = shift_imm(m, m.R[Rn], ASR if sh else LSL, imm5, S=0)
    result = _clip(m, value, *_limits(sat_imm, unsigned))
    m.set_q(result.ne(value))
    m.R[Rd] = result


def saturate16(m: Arm32, Rd: Any, Rn: Any, sat_imm: Any, *, unsigned: Any) -> None:
    """Rd := both signed halfwords of Rn clipped (SSAT16, USAT16)."""
    refuse_pc(m, Rd, Rn)
    source = m.R[Rn]
    low = _clip(m, signed_half(source, 0), *_limits(sat_imm, unsigned))
    high = _clip(m, signed_half(source, 1), *_limits(sat_imm, unsigned))
    result = (low & LOW_HALF) | (high << 16)
    m.set_q(result.ne(source))
    m.R[Rd] = result


# --- extend, pack, reverse, count ---------------------------------------------------------


def extend(m: Arm32, Rd: Any, Rn: Any, Rm: Any, rotate: Any, *, bits: int, unsigned: Any) -> None:
    """Rd := Rn + extended low 8 or 16 bits of Rm ROR 8 * rotate; Rn None adds nothing."""
    value = _rotated(m, Rd, Rn, Rm, rotate).trunc(bits)
    wide = value.zext(32) if unsigned else value.sext(32)
    m.R[Rd] = wide if Rn is None else m.R[Rn] + wide


def extend_pair(m: Arm32, Rd: Any, Rn: Any, Rm: Any, rotate: Any, *, unsigned: Any) -> None:
    """Rd := halfwords of Rn + extended bytes 0 and 2 of Rm ROR 8 * rotate."""
    pair = _rotated(m, Rd, Rn, Rm, rotate) & 0x00FF00FF
    if not unsigned:
        # Bits 15-8 of each lane are zero: (x ^ 0x80) - 0x80 in the lane extends the sign.
        pair = _wrapped(pair ^ 0x00800080, m.const(0x00800080), _TOP[16], True)
    m.R[Rd] = pair if Rn is None else _wrapped(m.R[Rn], pair, _TOP[16], False)


def _rotated(m: Arm32, Rd: Any, Rn: Any, Rm: Any, rotate: Any) -> Value:
    refuse_pc(m, Rd, Rm, *(() if Rn is None else (Rn,)))
    return m.R[Rm] if rotate == 0 else m.R[Rm].ror(m.const(rotate * 8))


def pack_halves(m: Arm32, Rd: Any, Rn: Any, Rm: Any, imm5: Any, *, tb: Any) -> None:
    """Rd := bottom of Rn, top of Rm LSL imm5; with tb the top of Rn, bottom of Rm ASR imm5."""
    refuse_pc(m, Rd, Rn, Rm)
    shifted, _ = shift_imm(m, m.R[Rm], ASR if tb else LSL, imm5, S=0)
    keep = HIGH_HALF if tb else LOW_HALF
    m.R[Rd] = (m.R[Rn] & keep) | (shifted & (_ALL ^ keep))


def reverse_word(m: Arm32, Rd: Any, Rm: Any) -> None:
    """Rd := bytes of Rm in reverse order (REV)."""
    refuse_pc(m, Rd, Rm)
    m.R[Rd] = m.block.op("bswap", m.R[Rm])


def reverse_halves(m: Arm32, Rd: Any, Rm: Any) -> None:
    """Rd := bytes of each halfword of Rm swapped (REV16)."""
    refuse_pc(m, Rd, Rm)
    m.R[Rd] = m.block.op("bswap", m.R[Rm]).ror(16)


def reverse_signed_half(m: Arm32, Rd: Any, Rm: Any) -> None:
    """Rd := bottom halfword of Rm with bytes swapped, sign-extended (REVSH)."""
    refuse_pc(m, Rd, Rm)
    m.R[Rd] = m.block.op("bswap", m.R[Rm]).asr(16)


def reverse_bits(m: Arm32, Rd: Any, Rm: Any) -> None:
    """Rd := bits of Rm in reverse order (RBIT)."""
    refuse_pc(m, Rd, Rm)
    m.R[Rd] = m.block.op("bitrev", m.R[Rm])


def count_leading_zeros(m: Arm32, Rd: Any, Rm: Any) -> None:
    """Rd := number of leading zeros of Rm (CLZ)."""
    refuse_pc(m, Rd, Rm)
    m.R[Rd] = m.block.op("clz", m.R[Rm])


# --- bit fields ---------------------------------------------------------------------------


def bit_field_insert(m: Arm32, Rd: Any, Rn: Any, lsb: Any, msb: Any) -> None:
    """Rd<msb:lsb> := the low bits of Rn; Rn None clears them (BFI, BFC)."""
    refuse_pc(m, Rd, *(() if Rn is None else (Rn,)))
    if msb < lsb:
        m.unpredictable("bit field ends before it begins")
    field = (2 << msb) - (1 << lsb)
    kept = m.R[Rd] & m.const(~field)
    m.R[Rd] = kept if Rn is None else kept | ((m.R[Rn] << m.const(lsb)) & m.const(field))


def bit_field_extract(m: Arm32, Rd: Any, Rn: Any, lsb: Any, widthm1: Any, *, unsigned: Any) -> None:
    """Rd := Rn<lsb+widthm1:lsb>, zero- or sign-extended (UBFX, SBFX)."""
    refuse_pc(m, Rd, Rn)
    if lsb + widthm1 > 31:
        m.unpredictable("bit field beyond bit 31")
    if unsigned:
        m.R[Rd] = (m.R[Rn] >> m.const(lsb)) & m.const((2 << widthm1) - 1)
    else:
        m.R[Rd] = (m.R[Rn] << m.const(31 - lsb - widthm1)).asr(m.const(31 - widthm1))
