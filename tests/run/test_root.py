"""--root DIR: the guest's whole world is below DIR, for root and for ordinary users.

The root is a folder with Debian's static busybox. Where a machine allows no namespaces, what is
promised instead is tried in a namespace in which more of them are forbidden.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import needs as wanted

APPLETS = ("sh", "ls", "cat", "id", "pwd", "echo", "touch", "chroot", "mount", "readlink", "true")
NOT_FOUND = 127
ORDINARY = 65534

PROGRAM = """
static int add(int n)
{
	volatile int sum = 0;

	for (int i = 0; i < n; i++)
		sum += i;
	return sum != 4950;
}

void _start(void)
{
	register int status __asm__("r0") = add(100);
	register int nr __asm__("r7") = 248;

	__asm__ volatile("svc #0" : : "r"(status), "r"(nr));
	__builtin_unreachable();
}
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def world(xlate_run: Path, busybox_armhf: Path, public_folder: Path) -> Path:
    """A public folder with xlate-run, a root for guests, and a file that is not in it."""
    root = public_folder / "root"
    for name in ("bin", "proc", "sys", "dev", "tmp", "etc", "home"):
        (root / name).mkdir(parents=True)
    (root / "etc/motd").write_text("inside\n")
    (public_folder / "motd").write_text("outside\n")
    shutil.copy(xlate_run, public_folder / "xlate-run")
    shutil.copy(busybox_armhf, root / "bin/busybox")
    for name in APPLETS:
        (root / "bin" / name).symlink_to("/bin/busybox")
    script = root / "bin/script"
    script.write_text("#!/bin/sh\necho script $*\n")
    script.chmod(0o755)
    return public_folder


