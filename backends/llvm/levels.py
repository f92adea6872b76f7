"""What each optimisation level runs, and the switches of LLVM that all levels share.

Levels are for the optimised tier only; stencils have their own door (``binding.py``). The choice
and its figures are in docs/decisions/0010-levels.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import llvmlite.binding as llvm

from backends.llvm.binding import FEATURES, TRIPLE
from xlate.errors import Inconsistent

DEFAULT_LEVEL = 1

SWITCHES = (
    # Merged stores stall the loads that read back a half (see the pitfalls of the design's
    # measurements).
    "-combiner-store-merging=false",
    # A table made from a switch has no section of its own: its bytes could not be told apart.
    "-switch-to-lookup=false",
    # Two accesses made one would stand for two guest instructions; level 2 alone would do it.
    "-simplifycfg-hoist-common=false",
    "-simplifycfg-sink-common=false",
    # From so many blocks on, CodeGenPrepare looks again at those it changed, not at all of them:
    # for an interpreter's loop of 2,400 blocks that is two thirds of its time, and less code.
    "-cgpp-huge-func=100",
)

QUICK = (
    "-disable-hoisting-to-hotter-blocks=all",
    # Passes of code generation that gain nothing, or not what they cost, behind few others.
    "-enable-misched=false",
    "-disable-lsr",
    "-disable-constant-hoisting",
    "-disable-select-optimize",
    "-disable-mergeicmps",
    "-disable-expand-reductions",
    "-disable-partial-libcall-inlining",
)

# Copies between blocks one by one, as without scheduling: those on the edges of a computed goto
# with many targets are then mostly gone. Small functions with floating point are better off
# without: it makes them keep the one free register across calls (docs/decisions/0010).
APART = "-join-globalcopies=0"

# Where it is on, two accesses may become one, and code is a tenth smaller.
MERGE = "-enable-tail-merge={}"


@dataclass(frozen=True)
class Level:
    """Passes by llvmlite's names (none: LLVM's own O2) and switches of code generation."""

    passes: tuple[str, ...]
    switches: tuple[str, ...] = ()


LEVELS = {
    0: Level(("sroa", "simplify_cfg"), QUICK),
    1: Level(("sroa", "instruction_combine", "simplify_cfg"), QUICK),
    2: Level(()),
}


class Compiler:
    """One target machine for one level; a process has a single set of LLVM switches."""

    _ready = False
    _merges = True
    _tuned: tuple[str, ...] | None = None

    def __init__(self, level: int, *, joins: bool = False) -> None:
        self._level = LEVELS[level]
        self._switches = self._level.switches
        if self._switches and not joins:
            self._switches += (APART,)
        if not Compiler._ready:
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
            llvm.initialize_native_asmparser()
            for switch in SWITCHES:
                llvm.set_option("xlate", switch)
            Compiler._ready = True
        self._machine = llvm.Target.from_triple(TRIPLE).create_target_machine(
            cpu="x86-64",
            features=FEATURES,
            opt=2,
            reloc="pic",
            codemodel="small",
        )

    def to_object(self, text: str, *, merge: bool = True) -> bytes:
        """Return the object file of one module; RuntimeError carries LLVM's own words.

        Unless ``merge``, ends of blocks that are alike are not made one.
        """
        if Compiler._tuned is None:
            for switch in self._switches:
                llvm.set_option("xlate", switch)
            Compiler._tuned = self._switches
        if Compiler._tuned != self._switches:
            raise Inconsistent("this process generates code for another level")
        if Compiler._merges != merge:
            llvm.set_option("xlate", MERGE.format("true" if merge else "false"))
            Compiler._merges = merge
        return bytes(self._machine.emit_object(self._optimised(text)))

    def optimised_text(self, text: str) -> str:
        """Return the module's text after the passes, for people."""
        return str(self._optimised(text))

    def _optimised(self, text: str) -> Any:
        module = llvm.parse_assembly(text, llvm.create_context())
        module.verify()
        options = llvm.create_pipeline_tuning_options(speed_level=2)
        options.loop_vectorization = False
        options.slp_vectorization = False
        builder = llvm.create_pass_builder(self._machine, options)
        self._passes(builder).run(module, builder)
        return module

    def _passes(self, builder: Any) -> Any:
        if not self._level.passes:
            return builder.getModulePassManager()
        manager = llvm.create_new_module_pass_manager()
        for name in self._level.passes:
            getattr(manager, f"add_{name}_pass")()
        return manager
