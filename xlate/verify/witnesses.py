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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from xlate.verify.capstone_text import disassembler
from xlate.verify.case import code_bytes

AT = 0x10000
OBJDUMP = "arm-linux-gnueabihf-objdump"


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
    """The program of binutils for ARM."""

    name = "objdump"

    _line = re.compile(r"\s*([0-9a-f]+):\t(.*)")
    _open = re.compile(r"<UNPREDICTABLE>|\(invalid: |\bd(3[2-9]|[4-9]\d|\d{3})\b|<overflow reg")
    _none = re.compile(
        r"undefined|<UNDEFINED>|<illegal|<und>|\(UNDEF|<unknown>|<undef>|<bad align|\?\?|rint\?"
    )

    def ask(self, isa: str, words: list[int]) -> list[Answer]:
        """Return an answer for each word; what objdump says of IT blocks is passed over."""
        if not words:
            return []
        step = 2 if isa == "T16" else 4
        texts = dict(self._lines(isa, words))
        return [self._answer(texts.get(index * step, "undefined")) for index in range(len(words))]

    def _answer(self, text: str) -> Answer:
        text = " ".join(text.split())
        if self._none.search(text):
            return Answer(Verdict.NONE, text)
        return Answer(Verdict.OPEN if self._open.search(text) else Verdict.KNOWS, text)

    def _lines(self, isa: str, words: Iterable[int]) -> Iterator[tuple[int, str]]:
        thumb = ["-M", "force-thumb"] if isa != "A32" else []
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "words"
            file.write_bytes(b"".join(code_bytes(isa, [word]) for word in words))
            command = [OBJDUMP, "-D", "-z", "-b", "binary", "-m", "arm", *thumb]
            done = subprocess.run(
                [*command, "--no-show-raw-insn", file], capture_output=True, text=True, check=True
            )
        for line in done.stdout.splitlines():
            found = self._line.match(line)
            if found:
                yield int(found[1], 16), found[2]
