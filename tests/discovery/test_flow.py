"""Functions, blocks and confidence in code made of words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.discovery.images import BASE, DATA, check, halfwords, image_of, words
from xlate.discovery import Confidence, Discovery, discover
from xlate.discovery.entries import MOST_ENTRIES
from xlate.discovery.text import Text
from xlate.loader import Image

BX_LR, NOP, PUSH, POP = 0x4770, 0xBF00, 0xB510, 0xBD10
LEAVE = (0x20F8 | 0x0700, 0xDF00)  # movs r7, #248; svc 0: exit_group


def bl(at: int, target: int) -> int:
    """T32 ``bl target`` for an offset that is small."""
    offset = target - (at + 4)
    assert -(1 << 20) <= offset < 1 << 20
    return (0xF000 | (offset >> 12 & 0x7FF)) << 16 | 0xF800 | (offset >> 1 & 0x7FF)


def b_wide(at: int, target: int) -> int:
    """T32 ``b.w target``."""
    return bl(at, target) & ~0x4000


def found_in(image: Image, **options: object) -> Discovery:
    found = discover(image, **options)  # type: ignore[arg-type]
    check(image, found)
    return found


def test_a_call_starts_a_function_and_its_continuation_belongs_to_the_caller() -> None:
    code = halfwords(PUSH, bl(BASE + 2, BASE + 8), POP, BX_LR)
    found = found_in(image_of(code))
    caller, callee = found.functions[BASE | 1], found.functions[BASE + 9]
    assert caller.confidence is Confidence.NAMED
    assert callee.confidence is Confidence.DERIVED
    assert callee.evidence == (f"called from {BASE + 2:#x}",)
    assert caller.calls == {BASE + 9}
    assert list(caller.blocks) == [BASE | 1, BASE + 7]
    assert caller.blocks[BASE | 1].successors == (BASE + 7,)


def test_what_is_behind_a_call_that_never_returns_is_not_the_callers() -> None:
    # 0: push; bl 8   6: pop {pc}   8: exit_group
    code = halfwords(PUSH, bl(BASE + 2, BASE + 8), POP, *LEAVE, NOP)
    found = found_in(image_of(code))
    caller = found.functions[BASE | 1]
    assert list(caller.blocks) == [BASE | 1]
    assert caller.tail_calls == {BASE + 7}
    assert found.functions[BASE + 7].confidence is Confidence.CONTINUATION


def test_not_returning_passes_through_callers() -> None:
    # 0: bl 8; 4: bx lr; 6: nop; 8: push; bl 16; 14: nop; 16: exit_group
    code = halfwords(*(bl(BASE, BASE + 8), BX_LR, NOP, PUSH, bl(BASE + 10, BASE + 16), NOP, *LEAVE))
    found = found_in(image_of(code))
    assert found.functions[BASE | 1].tail_calls == {BASE + 5}


def test_endless_recursion_is_followed_once() -> None:
    code = halfwords(bl(BASE, BASE), BX_LR)
    found = found_in(image_of(code))
    assert found.functions[BASE | 1].calls == {BASE | 1}


def test_a_jump_to_a_function_is_a_tail_call() -> None:
    # 0: bl 12; 4: b.w 12; 8: bx lr; 12: bx lr
    code = halfwords(bl(BASE, BASE + 12), b_wide(BASE + 4, BASE + 12), BX_LR, NOP, BX_LR)
    found = found_in(image_of(code))
    assert found.functions[BASE | 1].tail_calls == {BASE + 13}


def test_code_that_two_functions_share_becomes_a_function() -> None:
    # 0: bl 8; 4: cbz r0, 12; 6: bx lr; 8: cbz r1, 12; 10: bx lr; 12: movs r0, #1; bx lr
    code = halfwords(bl(BASE, BASE + 8), 0xB110, BX_LR, 0xB101, BX_LR, 0x2001, BX_LR)
    found = found_in(image_of(code))
    assert BASE + 13 in found.functions
    assert BASE + 13 in found.functions[BASE | 1].tail_calls
    assert BASE + 13 in found.functions[BASE + 9].tail_calls


def test_an_it_block_does_not_end_a_block() -> None:
    # ite eq; moveq; movne; bx lr
    code = halfwords(0xBF0C, 0x2001, 0x2002, BX_LR)
    found = found_in(image_of(code))
    (block,) = found.functions[BASE | 1].blocks.values()
    assert [insn.cond for insn in block.insns] == [14, 0, 1, 14]


def test_leaving_in_the_middle_of_an_it_block_is_refused() -> None:
    # itt eq; bxeq lr; moveq r0, #1; bx lr
    code = halfwords(0xBF04, BX_LR, 0x2001, BX_LR)
    found = found_in(image_of(code))
    (block,) = found.functions[BASE | 1].blocks.values()
    assert len(block.insns) == 2
    assert block.successors == ()


def test_a_predicated_return_ends_a_block() -> None:
    # it eq; bxeq lr; bx lr
    code = halfwords(0xBF08, BX_LR, BX_LR)
    found = found_in(image_of(code))
    assert found.functions[BASE | 1].blocks[BASE | 1].successors == (BASE + 5,)


def test_literal_pools_are_data_and_hold_pointers_to_functions() -> None:
    # 0: ldr r3, [pc, #4]; 2: bx lr; 4: push; 6: pop {pc}; 8: .word 0x10005
    code = halfwords(0x4B01, BX_LR, PUSH, POP) + words(BASE + 5)
    found = found_in(image_of(code))
    assert found.data == [(BASE + 8, BASE + 12)]
    assert found.functions[BASE + 5].confidence is Confidence.POINTER
    assert found.functions[BASE + 5].evidence == (f"literal of {BASE:#x}",)


def test_addresses_formed_by_movw_and_movt_are_pointers() -> None:
    # 0: movw r0, #0x000d; 4: movt r0, #1; 8: bx lr; 12: push; pop
    code = halfwords(0xF240000D, 0xF2C00001, BX_LR, NOP, PUSH, POP)
    found = found_in(image_of(code))
    assert found.functions[BASE + 13].confidence is Confidence.POINTER


def test_words_of_data_are_pointers_when_they_look_like_code() -> None:
    code = halfwords(BX_LR, NOP, PUSH, POP, 0xDE00, 0xDE00)
    found = found_in(image_of(code, data=words(BASE + 5, BASE + 9)))
    assert found.functions[BASE + 5].evidence == (f"word at {DATA:#x}",)
    assert BASE + 9 not in found.functions
    assert found.refused == {"pointer to what is no code": 1}


def test_numbers_of_a_table_are_not_pointers() -> None:
    code = halfwords(BX_LR, NOP, PUSH, POP, PUSH, POP)
    found = found_in(image_of(code, data=words(BASE + 5, BASE + 6, BASE + 9)))
    kinds = {f.confidence for f in found.functions.values()}
    assert Confidence.POINTER not in kinds


def test_a_pointer_to_a_string_is_no_function() -> None:
    code = halfwords(BX_LR, NOP) + b"hello, you there"
    found = found_in(image_of(code, data=words(BASE + 5)))
    assert list(found.functions) == [BASE | 1]


def test_gaps_are_guessed_last() -> None:
    code = halfwords(BX_LR, NOP, PUSH, 0x2001, POP, NOP)
    found = found_in(image_of(code))
    assert found.functions[BASE + 5].confidence is Confidence.GUESS


def test_observed_keys_split_blocks_and_become_entries() -> None:
    code = halfwords(0x2001, 0x2002, 0x2003, BX_LR)
    found = found_in(image_of(code), observed={BASE + 5})
    function = found.functions[BASE | 1]
    assert function.entries == {BASE + 5}
    assert list(function.blocks) == [BASE | 1, BASE + 5]
    assert function.blocks[BASE | 1].successors == (BASE + 5,)


def test_of_many_places_entered_loops_and_returns_from_calls_are_kept() -> None:
    count = 2 * MOST_ENTRIES
    start = BASE + 2 * count
    # nops; bl to the last; b.w back into the nops; bx lr
    behind = halfwords(bl(start, start + 8), b_wide(start + 4, BASE + 2 * 101), BX_LR)
    code = halfwords(*[NOP] * count) + behind
    seen = {BASE + 2 * i | 1 for i in range(1, count)} | {start + 4 | 1}
    found = found_in(image_of(code), observed=seen)
    function = found.functions[BASE | 1]
    assert len(function.entries) == MOST_ENTRIES
    assert {BASE + 2 * 101 | 1, start + 4 | 1} <= function.entries
    assert function.entries < seen
    reason = "observed address beyond the most entries of a function"
    assert found.refused == {reason: len(seen) - MOST_ENTRIES}


def test_observed_keys_outside_functions_become_functions() -> None:
    code = halfwords(BX_LR, NOP) + words(0xE3A00001, 0xE12FFF1E)
    found = found_in(image_of(code), observed={BASE + 4, 0x5000})
    assert found.functions[BASE + 4].confidence is Confidence.OBSERVED
    assert not found.functions[BASE + 4].blocks[BASE + 4].thumb
    assert found.refused == {"observed address outside text": 1}


def test_interworking_calls_change_the_mode() -> None:
    # A32: blx 8 (T32); bx lr.  T32: bx lr
    code = words(0xFA000000, 0xE12FFF1E) + halfwords(BX_LR, NOP)
    found = found_in(image_of(code, thumb=False))
    assert set(found.functions) == {BASE, BASE + 9}


def test_running_off_the_end_of_text_leaves_by_a_tail_call() -> None:
    found = found_in(image_of(halfwords(0x2001, 0x2002)))
    assert found.functions[BASE | 1].tail_calls == {BASE + 5}


def test_refused_instructions_end_a_block() -> None:
    found = found_in(image_of(halfwords(0x2001, 0xDE00, BX_LR)))
    block = found.functions[BASE | 1].blocks[BASE | 1]
    assert len(block.insns) == 2
    assert block.successors == ()


@given(st.binary(min_size=4, max_size=600), st.booleans(), st.sets(st.integers(0, 700)))
def test_random_bytes_end_and_keep_the_invariants(
    code: bytes, thumb: bool, offsets: set[int]
) -> None:
    code = code[: len(code) & ~3]
    image = image_of(code, thumb=thumb, data=words(*(BASE + o for o in offsets)))
    observed = {BASE + offset for offset in offsets if offset % 5 == 0}
    found = found_in(image, observed=observed)
    again = discover(image, observed=observed)
    assert list(again.functions) == list(found.functions)
    assert again.data == found.data


def test_code_that_takes_half_of_a_literal_frees_the_other_half() -> None:
    # A literal is a word or nothing: the other half would stop what falls into it.
    text = Text(image_of(halfwords(NOP, 0xF1B83FFF, NOP, NOP, BX_LR)))
    assert text.claim_data(BASE + 4, BASE + 8)
    insn = text.decode(BASE + 2 | 1, 0, (BASE, BASE + 12))
    assert insn is not None
    assert insn.size == 4
    text.claim_insn(insn, BASE)
    assert text.data_ranges() == []
    assert not text.claim_data(BASE + 4, BASE + 8), "code is never data again, not even in part"
    assert text.data_ranges() == []
