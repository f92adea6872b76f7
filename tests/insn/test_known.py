"""The lists of the witnesses' known errors: each entry must still be true, or it is removed.

An example runs in states that the generator draws; at least one of them must differ between
interpreter and witness in the way that the entry describes.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests import needs
from xlate.verify.case import (
    CONST_PAGE,
    DATA_PAGES,
    PAGE,
    READ,
    WRITE,
    Claims,
    State,
    code_bytes,
    differences,
    make_case,
)
from xlate.verify.generate import Drawn, Generator, decode_all
from xlate.verify.interp_engine import run_case
from xlate.verify.known import excuse, known_errors

STATES = 60


@pytest.fixture(scope="module")
def unicorn():
    needs.needs_module("unicorn")
    from xlate.verify.unicorn_engine import UnicornEngine

    return UnicornEngine()


@pytest.fixture(scope="module")
def qemu():
    needs.needs("qemu-arm", "apt install qemu-user")
    needs.needs("arm-linux-gnueabihf-gcc", "apt install gcc-arm-linux-gnueabihf")
    from xlate.verify.qemu_engine import QemuEngine

    return QemuEngine()


@pytest.mark.parametrize("entry", known_errors("unicorn"), ids=lambda e: f"{e.isa}-{e.example:x}")
def test_unicorn_still_differs(entry, unicorn):
    assert differs(entry, unicorn), f"remove the entry ({entry.reason})"


@pytest.mark.parametrize("entry", known_errors("qemu"), ids=lambda e: f"{e.isa}-{e.example:x}")
def test_qemu_still_differs(entry, qemu):
    assert differs(entry, qemu), f"remove the entry ({entry.reason})"


def test_an_exclusive_store_that_fails_may_fault(unicorn, qemu):
    """LDREXB and STREX of a page that is only read: here it fails, there it faults."""
    state = State()
    state.r[5] = CONST_PAGE
    why = "exclusive store that fails where a store would fault"
    for witness in (unicorn, qemu):
        assert reason(witness, state, 0xE1D54F9F, 0xE1850F94, 0xE1A00000).startswith(why)


def test_a_store_that_faults_may_come_back_to_its_place():
    """VST4 with writeback in a loop: unicorn, once, had gone on to the next round's."""
    state = State()
    state.r[3], state.r[5] = 0x879256D8, 0x80F013D0
    case, drawn = a32_case(state, 0xE3A0B003, 0xF48307F5, 0xE25BB001, 0x1AFFFFFC)
    theirs = replace(drawn.expected, state=drawn.expected.state.copy())
    theirs.state.r[3], theirs.state.r[11] = 0x801AA8, 2
    found = differences(case, drawn.expected, theirs, Claims())
    assert excuse(drawn, theirs, found).startswith("store that faults: the witness at times")
    alone = replace(drawn, insns=drawn.insns[1:2])
    assert "goes on" not in excuse(alone, theirs, found)


def reason(witness, state, *words) -> str:
    """Why a witness does something else in a sequence of A32."""
    case, drawn = a32_case(state, *words)
    (got,) = witness.run([case])
    found = differences(case, drawn.expected, got, witness.claims)
    assert found
    return excuse(drawn, got, found, witness.name)


def a32_case(state, *words):
    pages = {page: (READ | WRITE, bytes(PAGE)) for page in DATA_PAGES}
    case = make_case("A32", list(words), state, {**pages, CONST_PAGE: (READ, bytes(PAGE))})
    insns = tuple(decode_all("A32", list(words), case.state.r[15]))
    return case, Drawn(case, run_case(case), "A32", insns)


def differs(entry, witness) -> bool:
    generator = Generator(1)
    assert len(code_bytes(entry.isa, [entry.example])) in (2, 4)
    cases = [case_of(entry, generator) for _ in range(STATES)]
    for case, theirs in zip(cases, witness.run(cases), strict=True):
        found = differences(case, run_case(case), theirs, witness.claims)
        if found and entry.excuses(entry.isa, entry.example, theirs, found):
            return True
    return False


def case_of(entry, generator):
    state = generator.state(itstate=0)
    state.nzcv = random.Random(entry.example).getrandbits(4)
    for name, value in entry.registers.items():
        state.r[int(name[1:])] = value
    return make_case(entry.isa, [entry.example], state, generator.pages())
