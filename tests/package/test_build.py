"""The build of the runtime: keyed by content, incremental, safe with several builders."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import needs as wanted
from xlate.runtime import build


def test_program_is_static_and_high(xlate_run: Path) -> None:
    tool = wanted.needs("readelf", "apt install binutils")
    command = [tool, "-lW", str(xlate_run)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "EXEC (Executable file)" in text
    assert "INTERP" not in text
    assert "DYNAMIC" not in text
    loads = [line.split() for line in text.splitlines() if line.split()[:1] == ["LOAD"]]
    assert loads
    assert all(int(words[2], 16) >= build.IMAGE_BASE for words in loads)
    assert not any("RWE" in "".join(words[6:9]) for words in loads)


def test_second_call_finds_the_first_ones_work(xlate_run: Path) -> None:
    said: list[str] = []
    assert build.ensure(announce=said.append) == xlate_run
    assert said == []


def test_digest_follows_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "frontends").mkdir()
    (tmp_path / "frontends" / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(build, "CHECKOUT", tmp_path)
    first = build.generator_digest()
    (tmp_path / "frontends" / "a.py").write_text("x = 2\n")
    second = build.generator_digest()
    (tmp_path / "frontends" / "b.py").write_text("")
    third = build.generator_digest()
    (tmp_path / "frontends" / "notes.txt").write_text("not a source\n")
    assert len({first, second, third}) == 3
    assert build.generator_digest() == third


def test_build_requirements_name_what_the_generator_imports(checkout: Path) -> None:
    """pip builds where nothing but build-system.requires is installed."""
    program = (
        "import sys; from importlib.metadata import packages_distributions;"
        "from xlate.tools import gen_runtime; from xlate.runtime import build;"
        "owners = packages_distributions();"
        "print(*{name for top in {m.split('.')[0] for m in sys.modules}"
        " if not top.startswith('_') for name in owners.get(top, [])})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=checkout, capture_output=True, text=True, check=True
    )
    project = tomllib.loads((checkout / "pyproject.toml").read_text())
    required = {re.match(r"[\w-]+", r)[0] for r in project["build-system"]["requires"]}
    assert set(done.stdout.split()) - {"xlate-arm"} <= required


@pytest.fixture
def small_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runtime of two files and a header, without generated parts, to build for real."""
    wanted.host_compiler()
    source = tmp_path / "xlate" / "runtime" / "src"
    source.mkdir(parents=True)
    (tmp_path / "xlate" / "runtime" / "build.py").write_text("")
    (source / "value.h").write_text("#define VALUE 3\n")
    (source / "main.c").write_text(
        '#include "value.h"\nvoid _start(void);\nvoid _start(void)\n{\n'
        '\t__asm__ volatile("syscall" : : "a"(60), "D"(VALUE));\n}\n'
    )
    (source / "other.c").write_text("int other;\n")
    monkeypatch.setattr(build, "CHECKOUT", tmp_path)
    monkeypatch.setattr(build, "SOURCES", source)
    monkeypatch.setattr(build, "__file__", str(tmp_path / "xlate" / "runtime" / "build.py"))
    monkeypatch.setattr(build, "_generate", lambda place, announce: None)
    return source


def test_only_what_an_edit_touches_is_compiled(small_tree: Path, tmp_path: Path) -> None:
    place = tmp_path / "build"
    first = build.ensure(place)
    assert subprocess.run([first], check=False).returncode == 3
    stamps = {p.name: p.stat().st_mtime_ns for p in (place / "objects").glob("*.o")}
    (small_tree / "value.h").write_text("#define VALUE 4\n")
    second = build.ensure(place)
    assert second != first
    assert subprocess.run([second], check=False).returncode == 4
    after = {p.name: p.stat().st_mtime_ns for p in (place / "objects").glob("*.o")}
    assert {name for name in stamps if stamps[name] != after[name]} == {"main.c.o"}


def test_other_mains_make_other_programs(small_tree: Path, tmp_path: Path) -> None:
    text = (small_tree / "main.c").read_text()
    (small_tree / "main_probe.c").write_text(text.replace("VALUE", "VALUE + 10"))
    program = build.ensure(tmp_path / "build")
    assert subprocess.run([program], check=False).returncode == 3
    assert subprocess.run([program.with_name("xlate-probe")], check=False).returncode == 13


def test_compiler_errors_are_shown(small_tree: Path, tmp_path: Path) -> None:
    (small_tree / "other.c").write_text("int other\n")
    with pytest.raises(build.BuildFailed, match=r"other\.c.*(?s:.*)error"):
        build.ensure(tmp_path / "build")


def test_concurrent_builders(small_tree: Path, tmp_path: Path) -> None:
    place = tmp_path / "build"
    said: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(build.ensure, place, announce=said.append) for _ in range(4)]
        programs = {job.result() for job in jobs}
    assert len(programs) == 1
    assert len(said) == 1
    assert not list(next(iter(programs)).parent.glob(".link-*"))


def test_no_compiler_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setitem(sys.modules, "ziglang", None)
    monkeypatch.setattr(build.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(build.Unsupported, match=r"no C compiler.*ziglang"):
        build.find_compiler()
