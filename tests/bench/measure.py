"""CPU time of whole processes, in interleaved rounds.

Decides how a figure is taken: user plus system time of the process and the children it waited
for, from the kernel's accounting; engines take turns within a round, so that a slow minute of
the machine hits all of them; a ratio is formed inside each round, and the median over the
rounds is kept. Absolute times are never compared between runs.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType


class MeasureError(Exception):
    """A measured command failed, or engines disagree about the result."""


@dataclass(frozen=True)
class Sample:
    """One process: what it cost and printed; the most memory it or a child had resident."""

    cpu_seconds: float
    stdout: bytes
    peak_kib: int = 0


def run(command: Sequence[str], environment: dict[str, str] | None = None) -> Sample:
    """Run a command to its end and return its cost; a failing one raises."""
    with tempfile.TemporaryFile() as out:
        pid = os.posix_spawnp(
            command[0],
            list(command),
            os.environ if environment is None else environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1)],
        )
        _, status, usage = os.wait4(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code != 0:
            raise MeasureError(f"{' '.join(command)} ended with {code}")
        out.seek(0)
        return Sample(usage.ru_utime + usage.ru_stime, out.read(), usage.ru_maxrss)


def run_many(
    command: Sequence[str], times: int, environment: dict[str, str] | None = None
) -> Sample:
    """Return the mean cost of several runs, for processes too short to measure singly."""
    samples = [run(command, environment) for _ in range(times)]
    return Sample(sum(s.cpu_seconds for s in samples) / times, samples[0].stdout)


@dataclass(frozen=True)
class Row:
    """One benchmark under every engine."""

    name: str
    group: str
    seconds: dict[str, float]
    ratios: dict[str, float]


Progress = Callable[[], None]


def measure(
    name: str,
    group: str,
    commands: dict[str, list[str]],
    *,
    rounds: int,
    pairs: Sequence[tuple[str, str]],
    times: int = 1,
    progress: Progress = lambda: None,
    environments: Mapping[str, dict[str, str]] = MappingProxyType({}),
) -> Row:
    """Time each engine's command ``rounds`` times by turns; ``pairs`` are the ratios wanted."""
    taken: dict[str, list[float]] = {engine: [] for engine in commands}
    printed: dict[str, bytes] = {}
    for _ in range(rounds):
        for engine, command in commands.items():
            sample = run_many(command, times, environments.get(engine))
            taken[engine].append(sample.cpu_seconds)
            printed[engine] = sample.stdout
            progress()
        if len(set(printed.values())) != 1:
            raise MeasureError(f"{name}: the engines print different results: {printed}")
    ratios = {
        f"{a}/{b}": statistics.median(x / y for x, y in zip(taken[a], taken[b], strict=True))
        for a, b in pairs
        if a in taken and b in taken
    }
    seconds = {engine: statistics.median(values) for engine, values in taken.items()}
    return Row(name, group, seconds, ratios)


def geometric_mean(values: Sequence[float]) -> float:
    """Return the mean that fits ratios."""
    return statistics.geometric_mean(values)
