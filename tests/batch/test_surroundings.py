"""Where no converter is started in the background: each condition alone keeps it away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xlate.batch import starter
from xlate.batch.surroundings import Surroundings, why_not
from xlate.package import layout

HOME = {"HOME": "/nowhere", "TERM": "xterm"}


@pytest.fixture
def desk(tmp_path: Path) -> Surroundings:
    """Return a user at a terminal of a machine that is no container."""
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/cgroup").write_text("0::/init.scope\n")
    return Surroundings(HOME, 1000, 1000, terminal=True, top=tmp_path)


def test_a_user_at_a_terminal_has_one(desk: Surroundings) -> None:
    assert why_not(desk) == ""
    for harmless in ({"CI": ""}, {"CI": "false"}, {"XLATE_BACKGROUND": "1"}, {"container": ""}):
        assert why_not(replace(desk, environ={**HOME, **harmless})) == ""


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"XLATE_BACKGROUND": "0"}, "XLATE_BACKGROUND says 0"),
        ({"XLATE_BACKGROUND": "off"}, "XLATE_BACKGROUND says off"),
        ({"CI": "true"}, "build system"),
        ({"CI": "1"}, "build system"),
        ({"JENKINS_URL": "http://x"}, "build system"),
        ({"TF_BUILD": "True"}, "build system"),
        ({"container": "podman"}, "container"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "container"),
    ],
)
def test_the_environment_keeps_it_away(
    desk: Surroundings, variables: dict[str, str], why: str
) -> None:
    assert why in why_not(replace(desk, environ={**HOME, **variables}))


@pytest.mark.parametrize("name", [".dockerenv", "run/.containerenv", "run/systemd/container"])
def test_files_of_containers_keep_it_away(desk: Surroundings, name: str) -> None:
    (desk.top / name).parent.mkdir(parents=True, exist_ok=True)
    (desk.top / name).touch()
    assert "container" in why_not(desk)


@pytest.mark.parametrize(
    "group", ["/docker/0123", "/kubepods/besteffort/pod1", "/lxc/one", "/machine/libpod-12.scope"]
)
def test_groups_of_containers_keep_it_away(desk: Surroundings, group: str) -> None:
    (desk.top / "proc/1/cgroup").write_text(f"12:memory:{group}\n0::{group}\n")
    assert "container" in why_not(desk)


def test_root_and_borrowed_rights_and_no_terminal_keep_it_away(desk: Surroundings) -> None:
    assert why_not(replace(desk, user=0, real_user=0)) == "not for root"
    assert "another user's rights" in why_not(replace(desk, user=1001))
    assert "no terminal" in why_not(replace(desk, terminal=False))


@pytest.mark.parametrize("variables", [{"XLATE_CACHE": "off"}, {"HOME": ""}])
def test_without_a_store_nothing_is_started(
    desk: Surroundings, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter, "_leave_behind", lambda *rest: pytest.fail("started"))
    assert starter.start(replace(desk, environ={**HOME, **variables})) == "there is no store"


def test_what_keeps_it_away_leaves_no_file(
    desk: Surroundings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter, "_leave_behind", lambda *rest: pytest.fail("started"))
    environ = {"XLATE_CACHE": str(tmp_path / "store")}
    assert starter.start(replace(desk, environ=environ, terminal=False))
    assert not (tmp_path / "store").exists()


def test_a_store_that_cannot_be_made_is_no_failure(
    desk: Surroundings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter, "_leave_behind", lambda *rest: pytest.fail("started"))
    (tmp_path / "file").touch()
    environ = {"XLATE_CACHE": str(tmp_path / "file" / "store")}
    assert str(tmp_path / "file") in starter.start(replace(desk, environ=environ))


def test_the_folder_of_wishes_has_one_name() -> None:
    assert starter.WANTED == layout.WANTED
