"""One function on its way through the optimised tier: lifted text, text after passes, host code.

The whole file is discovered first, since what a function is depends on who calls it; the function
alone is compiled, in a worker process, so that not even an abort of LLVM ends the report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backends.llvm.levels import Compiler
from backends.llvm.modules import module_text, normalise
from backends.llvm.objects import CALLEE, Refused
from backends.llvm.pool import compile_functions
from backends.llvm.slots import PRELUDE
from backends.llvm.unit import FunctionText
from xlate.discovery import discover
from xlate.discovery.model import Discovery, Function
from xlate.errors import Unsupported
from xlate.lift import Lifting
from xlate.loader import Image
from xlate.package import faults
from xlate.report.package import HostLine, disassemble

# A callee is a position in a normalised text.
CALLEE_PLACE = re.compile(r"@[pqr](\d+)\(")


@dataclass(frozen=True)
class View:
    """A function as text in three stages; ``refused`` says why there is no code, else empty."""

    name: str
    key: int
    confidence: str
    evidence: tuple[str, ...]
    blocks: int
    instructions: int
    lifted: str
    optimised: str
    host: list[HostLine]
    refused: str


def view(image: Image, guest_va: int, level: int) -> View:
    """Return the function that covers an address; raises Unsupported where none was found."""
    discovery = discover(image)
    function = _function_at(discovery, guest_va)
    if function is None:
        raise Unsupported("function", f"{guest_va:#x}", "discovery found none there")
    text = Lifting(image, discovery).text_of(function.key)
    if text is None:
        raise Unsupported("function", f"{guest_va:#x}", "the lifter has no text for it")
    host, refused = _host(text, level)
    return View(
        name=image.label_of(function.key & ~1) or text.name,
        key=function.key,
        confidence=function.confidence.name.lower(),
        evidence=function.evidence,
        blocks=len(function.blocks),
        instructions=function.instructions,
        lifted=text.text,
        optimised="" if refused else _optimised(text, level),
        host=host,
        refused=refused,
    )


def _function_at(discovery: Discovery, guest_va: int) -> Function | None:
    for key in (guest_va, guest_va | 1):
        if key in discovery.functions:
            return discovery.functions[key]
    for function in discovery.functions.values():
        if any(block.start <= guest_va < block.end for block in function.blocks.values()):
            return function
    return None


def _host(text: FunctionText, level: int) -> tuple[list[HostLine], str]:
    """Return the host instructions, or no instructions and the compiler's reason."""
    made = compile_functions([text], PRELUDE, level=level, jobs=1, memo=None)[text.name]
    if isinstance(made, Refused):
        return [], made.reason
    lines = tuple(faults.decode_lines(made.lines))
    # Calls are still open: what a relocation will fill in stands as the distance 0.
    callees = {r.offset: made.callees[r.number] for r in made.relocs if r.kind == CALLEE}
    host = []
    for line in disassemble(made.code, 0, text.key, lines, {}):
        target = callees.get(line.offset + len(line.data) - 4)
        if target is not None:
            words = f"{line.text.split(' ')[0]} {target}"
            line = HostLine(line.offset, line.data, words, line.key)
        host.append(line)
    return host, ""


def _optimised(text: FunctionText, level: int) -> str:
    """Return the text after the level's passes, under the names that the lifter gave."""
    normal = normalise(text)
    module = Compiler(level).optimised_text(module_text([normal], PRELUDE))
    start = module.index("\ndefine") + 1
    define = module[start : module.index("\n}\n", start) + 3]
    define = CALLEE_PLACE.sub(lambda match: f"@{normal.callees[int(match[1])]}(", define)
    return define.replace("@x0(", f"@{text.name}(")
