"""FPSCR: what of it is kept where, and VMRS, VMSR.

The state member fpscr holds NZCV, AHP, DN, FZ and RMode. The host's status register holds the
cumulative flags of IEEE and the rounding in force; the member qc has QC, IDC, and what of the others
Advanced SIMD finds without the host. Len and Stride read as zero
and ignore writes, as on cores without short vectors; so do the trap enables. Scalar arithmetic
heeds FZ and DN, Advanced SIMD does not: it has a mode of its own.
"""

from __future__ import annotations

from frontends.arm32.fp_shared import vfp_row
from frontends.arm32.machine import OFFSET, PC, Arm32
from xlate.ir import Value
from xlate.isa import Reg

KEPT = 0xF7C00000
OWN = 0x08000080  # QC and IDC: the host has no such flags
_FLAGS = {"N": 31, "Z": 30, "C": 29, "V": 28}


def read_fpscr(m: Arm32) -> Value:
    """Assemble the whole FPSCR."""
    host = m.block.op("get_fp_flags", ty="i32")
    return m.get_state(OFFSET["fpscr"], "i32") | host | m.get_state(OFFSET["qc"], "i32")


def write_fpscr(m: Arm32, value: Value) -> None:
    """Write the whole FPSCR; the mode first, since that may have to wait (modal.py)."""
    m.block.op("set_fp_mode", value)
    m.set_state(OFFSET["fpscr"], value & KEPT)
    m.set_state(OFFSET["qc"], value & OWN)


@vfp_row("1110 1111 0001 Rt:4 1010 xxx1 xxxx", manual="VMRS")
def vmrs(m: Arm32, Rt: Reg) -> None:
    """Rt := FPSCR, or APSR.NZCV := FPSCR.NZCV when Rt is 15."""
    if Rt == PC:
        fpscr = m.get_state(OFFSET["fpscr"], "i32")
        for name, bit in _FLAGS.items():
            m.set_flag(name, (fpscr >> bit).trunc(1))
    else:
        m.R[Rt] = read_fpscr(m)


@vfp_row("1110 1110 0001 Rt:4 1010 xxx1 xxxx", manual="VMSR")
def vmsr(m: Arm32, Rt: Reg) -> None:
    """FPSCR := Rt."""
    if Rt == PC:
        m.unpredictable("FPSCR from the pc")
    write_fpscr(m, m.R[Rt])


def _register_privileged(number: int, register: str) -> None:
    def row(m: Arm32) -> None:
        """Nothing changes: the guest gets SIGILL."""
        m.undefined(f"{register} in user mode")

    tail = f"1110 111x {number:04b} xxxx 1010 xxx1 xxxx"
    vfp_row(tail, manual="VMRS; VMSR", name=f"vmrs_vmsr_{register.lower()}")(row)


for _number, _register in (
    (0, "FPSID"),
    (6, "MVFR1"),
    (7, "MVFR0"),
    (8, "FPEXC"),
    (9, "FPINST"),
    (10, "FPINST2"),
):
    _register_privileged(_number, _register)
