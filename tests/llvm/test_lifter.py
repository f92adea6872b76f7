"""What the lifter writes for small functions: flags, slots, polls, entries, literals.

The texts are looked at for what must be there and what must not; that they compute the right thing
is for ``tests/insn``, where they run. Functions are A32 words at the start of a page.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace

import pytest

from backends.llvm.unit import FunctionText
from frontends.arm32.state import STATE
from xlate.discovery import discover
from xlate.lift import Lifting
from xlate.loader import Prot, parse
from xlate.verify.case import PAGE, code_bytes
from xlate.verify.elf_file import CodePage, elf_file

BASE = 0x00400000
OFFSET = STATE.offsets()
UDF, BX_LR, RETURN = 0xE7F1DEF0, 0xE12FFF1E, 0xE8BD8010
PUSH_LR = 0xE92D4010
CMP, CMN_R2 = 0xE1500001, 0xE3720001  # cmp r0, r1; cmn r2, #1
ADDS = 0xE2900001  # adds r0, r0, #1
MOVEQ, MOVLT = 0x03A00001, 0xB3A00001
POP_LR, VCMP, VMRS = 0xE8BD4010, 0xEEB40B41, 0xEEF1FA10  # pop {r4, lr}; vcmp.f64 d0, d1
FLAGS = ("nf", "zf", "cf", "vf")


def call(at: int, to: int) -> int:
    """BL between instruction numbers."""
    return 0xEB000000 | to - at - 2 & 0xFFFFFF


def jump(at: int, to: int, cond: int = 14) -> int:
    """B between instruction numbers."""
    return cond << 28 | 0xA000000 | to - at - 2 & 0xFFFFFF


@dataclass
class Lifted:
    """Texts by name, and what the lifting knows beside them."""

    lifting: Lifting
    texts: dict[str, FunctionText]

    def at(self, number: int) -> str:
        """The text of the function at an instruction number."""
        return self.texts[f"f_{BASE + 4 * number:08x}"].text

    def result(self, number: int):
        """What is known of its flags."""
        return self.lifting.module.results[BASE + 4 * number]


def lift(
    words: list[int],
    *,
    isa: str = "A32",
    position_independent: bool = False,
    observed: tuple[int, ...] = (),
    writable: bool = False,
    tolerant: bool = False,
) -> Lifted:
    code = code_bytes(isa, words)
    data = (code + struct.pack("<I", UDF) * (PAGE // 4))[:PAGE]
    page = CodePage(BASE, data, BASE | int(isa != "A32"))
    image = parse(elf_file([page], position_independent=position_independent))
    if writable:
        segment = image.segments[0]
        image = replace(image, segments=(replace(segment, prot=segment.prot | Prot.WRITE),))
    lifting = Lifting(image, discover(image, observed=observed), tolerant=tolerant)
    return Lifted(lifting, {text.name: text for text in lifting.texts()})


def stored(text: str) -> set[str]:
    """Names of state members that are written."""
    names = {f"{OFFSET[n]}": n for n in FLAGS} | {
        str(OFFSET["r"] + 4 * i): f"r{i}" for i in (9, 10, 11, 12, 14, 15)
    }
    places = dict(re.findall(r"(%\w+) = getelementptr i8, ptr %st, i64 (\d+)\n", text))
    written = re.findall(r"store \S+ \S+, ptr (%\w+)\b", text)
    return {names[places[p]] for p in written if places.get(p) in names}


def loaded(text: str) -> set[str]:
    """Flags that are read from the state."""
    names = {f"{OFFSET[n]}": n for n in FLAGS}
    places = dict(re.findall(r"(%\w+) = getelementptr i8, ptr %st, i64 (\d+)\n", text))
    read = re.findall(r"load i8, ptr (%\w+)\b", text)
    return {names[places[p]] for p in read if places.get(p) in names}


def writes_fpscr(text: str) -> bool:
    """Whether FPSCR is written to the state."""
    place = re.findall(rf"(%\w+) = getelementptr i8, ptr %st, i64 {OFFSET['fpscr']}\n", text)
    return any(re.search(rf"store i32 \S+, ptr {name}\b", text) for name in place)


# --- flags across calls ---------------------------------------------------------------------------


def test_flags_that_nobody_reads_are_not_stored_at_a_return():
    found = lift([ADDS, BX_LR])
    assert not found.result(0).keeps_flags
    assert stored(found.at(0)).isdisjoint(FLAGS)


def test_a_comparison_that_nothing_reads_is_a_message_to_the_caller():
    found = lift([CMP, BX_LR])  # as __aeabi_cdcmple ends
    assert found.result(0).keeps_flags
    assert stored(found.at(0)) >= set(FLAGS)


def test_a_comparison_that_the_function_reads_itself_is_none():
    found = lift([CMP, MOVEQ, BX_LR])
    assert not found.result(0).keeps_flags
    assert stored(found.at(0)).isdisjoint(FLAGS)


def test_a_caller_that_reads_flags_makes_its_callee_keep_them():
    found = lift([PUSH_LR, call(1, 5), MOVEQ, RETURN, UDF, ADDS, BX_LR])
    assert found.result(0).wants_flags_of == {BASE + 20}
    assert found.result(5).keeps_flags
    assert "zf" in stored(found.at(5))
    assert "zf" in loaded(found.at(0))


def test_a_callee_that_reads_flags_gets_them():
    found = lift([PUSH_LR, CMP, call(2, 5), RETURN, UDF, MOVEQ, BX_LR])
    assert found.result(5).reads_flags
    assert "zf" in stored(found.at(0))
    assert "zf" in loaded(found.at(5))


def test_fpscr_flags_go_along_with_a_jump_to_another_function():
    """Pieces of one function that discovery took apart: libm's sinh lost its sign so."""
    reads = [VMRS, MOVEQ, BX_LR]
    found = lift([PUSH_LR, call(1, 9), POP_LR, VCMP, CMP, jump(5, 9, 1), *reads, *reads])
    assert not found.result(9).reads_flags
    assert found.result(9).reads_if_jumped_to
    assert not found.result(0).keeps_flags
    assert writes_fpscr(found.at(0))
    called = lift([PUSH_LR, VCMP, VMRS, MOVEQ, call(4, 7), RETURN, UDF, *reads])
    assert called.result(7).reads_if_jumped_to
    assert not writes_fpscr(called.at(0))  # the procedure call standard keeps none


