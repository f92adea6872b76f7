"""Recordings of whole words: branches, which share theirs, say what they would say alone."""

from __future__ import annotations

import random

import pytest

from frontends.arm32 import recorded as module
from frontends.arm32.decode import A32, T16, T32, decode_a32, decode_t32
from frontends.arm32.recorded import recorded
from xlate.isa import Expr

WORDS = 40
SETS = {"A32": A32, "T16": T16, "T32": T32}
BRANCHES = {
    "A32": ("b", "bl", "blx_immediate"),
    "T16": ("b_cond_t16", "b_t16", "cbz_t16", "cbnz_t16"),
    "T32": ("b_cond_t32", "b_t32", "bl_t32", "blx_imm_t32"),
}
ALL = [(isa, row) for isa, rows in SETS.items() for row in rows]


def decoded(isa, row, rng, itstate):
    encoding = row.encoding
    word = encoding.value | rng.getrandbits(encoding.width) & ~encoding.mask
    if isa == "A32":
        return decode_a32(word, 0x10002000)
    return decode_t32(word, encoding.width // 8, 0x10002002, itstate)


def plain(value):
    return value.text if isinstance(value, Expr) else value


def said(rec, pc):
    ops = [
        (op.name, op.ty, [a.op.index for a in op.args], {k: plain(v) for k, v in op.params.items()})
        for op in rec.ops
    ]
    for name, _, _, params in ops:
        if name.startswith("exit_"):
            params.pop("target", None)
    targets = None
    if rec.flow.target is not None:
        targets = [rec.flow.target_at(at) for at in (pc, pc ^ 2)]
    return ops, rec.flow.kind, rec.flow.how, targets, plain(rec.flow.target)


@pytest.mark.parametrize(("isa", "row"), ALL, ids=[f"{isa}-{row.name}" for isa, row in ALL])
def test_a_recording_says_what_its_word_says_alone(isa, row):
    rng = random.Random(f"{isa} {row.name}")
    for itstate in (0, 0x08) if isa != "A32" else (0,):
        for _ in range(WORDS):
            insn = decoded(isa, row, rng, itstate)
            if insn.row is not row or recorded(insn).flow.kind == "refused":
                continue
            alone = module._record(insn, module._fields(insn))
            assert said(recorded(insn), insn.pc) == said(alone, insn.pc), f"{insn.word:#x}"


def test_branches_share_their_blocks():
    for isa, names in BRANCHES.items():
        for name in names:
            rng = random.Random(name)
            found = [decoded(isa, SETS[isa][name], rng, 0) for _ in range(100)]
            recordings = [recorded(insn) for insn in found if insn.row is SETS[isa][name]]
            kept = {id(r.blocks) for r in recordings if r.flow.kind != "refused"}
            assert len(kept) <= 16, name  # registers and the like still differ


def test_targets_differ_in_shared_blocks():
    near, far = (decode_t32(word, 4, 0x8000, 0) for word in (0xF000F800, 0xF7FFFFFE))
    assert recorded(near).blocks is recorded(far).blocks
    assert [recorded(i).flow.target_at(i.pc) for i in (near, far)] == [0x8005, 0x8001]
