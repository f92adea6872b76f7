"""Where runs of floating-point instructions begin and end, and what is looked at behind them.

That they compute the right thing is for ``tests/insn`` (``vfp_runs.txt``), where they run.
"""

from __future__ import annotations

from backends.llvm.chains import Chain, chains
from backends.llvm.liveness import Step
from backends.llvm.snippet import Snippet
from frontends.arm32.decode import decode_a32
from frontends.arm32.recorded import recorded
from frontends.arm32.state import STATE

MUL_D1, MLA_D2, MLA_D3 = 0xEE201B00, 0xEE012B00, 0xEE023B00  # d1 = d0 d0; d2 += d1 d0; d3 += d2 d0
ADD_D4 = 0xEE314B02  # vadd.f64 d4, d1, d2
LOAD_D2, STORE_D2 = 0xED982B00, 0xED882B00
MOV_R0_R1_D1, LOAD_R2_R0 = 0xEC510B11, 0xE5902000
TO_S2, FROM_S2 = 0xEEBD1BC1, 0xEEB85BC1  # vcvt.s32.f64 s2, d1; vcvt.f64.s32 d5, s2
COMPARE, ADDS, NOP = 0xEEB41B40, 0xE0922000, 0xE320F000


def found(*words: int) -> list[Chain]:
    steps = [
        Step(recorded(decode_a32(word, 4 * i)), Snippet(), None) for i, word in enumerate(words)
    ]
    return list(chains(steps, 0, len(steps), STATE.offsets()))


def looked_at(chain: Chain) -> list[tuple[int, int]]:
    """Instruction and number of the double register."""
    return [(check.index, check.at // 8) for check in chain.checks]


def test_only_the_last_of_a_polynomial_is_looked_at():
    (chain,) = found(MUL_D1, MLA_D2, MLA_D3)
    assert (chain.first, chain.last, looked_at(chain)) == (0, 3, [(2, 3)])


def test_what_is_written_over_and_was_an_operand_is_not_looked_at():
    (chain,) = found(MUL_D1, MLA_D2, LOAD_D2, MLA_D3)
    # d2 is loaded: nothing that is left tells of d1, and d3 is made of the loaded one.
    assert looked_at(chain) == [(0, 1), (3, 3)]


def test_two_results_without_a_common_successor_are_both_looked_at():
    (chain,) = found(MUL_D1, 0xEE203B06)  # vmul.f64 d3, d0, d6
    assert looked_at(chain) == [(0, 1), (1, 3)]


def test_a_store_ends_a_run():
    assert [(c.first, c.last) for c in found(MUL_D1, MLA_D2, STORE_D2, MLA_D3, ADD_D4)] == [
        (0, 2),
        (3, 5),
    ]


def test_integers_and_flags_do_not_end_a_run():
    (chain,) = found(MUL_D1, ADDS, MLA_D2)
    assert (chain.last, chain.registers) == (3, {2})


def test_a_comparison_ends_a_run():
    assert found(MUL_D1, COMPARE, ADD_D4) == []


def test_a_result_half_written_over_is_looked_at_where_it_was_made():
    (chain,) = found(MUL_D1, TO_S2, FROM_S2, 0xEE056B00)  # vmla.f64 d6, d5, d0
    assert looked_at(chain) == [(0, 1), (3, 6)]


def test_a_part_of_a_result_is_no_operand():
    # vmul.f32 s4, s2, s2: the low half of d1
    assert found(MUL_D1, 0xEE212A01, NOP) == []


def test_a_result_may_go_to_general_registers_but_not_make_an_address():
    (chain,) = found(MUL_D1, MOV_R0_R1_D1, MLA_D2)
    assert looked_at(chain) == [(2, 2)]
    assert found(MUL_D1, MOV_R0_R1_D1, LOAD_R2_R0, ADD_D4) == []


def test_a_run_does_not_wait_long_for_more_arithmetic():
    chained = found(MUL_D1, MLA_D2, *[NOP] * 9, MLA_D3, ADD_D4)
    assert [(c.first, c.last) for c in chained] == [(0, 2), (11, 13)]