def test_flags_of_a_caller_pass_through_a_callee_that_does_not_touch_them():
    found = lift([PUSH_LR, CMP, call(2, 6), MOVEQ, RETURN, UDF, 0xE3A02001, BX_LR])
    assert "zf" in stored(found.at(0))
    assert stored(found.at(6)).isdisjoint(FLAGS)


def test_a_tail_call_returns_the_flags_of_its_callee():
    # bl 9; bl 7; moveq r1, #1; 7: mov r2, #1; b 9; 9: adds r0, r0, #1; bx lr
    words = [PUSH_LR, call(1, 9), call(2, 7), MOVEQ, 0xE1A03001, RETURN, UDF]
    found = lift([*words, 0xE3A02001, jump(8, 9), ADDS, BX_LR])
    assert found.result(7).keeps_flags
    assert found.result(9).keeps_flags
    assert "zf" in stored(found.at(9))


def test_signed_conditions_need_both_flags_from_a_callee():
    found = lift([PUSH_LR, call(1, 5), MOVLT, RETURN, UDF, ADDS, BX_LR])
    assert {"nf", "vf"} <= stored(found.at(5))
    assert {"nf", "vf"} <= loaded(found.at(0))


def test_all_flags_are_stored_before_code_that_is_not_known():
    found = lift([ADDS, jump(1, 0x10000)])
    assert stored(found.at(0)) >= set(FLAGS)


def test_a_system_call_keeps_flags_for_what_follows():
    found = lift([CMP, 0xEF000000, MOVEQ, BX_LR])
    assert "zf" in stored(found.at(0))
    assert "r15" in stored(found.at(0))


# --- slots ----------------------------------------------------------------------------------------


def test_a_register_outside_the_abi_is_stored_where_it_was_written():
    assert "r9" in stored(lift([0xE3A09005, BX_LR]).at(0))
    untouched = stored(lift([0xE0800009, BX_LR]).at(0))  # add r0, r0, r9
    assert "r9" not in untouched


def test_a_register_is_stored_when_one_way_wrote_it():
    # cmp r0, r1; beq 3; mov r9, #5; add r0, r0, #1; bx lr
    text = lift([CMP, jump(1, 3, 0), 0xE3A09005, 0xE2800001, BX_LR]).at(0)
    assert "r9" in stored(text)


def test_a_call_stores_what_is_newer_and_loads_what_is_read():
    # push; mov r9, #5; bl 6; add r0, r0, r9; pop
    text = lift([PUSH_LR, 0xE3A09005, call(2, 6), 0xE0800009, RETURN, UDF, BX_LR]).at(0)
    before, after = text.split("@f_00400018(", 1)
    assert "r9" in stored(before)
    assert f"i64 {OFFSET['r'] + 36}\n" in after


# --- polls ----------------------------------------------------------------------------------------


def polls(text: str) -> int:
    return len(re.findall(rf"i64 {OFFSET['pending']}\n", text))


