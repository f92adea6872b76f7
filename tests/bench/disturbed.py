"""``python -m tests.bench disturbed``: what signals, jumps and coroutines cost over plain flow.

Decides the pairs: for each engine, the disturbed run against the undisturbed run of the same
work in the same round. That the results are right, and memory flat, is the test's business
(``tests/run/test_disturbed.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corpus import build as corpus
from tests.bench import measure
from tests.bench.engines import NATIVE, OPTIMISED, Engines

VARIANTS = ("undisturbed", "disturbed")
# The stack that recursion.c is made for, whatever the caller's limit is.
EIGHT_MIB_OF_STACK = ("sh", "-c", 'ulimit -s 8192; exec "$@"', "sh")
# Its native frames are larger than the guest's and do not fit.
GUEST_ONLY = ("recursion",)


def commands(
    program: corpus.Disturbed, guest: Path, count: int, engines: Engines
) -> dict[str, list[str]]:
    """Return the commands by ``ENGINE VARIANT``, each engine's variants side by side."""
    by_variant: dict[str, dict[str, list[str]]] = {}
    for variant in VARIANTS:
        words = engines.guest(guest, [variant, str(count)])
        if engines.has(NATIVE) and program.name not in GUEST_ONLY:
            native = corpus.build(program, corpus.NATIVE)
            words[NATIVE] = [str(native), variant, str(count)]
        by_variant[variant] = words
    return {
        f"{engine} {variant}": [*EIGHT_MIB_OF_STACK, *by_variant[variant][engine]]
        for engine in by_variant[VARIANTS[0]]
        for variant in VARIANTS
    }


def measure_program(
    program: corpus.Disturbed, engines: Engines, mode: str, rounds: int, scale: float
) -> measure.Row:
    """Return the row of one program."""
    count = max(1, round(program.count * scale))
    guest = corpus.build(program, mode)
    if engines.has(OPTIMISED):
        # Each variant finds what the other does not.
        engines.prepare(guest, *([variant, str(program.few)] for variant in VARIANTS))
    words = commands(program, guest, count, engines)
    chosen = dict.fromkeys(name.split()[0] for name in words)
    environments = {
        f"{engine} {variant}": environment
        for engine, environment in engines.environments().items()
        for variant in VARIANTS
    }
    return measure.measure(
        program.name,
        "disturbed",
        words,
        rounds=rounds,
        pairs=[(f"{engine} disturbed", f"{engine} undisturbed") for engine in chosen],
        environments=environments,
    )


def measure_all(
    programs: Sequence[corpus.Disturbed], engines: Engines, mode: str, rounds: int, scale: float
) -> list[measure.Row]:
    """Return a row for each program."""
    return [measure_program(program, engines, mode, rounds, scale) for program in programs]
