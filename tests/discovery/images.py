"""Images made of instruction words, and what must hold for every Discovery."""

from __future__ import annotations

import struct

from frontends.arm32.decode import ALWAYS, decode
from frontends.arm32.recorded import recorded
from xlate.discovery import Block, Discovery
from xlate.loader import Image, Prot, Segment, Symbol

BASE = 0x10000
DATA = 0x40000


def halfwords(*values: int) -> bytes:
    """T32 code; values above 16 bits are 32-bit instructions, first halfword high."""
    out = b""
    for value in values:
        if value > 0xFFFF:
            out += struct.pack("<HH", value >> 16, value & 0xFFFF)
        else:
            out += struct.pack("<H", value)
    return out


def words(*values: int) -> bytes:
    """A32 code, or literals."""
    return struct.pack(f"<{len(values)}I", *(value & 0xFFFFFFFF for value in values))


def image_of(
    code: bytes,
    *,
    thumb: bool = True,
    entry: int = BASE,
    data: bytes = b"",
    symbols: tuple[Symbol, ...] = (),
) -> Image:
    """An image with one executable segment and maybe one of data, without sections."""
    segments = [Segment(BASE, code, len(code), Prot.READ | Prot.EXEC)]
    if data:
        segments.append(Segment(DATA, data, len(data), Prot.READ | Prot.WRITE))
    return Image(
        path="test",
        sha256="0" * 64,
        position_independent=False,
        entry=entry,
        entry_thumb=thumb,
        eabi=5,
        hard_float=True,
        executable_stack=False,
        segments=tuple(segments),
        sections=(),
        symbols=symbols,
        marks=(),
        interpreter=None,
        needed=(),
        build_id=None,
    )


def ways_out(block: Block) -> set[int]:
    """Keys that the last instruction of a block can go on at in its own function, by its flow."""
    last = block.insns[-1]
    flow = recorded(last).flow
    follow = (last.pc + last.size) | int(last.thumb)
    ways = set()
    if flow.kind in ("jump", "branch"):
        ways.add(flow.target_at(last.pc))
    falls = flow.kind in ("next", "branch") or (flow.kind != "refused" and last.cond != ALWAYS)
    if falls or flow.kind == "call" or (flow.kind == "indirect" and flow.how == "call"):
        ways.add(follow)
    return ways


def check(image: Image, found: Discovery) -> None:
    """Everything that holds for every Discovery."""
    assert list(found.functions) == sorted(found.functions)
    seen: set[int] = set()
    everywhere = {at for function in found.functions.values() for at in function.blocks}
    for key, function in found.functions.items():
        assert function.key == key
        assert key in function.blocks
        assert list(function.blocks) == sorted(function.blocks)
        assert function.evidence
        assert function.entries <= set(function.blocks)
        for at, block in function.blocks.items():
            assert block.key == at
            assert set(block.successors) <= set(function.blocks)
            outside = set(block.successors) | function.tail_calls
            assert ways_out(block) <= outside, hex(block.start)
            if recorded(block.insns[-1]).flow.kind != "call":  # which may never return
                elsewhere = (ways_out(block) & everywhere) - set(function.blocks)
                assert elsewhere <= set(found.functions)
            _check_insns(image, block, seen)
        ends = {block.insns[-1].pc: block for block in function.blocks.values()}
        for jump, table in function.tables.items():
            assert set(table.targets) <= set(ends[jump].successors) | function.tail_calls
    for start, end in found.data:
        assert any(low <= start < end <= high for low, high in found.text)


def _check_insns(image: Image, block: Block, seen: set[int]) -> None:
    """Instructions follow each other, are what the bytes say, and belong to one block only."""

    def fetch(address: int) -> int:
        return int.from_bytes(image.read(address, 2), "little")

    at, itstate = block.start, block.itstate
    for insn in block.insns:
        assert insn == decode(fetch, at, thumb=block.thumb, itstate=itstate)
        key = insn.pc | int(insn.thumb)
        if insn.itstate == 0:
            assert key not in seen
            seen.add(key)
        at, itstate = at + insn.size, insn.next_itstate
