"""The guest state of an AArch64 thread: the one description that Python and C both read.

``r`` has more places than the manual has registers. Register 31 is the stack pointer or the zero
register, as the instruction says; the zero register is one place to read, which nobody writes, and
another to write, which nobody reads. So a template's holes need no variants. The last place is the pc.
Hot fields stand first: offsets below 128 are reached with a displacement of 8 bits.
"""

from xlate.abi.state import Field, StateLayout

SP, ZERO, SINK, PC = 31, 32, 33, 34

STATE = StateLayout(
    guest="arm64",
    constants=(
        ("REG_SP", SP, "place of the stack pointer in r"),
        ("REG_PC", PC, "place of the pc in r"),
        ("REGS", PC + 1, "places in r"),
    ),
    fields=(
        Field("table", "u64", doc="base of the hash table that is looked up in"),
        Field("arena", "u64", doc="0: there is no flat table"),
        Field(
            "link", "u64", doc="entry: a fixed-destination exit without a target yet (rdx = cell)"
        ),
        Field("miss", "u64", doc="entry: an indirect destination (rdx) that is not in the table"),
        Field("stop", "u64", doc="entry: leave to C with a stop reason (edx)"),
        Field("poll", "u64", doc="entry: the poll word was set, going to the guest address in rdx"),
        Field("pending", "u32", doc="poll word: non-zero makes translated code leave"),
        Field("nf", "u8", doc="PSTATE.N, 0 or 1"),
        Field("zf", "u8", doc="PSTATE.Z"),
        Field("cf", "u8", doc="PSTATE.C"),
        Field("vf", "u8", doc="PSTATE.V"),
        Field("r", "u64", count=PC + 1, doc="x0-x30, sp, zero register as read, as written, pc"),
        Field("svc_imm", "u32", doc="immediate of the last SVC"),
        Field("host_sp", "u64", doc="host stack pointer to leave translated code with"),
        Field("stack_limit", "u64", doc="all ones while the poll word is set"),
        Field("scratch", "u64", count=8, doc="spill room for stencils"),
    ),
)
