"""Runs of floating-point instructions, first without a look at NaNs and again where one came out.

Decides how a run of ``chains.py`` is written, also where it goes through several rounds of an
unrolled loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.llvm.chains import Chain, Check, makes
from backends.llvm.exact import LINK, SP
from backends.llvm.exits import Exits
from backends.llvm.liveness import Node, Step
from backends.llvm.ranges import GREATEST as GREATEST_EXPONENT
from backends.llvm.ranges import PLAIN, Plan
from backends.llvm.slots import (
    ABI_DOUBLES,
    ALL_FLAGS,
    DOUBLES_AT,
    FLAG_LOCAL,
    FLAG_SLOTS,
    LESS,
)
from backends.llvm.text import llvm_type, mxcsr_read, mxcsr_written
from backends.llvm.vector_floats import GREATEST, LEAST, OCTETS
from backends.llvm.writer import BEFORE, FAILED, KNOWN, MXCSR

LANES, WORDS = "<4 x float>", "<4 x i32>"
KINDS = {"v64": LANES, "v128": LANES}
_RC, _IE, _DE, _UE, _UE_TO_UFC = 0x6000, 0x01, 0x02, 0x10, 1  # of MXCSR
_ODD = _RC | _IE | _DE | _UE
_UFC = 8  # of FPSCR, where IOC is 1
_TRIES = 8  # runs of a function that may be outside of the range before all ask MXCSR
_BIAS, _RMODE = 127, 3 << 22  # of single precision; of FPSCR, 0 is to nearest

Old = tuple[str, str, str]  # a value, of which variable, its type


def _octets(others: int, fourth: int) -> str:
    """Sixteen octets; every fourth is that of an exponent."""
    return f"<{', '.join([f'i8 {others}, i8 {others}, i8 {others}, i8 {fourth}'] * 4)}>"


class Hasty(Exits):
    """Writes runs; the rest of a function is ``function.py``'s."""

    def chain(self, insns: list[Any], node: Node, chain: Chain) -> None:
        """Floating-point instructions in haste, and again exactly when a NaN came out."""
        steps = node.steps
        before = [
            (self.value(f"load {ty}, ptr {at}"), at, ty) for at, ty in self._written(chain, steps)
        ]
        start, stores = self.distance, self.stores
        name = self.new()
        if chain.plan is not None and (self.wide is None or self.wide.by_register is None):
            self._without_asking(insns, node, (chain, chain.plan), before, name)
        if chain.lanes:
            self.begin_lanes()
        results = self._in_haste(insns, node, chain)
        lanes = results.pop(LANES)
        self.branch_to_nans(results, f"{name}e")
        if chain.lanes:
            self.branch_to_odd(lanes, f"{name}e")
        self.add(f"br label %{name}d")
        self.label(f"{name}e")
        self._put_back(chain, before, start, stored=self.stores != stores)
        if chain.lanes:
            self.lanes_again()
        for index in range(chain.first, chain.last):
            self.again_round(index)
            snippet = self.snippet_for(insns[index], steps[index], steps[index].live_after)
            self.fill_step(snippet, insns[index], node, index)
        self.add(f"br label %{name}d")
        self.label(f"{name}d")
        if not chain.lanes:
            self.forget_host()

    def _put_back(self, chain: Chain, before: list[Old], distance: int, *, stored: bool) -> None:
        """Everything that the run wrote is as it was before."""
        for value, at, ty in before:
            self.add(f"store {ty} {value}, ptr {at}")
        self.distance = distance
        if stored:
            for number in sorted(chain.registers & {SP, LINK}):
                self.store(number, distance if number == SP else 0)

    def _without_asking(
        self, insns: list[Any], node: Node, run: tuple[Chain, Plan], before: list[Old], name: str
    ) -> None:
        """The run, if all that goes in is neither small nor great; else ``name``m begins."""
        chain, plan = run
        start, stores = self.distance, self.stores
        modes = self.value(f"load i32, ptr {self.state('fpscr')}")
        directed = self.value(f"icmp ugt i32 {self.value(f'and i32 {modes}, {_RMODE}')}, 0")
        failed = self.value(f"icmp ugt i32 {self.value(f'load i32, ptr {FAILED}')}, {_TRIES}")
        ask = self.value(f"or i1 {directed}, {failed}")
        self.add(f"br i1 {ask}, label %{name}m, label %{name}f, !prof !0")
        self.label(f"{name}f")
        self.add(f"store {OCTETS} {_octets(-1, -1)}, ptr {LEAST}")
        self.add(f"store {OCTETS} zeroinitializer, ptr {GREATEST}")
        first = [n for n in range(chain.first, chain.last) if n not in plan.last]
        self._some(insns, node, dict.fromkeys(first))
        self._some(insns, node, plan.looks)
        self.branch_to_far(plan.least, f"{name}g", f"{name}h")
        self.label(f"{name}h")
        self._some(insns, node, dict.fromkeys(sorted(plan.last), PLAIN))
        self.add(f"store i32 0, ptr {KNOWN}")
        self.add(f"br label %{name}d")
        self.label(f"{name}g")
        self._put_back(chain, before, start, stored=self.stores != stores)
        failed = self.value(f"add i32 {self.value(f'load i32, ptr {FAILED}')}, 1")
        self.add(f"store i32 {failed}, ptr {FAILED}")
        self.add(f"br label %{name}m")
        self.label(f"{name}m")

    def _some(self, insns: list[Any], node: Node, which: Mapping[int, int | None]) -> None:
        """Some of the instructions, with how to look at what they do."""
        for index, looks in which.items():
            step = node.steps[index]
            hasty = bool(makes(step.recording))
            snippet = self.snippet_for(
                insns[index], step, step.live_after, hasty=hasty, looks=looks
            )
            self.fill_step(snippet, insns[index], node, index)

    def branch_to_far(self, least: int, label: str, else_label: str) -> None:
        """Go to ``label`` when an operand was small or great, or no number."""
        low, high = (self.value(f"load {OCTETS}, ptr {at}") for at in (LEAST, GREATEST))
        # The upper bit of an octet says whether it is not too small, whether it is too great.
        large = _octets(0, 128 - (_BIAS + least))
        fine = self.value(f"call {OCTETS} @llvm.uadd.sat.v16i8({OCTETS} {low}, {OCTETS} {large})")
        small = _octets(-1, _BIAS + GREATEST_EXPONENT - 127)
        far = self.value(f"call {OCTETS} @llvm.usub.sat.v16i8({OCTETS} {high}, {OCTETS} {small})")
        near = self.value(f"xor {OCTETS} {far}, {_octets(-1, -1)}")
        good = self.value(
            f"bitcast {OCTETS} {self.value(f'and {OCTETS} {near}, {fine}')} to {WORDS}"
        )
        signs = self.value(
            f"bitcast <4 x i1> {self.value(f'icmp slt {WORDS} {good}, zeroinitializer')} to i4"
        )
        some = self.value(f"icmp ne i4 {signs}, -1")
        self.add(f"br i1 {some}, label %{label}, label %{else_label}, !prof !0")

    def _in_haste(self, insns: list[Any], node: Node, chain: Chain) -> dict[str, list[str]]:
        """The run without a look; returns what to look at, by type."""
        steps = node.steps
        results: dict[str, list[str]] = {"f64": [], "f32": [], LANES: []}
        for index in range(chain.first, chain.last):
            self.begin_round(index)
            hasty = bool(makes(steps[index].recording))
            snippet = self.snippet_for(
                insns[index], steps[index], steps[index].live_after, hasty=hasty
            )
            self.fill_step(snippet, insns[index], node, index)
            for check in chain.checks:
                if check.index == index:
                    results[KINDS.get(check.ty, check.ty)].append(self.result(check))
        return results

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
        if check.ty in KINDS:
            return self.four(check.at, whole=check.ty == "v128")
        place = self.double(check.at & ~7)
        if check.ty == "f64":
            return self.value(f"load double, ptr {place}")
        pair = self.value(f"load <2 x float>, ptr {place}, align 8")
        return self.value(f"extractelement <2 x float> {pair}, i32 {check.at >> 2 & 1}")

    def four(self, at: int, *, whole: bool) -> str:
        """Lanes of a Q register, or of a D register with zeros above."""
        low = self.value(f"load double, ptr {self.double(at)}")
        high = self.value(f"load double, ptr {self.double(at + 8)}") if whole else "0.0"
        pair = self.value(f"insertelement <2 x double> poison, double {low}, i32 0")
        pair = self.value(f"insertelement <2 x double> {pair}, double {high}, i32 1")
        return self.value(f"bitcast <2 x double> {pair} to {LANES}")

    def begin_lanes(self) -> None:
        """Make sure that it is known what the host has said so far."""
        unknown = self.value(f"icmp eq i32 {self.value(f'load i32, ptr {KNOWN}')}, 0")
        name = self.new()
        self.add(f"br i1 {unknown}, label %{name}u, label %{name}k, !prof !0")
        self.label(f"{name}u")
        self.know_host()
        self.add(f"br label %{name}k")
        self.label(f"{name}k")
        self.remember_host()

    def remember_host(self) -> None:
        """What is known of the host is what a run that fails goes back to."""
        self.add(f"store i32 {self.value(f'load i32, ptr {KNOWN}')}, ptr {BEFORE}")

    def as_before(self) -> None:
        """The host's exceptions are those remembered, and known."""
        before = self.value(f"load i32, ptr {BEFORE}")
        self.add(f"store i32 {before}, ptr {MXCSR}, align 4")
        self.add(mxcsr_written(MXCSR))
        self.add(f"store i32 {before}, ptr {KNOWN}")

    def is_even(self) -> str:
        """LLVM operand: nothing that is known of the host would hide or change what lanes do."""
        said = self.value(f"and i32 {self.value(f'load i32, ptr {KNOWN}')}, {_ODD}")
        return self.value(f"icmp eq i32 {said}, 0")

    def know_host(self) -> str:
        """Read MXCSR; it is known until something that may raise exceptions."""
        self.add(mxcsr_read(MXCSR))
        now = self.value(f"load i32, ptr {MXCSR}, align 4")
        self.add(f"store i32 {now}, ptr {KNOWN}")
        return now

    def branch_to_odd(self, results: list[str], label: str) -> None:
        """Go to ``label`` when the host's lanes are not ARM's.

        That is for a NaN and a denormal that went in or came out, of which comparing is enough
        for the host to say so, for what it found tiny, and where the thread does not round to
        nearest.
        """
        self.compare_lanes(results)
        said = self.value(f"and i32 {self.know_host()}, {_ODD}")
        after = self.new()
        again = self.value(f"icmp ne i32 {said}, 0")
        self.add(f"br i1 {again}, label %{label}, label %{after}, !prof !0")
        self.label(after)

    def compare_lanes(self, results: list[str]) -> None:
        """Make the host say what it has to say of results; one comparison tells of two."""
        for first in range(0, len(results), 2):
            a, b = results[first], results[min(first + 1, len(results) - 1)]
            self.value(
                f"call <4 x i1> @llvm.experimental.constrained.fcmps.v4f32({LANES} {a}, "
                f'{LANES} {b}, metadata !"olt", metadata !"fpexcept.strict") #1'
            )

    def lanes_again(self) -> None:
        """Take back what the host said of the lanes.

        What was there before and would hide the next goes to the state.
        """
        before = self.value(f"load i32, ptr {BEFORE}")
        invalid = self.value(f"and i32 {before}, {_IE}")
        under = self.value(f"and i32 {self.value(f'lshr i32 {before}, {_UE_TO_UFC}')}, {_UFC}")
        qc = self.state("qc")
        known = self.value(f"or i32 {self.value(f'load i32, ptr {qc}')}, {invalid}")
        self.add(f"store i32 {self.value(f'or i32 {known}, {under}')}, ptr {qc}")
        cleared = self.value(f"and i32 {before}, {~(_IE | _DE | _UE)}")
        self.add(f"store i32 {cleared}, ptr {MXCSR}, align 4")
        self.add(mxcsr_written(MXCSR))
        self.forget_host()

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
