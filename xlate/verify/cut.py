"""Functions compiled with only so many of LLVM's passes: a process for each cut.

LLVM counts every pass that it may leave out, those of code generation included, and says on
standard error which it runs (``-opt-bisect-limit``). The switch is the process's, so each cut is a
new one; it is started by ``compile_cut`` and gets and gives pickles.
"""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import llvmlite.binding as llvm

from backends.llvm.levels import Compiler
from backends.llvm.modules import Normal, normalise
from backends.llvm.objects import ObjectCode, Refused
from backends.llvm.pool import Outcome
from backends.llvm.slots import PRELUDE
from backends.llvm.unit import FunctionText
from backends.llvm.worker import compile_batch
from xlate.errors import Inconsistent

ALL = -1
SECONDS = 300
_ROOT = Path(__file__).parents[2]
_RAN = re.compile(r"^BISECT: running pass \(\d+\) (.*) on \S+", re.MULTILINE)


@dataclass(frozen=True)
class Cut:
    """What came of a cut: an outcome for each text, and the passes that ran on one, in order."""

    outcomes: tuple[Outcome, ...]
    passes: tuple[str, ...]


def compile_cut(texts: Sequence[FunctionText], level: int, limit: int) -> Cut:
    """Compile functions with the first ``limit`` passes, or with ALL."""
    outcomes: list[Outcome] = []
    passes: list[tuple[str, ...]] = [()]
    for text in texts:  # each alone, so that the number of a pass means one function's
        normal = normalise(text)
        done = subprocess.run(
            [sys.executable, "-m", "xlate.verify.cut"],
            input=pickle.dumps((level, limit, PRELUDE, normal)),
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise Inconsistent(f"LLVM does not compile {text.name} so: {' '.join(last)[:200]}")
        outcome: Outcome = pickle.loads(done.stdout)
        if isinstance(outcome, ObjectCode):
            outcome = _named(outcome, normal)
        outcomes.append(outcome)
        passes.append(tuple(_RAN.findall(done.stderr.decode(errors="replace"))))
    return Cut(tuple(outcomes), max(passes, key=len))


def _named(code: ObjectCode, normal: Normal) -> ObjectCode:
    return ObjectCode(
        code.code, code.align, code.relocs, code.constants, code.lines, normal.callees
    )


def main() -> None:
    """Compile what is on standard input."""
    level, limit, prelude, normal = pickle.load(sys.stdin.buffer)
    compiler = Compiler(level, joins=normal.joins)
    llvm.set_option("xlate", f"-opt-bisect-limit={limit}")
    outcome: ObjectCode | Refused = compile_batch(compiler, [normal], prelude)[0]
    sys.stdout.buffer.write(pickle.dumps(outcome))


if __name__ == "__main__":
    main()
