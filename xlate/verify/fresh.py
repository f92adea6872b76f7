"""A package against fresh code: the functions of a sample are compiled anew and compared.

Nothing of the memo is used. Bytes must be equal outside relocated fields, and every field must lead
to the same thing: the right callee, a constant of the same content, the bias. So the rest of the
image does not have to be made again to judge one function.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from backends.llvm.linker import absent_stub, entry_stub
from backends.llvm.objects import CALLEE, CONSTANT, OWN, Constant, ObjectCode, Refused, Reloc
from backends.llvm.pool import Outcome, compile_functions
from backends.llvm.slots import PRELUDE
from backends.llvm.unit import FunctionText
from xlate.convert.result import Progress, silent
from xlate.discovery import discover
from xlate.lift import Lifting
from xlate.loader import Image
from xlate.package import faults
from xlate.package.format import Package
from xlate.verify.placement import OFFSETS, Placement
from xlate.verify.sample import Sample

_BEFORE = 8  # an entry's other way in, for optimised code


@dataclass(frozen=True)
class Finding:
    """A function that is not what it should be; ``what`` is the first difference, in words."""

    key: int
    name: str
    what: str


@dataclass(frozen=True)
class Compared:
    """What came of it: functions compared, those in quarantine, and the differences."""

    functions: int
    quarantined: int
    refused: int
    findings: tuple[Finding, ...]


def compare(
    package: Package, image: Image, sample: Sample, *, jobs: int = 1, show: Progress = silent
) -> Compared:
    """Compile the sample of a package's functions anew, and compare."""
    placement = Placement(package)
    show("discovering", 0, 0)
    discovery = discover(image, observed=frozenset(package.profile))
    lifting = Lifting(image, discovery, fast=package.identity.fast, tolerant=True)
    lifting.settle_flags()
    known = {row.key for row in placement.rows.values()}
    keys = sample.of_keys(known | discovery.functions.keys())
    texts: list[FunctionText] = []
    done = 0

    def lifted() -> Iterator[FunctionText]:
        for key in keys:
            if key in lifting.sources:
                for text in lifting.texts_of(key):
                    texts.append(replace(text, text=""))
                    yield text

    def advance(count: int) -> None:
        nonlocal done
        done += count
        show("comparing", done, max(len(keys), done))

    outcomes = compile_functions(
        lifted(), PRELUDE, level=package.identity.level, jobs=jobs, progress=advance
    )
    foreign = [
        Finding(key, placement.names[row.start], "a conversion finds no function there")
        for key in keys
        if key not in lifting.sources
        for row in placement.rows.values()
        if row.key == key
    ]
    return _Comparison(placement).judge(texts, outcomes, foreign)


class _Comparison:
    """Fresh functions held against one image."""

    def __init__(self, placement: Placement) -> None:
        self.placement = placement
        self.image = placement.package.image
        refusals = placement.package.provenance.get("refusals", [])
        self.left_out = {row[0] for row in refusals}

    def judge(
        self, texts: list[FunctionText], outcomes: dict[str, Outcome], foreign: list[Finding]
    ) -> Compared:
        findings, quarantined, refused = list(foreign), 0, 0
        for text in texts:
            if text.name in self.placement.rows and self.placement.is_taken_out(text.name):
                quarantined += 1
                continue
            outcome = outcomes[text.name]
            refused += isinstance(outcome, Refused)
            what = next(self._differences(text, outcome), None)
            if what is not None:
                findings.append(Finding(text.key, text.name, what))
        findings.sort(key=lambda finding: (finding.key, finding.name))
        return Compared(len(texts) - quarantined, quarantined, refused, tuple(findings))

    def _differences(self, text: FunctionText, fresh: Outcome) -> Iterator[str]:
        row = self.placement.rows.get(text.name)
        if isinstance(fresh, Refused):
            if row is not None:
                yield f"a conversion refuses it: {fresh.reason}"
            return
        if row is None:
            if f"{text.key:#x}" not in self.left_out:
                yield "the package has no code for it"
            return
        yield from self._entries(text, row.start)
        code = self.placement.code(text.name)
        if len(code) != len(fresh.code):
            yield f"{len(code)} bytes of code, fresh {len(fresh.code)}"
            return
        yield from self._bytes(code, fresh.code, fresh.relocs, "code")
        for reloc in fresh.relocs:
            yield from self._field(row.start, reloc, fresh, row.start)
        if row.lines != tuple(faults.decode_lines(fresh.lines)):
            yield "its table of guest addresses differs"

    def _entries(self, text: FunctionText, start: int) -> Iterator[str]:
        named = text.entries == (text.key,) and text.name.startswith("f_")
        for entry in self.placement.entries[start]:
            if entry.key not in text.entries:
                yield f"entry {entry.key:#x} is none of it"
            x = entry.offset
            stub = entry_stub(entry.key, x, start, OFFSETS, named=named)
            jump = b"\xe9" + struct.pack("<i", start - (x - _BEFORE + 5))
            if self._at(x, len(stub)) != stub or self._at(x - _BEFORE, 5) != jump:
                yield f"the stub of entry {entry.key:#x} differs"

    def _at(self, offset: int, size: int) -> bytes:
        return self.image[offset : offset + size]

    def _bytes(
        self, ours: bytes, fresh: bytes, relocs: tuple[Reloc, ...], what: str
    ) -> Iterator[str]:
        """Compare outside the relocated fields."""
        if ours == fresh:
            return
        a, b = bytearray(ours), bytearray(fresh)
        for reloc in relocs:
            a[reloc.offset : reloc.offset + 4] = b[reloc.offset : reloc.offset + 4] = bytes(4)
        if a != b:
            at = next(i for i in range(len(a)) if a[i] != b[i])
            yield f"{what} differs at {at:#x}: {a[at : at + 8].hex()}, fresh {b[at : at + 8].hex()}"

    def _field(self, base: int, reloc: Reloc, fresh: ObjectCode, start: int) -> Iterator[str]:
        at = base + reloc.offset
        if len(self._at(at, 4)) < 4:
            yield f"a field at {reloc.offset:#x} lies outside the image"
            return
        (value,) = struct.unpack("<i", self._at(at, 4))
        target = value + at - reloc.addend
        where = f"the field at {reloc.offset:#x}"
        if reloc.kind == CALLEE:
            if not self._is_callee(target, fresh.callees[reloc.number]):
                yield f"{where} does not lead to {fresh.callees[reloc.number]}"
        elif reloc.kind == CONSTANT:
            yield from self._constant(target, fresh.constants[reloc.number], fresh, start)
        elif target != (start if reloc.kind == OWN else 0):
            yield f"{where} leads elsewhere"

    def _constant(
        self, at: int, constant: Constant, fresh: ObjectCode, start: int
    ) -> Iterator[str]:
        ours = self._at(at, len(constant.data)) if at >= 0 else b""
        if len(ours) != len(constant.data) or at % constant.align:
            yield "a constant lies outside its place"
            return
        yield from self._bytes(ours, constant.data, constant.relocs, "a constant")
        for reloc in constant.relocs:
            yield from self._field(at, reloc, fresh, start)

    def _is_callee(self, target: int, name: str) -> bool:
        if self.placement.names.get(target) == name:
            return True
        if target < 0:
            return False
        stub = absent_stub(int(name[2:], 16), target, OFFSETS)
        return self._at(target, len(stub)) == stub
