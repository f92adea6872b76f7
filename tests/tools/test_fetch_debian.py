"""Packages come with a private apt state, are unpacked once, and failures are one message."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import needs as wanted
from xlate.errors import Unsupported
from xlate.sysroot import apt
from xlate.tools import fetch_debian


def test_record_prevents_a_second_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "root.json").write_text('{"hello": {"version": "1"}}')
    monkeypatch.setenv("PATH", str(tmp_path))  # no apt here: it must not be asked
    assert fetch_debian.fetch(["hello"], "armhf", tmp_path) == tmp_path / "root"
    with pytest.raises(Unsupported, match="apt-get is not here"):
        fetch_debian.fetch(["hello", "other"], "armhf", tmp_path)


def test_configuration_is_private_and_has_no_hooks(tmp_path: Path) -> None:
    wanted.needs("apt-config")
    environment = apt.private_apt(tmp_path, "armhf")
    command = ["apt-config", "dump"]
    dump = subprocess.run(
        command, env={**environment, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
        check=True,
    ).stdout  # fmt: skip
    assert f'Dir::State::status "{tmp_path}/status";' in dump
    assert f'Dir::Cache "{tmp_path}/cache";' in dump
    assert 'APT::Architecture "armhf";' in dump
    assert "Post-Invoke::" not in dump
    assert "Pre-Invoke::" not in dump


def test_busybox_is_for_the_asked_architecture(busybox_armhf: Path, busybox_amd64: Path) -> None:
    assert busybox_armhf.read_bytes()[18:20] == (40).to_bytes(2, "little")
    assert busybox_amd64.read_bytes()[18:20] == (62).to_bytes(2, "little")
