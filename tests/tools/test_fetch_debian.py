"""Packages come with a private apt state, are unpacked once, and failures are one message."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import needs as wanted
from xlate.errors import Unsupported
from xlate.sysroot import apt, get
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


# A stand-in that knows one source package, with its signature, and whose lists are stale.
APT = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$1" in
update) echo 'E: a mirror is stale' >&2; exit 100;;
source)
	for name; do
		[ "$name" != known ] || touch known_1.0.orig.tar.xz known_1.0.orig.tar.xz.asc
	done
esac
"""


@pytest.fixture
def apt_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the stand-in for apt before the real one; return the file that lists its calls."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("apt-get", "apt-config", "dpkg-deb"):
        (tools / name).write_text(APT)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def test_sources_are_fetched_once(apt_calls: Path, tmp_path: Path) -> None:
    """A stale list does not prevent it; an archive is no signature; what is there is not asked."""
    said: list[str] = []
    folder, suite = tmp_path / "sources", get.Suite("bookworm", "http://mirror.invalid/debian")
    found = get.sources(folder, suite, ["known"], said.append)
    assert found == {"known": folder / "known_1.0.orig.tar.xz"}
    assert said[0] == "fetching sources: known"
    assert "a mirror is stale" in said[1]
    lines = (folder / "apt" / "sources.list").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["deb-src"]
    assert "source -q --download-only --tar-only known" in apt_calls.read_text()
    apt_calls.unlink()
    assert get.sources(folder, suite, ["known"]) == found
    assert not apt_calls.exists()
    with pytest.raises(apt.FetchFailed, match="no archive of other"):
        get.sources(folder, suite, ["known", "other"])
