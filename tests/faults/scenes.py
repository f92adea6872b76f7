"""All scenes by name."""

from __future__ import annotations

from collections.abc import Callable

from tests.faults import crowd, damage
from tests.faults.ground import Ground

SCENES: dict[str, Callable[[Ground], None]] = {
    "flips": damage.flips,
    "small-files": damage.small_files,
    "kept": damage.kept,
    "full-disk": damage.full_disk,
    "read-only": damage.read_only,
    "failing-calls": damage.failing_calls,
    "clock": damage.clock,
    "kills": crowd.kills,
    "conversions": crowd.conversions,
    "replaced": crowd.replaced,
    "written-to": crowd.written_to,
    "versions": crowd.versions,
    "users": crowd.users,
}
