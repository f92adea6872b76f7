"""The gates hold: CI fails when no test ran or a tool is missing; set-up keeps to the checkout."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests import needs as wanted
from xlate.tools import bootstrap


def _ci(tmp_path: Path, checkout: Path, output: str, status: int) -> tuple[int, list[str]]:
    """Run a copy of .ci/run with another make; return its status and what it printed."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(checkout / ".ci" / "run", tmp_path / ".ci" / "run")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "make").write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\nexit {status}\n")
    (tools / "make").chmod(0o755)
    done = subprocess.run(
        [tmp_path / ".ci" / "run"],
        env={"PATH": f"{tools}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def test_ci_prints_the_closing_line(tmp_path: Path, checkout: Path) -> None:
    closing = "1234 passed, 2 skipped in 61.50s (0:01:01)"
    status, lines = _ci(tmp_path, checkout, f"......\n{closing}", 0)
    assert (status, lines[-1]) == (0, closing)


def test_ci_keeps_the_status_of_failures(tmp_path: Path, checkout: Path) -> None:
    closing = "3 failed, 1231 passed in 60.00s"
    status, lines = _ci(tmp_path, checkout, f"{closing}\nmake: *** [test] Error 1", 2)
    assert (status, lines[-1]) == (2, closing)


@pytest.mark.parametrize("output", ["nothing", "no tests ran in 0.01s", "12 deselected in 0.10s"])
def test_ci_fails_when_no_test_ran(tmp_path: Path, checkout: Path, output: str) -> None:
    status, lines = _ci(tmp_path, checkout, output, 0)
    assert status == 1
    assert "ci: no test ran" in lines


def test_missing_tool_skips_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wanted, "_strict", False)
    with pytest.raises(pytest.skip.Exception, match="needs no-such-tool"):
        wanted.needs("no-such-tool")
    monkeypatch.setattr(wanted, "_strict", True)
    with pytest.raises(pytest.fail.Exception, match="needs no-such-tool"):
        wanted.needs("no-such-tool")


def test_pip_cache_stays_in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_CACHE_DIR", "PIP_NO_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    inside = bootstrap.pip_environment()["PIP_CACHE_DIR"]
    assert Path(inside).is_relative_to(wanted.CHECKOUT / "build")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert "PIP_CACHE_DIR" not in bootstrap.pip_environment()
