"""Runs the one-line cases of ``arm32/*.txt`` on every engine and checks their texts with capstone.

Expected results are the author's; unicorn runs the same lines so that somebody else checks the
author. A line that unicorn is known to run otherwise (``unicorn_known.toml``) is excused there
and nowhere else.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests import needs
from xlate.verify.capstone_text import disassemble
from xlate.verify.case import Engine, code_bytes, differences
from xlate.verify.generate import Drawn, decode_all
from xlate.verify.interp_engine import InterpEngine
from xlate.verify.lines import Line, parse_lines

FOLDER = Path(__file__).parent / "arm32"
FILES = sorted(FOLDER.glob("*.txt"))
ENGINES = ("interp", "stencil", "stencil-based", "llvm", "package", "unicorn")
# Files whose instructions the host may help with: run once more without its help.
HELPED = ("crc32", "neon_crypto")
RUNS = [(name, path) for path in FILES for name in ENGINES]
RUNS += [(name, FOLDER / f"{f}.txt") for f in HELPED for name in ("stencil-plain", "llvm-plain")]
# Files of instructions that the optimised tier leaves to the baseline tier, most of them.
MOSTLY_LEFT = {"a32_system", "a32_unconditional", "t32_coprocessor", "t32_misc"}


@pytest.fixture(scope="module")
def make_engine(request: pytest.FixtureRequest):
    def make(name: str) -> Engine:
        if name == "interp":
            return InterpEngine()
        if name == "unicorn":
            needs.needs_module("unicorn")
            from xlate.verify.unicorn_engine import UnicornEngine

            return UnicornEngine()
        from xlate.verify.stencil_engine import StencilEngine

        driver = request.getfixturevalue("xlate_run").with_name("xlate-insn")
        if not driver.exists():
            needs.missing("xlate-insn", "built beside xlate-run")
        plain = ["--host", "plain"] if name.endswith("-plain") else []
        if name in ("llvm", "llvm-plain", "package"):
            from xlate.verify.llvm_engine import LlvmEngine, PackageEngine

            return PackageEngine(driver) if name == "package" else LlvmEngine(driver, plain)
        base = ["--guest-base", "0x200000000000"] if name == "stencil-based" else []
        return StencilEngine(driver, base + plain)

    return make


def read(path: Path) -> list[Line]:
    return list(parse_lines(path.read_text(), path.name))


def is_excused(line: Line, got, found: list[str]) -> bool:
    from xlate.verify.known import excuse

    insns = tuple(decode_all(line.isa, list(line.words), line.case.state.r[15]))
    return bool(excuse(Drawn(line.case, line.expected, line.isa, insns), got, found))


def test_there_are_files():
    assert FILES


@pytest.mark.parametrize(("name", "path"), RUNS, ids=[f"{name}-{path.stem}" for name, path in RUNS])
def test_lines(path, name, make_engine):
    lines = read(path)
    assert lines, f"{path.name} has no case"
    engine = make_engine(name)
    failed = []
    for line, got in zip(lines, engine.run([line.case for line in lines]), strict=True):
        # A line names cumulative flags and fault addresses only where they are its point.
        claims = engine.claims.for_length(len(line.words))
        claims = replace(
            claims,
            fp_flags=claims.fp_flags and line.expected.state.fpscr != 0,
            fault_addr=claims.fault_addr and line.expected.fault_addr is not None,
        )
        svc = line.expected.svc_imm
        got.svc_imm = got.svc_imm if svc is not None else None
        found = differences(line.case, line.expected, got, claims)
        if found and not (name == "unicorn" and is_excused(line, got, found)):
            failed.append(f"{line.where}: {line.case.text}\n    {'; '.join(found)}")
    assert not failed, "expected against " + name + ":\n" + "\n".join(failed)
    if name in ("llvm", "llvm-plain", "package"):
        assert engine.entered + engine.left.total() == len(lines)
        assert engine.entered > engine.left.total() or path.stem in MOSTLY_LEFT, engine.left


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_text_is_capstones(path):
    wrong = []
    for line in read(path):
        code = code_bytes(line.isa, list(line.words))
        text = disassemble(line.isa, code, line.case.state.r[15])
        if line.text != text and not (text == "" and line.text == "-"):
            wrong.append(f"{line.where}: {line.text!r}, capstone: {text!r}")
    assert not wrong, "\n".join(wrong)
