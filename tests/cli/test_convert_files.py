"""Which files a conversion covers: libraries where the guest's loader finds them, folders."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.loader.elf_bytes import Elf
from xlate.convert import files
from xlate.errors import MalformedInput
from xlate.package.format import read
from xlate.package.key import content_hash

pytestmark = pytest.mark.needs_guest_cc

MULTIARCH = "usr/lib/arm-linux-gnueabihf"
LOADER = "/lib/ld-test.so.3"

Link = Callable[..., Path]


@pytest.fixture
def sysroot(tmp_path: Path) -> Path:
    root = tmp_path / "sysroot"
    for folder in ("lib", MULTIARCH, "opt/own", "etc", "bin"):
        (root / folder).mkdir(parents=True)
    (root / LOADER.lstrip("/")).write_bytes(Elf().build())
    return root


@pytest.fixture
def link(guest_cc: list[str], sysroot: Path, tmp_path: Path) -> Link:
    """Return a function that makes a library or program that needs others by their names."""

    def make(name: str, *options: str, needs: tuple[str, ...] = (), program: bool = False) -> Path:
        own = "_start" if program else symbol(name)
        declared = "".join(f"int {symbol(other)}(void);\n" for other in needs)
        body = " + ".join(f"{symbol(other)}()" for other in needs) or "1"
        source = tmp_path / f"{own}.c"
        source.write_text(f"{declared}int {own}(void) {{ return {body}; }}\n")
        if program:
            kind = ("-pie", f"-Wl,-dynamic-linker,{LOADER}")
        else:
            kind = ("-shared", f"-Wl,-soname,{Path(name).name}")
        words = [*guest_cc, "-fPIC", "-nostdlib", *kind, *options, "-Wl,--allow-shlib-undefined"]
        libraries = [str(sysroot / other) for other in needs]
        words += [str(source), "-Wl,--no-as-needed", *libraries, "-o", str(sysroot / name)]
        subprocess.run(words, check=True, timeout=120, cwd=tmp_path)
        return sysroot / name

    return make


def symbol(library: str) -> str:
    """Return the function that a library ``libNAME.so.N`` has."""
    return "in_" + Path(library).name.split(".")[0].removeprefix("lib")


def names(closure: files.Closure) -> list[str]:
    return [path.name for path in closure.files]


def test_interpreter_and_libraries_of_libraries(link: Link, sysroot: Path) -> None:
    link(f"{MULTIARCH}/libdeep.so.1")
    link("lib/libnear.so.2", needs=(f"{MULTIARCH}/libdeep.so.1",))
    prog = link("bin/prog", needs=("lib/libnear.so.2",), program=True)
    closure = files.with_libraries(prog, sysroot)
    assert names(closure) == ["prog", "ld-test.so.3", "libnear.so.2", "libdeep.so.1"]
    assert closure.missing == ()


def test_each_file_once_though_found_by_two_ways(link: Link, sysroot: Path) -> None:
    base = link(f"{MULTIARCH}/libbase.so.1")
    (sysroot / "lib" / "libbase.so.1").symlink_to(base)
    link("lib/libleft.so.1", needs=(f"{MULTIARCH}/libbase.so.1",))
    prog = link("bin/prog", needs=("lib/libleft.so.1", f"{MULTIARCH}/libbase.so.1"), program=True)
    assert names(files.with_libraries(prog, sysroot)).count("libbase.so.1") == 1


def test_runpath_and_origin_come_first(link: Link, sysroot: Path) -> None:
    link("opt/own/libown.so.1")
    (sysroot / "bin" / "own").mkdir()
    near = sysroot / "bin" / "own" / "libown.so.1"
    near.write_bytes((sysroot / "opt/own/libown.so.1").read_bytes())
    # The default folders have one of that name as well.
    (sysroot / "lib" / "libown.so.1").write_bytes(near.read_bytes() + b"\0")
    for path, found in (
        ("/opt/own", "opt/own/libown.so.1"),
        ("$ORIGIN/own", "bin/own/libown.so.1"),
    ):
        prog = link(
            "bin/prog",
            f"-Wl,-rpath,{path}",
            "-Wl,--enable-new-dtags",
            needs=("opt/own/libown.so.1",),
            program=True,
        )
        assert sysroot / found in files.with_libraries(prog, sysroot).files


def test_ld_so_conf_with_an_include(link: Link, sysroot: Path) -> None:
    link("opt/own/libconf.so.1")
    (sysroot / "etc" / "ld.so.conf").write_text("include /etc/ld.so.conf.d/*.conf\n")
    (sysroot / "etc" / "ld.so.conf.d").mkdir()
    (sysroot / "etc" / "ld.so.conf.d" / "own.conf").write_text("# ours\n/opt/own\n")
    prog = link("bin/prog", needs=("opt/own/libconf.so.1",), program=True)
    assert sysroot / "opt/own/libconf.so.1" in files.with_libraries(prog, sysroot).files


def test_conf_that_includes_itself_ends(link: Link, sysroot: Path) -> None:
    (sysroot / "etc" / "ld.so.conf").write_text("include /etc/ld.so.conf\n/opt/own\n")
    prog = link("bin/prog", program=True)
    assert names(files.with_libraries(prog, sysroot)) == ["prog", "ld-test.so.3"]


def test_missing_and_foreign_libraries_are_told(link: Link, sysroot: Path) -> None:
    gone = link("opt/own/libgone.so.1")
    foreign = link("opt/own/libforeign.so.1")
    prog = link("bin/prog", needs=("opt/own/libgone.so.1", "opt/own/libforeign.so.1"), program=True)
    gone.unlink()
    foreign.unlink()
    (sysroot / "lib" / "libforeign.so.1").write_bytes(Elf(machine=62).build())
    closure = files.with_libraries(prog, sysroot)
    assert [(m.name, m.wanted_by) for m in closure.missing] == [
        ("libgone.so.1", "prog"),
        ("libforeign.so.1", "prog"),
    ]
    assert names(closure) == ["prog", "ld-test.so.3"]


def test_a_name_that_no_file_can_have_is_missing(link: Link, sysroot: Path) -> None:
    name = "x" * 5000
    link("opt/own/libodd.so.1", f"-Wl,-soname,{name}")
    prog = link("bin/prog", needs=("opt/own/libodd.so.1",), program=True)
    closure = files.with_libraries(prog, sysroot)
    assert [missing.name for missing in closure.missing] == [name]


def test_with_libs_on_the_command_line(
    link: Link,
    sysroot: Path,
    xlate_command: list[str],
    python_env: dict[str, str],
    tmp_path: Path,
) -> None:
    library = link("lib/libnear.so.2")
    prog = link("bin/prog", needs=("lib/libnear.so.2",), program=True)
    options = ["-L", "sysroot", "--with-libs", "-o", "out", "--quiet"]
    done = subprocess.run(
        [*xlate_command, "convert", *options, "sysroot/bin/prog"],
        env={**python_env, "XLATE_CACHE": "off"},
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    made = {read(path).identity.guest_hash for path in (tmp_path / "out").iterdir()}
    whole = (prog, library, sysroot / LOADER.lstrip("/"))
    assert made == {content_hash(path.read_bytes()) for path in whole}


def test_below_takes_what_is_arm_in_order(tmp_path: Path) -> None:
    for name in ("b/prog", "a/prog", "c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(Elf().build())
    (tmp_path / "short").write_bytes(Elf().build()[:18])
    (tmp_path / "object").write_bytes(Elf(kind=1).build())
    (tmp_path / "foreign").write_bytes(Elf(machine=62).build())
    (tmp_path / "script").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "link").symlink_to("c")
    (tmp_path / "d").hardlink_to(tmp_path / "c")
    found = files.below(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in found.files] == ["c", "a/prog", "b/prog"]
    assert found.passed == {
        "truncated ELF files": 1,
        "object files and core dumps": 1,
        "ELF files for other processors": 1,
        "scripts, texts and data": 1,
        "symbolic links": 2,
        "other names of the same file": 1,
    }
    assert found.others == 7


def test_below_reads_no_device_and_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert files.below(tmp_path) == files.Folder((), {"pipes, sockets and devices": 1})


def test_below_needs_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MalformedInput, match="not a folder"):
        files.below(tmp_path / "file")
