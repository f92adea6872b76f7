"""Runs of floating-point instructions, first without a look at NaNs and again where one came out.

Decides how a run of ``chains.py`` is written, also where it goes through several rounds of an
unrolled loop.
"""

from __future__ import annotations

from typing import Any

from backends.llvm.chains import Chain, Check, makes
from backends.llvm.exact import LINK, SP
from backends.llvm.exits import Exits
from backends.llvm.liveness import Node, Step
from backends.llvm.slots import (
    ABI_DOUBLES,
    ALL_FLAGS,
    DOUBLES_AT,
    FLAG_LOCAL,
    FLAG_SLOTS,
    LESS,
)
from backends.llvm.text import llvm_type


class Hasty(Exits):
    """Writes runs; the rest of a function is ``function.py``'s."""

    def chain(self, insns: list[Any], node: Node, chain: Chain) -> None:
        """Floating-point instructions in haste, and again exactly when a NaN came out."""
        steps = node.steps
        before = [
            (self.value(f"load {ty}, ptr {at}"), at, ty) for at, ty in self._written(chain, steps)
        ]
        results: dict[str, list[str]] = {"f64": [], "f32": []}
        start = self.before_region(steps[chain.first : chain.last])
        stores = self.stores
        for index in range(chain.first, chain.last):
            self.begin_round(index)
            hasty = bool(makes(steps[index].recording))
            snippet = self.snippet_for(
                insns[index], steps[index], steps[index].live_after, hasty=hasty
            )
            self.fill_step(snippet, insns[index], node, index)
            for check in chain.checks:
                if check.index == index:
                    results[check.ty].append(self.result(check))
        name = self.new()
        self.branch_to_nans(results, f"{name}e")
        self.add(f"br label %{name}d")
        self.label(f"{name}e")
        for value, at, ty in before:
            self.add(f"store {ty} {value}, ptr {at}")
        self.distance = start
        if self.stores != stores:
            for number in sorted(chain.registers & {SP, LINK}):
                self.store(number)
        for index in range(chain.first, chain.last):
            self.again_round(index)
            snippet = self.snippet_for(insns[index], steps[index], steps[index].live_after)
            self.fill_step(snippet, insns[index], node, index)
        self.add(f"br label %{name}d")
        self.label(f"{name}d")

    def _written(self, chain: Chain, steps: list[Step]) -> list[tuple[str, str]]:
        """Variables that a run writes, and their types."""
        flags = 0
        for index in range(chain.first, chain.last):
            flags |= steps[index].snippet.writes & ALL_FLAGS
        places = [(f"%r{number}", "i32") for number in sorted(chain.registers)]
        if self.wide is not None:
            twins = sorted(chain.registers & self.wide.registers)
            places += [(f"%w{number}", "i64") for number in twins]
        places += [(self.double(8 * number), "double") for number in sorted(chain.doubles)]
        return (
            places
            + [(FLAG_LOCAL[name], "i1") for name in FLAG_LOCAL if flags >> FLAG_SLOTS[name] & 1]
            + ([("%fl", "i1")] if flags >> LESS & 1 else [])
        )

    def double(self, at: int) -> str:
        """Pointer into the variables of the double registers, by bytes from d0."""
        if at < 8 * ABI_DOUBLES:
            return self.value(f"getelementptr i8, ptr %abi, i64 {DOUBLES_AT + at}")
        if at < 128:
            return f"%d{at // 8}"
        return self.value(f"getelementptr i8, ptr %q{at // 16}, i64 {at % 16}")

    def result(self, check: Check) -> str:
        """The value to look at, where it is now."""
        place = self.double(check.at & ~7)
        if check.ty == "f64":
            return self.value(f"load double, ptr {place}")
        pair = self.value(f"load <2 x float>, ptr {place}, align 8")
        return self.value(f"extractelement <2 x float> {pair}, i32 {check.at >> 2 & 1}")

    def branch_to_nans(self, results: dict[str, list[str]], label: str) -> None:
        """Go to ``label`` when a result is a NaN; one comparison tells of two."""
        for ty, values in results.items():
            name = llvm_type(ty)
            for first in range(0, len(values), 2):
                a, b = values[first], values[min(first + 1, len(values) - 1)]
                nan = self.value(
                    f"call i1 @llvm.experimental.constrained.fcmp.{ty}({name} {a}, {name} {b}, "
                    'metadata !"uno", metadata !"fpexcept.strict") #1'
                )
                after = self.new()
                self.add(f"br i1 {nan}, label %{label}, label %{after}, !prof !0")
                self.label(after)

    def begin_round(self, index: int) -> None:
        """The next copy of a loop's body, if this is its first instruction."""
        if self.wide is not None and self.round_of and index % self.round_of == 0:
            self.wide.start_round(index // self.round_of, self.value)
            self.strides.append(self.wide.next)

    def again_round(self, index: int) -> None:
        """The copy that an instruction belongs to, when it is written once more."""
        if self.wide is not None and self.round_of:
            self.wide.next = self.strides[index // self.round_of]
