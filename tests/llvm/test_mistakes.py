"""A mistake of ours in one function costs that function only: it is left out, and named."""

from __future__ import annotations

import pytest

from backends.llvm import pool
from backends.llvm.function import Lifter
from backends.llvm.objects import ObjectCode, Refused
from backends.llvm.pool import compile_functions
from backends.llvm.slots import ALL_FLAGS
from tests.llvm.sample import PRELUDE, random_function
from tests.llvm.test_lifter import BASE, BX_LR, CMP, PUSH_LR, RETURN, UDF, call, lift
from xlate import lift as lifting
from xlate.errors import MISTAKE, Inconsistent, as_mistake

# bl 5; pop {r4, pc}; 5: cmp r0, r1; bx lr
WORDS = [PUSH_LR, call(1, 5), RETURN, UDF, UDF, CMP, BX_LR]
CALLER, CALLEE = BASE, BASE + 20


def _failing(monkeypatch: pytest.MonkeyPatch, where: object, name: str, error: Exception) -> None:
    """Make a function of one argument's key fail for the callee."""
    real = getattr(where, name)

    def failing(subject, *rest):
        source = subject if hasattr(subject, "key") else subject.source
        if source.key == CALLEE:
            raise error
        return real(subject, *rest)

    monkeypatch.setattr(where, name, failing)


@pytest.mark.parametrize(("where", "name"), [(Lifter, "text"), (lifting, "summarise")])
def test_the_others_are_lifted_and_call_it_by_its_name(monkeypatch, where, name):
    _failing(monkeypatch, where, name, Inconsistent("sp is -8 and -56 at 0x1234"))
    found = lift(WORDS, tolerant=True)
    assert found.lifting.broken == {CALLEE: f"{MISTAKE}sp is -8 and -56 at 0x1234"}
    assert list(found.texts) == [f"f_{CALLER:08x}"]
    assert found.texts[f"f_{CALLER:08x}"].refs == {f"f_{CALLEE:08x}"}


def test_what_could_not_be_looked_at_gets_all_flags(monkeypatch):
    _failing(monkeypatch, lifting, "summarise", KeyError(7))
    result = lift(WORDS, tolerant=True).lifting.module.results[CALLEE]
    assert result.reads_if_jumped_to == ALL_FLAGS
    assert result.reads_flags


def test_who_does_not_ask_for_tolerance_sees_the_mistake(monkeypatch):
    _failing(monkeypatch, Lifter, "text", Inconsistent("sp is -8 and -56"))
    with pytest.raises(Inconsistent, match="sp is -8 and -56"):
        lift(WORDS)


def test_no_memory_is_no_mistake(monkeypatch):
    _failing(monkeypatch, Lifter, "text", MemoryError())
    with pytest.raises(MemoryError):
        lift(WORDS, tolerant=True)


def test_reasons_are_the_same_in_every_process():
    error = AttributeError(f"{object()} has no\n  such member")
    assert as_mistake(error) == f"{MISTAKE}AttributeError: ... has no such member"


def test_a_text_that_cannot_be_made_ready_is_refused_alone(monkeypatch):
    real = pool.normalise
    functions = [random_function(0x10000 + 0x400 * i, 20, [], i) for i in range(2)]

    def failing(function):
        if function is functions[0]:
            raise Inconsistent("two bodies")
        return real(function)

    monkeypatch.setattr(pool, "normalise", failing)
    results = compile_functions(functions, PRELUDE, level=0, jobs=1)
    assert results[functions[0].name] == Refused(f"{MISTAKE}two bodies")
    assert isinstance(results[functions[1].name], ObjectCode)
