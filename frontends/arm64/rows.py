"""The row set of A64; files of rows register themselves here.

The manual is the Arm Architecture Reference Manual for A-profile architecture; headings are its own.
This guest is a guard against assumptions of 32 bits: a part of the base instructions, no floating point,
no vectors, no atomics. A word without a row is undefined, whatever the manual says of it.
"""

from xlate.isa import RowSet

A64 = RowSet("A64", 32)
