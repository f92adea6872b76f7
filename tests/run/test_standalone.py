"""Standalone executables of real programs: where they run and what they see.

Their files are served from the executable itself, so they run where nothing else is: without an
environment, in an empty root with and without /proc, from a file system that cannot be written.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from corpus import build
from tests import needs as wanted
from xlate.convert.standalone import Standalone, gather
from xlate.errors import Unsupported
from xlate.package import bundle

SOURCE = Path(__file__).with_name("carried.c")
KINDS = ("static", "dynamic", "origin", "absolute")
Make = Callable[[str], Path]


def pack(found: Standalone, xlate_run: Path, app: Path) -> Path:
    """Without packages, which have tests of their own: the baseline tier runs all of it."""
    bundle.write(app, xlate_run.read_bytes(), lambda _filler: None, found.files)
    return app


def run(*words: object, cwd: Path | None = None) -> str:
    """The standard output of a command without an environment, which must end well."""
    done = subprocess.run(
        list(map(str, words)),
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return str(done.stdout)


@pytest.fixture(scope="module")
def programs(
    guest_cc: list[str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Path, Path]]:
    """By kind the program and its sysroot; `origin` has a library that $ORIGIN leads to, `absolute`
    one whose whole path it names.
    """
    if build.is_zig(guest_cc):
        wanted.missing(
            "a cross compiler with shared libraries", "apt install libc6-dev-armhf-cross"
        )
    folder = tmp_path_factory.mktemp("carried")
    (folder / "twice.c").write_text("int twice(int n) { return 2 * n; }\n")
    (folder / "deep").mkdir()
    shared = [*guest_cc, "-shared", "-fPIC", str(folder / "twice.c"), "-o"]
    library, unnamed = folder / "deep" / "libtwice.so", folder / "deep" / "libunnamed.so"
    subprocess.run([*shared, library, "-Wl,-soname,libtwice.so"], check=True)
    subprocess.run([*shared, unnamed], check=True)
    options = {
        "static": ["-static"],
        "dynamic": ["-ldl"],
        "origin": ["-DWITH_LIBRARY", "-Wl,-rpath,$ORIGIN/deep", str(library), "-ldl"],
        "absolute": ["-DWITH_LIBRARY", str(unnamed), "-ldl"],
    }
    for kind, words in options.items():
        command = [*guest_cc, "-O1", "-w", str(SOURCE), "-o", str(folder / kind), *words]
        subprocess.run(command, check=True)
    sysroot = build.sysroot(guest_cc)
    return {kind: (folder / kind, sysroot) for kind in KINDS}


@pytest.fixture(scope="module")
def make(
    programs: dict[str, tuple[Path, Path]],
    xlate_run: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Make:
    """What makes the executable of a kind, once."""
    folder = tmp_path_factory.mktemp("apps")

    def made(kind: str) -> Path:
        app = folder / kind
        return app if app.exists() else pack(gather(*programs[kind]), xlate_run, app)

    return made


@pytest.fixture(params=KINDS)
def app(request: pytest.FixtureRequest, make: Make) -> Path:
    return make(str(request.param))


@pytest.fixture
def jail(public_folder: Path) -> Path:
    wanted.needs_root()
    return public_folder


def mounted(script: str, folder: Path) -> str:
    """What a shell prints that may mount."""
    namespace = ("/usr/bin/unshare", "-m", "/bin/sh", "-c")
    if subprocess.run([*namespace, "mount -t tmpfs none /mnt"], check=False).returncode:
        wanted.forbidden("mounting in a namespace")
    return run(*namespace, script, cwd=folder)


# --- what it is ----------------------------------------------------------------------------------


def test_it_runs_by_itself(app: Path) -> None:
    assert run(app, "hello", "one", "-p", "") == "hello 42: one -p \n"


def test_its_names_are_those_of_the_executable(app: Path, tmp_path: Path) -> None:
    assert run(app, "names") == f"argv[0] {app}\nexecfn {app}\nexe {app}\n\n"
    link = tmp_path / "link"
    link.symlink_to(app)
    found = run("./link", "names", cwd=tmp_path)
    assert found == f"argv[0] ./link\nexecfn ./link\nexe {app}\n\n"


def test_its_own_file_is_the_guests(app: Path) -> None:
    assert run(app, "self") == "1 1 1\n"


def test_maps_show_the_names_of_the_guest(make: Make) -> None:
    lines = run(make("dynamic"), "maps").splitlines()
    assert any(line == "/lib/ld-linux-armhf.so.3" for line in lines)
    assert any(line.endswith("/libc.so.6") for line in lines)
    assert str(make("dynamic")) in lines
    assert not any("memfd" in line for line in lines)


def test_a_library_by_two_names_is_one(make: Make) -> None:
    name = next(_names(make("dynamic"), "libc.so.6"))
    assert run(make("dynamic"), "same", "libc.so.6", name) == "1\n"


def _names(app: Path, last: str) -> Iterator[str]:
    """The guest's paths of a file that is carried."""
    return (
        f"/usr{name}" if name.startswith("/lib/") else name
        for names in bundle.check(app).names
        for name in names
        if name.endswith(f"/{last}")
    )


# --- executing -----------------------------------------------------------------------------------


