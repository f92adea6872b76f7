"""What lies between known code: the last and weakest evidence.

Text that nothing refers to is mostly functions called through tables of another module's making, or
dead code. Gaps are tried from their first halfword that is no padding, in the mode of the code
before them, then at instructions that save the return address.
"""

from __future__ import annotations

from collections.abc import Iterator

from xlate.discovery.text import FREE, STARTS_ARM, STARTS_THUMB, Text

PADDING = (0x0000, 0xBF00, 0x46C0)  # zeros, nop, mov r8, r8
NOP_A32 = (0xE320F000, 0xE1A00000, 0)
NOP_W = 0x8000F3AF  # T32, as a little-endian word
PUSH_LR = 0xB5  # T16 push {.., lr}
PUSH_WIDE = 0xE92D  # T32 stmdb sp!, {..}; also the upper half of A32's
LDR_LITERAL = 0b01001  # T16 ldr Rt, [pc, #imm8]
LEAST = 4  # bytes worth a look


def gaps(text: Text) -> Iterator[tuple[int, int, bool]]:
    """Ranges that nothing claims, in order, with whether the code before them is T32."""
    for low, _ in text.ranges:
        claims = text.claims[low]
        thumb = True
        at = 0
        while (start := claims.find(FREE, at)) >= 0:
            end = start
            while end < len(claims) and claims[end] == FREE:
                end += 1
            thumb = _mode_before(claims, at, start, thumb)
            yield low + 2 * start, low + 2 * end, thumb
            at = end


def _mode_before(claims: bytearray, low: int, start: int, thumb: bool) -> bool:
    """Mode of the last instruction before a gap, as far as there is one since the last gap."""
    last_thumb = claims.rfind(STARTS_THUMB, low, start)
    last_arm = claims.rfind(STARTS_ARM, low, start)
    return thumb if last_thumb == last_arm else last_thumb > last_arm


def candidates(text: Text, start: int, end: int, thumb: bool) -> Iterator[int]:
    """Keys in a gap where code could begin, likeliest first."""
    first = _behind_padding(text, start, end)
    if end - first < LEAST:
        return
    modes = (1, 0) if thumb else (0, 1)
    yield from (first | bit for bit in modes if bit or first & 3 == 0)
    for at in range(first, end - 2, 2):
        half = text.constant(at, 2)
        if half is not None and half >> 8 == PUSH_LR:
            yield _behind_loads(text, at, first) | 1
            yield at | 1
        elif half == PUSH_WIDE:
            # In A32 the halfword with the condition comes second, and so does lr's bit in T32.
            if (text.constant(at + 2, 2) or 0) >> 14 == 1:
                yield at | 1
            elif at & 3 == 2 and (text.constant(at - 2, 2) or 0) >> 14 == 1:
                yield at - 2


def _behind_loads(text: Text, push: int, first: int) -> int:
    """Where literal loads begin that stand before a push: compilers move them up."""
    at = push
    while at - 2 >= first and (text.constant(at - 2, 2) or 0) >> 11 == LDR_LITERAL:
        at -= 2
    return at


def _behind_padding(text: Text, start: int, end: int) -> int:
    """First address of a gap that is neither zeros nor instructions that do nothing."""
    while start < end:
        word = text.constant(start, 4) if start + 4 <= end else None
        if word == NOP_W or (start & 3 == 0 and word in NOP_A32):
            start += 4
        elif text.constant(start, 2) in PADDING:
            start += 2
        else:
            break
    return start
