"""AArch64, a part of it: importing this package registers every row of A64 that is there."""

from frontends.arm64 import branch, dp_imm, dp_reg, load_store, system

__all__ = ["branch", "dp_imm", "dp_reg", "load_store", "system"]
