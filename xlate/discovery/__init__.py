"""Image to functions: where code is, how sure that is, and which blocks belong together.

    roots --> walk (runs of instructions) --> trial of pointers, again walk --> functions

Recall comes first: what is called code in error costs space but can never run wrongly, since
translations are found by the exact guest address and mode.
"""

from xlate.discovery.discover import discover
from xlate.discovery.model import Block, Confidence, Discovery, Function, JumpTable

__all__ = ["Block", "Confidence", "Discovery", "Function", "JumpTable", "discover"]
