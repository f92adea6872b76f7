"""One file from bytes to a package: the stages in their order, and nothing of what they do.

read -> (keys that runs recorded) -> discover -> lift -> compile -> link -> package. Lifting feeds
the compiler as it goes on, so the texts of all functions are never in memory together. What comes
out depends on the file's content, the level, the recorded keys and what is in quarantine alone: not
on paths, on the number of jobs, on time, or on what the memo held.
"""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Container, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from backends.llvm.binding import VERSION as LLVM_VERSION
from backends.llvm.linker import LinkedImage, link
from backends.llvm.memo import Memo
from backends.llvm.objects import ObjectCode, Refused
from backends.llvm.pool import compile_functions
from backends.llvm.slots import PRELUDE
from backends.llvm.unit import FunctionText
from frontends.arm32.state import STATE
from xlate.convert.result import Clock, Conversion, Progress, Translated, silent
from xlate.convert.room import memo_limit
from xlate.convert.target import Target, target_of
from xlate.discovery import discover
from xlate.discovery.coverage import Coverage, summarise
from xlate.discovery.model import Discovery
from xlate.errors import MISTAKE, Unsupported
from xlate.lift import Lifting
from xlate.loader import Image, parse, read_file
from xlate.package import quarantine
from xlate.package.format import FUNCTION, SECONDARY, Entry, Package
from xlate.package.key import identify
from xlate.package.store import Store, distrust
from xlate.version import VERSION

PAGE = 4096
DEFAULT_LEVEL = 1
MOST_REFUSALS = 1000  # that a package names one by one


@dataclass(frozen=True)
class Job:
    """What to convert and how; ``show`` hears of the progress."""

    path: Path
    target: Target
    level: int = DEFAULT_LEVEL
    jobs: int = 1
    show: Progress = silent
    fast: bool = False  # floating-point flags and NaNs' payloads are not kept


def job_for(path: Path, *, show: Progress = silent) -> Job:
    """Return the Job of a program with the defaults: into the store, all processors."""
    return Job(path, target_of(None, several=False), jobs=processors(), show=show)


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def convert(job: Job) -> Conversion:
    """Convert a file and return what came of it; its package is whole, or not there at all.

    Raises MalformedInput, Unsupported and what the target's file system says (OSError).
    """
    with _without_collector():
        return _convert(job, Clock())


@contextmanager
def _without_collector() -> Iterator[None]:
    """Keep Python from searching for cycles among millions of objects that all stay."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _convert(job: Job, clock: Clock) -> Conversion:
    with clock.stage("read"):
        job.show("reading", 0, 0)
        guest = read_file(str(job.path))
        image = parse(guest, str(job.path))
        out = job.target.path_for(guest, fast=job.fast)
        store = job.target.store
        recorded = store.profile_keys(guest) if store is not None else frozenset()
        wrong = quarantine.quarantined(store.root, guest) if store is not None else {}
    with clock.stage("discover"):
        job.show("discovering", 0, 0)
        discovery = discover(image, observed=recorded)
        # A profile may be of another file of the same quick key, or damaged.
        observed = frozenset(key for key in recorded if discovery.has(key))
        found = summarise(discovery)
    compiled = _compile(image, discovery, job, clock)
    compiled.leave_out(wrong)
    with clock.stage("link"):
        job.show("linking", 0, 0)
        linked = _link(image, compiled)
    seen = (tuple(sorted(observed)), len(recorded))
    made = _Made(guest, image, discovery, found, compiled, linked, *seen)
    with clock.stage("write"):
        evicted = job.target.put(job.path, out, made.package(job.level, fast=job.fast))
    return Conversion(
        path=job.path,
        package=out,
        distrusted=distrust(out),
        level=job.level,
        fast=job.fast,
        found=found,
        translated=made.translated(),
        refused=made.refused(),
        mistakes=made.mistakes(),
        left=compiled.left,
        observed=len(observed),
        memo_hits=compiled.memo_hits,
        evicted=evicted,
        seconds=clock.seconds,
        cpu=clock.cpu(),
    )


@dataclass
class _Compiled:
    """What lifting and compiling gave; texts themselves are gone."""

    results: dict[str, ObjectCode | Refused] = field(default_factory=dict)
    lifted: list[FunctionText] = field(default_factory=list)  # without their text
    left: dict[str, int] = field(default_factory=dict)
    broken: dict[int, str] = field(default_factory=dict)  # functions that were not even lifted
    memo_hits: int = 0

    def leave_out(self, keys: Container[int]) -> None:
        """Refuse functions that were compiled, and are known to be wrong."""
        for text in self.lifted:
            if text.key in keys:
                self.results[text.name] = Refused(quarantine.WHY)


def _compile(image: Image, discovery: Discovery, job: Job, clock: Clock) -> _Compiled:
    """Lift all functions and compile them in worker processes."""
    compiled = _Compiled()
    total = len(discovery.functions)
    done = 0

    lifting = Lifting(image, discovery, fast=job.fast, tolerant=True)

    def texts() -> Iterator[FunctionText]:
        for text in clock.of("lift", lifting.texts()):
            compiled.lifted.append(replace(text, text=""))
            yield text

    def advance(count: int) -> None:
        nonlocal done
        done += count
        job.show("compiling", done, max(total, len(compiled.lifted)))

    job.show("compiling", 0, total)
    store = job.target.store
    with clock.stage("compile"), _memo(store) as memo:
        try:
            compiled.results = compile_functions(
                texts(), PRELUDE, level=job.level, jobs=job.jobs, memo=memo, progress=advance
            )
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise Unsupported("no worker can be started", "", why, advice="--jobs 1") from error
        compiled.memo_hits = memo.hits if memo is not None else 0
    compiled.left = dict(Counter(lifting.left).most_common())
    compiled.broken = lifting.broken
    # Lifting happens inside, while the workers compile.
    clock.seconds["compile"] -= clock.seconds.get("lift", 0.0)
    return compiled


def _memo(store: Store | None) -> AbstractContextManager[Memo | None]:
    """Return the store's memo of compiled functions, or nothing in its place."""
    if store is None:
        return nullcontext()
    return Memo(store.memo_path, limit=memo_limit(store))