def test_a_loop_over_a_list_polls_at_its_back_edge():
    # ldr r0, [r0]; cmp r0, #0; bne 0; bx lr
    assert polls(lift([0xE5900000, 0xE3500000, jump(2, 0, 1), BX_LR]).at(0)) == 1


def test_a_jump_forward_does_not_poll():
    assert polls(lift([CMP, jump(1, 3, 0), 0xE3A09005, 0xE2800001, BX_LR]).at(0)) == 0


def test_a_loop_that_begins_with_a_call_leaves_polling_to_a_callee_that_polls():
    # push {r4, lr}; 1: bl; cmp r0, r1; bne 1; pop {r4, pc}
    itself = [PUSH_LR, call(1, 0), CMP, jump(3, 1, 1), RETURN]
    leaf = [PUSH_LR, call(1, 6), CMP, jump(3, 1, 1), RETURN, UDF, ADDS, BX_LR]
    assert polls(lift(itself).at(0)) == 0
    assert polls(lift(leaf).at(0)) == 1


def entry_polls(text: str) -> bool:
    return f"i64 {OFFSET['stack_limit']}\n" in text


def test_a_function_that_calls_itself_polls_at_its_entry():
    assert entry_polls(lift([PUSH_LR, CMP, 0x1BFFFFFC, RETURN]).at(0))  # blne 0
    assert not entry_polls(lift([ADDS, BX_LR]).at(0))


def test_a_function_that_calls_what_is_not_known_polls_at_its_entry():
    assert entry_polls(lift([PUSH_LR, 0xE12FFF33, RETURN]).at(0))  # blx r3


# --- addresses ------------------------------------------------------------------------------------


def test_keys_of_a_position_independent_module_are_relative_to_its_bias():
    words = [PUSH_LR, call(1, 4), RETURN, UDF, ADDS, BX_LR]
    fixed, relative = lift(words).at(0), lift(words, position_independent=True).at(0)
    assert "@xlate_bias" not in fixed
    assert f"i32 {BASE + 8}" in fixed or f", {BASE + 8}" in fixed
    assert "%base = load i32, ptr @xlate_bias, !range" in relative
    assert f"add i32 %base, {BASE + 8}" in relative


def test_lr_of_a_position_independent_module_is_relative_too():
    text = lift([PUSH_LR, call(1, 4), RETURN, UDF, ADDS, BX_LR], position_independent=True).at(0)
    assert re.search(rf"add i32 %base, {BASE + 8}\n", text)
    assert not re.search(rf"store i32 {BASE + 8}, ptr %r14", text)


def test_what_runs_entered_in_the_middle_has_an_entry_that_switches():
    words = [0xE3A09005, CMP, jump(2, 4, 0), ADDS, 0xE3A02001, BX_LR]
    found = lift(words, observed=(BASE + 12, BASE + 16))
    secondary = found.texts["s_00400000"]
    assert secondary.entries == (BASE + 12, BASE + 16)
    assert re.search(
        r"switch i32 %\w+, label %\w+ \[ i32 4194316, .* i32 4194320, ", secondary.text
    )
    assert f"i64 {OFFSET['target']}\n" in secondary.text
    assert found.texts["f_00400000"].entries == (BASE,)


@pytest.mark.parametrize("writable", [False, True])
def test_literals_are_folded_where_they_cannot_change(writable):
    # ldr r0, [pc, #0]; bx lr; .word 0x12345678
    text = lift([0xE59F0000, BX_LR, 0x12345678], writable=writable).at(0)
    assert ("addrspace(256)" in text) == writable
    assert ("305419896" in text) != writable


# --- what is left to the baseline tier ------------------------------------------------------------


def test_what_is_refused_is_left_with_its_reason():
    found = lift([ADDS, 0xEE100F10, BX_LR])  # mrc p15 of a register that does not exist
    assert sum(found.lifting.left.values()) == 1
    assert f"i32 {BASE + 4}" in found.at(0) or f"{BASE + 4}," in found.at(0)


def test_a_function_that_begins_with_what_is_refused_has_no_entry():
    found = lift([UDF, BX_LR])
    assert found.texts["f_00400000"].entries == ()


def test_leaving_in_the_middle_of_an_it_block_is_cut_before_it():
    # adds r0, r0, #1; itt eq; bxeq lr; addeq r1, r1, #1: unpredictable, left at the IT
    found = lift([0x1C40, 0xBF04, 0x4770, 0x3101, 0x4770], isa="T16")
    text = found.texts["f_00400001"].text
    assert sum(found.lifting.left.values()) >= 1
    assert f"i32 {BASE + 3}" in text or f"{BASE + 3}," in text


