"""The guest state of a 32-bit ARM thread: the one description that Python and C both read.

Offsets below 128 are reached with an 8-bit displacement from the state pointer, so the hot fields stand
first. ``xlate.tools.gen_runtime`` prints this table as ``gen/state_arm32.h`` with static assertions.
"""

from xlate.abi.state import Field, StateLayout

#: Bytes of the table of versions of exclusive granules (``exclusive``), eight for each.
MONITORS_SIZE = 1 << 15

STATE = StateLayout(
    guest="arm32",
    constants=(("MONITORS_SIZE", MONITORS_SIZE, "bytes of the versions of exclusive granules"),),
    fields=(
        Field("r", "u32", count=16, doc="r0-r12, sp, lr, pc (pc without the Thumb bit)"),
        Field("nf", "u8", doc="APSR.N, 0 or 1"),
        Field("zf", "u8", doc="APSR.Z"),
        Field("cf", "u8", doc="APSR.C"),
        Field("vf", "u8", doc="APSR.V"),
        Field("qf", "u8", doc="APSR.Q, sticky saturation"),
        Field("thumb", "u8", doc="CPSR.T of the instruction at pc"),
        Field("itstate", "u8", doc="CPSR.IT, only meaningful while stopped inside an IT block"),
        Field("excl_valid", "u8", doc="local exclusive monitor open: access size in bytes, or 0"),
        Field("ge", "u32", doc="APSR.GE as four bytes, each 0 or 1, GE[0] lowest"),
        Field("pending", "u32", doc="poll word: non-zero makes translated code leave"),
        Field("table", "u64", doc="base of the flat look-up table, or of the hash table"),
        Field("arena", "u64", doc="base of the code window the flat table is relative to"),
        Field(
            "link", "u64", doc="entry: a fixed-destination exit without a target yet (rdx = cell)"
        ),
        Field("miss", "u64", doc="entry: an indirect destination (edx) that is not in the table"),
        Field("stop", "u64", doc="entry: leave to C with a stop reason (edx)"),
        Field("poll", "u64", doc="entry: the poll word was set, going to the guest address in edx"),
        Field("enter", "u64", doc="entry: baseline code goes to optimised code (rcx = function)"),
        Field("nest", "u64", doc="regcall function: run target in a dispatcher of its own"),
        Field("svc", "u64", doc="regcall function: the system call before pc"),
        Field("safepoint", "u64", doc="regcall function: deliver signals, then go on at target"),
        Field("hand_back", "u64", doc="entry: a return (edx) to where a nested dispatcher may end"),
        Field(
            "stack_limit",
            "u64",
            doc="optimised code that polls at entry leaves below it; all ones while pending",
        ),
        Field("base_sp", "u64", doc="host stack pointer of the outermost dispatcher"),
        Field("target", "u32", doc="guest address | T that optimised code is going to"),
        Field("nest_pc", "u32", doc="guest address | T where the innermost dispatcher ends"),
        Field("nest_sp", "u32", doc="least guest sp with which it may end"),
        Field("excl_addr", "u32", doc="address of the open exclusive monitor"),
        Field("svc_imm", "u32", doc="immediate of the last SVC"),
        Field("excl_value", "u64", doc="value that the exclusive load read"),
        Field("excl_version", "u64", doc="version of its granule before that; odd while locked"),
        Field("monitors", "u64", doc="versions of the exclusive granules of all memory"),
        Field("host", "u64", doc="the host's help with checksums, ciphers, digests (ciphers.h)"),
        Field("d", "u64", count=32, align=16, doc="d0-d31; s(2i), s(2i+1) are halves of d(i)"),
        Field("fpscr", "u32", doc="FPSCR except the cumulative flags held by the host"),
        Field(
            "qc",
            "u32",
            doc="cumulative bits of FPSCR that Advanced SIMD finds itself: QC, IDC, UFC",
        ),
        Field("tpidruro", "u32", doc="TPIDRURO, the thread pointer"),
        Field("tpidrurw", "u32", doc="TPIDRURW"),
        Field("host_sp", "u64", doc="host stack pointer to leave translated code with"),
        Field("scratch", "u64", count=8, doc="spill room for stencils"),
    ),
)
