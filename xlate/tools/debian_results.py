"""What running the invocations gave, and the file it is kept in between calls.

Conversion takes hours for everything, so `make debian` is done in several calls, of which each goes
on where the one before stopped: what was run, at which commit, which files of the guest it needed,
and which of them could not be converted, stand in ``build/debian/results.json``. docs/debian.md is
written from that.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

BASELINE, FIRST, SECOND = "baseline", "converted", "converted, 2nd run"
HIT, LEFT = "hit", "left"


@dataclass(frozen=True)
class Module:
    """What one run says of a program or library: the guest's path, and what its package was."""

    file: str
    state: str


@dataclass
class Ran:
    """One way of running a case: seconds, how it differs from native, and the files it mapped."""

    seconds: float
    difference: str
    commit: str
    modules: tuple[Module, ...] = ()

    @property
    def files(self) -> set[str]:
        """The programs and libraries that were mapped."""
        return {module.file for module in self.modules}

    @property
    def converted(self) -> set[str]:
        """Those of them whose package was used, at least at first."""
        return {module.file for module in self.modules if module.state == HIT}

    @property
    def left(self) -> str:
        """Why some process gave its packages up, or nothing."""
        reasons = [module.state for module in self.modules if module.state.startswith(LEFT)]
        return reasons[0].partition(": ")[2] if reasons else ""


@dataclass
class Outcome:
    """What became of a case in every way it was run."""

    name: str
    package: str
    ran: dict[str, Ran] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether every way of running it gives what the native program gives."""
        return not any(ran.difference for ran in self.ran.values())


def modules_of(stats: Path) -> tuple[Module, ...]:
    """Return what ``xlate-run --stats=json`` wrote of packages; nothing where it wrote nothing."""
    try:
        data = json.loads(stats.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError):
        return ()  # the first process was killed, and says nothing then
    rows = [row for row in data["packages"] if row["file"]]
    found = {(r["file"], r["state"]) for r in rows if not r["state"].startswith("kept code")}
    return tuple(Module(*pair) for pair in sorted(found))


class Results:
    """The outcomes of each world, by the case's name, and failed conversions, in a file."""

    def __init__(self, path: Path) -> None:
        """Read what is there."""
        self._path = path
        self.worlds: dict[str, dict[str, Outcome]] = {}
        self.failed: dict[str, dict[str, str]] = {}
        if path.is_file():
            data = json.loads(path.read_text(encoding="utf-8"))
            self.failed = data["failed"]
            for world, rows in data["worlds"].items():
                self.worlds[world] = {row["name"]: _outcome(row) for row in rows}

    def outcome(self, world: str, name: str, package: str) -> Outcome:
        """Return the outcome of a case, an empty one where there is none yet."""
        return self.worlds.setdefault(world, {}).setdefault(name, Outcome(name, package))

    def of(self, world: str, names: Sequence[str]) -> list[Outcome]:
        """Return the outcomes of some cases in the order of the names, without those not run."""
        kept = self.worlds.get(world, {})
        return [kept[name] for name in names if name in kept and kept[name].ran]

    def converted(self, world: str, tried: Collection[str], failed: Mapping[str, str]) -> None:
        """Note which of the files that were tried could not be converted, and why."""
        kept = self.failed.get(world, {})
        left = {name: why for name, why in kept.items() if name not in tried}
        self.failed[world] = {**left, **failed}

    def forget(self, world: str) -> None:
        """Drop all that is known of a world."""
        self.worlds.pop(world, None)
        self.failed.pop(world, None)

    def save(self) -> None:
        """Write the file anew, in one step."""
        rows = {
            world: [asdict(outcome) for outcome in outcomes.values()]
            for world, outcomes in self.worlds.items()
        }
        fresh = self._path.with_suffix(".new")
        data = {"worlds": rows, "failed": self.failed}
        fresh.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        fresh.replace(self._path)


def _outcome(row: Mapping[str, object]) -> Outcome:
    ran = row["ran"]
    assert isinstance(ran, dict)
    return Outcome(
        str(row["name"]), str(row["package"]), {way: _ran(one) for way, one in ran.items()}
    )


def _ran(row: Mapping[str, object]) -> Ran:
    modules = row["modules"]
    assert isinstance(modules, list)
    return Ran(
        float(str(row["seconds"])),
        str(row["difference"]),
        str(row["commit"]),
        tuple(Module(**module) for module in modules),
    )
