"""Jump tables of every form that compilers make, in code made of words."""

from __future__ import annotations

import pytest

from tests.discovery.images import BASE, check, halfwords, image_of, words
from xlate.discovery import Function, JumpTable, discover

BX_LR, NOP = 0x4770, 0xBF00
CMP_R3_2 = 0x2B02
A32_BX_LR = 0xE12FFF1E


def bhi(distance: int) -> int:
    """T16 ``bhi`` over ``distance`` bytes, counted from its own address."""
    return 0xD800 | (distance - 4) >> 1


def table_of(code: bytes, *, thumb: bool = True) -> tuple[Function, JumpTable]:
    image = image_of(code, thumb=thumb)
    found = discover(image)
    check(image, found)
    function = found.functions[BASE | int(thumb)]
    (table,) = function.tables.values()
    assert set(table.targets) <= set(function.blocks)
    return function, table


def test_tbb() -> None:
    # 0: cmp r3, #2; 2: bhi 12; 4: tbb [pc, r3]; 8: .byte 2, 3, 4, 0; 12, 14, 16: bx lr
    code = halfwords(CMP_R3_2, bhi(10), 0xE8DFF003) + bytes([2, 3, 4, 0])
    function, table = table_of(code + halfwords(BX_LR, BX_LR, BX_LR))
    assert table == JumpTable(3, 0, (BASE + 13, BASE + 15, BASE + 17), (BASE + 8, BASE + 11))
    assert function.blocks[BASE + 5].successors == table.targets


def test_tbh() -> None:
    # 0: cmp; 2: bhi 16; 4: tbh [pc, r3, lsl #1]; 8: .short 4, 5, 6, 0; 16, 18, 20: bx lr
    code = halfwords(CMP_R3_2, bhi(14), 0xE8DFF013, 4, 5, 6, 0, BX_LR, BX_LR, BX_LR)
    _, table = table_of(code)
    assert table == JumpTable(3, 0, (BASE + 17, BASE + 19, BASE + 21), (BASE + 8, BASE + 14))


def test_the_bound_may_be_two_blocks_away() -> None:
    # 0: cmp r3, #2; 2: bhi 12; 4: cbz r0, 16; 6: nop; 8: tbb; 12: bytes; 16: bx lr; 18; 20
    code = halfwords(CMP_R3_2, bhi(14), 0xB120, NOP, 0xE8DFF003) + bytes([2, 3, 4, 0])
    _, table = table_of(code + halfwords(BX_LR, BX_LR, BX_LR))
    assert table.targets == (BASE + 17, BASE + 19, BASE + 21)


def test_ldr_pc_of_a_table_of_addresses() -> None:
    # 0: cmp; 2: bhi 24; 4: adr r2, 12; 6: nop; 8: ldr.w pc, [r2, r3, lsl #2]; 12: words; 24: bx lr
    code = halfwords(CMP_R3_2, bhi(22), 0xA201, NOP, 0xF852F023)
    code += words(BASE + 25, BASE + 27, BASE + 29) + halfwords(BX_LR, BX_LR, BX_LR)
    _, table = table_of(code)
    assert table == JumpTable(3, 0, (BASE + 25, BASE + 27, BASE + 29), (BASE + 12, BASE + 24))


def test_offsets_added_to_the_table_select_by_value_once_the_index_is_gone() -> None:
    # 0: cmp; 2: bhi; 4: adr r2, 16; 6: ldr.w r3, [r2, r3, lsl #2]; 10: add r2, r3; 12: bx r2
    code = halfwords(CMP_R3_2, bhi(26), 0xA202, 0xF8523023, 0x441A, 0x4710, NOP)
    code += words(13, 15, 17) + halfwords(BX_LR, BX_LR, BX_LR)
    _, table = table_of(code)
    assert table == JumpTable(None, 0, (BASE + 29, BASE + 31, BASE + 33), (BASE + 16, BASE + 28))


def test_a_mask_bounds_too() -> None:
    # 0: and r3, r0, #1; 4: tbb [pc, r3]; 8: .byte 1, 2; 10, 12: bx lr
    code = halfwords(0xF0000301, 0xE8DFF003) + bytes([1, 2]) + halfwords(BX_LR, BX_LR)
    _, table = table_of(code)
    assert table.targets == (BASE + 11, BASE + 13)


def test_a32_ldrls() -> None:
    # 0: cmp r3, #1; 4: ldrls pc, [pc, r3, lsl #2]; 8: b 20; 12: words; 20, 24: bx lr
    code = words(0xE3530001, 0x979FF103, 0xEA000001, BASE + 20, BASE + 24, A32_BX_LR, A32_BX_LR)
    function, table = table_of(code, thumb=False)
    assert table == JumpTable(3, 0, (BASE + 20, BASE + 24), (BASE + 12, BASE + 20))
    assert function.blocks[BASE].successors == (BASE + 8, BASE + 20, BASE + 24)


def test_a32_addls() -> None:
    # 0: cmp r3, #1; 4: addls pc, pc, r3, lsl #2; 8: b 20; 12: b 20; 16: b 24; 20, 24: bx lr
    code = words(0xE3530001, 0x908FF103, 0xEA000001, 0xEA000000, 0xEA000000, A32_BX_LR, A32_BX_LR)
    _, table = table_of(code, thumb=False)
    assert table == JumpTable(3, 0, (BASE + 12, BASE + 16), None)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(halfwords(0xE8DFF003, 0x0302, BX_LR, BX_LR), id="no bound"),
        pytest.param(
            halfwords(CMP_R3_2, bhi(10), 0xE8DFF004, 0x0302, 4, BX_LR, BX_LR, BX_LR),
            id="another register is compared",
        ),
        pytest.param(
            halfwords(CMP_R3_2, bhi(10), 0xE8DFF003, 0x7F02, 4, BX_LR, BX_LR, BX_LR),
            id="a target outside text",
        ),
        pytest.param(
            halfwords(CMP_R3_2, 0xDC03, 0xE8DFF003, 0x0302, 4, BX_LR, BX_LR, BX_LR),
            id="a signed comparison",
        ),
    ],
)
def test_what_is_not_bounded_is_no_table(code: bytes) -> None:
    image = image_of(code)
    found = discover(image)
    check(image, found)
    assert not any(function.tables for function in found.functions.values())


def test_a_table_that_can_be_written_is_not_believed() -> None:
    # ldr r2, =table in the data segment; ldr.w pc, [r2, r3, lsl #2]
    code = halfwords(CMP_R3_2, bhi(10), 0x4A01, NOP, 0xF852F023) + words(0x40000)
    image = image_of(code + halfwords(BX_LR, BX_LR), data=words(BASE + 17, BASE + 19, BASE + 17))
    found = discover(image)
    check(image, found)
    assert not found.functions[BASE | 1].tables
