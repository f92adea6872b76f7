"""The witness sees what it is there to see: each forbidden act in a few bytes of machine code."""

from __future__ import annotations

import pytest

from tests.codegen.flow import Values, carry_readers, follow

HIDDEN = range(0x200, 0x240)


NARROW = frozenset({"r8", "r9"})


def end_of(code: str) -> Values:
    flow = follow(bytes.fromhex(code), {}, HIDDEN, NARROW)
    assert [way for way, _ in flow.ends] == ["NEXT"]
    return flow.ends[0][1]


@pytest.mark.parametrize(
    ("code", "moved"),
    [
        ("4489c8", {"rax"}),  # mov eax, r9d
        ("4d89c0", set()),  # mov r8, r8
        ("4589c0", set()),  # mov r8d, r8d
        ("4589e4", {"r12"}),  # mov r12d, r12d: half the state pointer is gone
        ("4589ed", {"r13"}),  # mov r13d, r13d: not known to be narrow
        ("555d", set()),  # push rbp; pop rbp
        ("5553", {"rsp"}),  # push rbp; push rbx
        ("55535d5b", {"rbp", "rbx"}),  # push rbp; push rbx; pop rbp; pop rbx
        ("55bd010000005d", set()),  # push rbp; mov ebp, 1; pop rbp
        ("4987d9", {"rbx", "r9"}),  # xchg r9, rbx
        ("66490f6ec166490f7ec1", set()),  # movq xmm0, r9; movq r9, xmm0
        ("66490f6ec166490f7ec3", {"r11"}),  # movq xmm0, r9; movq r11, xmm0
        ("4c894c24f841b9010000004c8b4c24f8", set()),  # spilled below the stack pointer
        ("4883ec084883c408", set()),  # sub rsp, 8; add rsp, 8
        ("40b601", {"rsi"}),  # mov sil, 1
        ("b401", {"rax"}),  # mov ah, 1
        ("7403ffc090", {"rax"}),  # je over; inc eax; nop: on one way only
    ],
)
def test_moved(code: str, moved: set[str]) -> None:
    assert end_of(code).moved() == moved


@pytest.mark.parametrize(
    ("code", "wide"),
    [
        ("", False),
        ("4501c8", False),  # add r8d, r9d
        ("4d01c8", True),  # add r8, r9
        ("4d01c84589c0", False),  # add r8, r9; mov r8d, r8d
        ("4d21c8", False),  # and r8, r9
        ("4d0fafc149c1e820", False),  # imul r8, r9; shr r8, 32
        ("4d0fafc149c1e81f", True),  # imul r8, r9; shr r8, 31
        ("4c89e84989c0", True),  # mov rax, r13; mov r8, rax
        ("4d0f44c1", False),  # cmove r8, r9
        ("4d0f44c5", True),  # cmove r8, r13
        ("41b001", False),  # mov r8b, 1: the rest stays
        ("658b004189c0", False),  # mov eax, gs:[rax]; mov r8d, eax
        ("654c8b00", True),  # mov r8, gs:[rax]
    ],
)
def test_zero_extended(code: str, wide: bool) -> None:
    assert ("r8" in end_of(code).wide()) is wide


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("4489442410", False),  # mov [rsp+0x10], r8d
        ("4589442440", True),  # mov [r12+0x40], r8d
        ("4589842400020000", False),  # mov [r12+0x200], r8d: hidden
        ("498d442440448900", True),  # lea rax, [r12+0x40]; mov [rax], r8d
        ("458b442440", False),  # mov r8d, [r12+0x40]
        ("7405458944244090", True),  # on one way only
    ],
)
def test_state_written(code: str, written: bool) -> None:
    assert end_of(code).state_written is written


def test_access_sees_what_came_before() -> None:
    flow = follow(bytes.fromhex("4183c104654589014183c104"), {}, HIDDEN)  # add; mov gs:[r9]; add
    [(text, before)] = flow.accesses
    assert "gs:" in text
    assert before.moved() == {"r9"}
    flow = follow(bytes.fromhex("654589014183c104"), {}, HIDDEN)
    [(_, before)] = flow.accesses
    assert before.moved() == set()


def test_ways_out_are_ends() -> None:
    flow = follow(bytes.fromhex("0f8400000000ffc0"), {6: "SKIP"}, HIDDEN)  # je SKIP; inc eax
    ends = {way: values.moved() for way, values in flow.ends}
    assert ends == {"SKIP": set(), "NEXT": {"rax"}}


@pytest.mark.parametrize("code", ["e800000000", "c3", "ffe0", "0f05", "bc00000000"])
def test_forbidden(code: str) -> None:
    """call, ret, jmp rax, syscall, mov esp, 0."""
    with pytest.raises(AssertionError):
        follow(bytes.fromhex(code), {}, HIDDEN)


def test_code_that_is_never_reached_is_reported() -> None:
    with pytest.raises(AssertionError, match="never reached"):
        follow(bytes.fromhex("eb02ffc090"), {}, HIDDEN)  # jmp over; inc eax; nop


def test_carry_readers() -> None:
    sub_setae = bytes.fromhex("81e8000000000f93c0")  # sub eax, 0; setae al
    assert carry_readers(sub_setae, 2) == ["setae al"]
    sub_sete = bytes.fromhex("81e8000000000f94c0")
    assert carry_readers(sub_sete, 2) == []
    set_anew = bytes.fromhex("81e80000000085c00f93c0")  # sub; test eax, eax; setae
    assert carry_readers(set_anew, 2) == []
