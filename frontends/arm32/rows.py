"""The three row sets of 32-bit ARM; files of rows register themselves here.

The manual is the ARM Architecture Reference Manual, ARMv7-A and ARMv7-R edition; headings are its own.
What ARMv8 added has the headings of the manual for A-profile architecture.
T32 words of 32 bits are written with the first halfword in the high half.
"""

from xlate.isa import RowSet

A32 = RowSet("A32", 32)
T32 = RowSet("T32", 32)
T16 = RowSet("T16", 16)
