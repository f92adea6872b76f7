"""The proof's machinery in small: batches say what single cases say, shares agree, logs go on.

``make proof`` runs it all; here are two shares of few encodings and one of blocks, on every engine.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from frontends.arm32.rows import A32, T16
from tests import needs
from xlate.tools.proof import Work
from xlate.tools.proof_log import ProofLog
from xlate.tools.proof_page import page
from xlate.tools.proof_share import ENGINES, Share, not_asked, run_share
from xlate.verify.batch import Piece, Run, States, fill, lay_out
from xlate.verify.batch_engines import QemuBatches, StencilBatches
from xlate.verify.blocks import Blocks
from xlate.verify.case import differences
from xlate.verify.encodings import EACH, Encoding, WordSource, cut, digest
from xlate.verify.generate import SETS
from xlate.verify.known import known_errors
from xlate.verify.lines import parse_lines
from xlate.verify.llvm_engine import LlvmEngine
from xlate.verify.stencil_engine import StencilEngine

# UNPREDICTABLE, and refused, for standing in an IT block, as its last: unicorn executes them.
REFUSED_OR_FAULTING = """
T32 bf58+bb39  it pl; cbnz r1, #0x40104c  |  => undefined r15=0x400ffe
T32 bf58+b139  it pl; cbz r1, #0x40100e  |  => undefined r15=0x400ffe
T32 bf58+d0fe  it pl; beq #0x400ffe  |  => undefined r15=0x400ffe
T32 bf58+bf08  it pl; it eq  |  => undefined r15=0x400ffe
# An IT that is none by itself.
T16 bff4  it <15>  |  => undefined
T16 bfec  ite al  |  => undefined
T16 bfea  itete al  |  => undefined
# T32 code behind A32's bx: the instruction set at a fault is that of the access.
A32 e28fc001+e12fff1c+08b2f9e3  add; bx; ldm  |  => fault@0x0 r12=0x400ffd r15=0x400ffc thumb=1
# A comparison for whom it may concern, with a jump to another function, which only goes on here.
T32 f17c+06bc+4541+4778+bf00+c001+e28f+ff1c+e12f+f17c+06bc | r8=1 nzcv=C => r6=0x400f40 r12=0x400ffd
# A function that calls nothing, d7 and d8 written at once.
A32 f42a7a4f+e12fff1e | r10=0x800000 r14=0x900000 mem[0x800000]=0900 => d7=9 r15=0x900000
"""


@pytest.fixture
def driver(xlate_run: Path) -> Path:
    found = xlate_run.with_name("xlate-insn")
    if not found.exists():
        needs.missing("xlate-insn", "built beside xlate-run")
    return found


def engines() -> str:
    needs.needs_module("unicorn")
    needs.needs("qemu-arm", "apt install qemu-user")
    needs.needs("arm-linux-gnueabihf-gcc", "apt install gcc-arm-linux-gnueabihf")
    return ",".join(ENGINES)


def some(family: str, every: int) -> list[Encoding]:
    """One executing word of every so many rows, and one that is refused."""
    found = []
    for isa in ("A32",) if family == "A32" else ("T16", "T32"):
        for row in list(SETS[isa])[::every]:
            found += WordSource(7, [row.name], [isa]).words(isa, row, 1)[:1]
    return found


def test_rows_give_as_many_distinct_words_as_they_have():
    row = next(row for row in A32 if row.name == "dp_immediate")
    words = WordSource(1, [row.name], ["A32"]).words("A32", row, EACH)
    assert sum(one.executes for one in words) == EACH
    assert len({one.word for one in words}) == len(words)
    small = next(row for row in T16 if row.name == "cps_t16")
    free = 16 - small.encoding.mask.bit_count()
    found = WordSource(1, [small.name], ["T16"]).words("T16", small, EACH)
    assert 0 < len(found) <= 1 << free < EACH


def test_words_go_to_other_processes():
    words = some("A32", 1) + some("T32", 1)
    assert pickle.loads(pickle.dumps(words)) == words


@pytest.mark.parametrize("family", ["A32", "T32"])
def test_encodings_agree(family: str, driver: Path):
    words = some(family, 11)
    record = run_share(Share("encodings", family, 0, 7), words, engines(), str(driver))
    assert not record["failures"], "\n".join(record["failures"])
    assert not record["differ"]
    executing = sum(one.executes for one in words)
    assert sum(record["pieces"].values()) == executing > 20
    assert record["runs"] == 16 * len(words)
    assert record["compared"]["llvm"].total() == record["runs"]
    assert record["entered"]["llvm"]["optimised"] > 8 * executing
    assert record["compared"]["qemu"].total() > 8 * executing


@pytest.mark.parametrize("isa", ["A32", "T32"])
def test_states_behind_one_that_sets_fz_still_use_the_package(isa: str, driver: Path):
    rows = [row for row in SETS[isa] if row.name.startswith("vmsr")]
    words = [one for row in rows for one in WordSource(7, [row.name], [isa]).words(isa, row, 3)]
    record = run_share(Share("encodings", isa, 0, 7), words, engines(), str(driver))
    assert not record["failures"], "\n".join(record["failures"])
    assert record["compared"]["package"].total() == record["runs"] == 16 * len(words) > 0


def runs_of(family: str, *words: int) -> list[Run]:
    """Some states of one piece."""
    states = States(3)
    batch = lay_out(family, [Piece(family, words, "")], states)
    fill(batch, states, 16)
    return batch.runs


def test_witnesses_are_not_asked_about_a_jump_inside_an_it_block():
    qemu, ours = QemuBatches(), StencilBatches(Path())
    runs = runs_of("T32", 0xBFA4, 0xE8D1F003, 0xBF00)  # itt ge; tbb [r1, r3]; nop
    jumps = [run for run in runs if run.drawn.expected.stop != "fault" and run.executed == 3]
    others = [run for run in runs if run.executed == 4]
    assert jumps
    assert others
    assert all("IT block" in not_asked(qemu, run) for run in jumps)
    assert not any(not_asked(qemu, run) for run in others)
    assert not any(not_asked(ours, run) for run in runs)


def test_qemu_is_not_asked_about_what_it_has_in_memory_itself():
    """MRS r5, with Z alone, is an address at which qemu-arm has a stack."""
    runs = runs_of("T32", 0x2500, 0x42AD, 0xF3EF8500, 0x6CEA)  # movs; cmp; mrs; ldr r2, [r5]
    faulted = [run for run in runs if (run.drawn.expected.fault_addr or 0) >> 28 in (4, 5, 6)]
    assert faulted
    for run in faulted:
        own = (run.drawn.expected.fault_addr or 0) >> 28 != 6
        assert bool(not_asked(QemuBatches(), run)) == own


def test_states_that_come_to_a32_between_words_are_dropped():
    """BX PC at a halfword that is no multiple of four."""
    states = States(3)
    batch = lay_out("T32", [Piece("T32", (0x4778,), "", half=True)], states)
    fill(batch, states, 16)
    assert not batch.runs
    assert any("not a multiple of 4" in why for why in batch.dropped)


def test_a_difference_of_a32_is_known_in_a_block_that_begins_in_t32():
    """A32 code after ``bx pc``: half precision, which qemu-arm has."""
    run = runs_of("T32", 0x4778, 0xBF00, 0xF9A6, 0xEE29)[0]
    insn = next(insn for insn in run.drawn.insns if not insn.thumb)
    assert insn.word == 0xEE29F9A6
    assert any(known.covers(run.drawn.isa_of(insn), insn.word) for known in known_errors("qemu"))


def test_blocks_agree(driver: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("xlate.tools.proof_share.BLOCK_SHARE", 30)
    words = some("A32", 2) + some("T32", 2)
    for family in ("A32", "T32"):
        record = run_share(Share("blocks", family, 0, 7), words, engines(), str(driver))
        assert not record["failures"], "\n".join(record["failures"])
        assert sum(record["pieces"].values()) > 25
        assert {name.partition(" ")[2] for name in record["pieces"]} == {
            "sequence",
            "program",
            "exclusive",
            "interworking",
        }


def test_blocks_change_the_instruction_set_and_use_the_monitor():
    words = some("A32", 2) + some("T32", 2)
    states = States(1)
    for family in ("A32", "T32"):
        pieces = [p for p in Blocks(3, words).pieces(family, 200) if "interw" in p.label]
        batch = lay_out(family, pieces, states)
        fill(batch, states, 1)
        sets = [{insn.thumb for insn in run.drawn.insns} for run in batch.runs]
        assert sum(len(both) == 2 for both in sets) > len(batch.runs) // 2


def test_a_batch_restores_its_pages(driver: Path):
    """A store's page is as before for the next state, and changes are told for each."""
    states = States(5)
    piece = Piece("A32", (0xE5810000,), "str r0, [r1]")
    batch = lay_out("A32", [piece], states)
    fill(batch, states, 40)
    stored = [run for run in batch.runs if run.drawn.expected.pages]
    assert len(stored) > 20
    got = StencilBatches(driver).run(batch, batch.runs)
    assert [one.pages for one in got] == [run.drawn.expected.pages for run in batch.runs]


