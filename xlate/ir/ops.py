"""The table of IR operations: every reader (interpreter, LLVM text) has one arm for each row.

Types are ``i1 i8 i16 i32 i64 f32 f64 v64 v128``. Vectors are bags of bits; an operation on lanes
names the lane width in its parameters. All integer operations are total: what happens at the edges
(shift by the width, division by zero) is said here and holds on every engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Effect(Enum):
    """What an operation does besides giving a value; decides what may be dropped or moved."""

    PURE = "pure"
    READ_STATE = "reads guest state"
    WRITE_STATE = "writes guest state"
    READ_MEMORY = "reads guest memory, may fault"
    WRITE_MEMORY = "writes guest memory, may fault"
    EXIT = "leaves the instruction"


@dataclass(frozen=True)
class OpRow:
    """Name, number of value arguments, names of decode-time parameters, effect, meaning."""

    name: str
    nargs: int
    params: tuple[str, ...]
    effect: Effect
    doc: str


_P = Effect.PURE
_RS, _WS = Effect.READ_STATE, Effect.WRITE_STATE
_RM, _WM, _X = Effect.READ_MEMORY, Effect.WRITE_MEMORY, Effect.EXIT

_ROWS = (
    # constants and widths
    OpRow(
        "const", 0, ("value",), _P, "value, a number or a decode-time expression, cut to the width"
    ),
    OpRow("zext", 1, (), _P, "widen with zeros"),
    OpRow("sext", 1, (), _P, "widen with the sign"),
    OpRow("trunc", 1, (), _P, "keep the low bits"),
    # integer arithmetic
    OpRow("add", 2, (), _P, "a + b modulo 2^width"),
    OpRow("sub", 2, (), _P, "a - b modulo 2^width"),
    OpRow("mul", 2, (), _P, "a * b modulo 2^width"),
    OpRow("udiv", 2, (), _P, "unsigned quotient toward zero; 0 when b is 0"),
    OpRow(
        "sdiv",
        2,
        (),
        _P,
        "signed quotient toward zero; 0 when b is 0; most negative / -1 is itself",
    ),
    OpRow("and", 2, (), _P, "bitwise and"),
    OpRow("or", 2, (), _P, "bitwise or"),
    OpRow("xor", 2, (), _P, "bitwise exclusive or"),
    OpRow("shl", 2, (), _P, "shift left; 0 when the unsigned amount is the width or more"),
    OpRow("lshr", 2, (), _P, "shift right with zeros; 0 when the amount is the width or more"),
    OpRow(
        "ashr",
        2,
        (),
        _P,
        "shift right with the sign; all sign when the amount is the width or more",
    ),
    OpRow("ror", 2, (), _P, "rotate right by the amount modulo the width"),
    OpRow("clz", 1, (), _P, "leading zeros; the width when a is 0"),
    OpRow("bitrev", 1, (), _P, "bits in reverse order"),
    OpRow("bswap", 1, (), _P, "bytes in reverse order"),
    # predicates
    OpRow("eq", 2, (), _P, "a = b"),
    OpRow("ne", 2, (), _P, "a is not b"),
    OpRow("ult", 2, (), _P, "a < b unsigned"),
    OpRow("ule", 2, (), _P, "a <= b unsigned"),
    OpRow("slt", 2, (), _P, "a < b signed"),
    OpRow("sle", 2, (), _P, "a <= b signed"),
    OpRow("select", 3, (), _P, "b when the i1 a is 1, else c"),
    OpRow("add_c", 3, (), _P, "carry out of a + b + (i1 c)"),
    OpRow("add_v", 3, (), _P, "signed overflow of a + b + (i1 c)"),
    OpRow("sub_v", 2, (), _P, "signed overflow of a - b"),
    # lanes; parameter lane = lane width in bits
    OpRow(
        "lanes",
        2,
        ("op", "lane"),
        _P,
        "the two-argument integer op on every lane (add sub mul and or xor umin umax smin smax; "
        "uadd_sat sadd_sat usub_sat ssub_sat; eq ugt sgt uge sge give all ones or 0)",
    ),
    OpRow(
        "lane_shift",
        2,
        ("op", "lane"),
        _P,
        "shl, lshr or ashr of every lane of a by the i32 b, which is below the lane width",
    ),
    OpRow(
        "lane_shift_by",
        2,
        ("op", "lane"),
        _P,
        "shl, lshr or ashr of every lane of a by the same lane of b, unsigned; "
        "0, or all sign, from the lane width on",
    ),
    OpRow(
        "table",
        3,
        (),
        _P,
        "v64: for every byte of the v64 c that byte of the v128s b:a, or 0 from 32 on",
    ),
    OpRow("lane_not", 1, (), _P, "bitwise complement of a vector"),
    OpRow(
        "pairwise",
        2,
        ("op", "lane"),
        _P,
        "op (add umin umax smin smax) on neighbouring lanes of b:a (a gives the low half)",
    ),
    OpRow(
        "splat",
        1,
        ("lane",),
        _P,
        "copy the low lane bits into every lane; type of the result is the op's",
    ),
    OpRow("extract", 1, ("lane", "index"), _P, "one lane as an integer of the lane's width"),
    OpRow("insert", 2, ("lane", "index"), _P, "a with one lane replaced by the integer b"),
    OpRow(
        "bytes_ext",
        2,
        ("index",),
        _P,
        "bytes index.. of b:a, as many as a has (index below the byte count)",
    ),
    OpRow(
        "lane_reverse",
        1,
        ("lane", "group"),
        _P,
        "lanes in reverse order inside every group of bits",
    ),
    OpRow("lane_popcount", 1, ("lane",), _P, "one bits of every lane"),
    OpRow("lane_clz", 1, ("lane",), _P, "leading zeros of every lane"),
    OpRow("narrow", 1, ("lane",), _P, "low half of every lane of width lane: v128 to v64"),
    OpRow(
        "widen",
        1,
        ("lane", "signed"),
        _P,
        "every lane of width lane to twice its width: v64 to v128",
    ),
    OpRow("concat", 2, (), _P, "v128 of the v64 b (high) and the v64 a (low)"),
    OpRow("half", 1, ("index",), _P, "v64 half 0 (low) or 1 (high) of a v128"),
    OpRow("bitcast", 1, (), _P, "the same bits as another type of equal width"),
    # floating point: IEEE 754 in the rounding mode the thread has, tininess found before rounding;
    # in a mode that flushes, a denormal operand is a zero with its sign (IDC), and so is a result
    # that is tiny (UFC alone), but not where bits are only moved (fneg, fabs, bitcast).
    # Which NaN comes out of an operation is unspecified until nan_fix picks it
    OpRow("fadd", 2, (), _P, "a + b"),
    OpRow("fsub", 2, (), _P, "a - b"),
    OpRow("fmul", 2, (), _P, "a * b"),
    OpRow("fdiv", 2, (), _P, "a / b"),
    OpRow("fsqrt", 1, (), _P, "square root"),
    OpRow("fneg", 1, (), _P, "sign bit flipped, no exception"),
    OpRow("fabs", 1, (), _P, "sign bit cleared, no exception"),
    OpRow(
        "nan_fix",
        3,
        (),
        _P,
        "c, unless c is a NaN: then the first signalling NaN of a, b made quiet, "
        "else the first NaN of a, b, else the positive default NaN; always that one in a mode with "
        "default NaNs",
    ),
    OpRow(
        "fma",
        3,
        (),
        _P,
        "a * b + c rounded once; a NaN made quiet, signalling before quiet, c before a before b, "
        "the default one for infinity times 0, and always in a mode with default NaNs",
    ),
    OpRow(
        "fcmp",
        2,
        ("signal",),
        _P,
        "i32 of 0 less, 1 equal, 2 greater, 3 unordered; signal: quiet NaNs raise invalid too",
    ),
    OpRow(
        "fcvt",
        1,
        (),
        _P,
        "f32 to f64 or back; a NaN keeps sign and top payload bits and becomes quiet, or is the "
        "default one in a mode with default NaNs",
    ),
    OpRow(
        "f_to_int",
        1,
        ("signed", "round"),
        _P,
        "i32 with saturation, NaN gives 0; round: zero (toward zero) or mode (the thread's)",
    ),
    OpRow("int_to_f", 1, ("signed",), _P, "nearest value by the thread's rounding mode of an i32"),
    # single precision in lanes, to nearest whatever mode the thread has
    OpRow(
        "vf",
        2,
        ("op",),
        _P,
        "f32 lanes: add, sub, mul, with an unspecified NaN; a product below the least normal "
        "is its sign and a 1; eq, ge, gt give all ones or 0; ge, gt raise invalid for any NaN",
    ),
    OpRow(
        "vf_fma",
        3,
        (),
        _P,
        "f32 lanes of a * b + c rounded once, with an unspecified NaN; what is below the least "
        "normal number is its sign and a 1",
    ),
    OpRow(
        "vf_fix",
        3,
        ("op",),
        _P,
        "the first: lanes that Advanced SIMD gives; vf of the other two, denormals and NaNs being "
        "the host's, for who makes sure that there are none, and then writes no qc in this block",
    ),
    OpRow("vf_from_int", 2, ("signed",), _P, "f32 lanes of the i32 lanes of a times the f64 b"),
    # checksums, ciphers, digests; the last argument (i64) points at what the runtime knows of the
    # host's instructions for them, and changes nothing
    OpRow("clmul", 3, (), _P, "v128: product of the i64 a and b as polynomials over {0, 1}"),
    OpRow(
        "crc32",
        3,
        ("bits", "castagnoli"),
        _P,
        "i32: the checksum a (polynomial 04C11DB7, or 1EDC6F41; low bit first) gone on with the "
        "low bits of b",
    ),
    OpRow("aes", 2, ("inverse",), _P, "v128: AES ShiftRows and SubBytes of a, or their inverses"),
    OpRow("aes_mix", 2, ("inverse",), _P, "v128: AES MixColumns of a, or its inverse"),
    OpRow(
        "sha1",
        4,
        ("kind",),
        _P,
        "v128: A to D after four rounds of SHA-1 (kind: 0 choose, 1 parity, 2 majority) from the "
        "v128 a = A to D, lane 0 first, the i32 b = E and the words c, constants added",
    ),
    OpRow(
        "sha256",
        4,
        ("part",),
        _P,
        "v128: A to D (part 1: E to H) after four rounds of SHA-256 from the v128s a = A to D, "
        "b = E to H and the words c, constants added",
    ),
    OpRow(
        "get_fp_flags",
        0,
        (),
        _RS,
        "i32: host cumulative exceptions as IOC 0, DZC 1, OFC 2, UFC 3, IXC 4; IDC 7 may be in qc",
    ),
    OpRow(
        "set_fp_mode",
        1,
        (),
        _WS,
        "set rounding, flushing, default NaNs and cumulative exceptions from an FPSCR image (i32)",
    ),
    # guest state; offset = byte offset from the state pointer, a number or decode-time expression
    OpRow(
        "get_reg",
        0,
        ("reg",),
        _RS,
        "a general register, as wide as the guest has them: a number or decode-time expression",
    ),
    OpRow("set_reg", 1, ("reg",), _WS, "write a general register"),
    OpRow("get_flag", 0, ("flag",), _RS, "i1 of the condition flag N, Z, C or V"),
    OpRow("set_flag", 1, ("flag",), _WS, "write one condition flag"),
    OpRow("get_state", 0, ("offset",), _RS, "read the state at a byte offset"),
    OpRow("set_state", 1, ("offset",), _WS, "write the state at a byte offset"),
    # guest memory; addresses are as wide as a general register, any alignment
    OpRow("load", 1, (), _RM, "little-endian read of the result's width"),
    OpRow("store", 2, (), _WM, "little-endian write of b at address a"),
    OpRow("version", 1, (), _RM, "i64 at host address a, read before all later accesses"),
    OpRow(
        "cas_if",
        6,
        (),
        _WM,
        "i1: a is 1, the i64 at host address e held f, then f + 1 while, atomically, memory at b "
        "that held c got d, and f + 2 now; b is not accessed when a is 0 or e held another value",
    ),
    OpRow("fence", 0, (), _WM, "order all memory accesses before it against all after it"),
    # exits
    OpRow("exit_skip", 1, (), _X, "leave the instruction without its effects when the i1 a is 1"),
    OpRow(
        "exit_jump",
        0,
        ("target", "kind"),
        _X,
        "go on at a known target (bit 0: Thumb); kind jump or call",
    ),
    OpRow(
        "exit_indirect",
        1,
        ("kind",),
        _X,
        "go on at address a (bit 0: Thumb); kind jump, call or return",
    ),
    OpRow(
        "exit_branch",
        1,
        ("target",),
        _X,
        "go on at the known target when the i1 a is 1, else at the next instruction",
    ),
    OpRow(
        "exit_stop",
        0,
        ("reason", "pc"),
        _X,
        "hand over to the runtime with pc: svc, undefined, bkpt, refetch",
    ),
)

OPS: dict[str, OpRow] = {row.name: row for row in _ROWS}
