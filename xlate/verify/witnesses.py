"""Disassemblers as witnesses of decoding: capstone, and objdump of GNU binutils.

Each says of a word whether there is such an instruction, and prints it. Both take bits as fixed
that processors ignore, and print some things that are none: what they print as a broken operand
("<illegal reg q0.5>") counts as no instruction here. Where they differ from us for a reason is
said in ``tests/decode/witnesses.toml``.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from xlate.verify.capstone_text import disassembler
from xlate.verify.case import code_bytes

AT = 0x10000
OBJDUMP = "arm-linux-gnueabihf-objdump"
IN_IT = " in IT"  # an instruction set so marked: first of two in an IT block
ITT_NE, NOP = 0xBF1C, 0xBF00


class Verdict(Enum):
    """What a disassembler makes of a word."""

    KNOWS = "knows"
    OPEN = "unpredictable"
    NONE = "none"


@dataclass(frozen=True)
class Answer:
    """Verdict and text; the text of what is no instruction is kept for people."""

    verdict: Verdict
    text: str


class Witness(Protocol):
    """A disassembler."""

    name: str

    def ask(self, isa: str, words: list[int]) -> list[Answer]:
        """Return an answer for each word, taken alone."""


class Capstone:
    """The library, told to know ARMv8's instructions."""

    name = "capstone"

    def ask(self, isa: str, words: list[int]) -> list[Answer]:
        """Return an answer for each word, taken alone."""
        engine = disassembler(isa)
        return [self._answer(engine, code_bytes(isa, [word])) for word in words]

    def _answer(self, engine: object, code: bytes) -> Answer:
        for _, size, name, operands in engine.disasm_lite(code, AT):  # type: ignore[attr-defined]
            if size == len(code):
                return Answer(Verdict.KNOWS, f"{name} {operands}".strip())
        return Answer(Verdict.NONE, "")


class Objdump:
    """The program of binutils for ARM; what it says of IT blocks counts only in one."""

    name = "objdump"

    _line = re.compile(r"\s*([0-9a-f]+):\t(.*)")
    _open = re.compile(r"<UNPREDICTABLE>|\(invalid: |\bd(3[2-9]|[4-9]\d|\d{3})\b|<overflow reg")
    _none = re.compile(
        r"undefined|<UNDEFINED>|<illegal|<und>|\(UNDEF|<unknown>|<undef>|<bad align|\?\?|rint\?"
    )

    def ask(self, isa: str, words: list[int]) -> list[Answer]:
        """Return an answer for each word."""
        if not words:
            return []
        in_it = isa.endswith(IN_IT)
        before, after = ([ITT_NE], [NOP] * 4) if in_it else ([], [])
        codes = [code_bytes(isa, [*before, word, *after]) for word in words]
        step, place = len(codes[0]), 2 * len(before)
        texts = dict(self._lines(isa, b"".join(codes)))
        found = (texts.get(index * step + place, "undefined") for index in range(len(words)))
        return [self._answer(text, in_it=in_it) for text in found]

    def _answer(self, text: str, *, in_it: bool) -> Answer:
        text = " ".join(text.split())
        if self._none.search(text):
            return Answer(Verdict.NONE, text)
        is_open = self._open.search(text) or (in_it and "unpredictable" in text)
        return Answer(Verdict.OPEN if is_open else Verdict.KNOWS, text)

    def _lines(self, isa: str, code: bytes) -> Iterator[tuple[int, str]]:
        thumb = ["-M", "force-thumb"] if isa != "A32" else []
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "words"
            file.write_bytes(code)
            command = [OBJDUMP, "-D", "-z", "-b", "binary", "-m", "arm", *thumb]
            done = subprocess.run(
                [*command, "--no-show-raw-insn", file], capture_output=True, text=True, check=True
            )
        for line in done.stdout.splitlines():
            found = self._line.match(line)
            if found:
                yield int(found[1], 16), found[2]


def witnesses(isa: str) -> list[Witness]:
    """Return those that can speak of an instruction set; capstone knows nothing of IT blocks."""
    return [Objdump()] if isa.endswith(IN_IT) else [Capstone(), Objdump()]