def test_an_it_block_is_lowered_whole():
    # adds r0, r0, #1; ite eq; addeq r1, r1, #1; addne r2, r2, #1; bx lr
    found = lift([0x1C40, 0xBF0C, 0x3101, 0x3201, 0x4770], isa="T16")
    assert found.lifting.left == {}
    assert found.texts["f_00400001"].text.count("br i1") == 2


# --- floating-point flags -------------------------------------------------------------------------
VCMP, VMRS_APSR, VMRS_R0 = 0xEEB40B41, 0xEEF1FA10, 0xEEF10A10


def test_a_floating_point_comparison_is_not_stored_where_the_function_reads_it():
    text = lift([VCMP, VMRS_APSR, 0x5A000000, ADDS, BX_LR]).at(0)  # bpl
    assert f"i64 {OFFSET['fpscr']}\n" not in text


def test_a_floating_point_comparison_that_nothing_reads_is_stored():
    assert f"i64 {OFFSET['fpscr']}\n" in lift([VCMP, BX_LR]).at(0)


def test_reading_fpscr_reads_both_its_parts():
    text = lift([VMRS_R0, BX_LR]).at(0)
    assert "load i32, ptr %fpscr" in text
    assert "load i32, ptr %fpf" in text


def test_half_of_a_double_register_is_an_element_of_it():
    text = lift([0xEE300A20, BX_LR]).at(0)  # vadd.f32 s0, s0, s1
    assert "extractelement <2 x float>" in text
    assert "i64 44\n" not in text


# --- what faults need -----------------------------------------------------------------------------

LDR, LDR_LR = 0xE5900000, 0xE590E004  # ldr r0, [r0]; ldr lr, [r0, #4]
SUB_SP, SUB_SP_R1, SUBEQ_SP = 0xE24DD00C, 0xE04DD001, 0x024DD008


def places(text: str) -> list[tuple[int, int]]:
    """Guest offsets of the accesses, in order, and distances of sp from the state's."""
    found = re.findall(r"!pcsections !L(-?\d+)s(-?\d+)", text)
    return [(int(at), int(distance)) for at, distance in found]


def kept(text: str) -> list[int]:
    """Registers that are stored where a fault may follow, in order."""
    offsets = re.findall(r"i64 (\d+)\n  store volatile i32", text)
    return [(int(at) - OFFSET["r"]) // 4 for at in offsets]


def test_accesses_say_how_far_sp_is_from_the_state_s():
    text = lift([LDR, PUSH_LR, SUB_SP, LDR, 0xE28DD00C, RETURN]).at(0)
    assert places(text) == [(0, 0), (4, 0), (4, 0), (12, -20), (20, -8), (20, -8)]
    assert kept(text) == []


def test_sp_stands_in_the_state_at_calls_and_returns():
    text = lift([PUSH_LR, call(1, 4), RETURN, UDF, ADDS, BX_LR]).at(0)
    assert places(text) == [(0, 0), (0, 0), (8, 0), (8, 0)]
    assert kept(text) == [13, 13]


def test_sp_that_only_a_run_knows_is_stored():
    text = lift([SUB_SP, SUB_SP_R1, LDR, BX_LR]).at(0)
    assert places(text) == [(8, 0)]
    assert kept(text) == [13]


def test_sp_is_stored_around_a_condition():
    text = lift([SUB_SP, CMP, SUBEQ_SP, LDR, BX_LR]).at(0)
    assert places(text) == [(12, 0)]
    assert kept(text) == [13, 13]


def test_sp_is_stored_where_ways_meet():
    words = [CMP, jump(1, 4, 0), SUB_SP, LDR, LDR, jump(5, 0, 1), BX_LR]
    text = lift(words).at(0)
    assert dict(places(text)) == {12: -12, 16: 0}
    assert kept(text) == [13]


def test_sp_may_move_in_a_run_that_begins_below_the_state_s():
    multiply, again = 0xEE201B00, 0xEE310B00  # vmul.f64 d1, d0, d0; vadd.f64 d0, d1, d0
    text = lift([PUSH_LR, multiply, SUB_SP, again, CMP, jump(5, 7, 0), LDR, LDR, BX_LR]).at(0)
    assert dict(places(text)) == {0: 0, 24: -20, 28: -20}
    assert kept(text) == [13]


def test_lr_is_stored_where_an_access_may_follow():
    assert kept(lift([LDR_LR, LDR, 0xE12FFF1E]).at(0)) == [14]
    assert kept(lift([LDR_LR, LDR_LR, 0xE12FFF1E]).at(0)) == [14]
    assert kept(lift([PUSH_LR, call(1, 4), RETURN, UDF, ADDS, BX_LR]).at(0)).count(14) == 0
