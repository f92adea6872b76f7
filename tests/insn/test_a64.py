"""A64 on every engine that it has: one-line cases, drawn cases, capstone's texts.

Expected results of lines are the author's; unicorn runs the same lines and the same drawn cases.
Where it executes what we refuse (a word without a row, or UNPREDICTABLE), the reason is our own
refusal, and nothing else is excused.
"""

from __future__ import annotations

import random
from pathlib import Path

import capstone
import pytest

from frontends.arm64.decode import decode
from frontends.arm64.rows import A64
from tests import needs
from xlate.runtime import build
from xlate.verify import a64
from xlate.verify.a64_engines import Engine, InterpEngine, StencilEngine

FOLDER = Path(__file__).parent / "arm64"
FILES = sorted(FOLDER.glob("*.txt"))
ENGINES = ("interp", "stencil", "llvm", "unicorn")
OURS = ("unimplemented", "unpredictable")
EACH, BLOCKS = 24, 400  # drawn words for each row, drawn runs of several words
LLVM_SHARE = 6  # it compiles every word
DATA = a64.DATA_PAGE
SPECIAL = [0, 1, 31, 32, 63, 64, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32]
SPECIAL += [(1 << 63) - 1, 1 << 63, (1 << 64) - 1]


@pytest.fixture(scope="module")
def make_engine(request: pytest.FixtureRequest):
    def make(name: str) -> Engine:
        if name == "interp":
            return InterpEngine()
        if name == "stencil":
            return StencilEngine(request.getfixturevalue("xlate_run").with_name(build.GUARD))
        needs.needs_module("unicorn")
        if name == "llvm":
            from xlate.verify.a64_llvm import LlvmEngine

            return LlvmEngine()
        from xlate.verify.a64_unicorn import UnicornEngine

        return UnicornEngine()

    return make


def read(path: Path) -> list[a64.Line]:
    return list(a64.parse_lines(path.read_text(), path.name))


def is_excused(case: a64.Case, ours: a64.Result, name: str) -> bool:
    """The witness goes on where we refuse; or the host did not tell an address that is none."""
    return name == "unicorn" and ours.refusal in OURS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", ENGINES)
def test_lines(path, name, make_engine):
    lines = read(path)
    engine = make_engine(name)
    cases = [line.case for line in lines]
    ours = InterpEngine().run(cases)
    failed = []
    for line, known, got in zip(lines, ours, engine.run(cases), strict=True):
        flags = engine.flags_at_fault or len(line.words) == 1 or got.stop != "fault"
        found = a64.differences(line.case, line.expected, got, flags=flags)
        if found and not is_excused(line.case, known, name):
            failed.append(f"{line.where}: {line.case.text}\n    {'; '.join(found)}")
    assert not failed, "expected against " + name + ":\n" + "\n".join(failed)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_text_is_capstones(path):
    disassembler = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_LITTLE_ENDIAN)
    for line in read(path):
        code = b"".join(word.to_bytes(4, "little") for word in line.words)
        texts = disassembler.disasm_lite(code, line.case.state.pc)
        text = "; ".join(f"{name} {operands}".strip() for _, _, name, operands in texts)
        assert line.text == (text or "-"), line.where


def test_every_row_has_a_line_that_executes():
    seen = set()
    for path in FILES:
        for line in read(path):
            rows = [decode(word, 0).row for word in line.words]
            if line.expected.stop != "undefined":
                seen |= {row.name for row in rows if row is not None}
    assert seen == {row.name for row in A64}


def draw_state(pick: random.Random) -> a64.State:
    state = a64.State(nzcv=pick.randrange(16))
    for i in range(32):
        kind = pick.randrange(3)
        near = DATA + pick.randrange(0, 2 * a64.PAGE, 8)
        state.x[i] = (pick.choice(SPECIAL), pick.getrandbits(64), near)[kind]
    state.x[31] = DATA + pick.randrange(0, 2 * a64.PAGE, 16)
    return state


def draw_word(pick: random.Random, row) -> int:
    word = row.encoding.value
    for field in row.encoding.fields:
        word |= pick.randrange(1 << field.bits) << field.lsb
    return word


def draw(pick: random.Random, rows) -> a64.Case:
    pages = {at: (a64.READ | a64.WRITE, pick.randbytes(a64.PAGE)) for at in (DATA, DATA + a64.PAGE)}
    words = [draw_word(pick, row) for row in rows]
    case = a64.make_case(words, draw_state(pick), pages)
    case.text = " ".join(f"{word:08x} {row.name}" for word, row in zip(words, rows, strict=True))
    return case


def drawn_cases(seed: int, each: int, blocks: int) -> list[a64.Case]:
    """Words of every row, then runs without branches, most of which do not fault."""
    pick = random.Random(seed)
    cases = [draw(pick, [row]) for row in A64 for _ in range(each)]
    straight = [row for row in A64 if not row.semantics.__module__.endswith((".branch", ".system"))]
    calm = [row for row in straight if not row.name.startswith("ls_")]
    for _ in range(blocks):
        rows = [pick.choice(straight if pick.randrange(4) == 0 else calm) for _ in range(6)]
        cases.append(draw(pick, rows))
    return cases


def disagreements(cases: list[a64.Case], engine: Engine) -> list[str]:
    """Differences from the interpreter that nothing explains."""
    failed = []
    for case, ours, got in zip(cases, InterpEngine().run(cases), engine.run(cases), strict=True):
        if is_excused(case, ours, engine.name):
            continue
        if (
            ours.stop == "fault"
        ):  # the host does not tell an address that is none; unicorn neither end
            got.fault_addr = None
        single = len(case.text.split()) == 2
        flags = engine.flags_at_fault or single or ours.stop != "fault"
        found = a64.differences(case, ours, got, flags=flags)
        if found:
            failed.append(f"{case.text}: {'; '.join(found)}")
    return failed


@pytest.mark.parametrize("name", ENGINES[1:])
def test_drawn(name, make_engine):
    share = LLVM_SHARE if name == "llvm" else 1
    cases = drawn_cases(1, EACH // share, BLOCKS // share)
    failed = disagreements(cases, make_engine(name))
    assert not failed, "\n".join(failed[:20])


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(2, 7))
@pytest.mark.parametrize("name", ENGINES[1:])
def test_many_drawn(name, seed, make_engine):
    share = LLVM_SHARE if name == "llvm" else 1
    cases = drawn_cases(seed, 400 // share, 8000 // share)
    failed = disagreements(cases, make_engine(name))
    assert not failed, "\n".join(failed[:20])
