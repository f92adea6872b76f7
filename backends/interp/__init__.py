"""The reference interpreter: reads recorded IR with Python integers, slow and obvious.

It is the oracle the other readers are compared with, so every arm repeats the line of the op
table (``xlate/ir/ops.py``) and nothing else. It knows no guest: the caller passes the state's
layout.
"""

# The families register their arms when they are imported.
from backends.interp import ciphers, floats, integer, lanes, state, vector_floats  # noqa: F401
from backends.interp.cpu import ARMS, Cpu, Exit
from backends.interp.memory import Fault, Memory

__all__ = ["ARMS", "Cpu", "Exit", "Fault", "Memory"]
