"""What `xlate inspect` shows, as data: facts of the file, and code beside its IR and host code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xlate.errors import Unsupported
from xlate.loader import CodeMark, Image
from xlate.report import listing
from xlate.report.listing import Line

MODES = {CodeMark.ARM: "a32", CodeMark.THUMB: "t32", CodeMark.DATA: "data"}

__all__ = ["Code", "Image", "as_json", "code_at", "facts"]


@dataclass(frozen=True)
class Code:
    """One instruction with what xlate makes of it; a refusal stands in place of the text."""

    line: Line
    ir: str
    host: str


def code_at(
    image: Image,
    guest_va: int,
    count: int,
    *,
    forced: CodeMark | None = None,
    hint: CodeMark | None = None,
) -> list[Code]:
    """Return the first count instructions from an address on, each with its IR and host code."""
    from xlate import pipeline  # LLVM takes a while to load: only who looks at code waits

    return [
        Code(line, _text(pipeline.ir_text, line), _text(pipeline.host_text, line))
        for line in listing.at_address(image, guest_va, count, forced=forced, hint=hint)
    ]


def _text(make: Callable[[bytes, int, bool], str], line: Line) -> str:
    """Return what the pipeline says of an instruction; data have no such text."""
    if line.mark is CodeMark.DATA:
        return ""
    try:
        return make(line.data, line.guest_va, line.mark is CodeMark.THUMB)
    except Unsupported as error:
        return f"refused: {error}"


def facts(image: Image) -> list[tuple[str, str]]:
    """Return what the file is, as names and values."""
    kind = "position independent" if image.position_independent else "fixed addresses"
    linked = f"dynamic, {image.interpreter}" if image.interpreter else "static"
    entry_mode = "T32" if image.entry_thumb else "A32"
    label = image.label_of(image.entry)
    return [
        ("file", image.path),
        ("kind", f"32-bit ARM, EABI {image.eabi}, {kind}, {linked}"),
        ("floats", "hard" if image.hard_float else "soft"),
        ("entry", f"{image.entry:#x} {entry_mode}" + (f" <{label}>" if label else "")),
        ("stack", "executable" if image.executable_stack else "not executable"),
        ("needs", ", ".join(image.needed) or "nothing"),
        ("build-id", image.build_id or "none"),
        ("sha256", image.sha256),
    ]


def as_json(image: Image, code: list[Code]) -> dict[str, Any]:
    """Return everything as one JSON object; addresses are numbers, bytes are hex."""
    return {
        "path": image.path,
        "sha256": image.sha256,
        "build_id": image.build_id,
        "position_independent": image.position_independent,
        "entry": {"addr": image.entry, "thumb": image.entry_thumb},
        "eabi": image.eabi,
        "hard_float": image.hard_float,
        "executable_stack": image.executable_stack,
        "interpreter": image.interpreter,
        "needed": list(image.needed),
        "segments": [
            {
                "addr": s.guest_va,
                "file_size": len(s.data),
                "memory_size": s.memory_size,
                "prot": str(s.prot),
            }
            for s in image.segments
        ],
        "sections": [
            {"name": s.name, "addr": s.guest_va, "size": len(s.data), "executable": s.executable}
            for s in image.sections
        ],
        "symbols": [
            {
                "name": s.name,
                "addr": s.guest_va,
                "size": s.size,
                "kind": s.kind,
                "thumb": s.thumb,
            }
            for s in image.symbols
        ],
        "code": [
            {
                "addr": row.line.guest_va,
                "bytes": row.line.data.hex(),
                "mode": MODES[row.line.mark],
                "text": f"{row.line.mnemonic} {row.line.operands}".strip(),
                "ir": row.ir,
                "host": row.host,
            }
            for row in code
        ],
    }
