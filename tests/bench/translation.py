"""What translation costs: host instructions per guest instruction, counted by callgrind.

A count does not jitter as time does. callgrind runs xlate-run with a guest and says how many
instructions each function of it executed; everything is charged to translation (decoding,
copying, linking, look-up, the dispatcher) except functions that live in the sources listed as
the process's side, and the translated code itself, which has no name. Charging the unknown to
translation keeps the figure an upper bound.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "xlate" / "runtime" / "src"

# Start-up, system calls, signals, the address space: paid with or without translation.
PROCESS_SIDE = [
    "sys/*.c",
    "blake2.c",
    "elf_check.c",
    "exec.c",
    "fatal.c",
    "fault.c",
    "guest/*/*.c",
    "kuser.c",
    "load_elf.c",
    "load_stack.c",
    "main.c",
    "memory.c",
    "memory_table.c",
    "options.c",
    "package.c",
    "package_file.c",
    "process.c",
    "profile.c",
    "run.c",
    "siginfo.c",
    "signal.c",
    "stats.c",
    "store.c",
    "sysroot.c",
    "thread.c",
    "trace.c",
]

# Where xlate-run is linked: nameless code in there is the dispatcher's assembly, not a guest's.
IMAGE = range(0x700_0000_0000, 0x700_1000_0000)

_DEFINITION = re.compile(r"^(?!\s|#|/|\*|\}|\{)[^;=]*?\b(\w+)\([^;]*$", re.MULTILINE)
_FUNCTION = re.compile(r"fn=\((\d+)\)(?: (.*))?")
_COST = re.compile(r"[+\-*\d]\S* (\d+)")


@dataclass(frozen=True)
class Cost:
    """The count, and what it was divided by."""

    translation: int
    instructions: int
    blocks: int
    functions: dict[str, int]

    @property
    def per_instruction(self) -> float:
        """Host instructions executed per guest instruction translated."""
        return self.translation / self.instructions


def process_side_functions(sources: Path = SOURCES) -> set[str]:
    """Return the names of functions defined in the sources that are not translation."""
    names: set[str] = set()
    for pattern in PROCESS_SIDE:
        for path in sources.glob(pattern):
            names.update(_DEFINITION.findall(path.read_text(encoding="utf-8")))
    return names


def self_costs(lines: Iterable[str]) -> Counter[str]:
    """Return each function's own instruction count from a callgrind file."""
    names: dict[str, str] = {}
    costs: Counter[str] = Counter()
    current = ""
    for line in _without_calls(lines):
        found = _FUNCTION.match(line)
        if found:
            number, name = found.groups()
            current = names.setdefault(number, name or "")
            continue
        # The definition of a name may come first at a call: cfn=(7) name.
        defined = re.match(r"cfn=\((\d+)\) (.*)", line)
        if defined:
            names.setdefault(*defined.groups())
            continue
        cost = _COST.match(line)
        if cost:
            costs[current] += int(cost[1])
    return costs


def _without_calls(lines: Iterable[str]) -> Iterator[str]:
    # The line after `calls=` is the callee's inclusive cost, which is counted at the callee.
    after_call = False
    for line in lines:
        if not after_call:
            yield line
        after_call = line.startswith("calls=")


def is_translated(name: str) -> bool:
    """Say whether callgrind's name is that of code made at run time: no symbol, not our image."""
    # callgrind marks depths of recursion with an apostrophe and a number.
    address = re.fullmatch(r"0x([0-9a-f]+)(?:'\d+)?", name)
    if address is None:
        return name.split("'")[0] == "???"
    return int(address[1], 16) not in IMAGE


def count(xlate_run: Path, guest: list[str]) -> Cost:
    """Run a guest under callgrind and charge what translation cost."""
    with tempfile.TemporaryDirectory(prefix="xlate-bench-") as folder:
        profile, stats = Path(folder) / "profile", Path(folder) / "stats"
        command = [
            *("valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}"),
            *("--smc-check=all", "--compress-pos=no"),
            *(str(xlate_run), "--tier", "baseline"),
            *("--stats=json", "--stats-file", str(stats), *guest),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not profile.exists() or not stats.exists():
            raise RuntimeError(f"callgrind gave nothing: {done.stderr[-500:]}")
        figures = json.loads(stats.read_text())
        with profile.open(encoding="utf-8", errors="replace") as file:
            costs = self_costs(line.rstrip("\n") for line in file)
    aside = process_side_functions()
    charged = {
        name: n for name, n in costs.items() if not is_translated(name) and name not in aside
    }
    return Cost(
        translation=sum(charged.values()),
        instructions=figures["runtime_instructions"],
        blocks=figures["runtime_blocks"],
        functions=charged,
    )