@pytest.fixture(params=["as-root", "as-user", "by-paths"])
def run(request: pytest.FixtureRequest, world: Path) -> Run:
    """Run the words after xlate-run, as root or as somebody else; skip where that is impossible."""
    user = os.getuid()
    way = {"XLATE_ROOT_BY": "paths"} if request.param == "by-paths" else {}
    if request.param == "as-root":
        wanted.needs_root()
    elif user == 0:
        user = wanted.needs_ordinary_user()
    probe = subprocess.run(["unshare", "-Um", "true"], user=user, capture_output=True, check=False)
    if probe.returncode and not way:
        wanted.forbidden("namespaces for ordinary users")

    def call(
        *words: str | Path, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [world / "xlate-run", *words],
            env={"PATH": "/bin", "XLATE_CACHE": "off", **way, **variables},
            user=user,
            group=user,
            extra_groups=[],
            cwd=cwd or world,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


def _said(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.splitlines()


def test_every_path_is_inside(run: Run, world: Path) -> None:
    """Absolute names, names upwards and the listing of / are those of the folder."""
    script = "cat /etc/motd; cd /; cat ../../../etc/motd; ls -a /; pwd"
    lines = _said(run("--root", world / "root", "/bin/sh", "-c", script))
    assert lines[:2] == ["inside", "inside"]
    assert sorted(lines[2:-1]) == [
        ".",
        "..",
        *sorted(path.name for path in (world / "root").iterdir()),
    ]
    assert lines[-1] == "/"
    done = run("--root", world / "root", "/bin/cat", world / "motd")
    expected = "" if not str(world).startswith("/tmp/") else "outside\n"
    assert done.stdout == expected  # /tmp is the host's


def test_every_child_is_inside(run: Run, world: Path) -> None:
    """Programs and scripts that the guest starts have the same root, at any depth."""
    script = "sh -c 'cat /etc/motd; script a b'; cd /home; script c; readlink /proc/self/exe"
    lines = _said(run("--root", world / "root", "/bin/sh", "-c", script))
    assert lines == ["inside", "script a b", "script c", "/bin/busybox"]


def test_host_folders_are_bound(run: Run, world: Path) -> None:
    """/proc, /sys, /dev and /tmp are the host's; missing ones are made where that is allowed."""
    script = (
        "echo x > /dev/null; ls -d /proc/self /sys/kernel; ls /tmp > /dev/null; cat /proc/1/comm"
    )
    lines = _said(run("--root", world / "root", "/bin/sh", "-c", script))
    assert lines[:2] == ["/proc/self", "/sys/kernel"]
    assert lines[2] == Path("/proc/1/comm").read_text().strip()
    assert list((world / "root/proc").iterdir()) == []  # the host's view has no mounts


def test_nobody_gains_anything(run: Run, world: Path) -> None:
    """The user is who he was; an ordinary one may neither mount nor change the root again."""
    lines = _said(run("--root", world / "root", "/bin/sh", "-c", "id -u; id -g"))
    user = int(lines[0])
    assert lines == [str(user)] * 2
    if user:
        done = run("--root", world / "root", "/bin/chroot", "/", "/bin/true")
        assert "Operation not permitted" in done.stderr
        done = run("--root", world / "root", "/bin/mount", "-t", "tmpfs", "none", "/etc")
        assert done.returncode != 0
        caps = run("--root", world / "root", "/bin/cat", "/proc/self/status").stdout
        assert "CapEff:\t0000000000000000" in caps
        assert "CapPrm:\t0000000000000000" in caps


def test_working_folder(run: Run, world: Path) -> None:
    """Below the root it stays what it is, by its name inside; elsewhere it is /."""
    place = world / "root/home"
    assert _said(run("--root", world / "root", "/bin/pwd", cwd=place)) == ["/home"]
    assert _said(run("--root", "..", "/bin/pwd", cwd=place)) == ["/home"]
    assert _said(run("--root", world / "root", "/bin/pwd", cwd=Path("/usr"))) == ["/"]
    assert _said(run("--root", world / "root", "/bin/pwd", cwd=Path("/sys"))) == ["/sys"]


def test_variable_and_sysroot(run: Run, world: Path) -> None:
    """XLATE_ROOT is the same; -L means nothing any more."""
    options = {"XLATE_ROOT": str(world / "root"), "XLATE_SYSROOT": str(world)}
    assert _said(run("/bin/cat", "/etc/motd", **options)) == ["inside"]


def test_program_is_looked_up_inside(run: Run, world: Path) -> None:
    done = run("--root", world / "root", "/bin/no-such")
    assert done.returncode == NOT_FOUND
    done = run("--root", world / "root", "root/bin/sh", cwd=Path("/usr"))
    assert done.stderr.endswith("; try: the path it has below --root\n")
    done = run("--root", world / "none", "/bin/sh")
    assert (done.returncode, done.stderr.count("\n")) == (NOT_FOUND, 1)
    assert "no such directory" in done.stderr
    assert _said(run("--root", "/", world / "root/bin/busybox", "echo", "plain")) == ["plain"]


def test_trace_and_statistics_reach_the_host(run: Run, world: Path) -> None:
    """Files named on the command line are the host's, though written from inside."""
    out = world / "out"
    out.mkdir(mode=0o777)
    out.chmod(0o777)
    options = [
        "--strace=execve",
        "--strace-file",
        "out/trace",
        "--stats=json",
        "--stats-file",
        "out/s",
    ]
    _said(run(*options, "--root", "root", "/bin/sh", "-c", "script; true"))
    assert 'execve("/bin/script"' in (out / "trace").read_text()
    trace = (out / "trace").read_text()
    assert "--root entered by: a " in trace or "--root entered by: path translation" in trace
    assert json.loads((out / "s").read_text())["processes"] >= 2


@pytest.fixture(scope="module")
def converted(
    xlate_command: list[str],
    python_env: dict[str, str],
    guest_cc: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return a folder with a program, its package and a store that has one, too."""
    folder = tmp_path_factory.mktemp("converted")
    source, program = folder / "add.c", folder / "add"
    source.write_text(PROGRAM)  # without a C library: its conversion would take a minute
    subprocess.run([*guest_cc, "-O1", "-static", "-nostdlib", source, "-o", program], check=True)
    (folder / "cache" / "packages").mkdir(parents=True, mode=0o700)
    environment = {**python_env, "XLATE_CACHE": str(folder / "cache")}
    for words in (["-o", str(folder / "add.xlp")], []):
        command = [*xlate_command, "convert", program, *words]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=300)
    return folder


def test_packages_are_found(run: Run, world: Path, converted: Path) -> None:
    """The store and -p are the host's, inside and after execve as well."""
    shutil.copytree(converted, world, dirs_exist_ok=True)
    shutil.copy(converted / "add", world / "root/bin")
    world.chmod(0o755)
    package, cache = world / "add.xlp", world / "cache"
    owner = int(_said(run("--root", "/", world / "root/bin/busybox", "id", "-u"))[0])
    for path in (cache, *cache.rglob("*"), package):
        os.chown(path, owner, owner)
    for how, options in (
        ("-p FILE", ["-p", str(package)]),
        ("-p FOLDER", ["-p", str(cache / "packages")]),
        ("store", []),
    ):
        store = str(cache) if how == "store" else "off"
        words = ["--stats=json", *options, "--root", "root", "/bin/sh", "-c", "add; exec add 2"]
        done = run(*words, XLATE_CACHE=store)
        rows = json.loads(done.stderr.splitlines()[-1])["packages"]
        states = {row["state"] for row in rows if row["file"].endswith("/add")}
        assert states == {"hit"}, (how, done.stderr)


FORBIDDEN = """
echo 0 > /proc/sys/user/max_user_namespaces
exec setpriv --inh-caps=-all --ambient-caps=-all --bounding-set={bounding} "$@"
"""


@pytest.mark.parametrize("by", ["auto", "chroot"])
def test_without_namespaces(world: Path, by: str) -> None:
    """Paths are translated; who asks for chroot alone gets that where it is allowed."""
    for tool in ("unshare", "setpriv"):
        wanted.needs(tool)
    script = FORBIDDEN.format(bounding="-all,+sys_chroot")
    options = ["--stats=json", "--root-by", by, "--root", world / "root"]
    words = [world / "xlate-run", *options, "/bin/cat", "/etc/motd"]
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-ec", script, "sh", *words],
        env={"PATH": os.environ["PATH"], "XLATE_CACHE": "off"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "max_user_namespaces" in done.stderr or "unshare:" in done.stderr:
        wanted.forbidden("user namespaces, to try it in one")
    assert (done.returncode, done.stdout) == (0, "inside\n"), done.stderr
    expected = "chroot alone, without" if by == "chroot" else "path translation"
    assert json.loads(done.stderr)["root"].startswith(expected)
