"""Whether a converter may be started in the background here; it is not, where nobody would want it.

Not by root (packages of root's store are code that others run), not without a terminal (scripts,
services), not where machines are thrown away after a job (CI, containers), and not where the user
says no. Only `xlate exec` asks; `xlate-run` alone never starts anything.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SWITCH = "XLATE_BACKGROUND"
OFF = ("0", "off", "no", "false")
# What systems that build and test set for their jobs; most set the first.
CI = ("CI", "BUILD_ID", "BUILD_NUMBER", "JENKINS_URL", "TEAMCITY_VERSION", "TF_BUILD")
CONTAINER_VARIABLES = ("container", "KUBERNETES_SERVICE_HOST")
CONTAINER_FILES = (".dockerenv", "run/.containerenv", "run/systemd/container")
CONTAINER_GROUPS = re.compile(r"docker|kubepods|containerd|libpod|/lxc|garden|buildkit")


@dataclass(frozen=True)
class Surroundings:
    """What the answer depends on; ``top`` is the root folder whose files tell of containers."""

    environ: Mapping[str, str]
    real_user: int = field(default_factory=os.getuid)
    user: int = field(default_factory=os.geteuid)
    terminal: bool = field(default_factory=lambda: sys.stderr.isatty())
    top: Path = Path("/")


def why_not(here: Surroundings) -> str:
    """Return why no converter is started here, empty where one may be."""
    if here.environ.get(SWITCH, "").lower() in OFF:
        return f"{SWITCH} says {here.environ[SWITCH]}" if SWITCH in here.environ else ""
    for holds, why in (
        (here.user == 0, "not for root"),
        (here.user != here.real_user, "not with another user's rights"),
        (not here.terminal, "standard error is no terminal"),
        (_in_ci(here), "this is a build system's job"),
        (_in_container(here), "this is a container"),
    ):
        if holds:
            return why
    return ""


def _in_ci(here: Surroundings) -> bool:
    return any(here.environ.get(name, "").lower() not in ("", *OFF) for name in CI)


def _in_container(here: Surroundings) -> bool:
    if any(here.environ.get(name) for name in CONTAINER_VARIABLES):
        return True
    if any((here.top / name).exists() for name in CONTAINER_FILES):
        return True
    try:
        groups = (here.top / "proc/1/cgroup").read_text(errors="replace")
    except OSError:
        return False
    return CONTAINER_GROUPS.search(groups) is not None