def _span(image: Image) -> tuple[int, int]:
    """Return the pages of link addresses that a module covers."""
    low = min(segment.guest_va for segment in image.segments)
    high = max(segment.end for segment in image.segments)
    return low & -PAGE, (high + PAGE - 1) & -PAGE


def _link(image: Image, compiled: _Compiled) -> LinkedImage:
    low, high = _span(image)
    places = STATE.offsets()
    return link(compiled.lifted, compiled.results, low=low, span=high - low, offsets=places)


@dataclass(frozen=True)
class _Made:
    """Everything that became of one file, before it is told or written."""

    guest: bytes
    image: Image
    discovery: Discovery
    found: Coverage
    compiled: _Compiled
    linked: LinkedImage
    observed: tuple[int, ...]
    recorded: int  # keys in the profile, of which some may be no places of this file

    def refusals(self) -> list[tuple[int, str]]:
        """Return functions (their keys) that were found and have no code, with the reason."""
        results = self.compiled.results
        refused = [
            (text.key, result.reason)
            for text in self.compiled.lifted
            if isinstance(result := results[text.name], Refused)
        ]
        return sorted([*refused, *self.linked.dropped, *self.compiled.broken.items()])

    def refused(self) -> dict[str, int]:
        """Return how many were refused for each reason, the commonest first."""
        return dict(Counter(reason for _, reason in self.refusals()).most_common())

    def mistakes(self) -> tuple[tuple[int, str], ...]:
        """Return those of the refused on which our own code failed, with what it said."""
        return tuple(row for row in self.refusals() if row[1].startswith(MISTAKE))

    def translated(self) -> Translated:
        """Return what is in the image."""
        gone = {key for key, _ in self.linked.dropped}
        functions = [
            self.discovery.functions[text.key]
            for text in self.compiled.lifted
            if isinstance(self.compiled.results[text.name], ObjectCode)
            and text.name.startswith("f_")
            and text.key not in gone
        ]
        return Translated(
            functions=len(functions),
            instructions=sum(function.instructions for function in functions),
            entries=len(self.linked.entries),
            bytes=len(self.linked.code) - PAGE,
        )

    def package(self, level: int, *, fast: bool) -> Package:
        """Return the package; equal inputs give equal packages."""
        low, high = _span(self.image)
        relative = self.image.position_independent
        starts = self.discovery.functions
        entries = tuple(
            Entry(key, offset, size, FUNCTION if key in starts else SECONDARY)
            for key, offset, size in self.linked.entries
        )
        return Package(
            identity=identify(
                self.guest,
                STATE.abi(),
                level=level,
                position_independent=relative,
                fast=fast,
            ),
            low=low,
            high=high,
            table_a32=self.linked.table_a32,
            table_t32=self.linked.table_t32,
            image=self.linked.code,
            entries=entries,
            faults=self.linked.faults,
            fault_count=self.linked.fault_count,
            functions=self.translated().functions,
            profile=self.observed,
            provenance=self._provenance(level),
        )

    def _provenance(self, level: int) -> dict[str, Any]:
        """Return what a package says of its making: no names, no times, no machine."""
        return {
            "level": level,
            "xlate": VERSION,
            "llvm": LLVM_VERSION,
            "build_id": self.image.build_id,
            "found": self.found.as_json(),
            "translated": asdict(self.translated()),
            "refused": self.refused(),
            "refusals": [[f"{key:#x}", reason] for key, reason in self.refusals()[:MOST_REFUSALS]],
            "mistakes": [[f"{key:#x}", reason] for key, reason in self.mistakes()[:MOST_REFUSALS]],
            "left": self.compiled.left,
            "observed": len(self.observed),
            "recorded": self.recorded,
        }