def test_it_executes_itself(app: Path) -> None:
    for path in (str(app), "/proc/self/exe"):
        assert run(app, "exec", path, "hello", "again") == "hello 42: again\n"
        found = run(app, "exec", path, "names")
        assert found == f"argv[0] {path}\nexecfn {path}\nexe {app}\n\n"
    assert run(app, "exec", str(app), "exec", "/proc/self/exe", "self") == "1 1 1\n"


def test_it_executes_another_guest_program(
    make: Make, programs: dict[str, tuple[Path, Path]]
) -> None:
    for kind in ("static", "dynamic"):
        found = run(make("dynamic"), "exec", programs[kind][0], "names")
        name = programs[kind][0]
        assert found == f"argv[0] {name}\nexecfn {name}\nexe {name}\n\n"


def test_it_executes_a_script_of_its_own(make: Make, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!{make('dynamic')} hello\n")
    script.chmod(0o755)
    assert run(make("dynamic"), "exec", script, "word") == f"hello 42: {script} word\n"


def test_its_children_know_what_it_carries(make: Make) -> None:
    done = subprocess.run(
        [make("dynamic"), "exec", "/proc/self/exe", "hello"],
        env={"XLATE_STATS": "json"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    files = {row["file"] for row in json.loads(done.stderr)["packages"]}
    assert str(make("dynamic")) in files
    assert "/lib/ld-linux-armhf.so.3" in files


# --- where it runs -------------------------------------------------------------------------------


def test_in_an_empty_root_without_proc(app: Path, jail: Path) -> None:
    shutil.copy(app, jail / "app")
    inside = ("/usr/sbin/chroot", jail, "/app")
    assert run(*inside, "hello") == "hello 42:\n"
    assert run(*inside, "exec", "/app", "hello", "again") == "hello 42: again\n"


def test_in_an_empty_root_with_proc(app: Path, jail: Path) -> None:
    shutil.copy(app, jail / "app")
    (jail / "proc").mkdir()
    script = f"mount -t proc proc {jail}/proc && exec chroot {jail} /app exec /proc/self/exe names"
    found = mounted(script, jail)
    assert found == "argv[0] /proc/self/exe\nexecfn /proc/self/exe\nexe /app\n\n"


def test_from_a_file_system_that_cannot_be_written(app: Path, jail: Path) -> None:
    shutil.copy(app, jail / "app")
    mounts = "mount --bind . . && cd . && mount -o remount,bind,ro $PWD"
    assert mounted(f"{mounts} && exec {jail}/app self", jail) == "1 1 1\n"


def test_with_few_descriptors(app: Path) -> None:
    assert run("/bin/sh", "-c", f"ulimit -n 24; exec {app} exec {app} hello") == "hello 42:\n"


def test_a_root_of_another_guest_is_not_for_it(app: Path) -> None:
    done = subprocess.run(
        [app], env={"XLATE_ROOT": "/"}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "a standalone program has its files in itself" in done.stderr


def test_with_anothers_rights_it_believes_no_options(make: Make, jail: Path) -> None:
    user = wanted.needs_ordinary_user()
    app = Path(shutil.copy(make("static"), jail / "app"))
    app.chmod(0o4755)
    script = (
        f"import os, sys; os.setresuid({user}, {user}, {user});"
        "fd = os.open(sys.argv[1], os.O_RDONLY); os.set_inheritable(fd, True);"
        "words = f'--inherit={fd}' + ',-' * 10; os.execve(fd, ['app', words, '/guest'], {})"
    )
    answers = []
    for words, who in (([app, "hello"], user), ([sys.executable, "-c", script, app], 0)):
        done = subprocess.run(
            words, env={}, user=who, capture_output=True, text=True, timeout=60, check=False
        )
        answers.append((done.returncode, done.stdout, done.stderr.partition(";")[0]))
    refusal = "xlate-run: a standalone program with another user's rights executes no program"
    assert answers == [(0, "hello 42:\n", ""), (125, "", refusal)]


# --- what goes into it ---------------------------------------------------------------------------


def test_files_have_the_names_that_loaders_look_for(
    programs: dict[str, tuple[Path, Path]],
) -> None:
    found = gather(*programs["origin"])
    names = [name for file in found.files for name in file.names]
    assert found.files[0].names == ()
    assert "/lib/ld-linux-armhf.so.3" in names
    assert "/lib/libtwice.so" in names
    assert not any(str(programs["origin"][0].parent) in name for name in names)


def test_what_is_left_out_is_said(programs: dict[str, tuple[Path, Path]]) -> None:
    left = gather(*programs["dynamic"]).left_out
    assert "plugins: dynamic" in left
    assert "programs and scripts that it executes: dynamic" in left
    assert not any("locales" in line for line in left)


def test_a_missing_library_is_an_error(programs: dict[str, tuple[Path, Path]]) -> None:
    program, sysroot = programs["origin"]
    library = program.parent / "deep" / "libtwice.so"
    away = library.rename(library.with_suffix(".away"))
    try:
        with pytest.raises(Unsupported, match=r"libtwice\.so, needed by origin, is not found"):
            gather(program, sysroot)
    finally:
        away.rename(library)


def test_debians_busybox(busybox_armhf: Path, xlate_run: Path, jail: Path) -> None:
    pack(gather(busybox_armhf, None), xlate_run, jail / "busybox")
    script = "busybox uname -m; echo a b | busybox wc -w; exec busybox ls /"
    found = run("/usr/sbin/chroot", jail, "/busybox", "sh", "-c", f"PATH=/; {script}")
    assert found == "armv7l\n2\nbusybox\n"
