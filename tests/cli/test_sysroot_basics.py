"""Roots from Debian get the files of /etc that no package brings, and keep those that are there."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from xlate.sysroot import basics


def test_basics_of_a_root(tmp_path: Path) -> None:
    """A bare root gets root, nobody and localhost; what a package brings or has made is taken."""
    bare = tmp_path / "bare"
    bare.mkdir()
    assert {"passwd", "group", "hosts", "nsswitch.conf"} <= {*basics.write(bare)}
    users = [line.split(":") for line in (bare / "etc/passwd").read_text().splitlines()]
    assert all(len(user) == 7 for user in users)
    assert {"0", "65534", str(os.getuid())} <= {user[2] for user in users}
    groups = [line.split(":") for line in (bare / "etc/group").read_text().splitlines()]
    assert {"0", str(os.getgid())} <= {group[2] for group in groups}
    assert "127.0.0.1\tlocalhost\n" in (bare / "etc/hosts").read_text()
    assert "hosts: files dns" in (bare / "etc/nsswitch.conf").read_text()
    assert basics.write(bare) == []
    full = tmp_path / "full"
    (full / "usr/share/base-passwd").mkdir(parents=True)
    (full / "usr/share/base-passwd/passwd.master").write_text("root:*:0:0:root:/root:/bin/bash\n")
    (full / "etc").mkdir()
    (full / "etc/group").write_text("mine:x:7:\n")
    (full / "etc/hosts").symlink_to("nowhere")
    assert not {"group", "hosts"} & {*basics.write(full)}
    assert (full / "etc/passwd").read_text().startswith("root:*:0:0:root:/root:/bin/bash\n")
    assert (full / "etc/group").read_text() == "mine:x:7:\n"


def test_basics_name_an_ordinary_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes the folder has a name in it; ids without a name on this machine have none."""
    root = pwd.getpwuid(0)
    mine = pwd.struct_passwd(("me", "x", 4321, 4322, "Me", "/nonexistent", "/bin/fish"))
    users = {4321: mine, 0: root}
    monkeypatch.setattr("os.getuid", lambda: 4321)
    monkeypatch.setattr("os.getgid", lambda: 4322)
    monkeypatch.setattr("pwd.getpwuid", lambda number: users[number])
    basics.write(tmp_path)
    assert "me:x:4321:4322::/nonexistent:/bin/sh\n" in (tmp_path / "etc/passwd").read_text()
    assert "user:x:4322:\n" in (tmp_path / "etc/group").read_text()
    users.clear()
    (tmp_path / "etc/passwd").unlink()
    assert basics.write(tmp_path) == ["passwd"]
    assert "4321" not in (tmp_path / "etc/passwd").read_text()
