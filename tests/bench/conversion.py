"""What converting costs: CPU time, guest instructions a second, memory, size of the package.

Measured from nothing: a store of its own without memo or profile, one worker process, so that
the CPU time is that of one core. Memory is the largest sum, over the samples taken, of what the
command and its workers had resident (shared pages divided among them, as the kernel does in
``Pss``); the largest single process comes from its accounting.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench import measure
from tests.bench.engines import Converter

SAMPLE_SECONDS = 0.25


@dataclass(frozen=True)
class Cost:
    """One conversion."""

    program: str
    level: int
    cpu_seconds: float
    functions: int
    instructions: int
    instructions_per_second: float
    peak_mib: float
    peak_process_mib: float
    package_bytes: int

    def line(self) -> str:
        """Return all of it in words."""
        return (
            f"convert {self.program} -O{self.level}: {self.cpu_seconds:.1f} s CPU, "
            f"{self.instructions} instructions in {self.functions} functions, "
            f"{self.instructions_per_second:.0f} a second, {self.peak_mib:.0f} MiB at most "
            f"(largest process {self.peak_process_mib:.0f}), package {self.package_bytes} bytes"
        )


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:  # ended meanwhile
        return []
    return [int(word) for word in text.split()]


def resident_kib(pid: int) -> int:
    """Return what a process and its descendants have resident now, shared pages once."""
    total = sum(resident_kib(child) for child in _children(pid))
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:  # ended meanwhile
        return total
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return total + int(line.split()[1])
    return total


def watched(command: list[str], environment: dict[str, str]) -> tuple[measure.Sample, int]:
    """Run a command to its end; return its cost and the peak of its tree's memory in KiB."""
    peak = 0
    with tempfile.TemporaryFile() as out:
        actions = [(os.POSIX_SPAWN_DUP2, out.fileno(), 1)]
        pid = os.posix_spawnp(command[0], command, environment, file_actions=actions)
        while True:
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            if ended:
                break
            peak = max(peak, resident_kib(pid))
            time.sleep(SAMPLE_SECONDS)
        code = os.waitstatus_to_exitcode(status)
        if code != 0:
            raise measure.MeasureError(f"{' '.join(command)} ended with {code}")
        out.seek(0)
        cpu = usage.ru_utime + usage.ru_stime
        return measure.Sample(cpu, out.read(), usage.ru_maxrss), peak


def convert_from_nothing(converter: Converter, program: Path) -> Cost:
    """Convert with an empty store and one worker, and return what it cost."""
    with tempfile.TemporaryDirectory(prefix="xlate-bench-") as folder:
        empty = replace(converter, store=Path(folder) / "store")
        empty.store.mkdir(mode=0o700)
        output = Path(folder) / "program.xlp"
        command = empty.command(program, output, "--jobs", "1", "--json")
        sample, peak = watched(command, empty.environment())
        told = json.loads(sample.stdout)
        return Cost(
            program=program.name,
            level=told["level"],
            cpu_seconds=sample.cpu_seconds,
            functions=told["translated"]["functions"],
            instructions=told["translated"]["instructions"],
            instructions_per_second=told["translated"]["instructions"] / sample.cpu_seconds,
            peak_mib=peak / 1024,
            peak_process_mib=sample.peak_kib / 1024,
            package_bytes=output.stat().st_size,
        )
