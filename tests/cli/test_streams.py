"""`xlate` whose output is closed or goes where nothing fits: one line, and no success."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_commands import WITH_RUNNER
from tests.loader.elf_bytes import Elf


@pytest.mark.parametrize(
    "words", [("--version",), ("inspect", "small")], ids=lambda words: words[0]
)
@pytest.mark.parametrize(
    ("where", "why"),
    [(">/dev/full", "no space left on device"), (">&-", "bad file descriptor")],
    ids=["full", "closed"],
)
def test_what_cannot_be_printed_is_said(xlate_command, python_env, tmp_path, words, where, why):
    (tmp_path / "small").write_bytes(Elf().build())
    command = ["sh", "-c", f'exec "$@" {where}', "sh", *xlate_command, *words]
    done = subprocess.run(
        command, env=python_env, cwd=tmp_path, stderr=subprocess.PIPE, timeout=60, check=False
    )
    assert done.stderr.decode() == f"xlate: the output cannot be written ({why})\n"
    assert done.returncode == 1


def test_a_guest_sees_what_was_closed(python_env, tmp_path: Path):
    runner = tmp_path / "runner"
    runner.write_text(
        "#!/bin/sh\nfor n in 0 1 2; do test -e /proc/$$/fd/$n && exit 1; done\nexit 8\n"
    )
    runner.chmod(0o755)
    start = 'exec "$0" -c "$1" "$2" exec prog <&- >&- 2>&-'
    command = ["sh", "-c", start, sys.executable, WITH_RUNNER, str(runner)]
    assert subprocess.run(command, env=python_env, timeout=60, check=False).returncode == 8
