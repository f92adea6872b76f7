"""The list of unicorn's known errors: each entry must still be true, or it is removed.

An example runs in states that the generator draws; at least one of them must differ between
interpreter and unicorn in the way that the entry describes.
"""

from __future__ import annotations

import random

import pytest

from tests import needs
from xlate.verify.case import code_bytes, differences, make_case
from xlate.verify.generate import Generator
from xlate.verify.interp_engine import run_case
from xlate.verify.known import known_errors

STATES = 60


@pytest.fixture(scope="module")
def unicorn():
    needs.needs_module("unicorn")
    from xlate.verify.unicorn_engine import UnicornEngine

    return UnicornEngine()


@pytest.mark.parametrize("entry", known_errors(), ids=lambda e: f"{e.isa}-{e.example:x}")
def test_still_differs(entry, unicorn):
    generator = Generator(1)
    assert len(code_bytes(entry.isa, [entry.example])) in (2, 4)
    for _ in range(STATES):
        state = generator.state(itstate=0)
        state.nzcv = random.Random(entry.example).getrandbits(4)
        for name, value in entry.registers.items():
            state.r[int(name[1:])] = value
        case = make_case(entry.isa, [entry.example], state, generator.pages())
        ours, theirs = run_case(case), unicorn.run([case])[0]
        found = differences(case, ours, theirs, unicorn.claims)
        if found and entry.excuses(entry.isa, entry.example, theirs, found):
            return
    pytest.fail(f"unicorn no longer differs: remove the entry ({entry.reason})")
