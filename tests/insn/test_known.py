"""The lists of the witnesses' known errors: each entry must still be true, or it is removed.

An example runs in states that the generator draws; at least one of them must differ between
interpreter and witness in the way that the entry describes.
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
