"""Perfect hashes of computed gotos."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from backends.llvm.gotos import MOST_BITS, perfect_hash

KEYS = st.sets(st.integers(0, 2**31 - 1).map(lambda n: 2 * n + 1), min_size=1, max_size=60)


@settings(deadline=None, max_examples=60)
@given(KEYS)
def test_every_key_has_a_slot_of_its_own(keys: set[int]) -> None:
    found = perfect_hash(keys)
    assert found is not None
    assert len(found.slots) == 1 << found.bits <= 1 << MOST_BITS
    for key in keys:
        assert found.slots[(key * found.factor & 0xFFFFFFFF) >> 32 - found.bits] == key
    assert sum(slot is not None for slot in found.slots) == len(keys)


def test_the_handlers_of_a_large_interpreter_fit() -> None:
    """Some two hundred places in 40 KiB, as CPython has them."""
    keys = range(0x61235, 0x6B235, 206)
    found = perfect_hash(keys)
    assert found is not None
    assert {slot for slot in found.slots if slot is not None} == set(keys)


def test_too_many_keys_have_none() -> None:
    assert perfect_hash(range(1, 3 << MOST_BITS, 2)) is None
