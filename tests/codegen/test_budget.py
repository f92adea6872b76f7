"""The library keeps its budget, and every template keeps the rules that translation relies on.

The rules are checked on finished machine code by following it (``flow.py``), with operands in
registers other than those the templates were compiled with.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backends.stencil import hostregs
from backends.stencil.holes import Template, instantiate
from backends.stencil.library import Request
from frontends.arm32.state import STATE
from tests.codegen.flow import Flow, carry_readers, follow
from xlate.tools.stencils import BUDGET_BYTES, BUDGET_SECONDS, Library

RECORD = Path(__file__).parent / "budget.json"
RECORDED = ("families", "templates", "code_bytes", "hole_bytes", "boxed", "longest")
GROWTH = 1.10  # more than this over the record wants a look, and a new record

# Two placings: bases that need a displacement (r13, rbp), registers without a REX bit (rsi, rdi).
PLACINGS = (("r13", "rsi", "r15", "rdi"), ("rdi", "r13", "rsi", "r8"))
_OFFSETS = STATE.offsets()
SCRATCH = range(_OFFSETS["scratch"], _OFFSETS["scratch"] + 64)
PINNED = frozenset(hostregs.PINS.values())


def filled(template: Template, operands: tuple[str, ...], value: int = 0x1D) -> bytes:
    """Return the code with every hole filled; offsets name d-registers."""
    constants = {hole.index: value for hole in template.imms if hole.source != "O"}
    offsets = {h.index: _OFFSETS["d"] + 16 * h.index for h in template.imms if h.source == "O"}
    return instantiate(template, operands, constants, offsets)


def flow_of(template: Template, operands: tuple[str, ...]) -> Flow:
    ways_out = {hole.at + 4: hole.to for hole in template.jumps}
    narrow = frozenset(operands) | PINNED
    return follow(filled(template, operands), ways_out, SCRATCH, narrow)


def may_change(request: Request, template: Template, operands: tuple[str, ...]) -> set[str]:
    """Return the registers in which a template may leave something new."""
    free = {"rax", "rcx", *template.clobbers}
    if request.operands < 4:
        free.add("rdx")
    written = {op.params["reg"].index for op in request.block if op.name == "set_reg"}
    return free | {operands[index] for index in written if not template.boxed}


def offences(request: Request, template: Template, operands: tuple[str, ...]) -> list[str]:
    """Return what the template does that it must not, as sentences."""
    try:
        flow = flow_of(template, operands)
    except AssertionError as error:
        return [str(error)]
    allowed = may_change(request, template, operands)
    guests = set(operands) | PINNED
    found = []
    for way, values in flow.ends:
        if values.wide() & guests:
            found.append(f"leaves {sorted(values.wide() & guests)} not zero-extended for {way}")
        if values.moved() - allowed:
            found.append(f"changes {sorted(values.moved() - allowed)} on the way to {way}")
    guarded = PINNED | set(operands) | {hostregs.STATE}
    for text, values in flow.accesses:
        if values.moved() & guarded:
            found.append(f"changes {sorted(values.moved() & guarded)} before {text}")
        if values.state_written:
            found.append(f"writes guest state before {text}")
    return found


def test_budget(template_library: Library) -> None:
    figures = template_library.figures()
    assert figures["code_bytes"] + figures["hole_bytes"] <= BUDGET_BYTES
    assert figures["seconds"] <= BUDGET_SECONDS


def test_no_sudden_growth(template_library: Library, bless: bool) -> None:
    figures = {name: template_library.figures()[name] for name in RECORDED}
    if bless:
        RECORD.write_text(json.dumps(figures, indent=1) + "\n")
    recorded = json.loads(RECORD.read_text())
    assert set(recorded) == set(RECORDED)
    grown = {n: (recorded[n], figures[n]) for n in RECORDED if figures[n] > recorded[n] * GROWTH}
    assert not grown, "look why, then pytest tests/codegen --bless"


def test_fits_the_tables(template_library: Library) -> None:
    """The C tables have 16 bits for a template and its jumps, 8 for places of registers."""
    assert len(template_library.plan.entries) < 0xFFFF
    assert template_library.figures()["templates"] < 0xFFFF
    for template in template_library.templates.values():
        assert len(template.code) < 0xFFFF
        assert all(max(hole.rex_at, hole.field_at) < 256 for hole in template.regs)
        assert all(hole.index < 16 and hole.size in (1, 4, 8) for hole in template.imms)
        assert max(len(template.regs), len(template.imms), len(template.jumps)) < 256


@pytest.mark.parametrize("placing", PLACINGS, ids=" ".join)
def test_rules(template_library: Library, placing: tuple[str, ...]) -> None:
    """Nothing is lost, and a guest access that faults finds registers and state as they were."""
    bad = []
    for key, request in template_library.plan.requests.items():
        template = template_library.templates[key]
        operands = () if template.boxed else placing[: request.operands]
        bad += [f"{found}:\n{key}" for found in offences(request, template, operands)]
    assert not bad, f"{len(bad)} templates:\n" + "\n\n".join(bad[:10])


def test_boxed_templates_do_not_fault(template_library: Library) -> None:
    """They give everything back, but at their end only."""
    boxed = [t for t in template_library.templates.values() if t.boxed]
    assert not any(flow_of(template, ()).accesses for template in boxed)


def test_negated_constants_give_no_carry(template_library: Library) -> None:
    """a - c as a + (-c): the sum is right for every c, carry (c = 0) and overflow are not."""
    bad = []
    for key, template in template_library.templates.items():
        operands = () if template.boxed else PLACINGS[0]
        code = filled(template, operands)
        bad += [
            f"{readers}:\n{key}"
            for hole in template.imms
            if hole.scale < 0 and (readers := carry_readers(code, hole.at))
        ]
    assert not bad, f"{len(bad)} templates:\n" + "\n\n".join(bad[:10])


def test_holes_do_not_overlap(template_library: Library) -> None:
    """Holes are zero in the stored code and share no byte, except a register's with its REX."""
    for key, template in template_library.templates.items():
        wide = [range(h.at, h.at + h.size) for h in template.imms]
        wide += [range(jump.at, jump.at + 4) for jump in template.jumps]
        wide += [range(pool.at, pool.at + 4) for pool in template.pools]
        places = [at for hole in wide for at in hole]
        assert len(places) == len(set(places)), key
        assert not any(
            template.code[at] for h in template.imms for at in range(h.at, h.at + h.size)
        )
        bits = [(h.rex_at, 1 << h.rex_bit) for h in template.regs]
        bits += [(h.field_at, 7 << h.shift) for h in template.regs]
        assert len(bits) == len(set(bits)), key
        assert not any(template.code[at] & mask for at, mask in bits), key
        assert not {at for at, _ in bits} & set(places), key
