"""What musl's userland is built of decides whether it is built again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xlate.tools import debian_run as debian
from xlate.tools import musl_userland as musl
from xlate.tools.musl_userland import HOST, Source

SOURCE = Source("some", "make")
GCC = "#!/bin/sh\necho gcc {}\n"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a work folder with an archive, and with a compiler on PATH that has a version."""
    monkeypatch.setattr(musl, "WORK", tmp_path)
    monkeypatch.setattr(musl, "SOURCES", tmp_path)
    monkeypatch.setattr(debian, "TREES", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "some_1.orig.tar.xz").write_bytes(b"as released")
    gcc = tmp_path / "gcc"
    gcc.write_text(GCC.format(1))
    gcc.chmod(0o755)
    return tmp_path


def test_the_mark_stands_for_all_of_a_build(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another script, archive, compiler, musl or place makes another mark; nothing else does."""
    marks = [SOURCE.mark(HOST), replace(SOURCE, build="make -s").mark(HOST)]
    assert SOURCE.mark(HOST) == marks[0]
    (work / "some_1.orig.tar.xz").write_bytes(b"with a fix")
    marks.append(SOURCE.mark(HOST))
    (work / "gcc").write_text(GCC.format(2))
    marks.append(SOURCE.mark(HOST))
    (work / HOST.debian).mkdir()
    (work / HOST.debian / "root.json").write_text('{"musl": {"version": "1.2.3"}}')
    marks.append(SOURCE.mark(HOST))
    monkeypatch.setattr(debian, "TREES", work / "elsewhere")
    marks.append(SOURCE.mark(HOST))
    assert len({*marks}) == 6


def test_what_is_marked_is_built(work: Path) -> None:
    """A mark of now says so; one of another build, or without an archive, does not."""
    mark = work / f"built-{HOST.debian}-some"
    assert not musl._is_built(HOST, SOURCE)
    mark.write_text(SOURCE.mark(HOST))
    assert musl._is_built(HOST, SOURCE)
    assert not musl._is_built(HOST, replace(SOURCE, build="make -s"))
    (work / "some_1.orig.tar.xz").unlink()
    mark.write_text("")
    assert not musl._is_built(HOST, SOURCE)