@pytest.mark.parametrize("engine", [StencilEngine, LlvmEngine])
def test_what_the_proof_has_found(engine, driver: Path):
    lines = list(parse_lines(REFUSED_OR_FAULTING, "here"))
    assert len(lines) == 10
    results = engine(driver).run([line.case for line in lines])
    for line, got in zip(lines, results, strict=True):
        claims = replace(engine(driver).claims, fault_addr=False)
        assert not differences(line.case, line.expected, got, claims), line.text


def test_shares_are_all_words_and_change_little():
    words = [one for number in (3, 5, 7) for one in some("A32", number)]
    words = [replace(one, late=number % 3 == 0) for number, one in enumerate(words)]
    shares = cut(words, 12)
    assert sorted(one.word for share in shares for one in share) == sorted(o.word for o in words)
    first = next(at for at, share in enumerate(shares) if any(one.late for one in share))
    assert all(one.late for share in shares[first:] for one in share)
    fewer = cut(words[1:], 12)
    assert sum(digest(a) != digest(b) for a, b in zip(shares, fewer, strict=True)) == 1


def test_a_log_goes_on(tmp_path: Path):
    words = {"A32": some("A32", 40), "T32": some("T32", 40)}
    work = Work(3, words, 100)
    todo = work.shares(600, "encodings,blocks")
    assert [share.kind for share in todo] == ["encodings"] * 2 + ["blocks"] * 2
    assert work.words(todo[0]) == words["A32"]
    record = run_share(todo[0], words["A32"], "", "")
    log = ProofLog(tmp_path, 3)
    log.add(todo[0], "w", "one", record)
    log.add(todo[1], "w", "one", {**record, "differ": {"llvm: A32 b": 1}})
    log = ProofLog(tmp_path, 3)
    assert log.is_done(todo[0], "w", "other", again=False)
    assert not log.is_done(todo[0], "w", "other", again=True)
    assert log.is_done(todo[1], "w", "one", again=False)
    assert not log.is_done(
        todo[1], "w", "other", again=False
    )  # it failed: other sources may mend it
    assert not log.is_done(todo[2], "w", "one", again=False)
    assert not log.is_done(todo[0], "other words", "one", again=False)
    assert log.totals().differ == 1
    kept = log.words(100, lambda: words)
    assert log.words(100, dict) == kept == words


def test_the_page_says_what_was_run(tmp_path: Path):
    words = {"A32": some("A32", 40), "T32": some("T32", 40)}
    log = ProofLog(tmp_path, 3)
    share = Share("encodings", "A32", 0, 3)
    log.add(share, "w", "one", run_share(share, words["A32"], "", ""))
    executing = sum(one.executes for rows in words.values() for one in rows)
    text = page(log.totals(), words, 3, 1_000_000)
    ran = sum(one.executes for one in words["A32"])
    assert f"| encodings that execute, in 16 states | {executing} | {ran} |" in text
    assert "| random blocks | 1,000,000 | 0 |" in text
    assert "Nothing." in text
