"""The sysroot of -L: what is read there, what stays the host's, which one is chosen.

The guest is Debian's static busybox; the last tests start a dynamically linked program. Test
folders lie in /var/tmp, since nothing below /tmp is ever redirected.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus import build, library_build
from tests import needs as wanted
from tests.run import self_checking
from tests.run.conftest import Runner


@pytest.fixture
def place() -> Iterator[Path]:
    """Return an empty folder outside /tmp."""
    folder = Path(tempfile.mkdtemp(prefix="xlate-sysroot-", dir="/var/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def root(place: Path) -> Path:
    """Return a sysroot with a few files and links."""
    root = place / "root"
    for name in ("etc", "run", "var", "proc", "usr/bin", "tmp"):
        (root / name).mkdir(parents=True)
    (root / "etc/xlate-target").write_text("inside\n")
    (root / "etc/xlate-link").symlink_to("/etc/xlate-target")
    (root / "etc/xlate-up").symlink_to("../../../../../../etc/xlate-target")
    (root / "etc/xlate-out").symlink_to("/proc/self/comm")
    (root / "etc/xlate-loop").symlink_to("/etc/xlate-loop")
    (root / "run/xlate-file").write_text("running\n")
    (root / "var/run").symlink_to("/run")
    (root / "proc/version").write_text("not the kernel\n")
    return root


class Guest:
    """Busybox under one sysroot."""

    def __init__(self, runner: Runner, root: Path, busybox: Path) -> None:
        """Remember the words; where the runner is qemu-arm the options are the same."""
        self.words = [*runner.words, "-L", str(root), str(busybox)]

    def __call__(self, *words: str, cwd: str | Path = "/") -> str:
        """Return what ``busybox WORDS`` prints; errors are in it, the status must tell of them."""
        done = subprocess.run(
            [*self.words, *words], capture_output=True, text=True, cwd=cwd, check=False, timeout=60
        )
        assert bool(done.returncode) == bool(done.stderr), (done.returncode, done.stderr)
        return done.stdout + done.stderr


@pytest.fixture
def guest(runner: Runner, root: Path, busybox_armhf: Path) -> Guest:
    """Return busybox under the sysroot."""
    if runner.is_qemu:
        pytest.skip("qemu-arm resolves links on the host, which is the difference tested here")
    return Guest(runner, root, busybox_armhf)


@pytest.mark.parametrize(
    "path", ["/etc/xlate-target", "/etc/xlate-link", "/etc/xlate-up", "//etc/./xlate-link"]
)
def test_links_lead_inside(guest: Guest, path: str) -> None:
    """Absolute links and links with too many dots stay in the sysroot."""
    assert guest("cat", path) == "inside\n"
    assert guest("stat", "-L", "-c", "%F %s", path) == "regular file 7\n"


def test_link_in_the_middle(guest: Guest) -> None:
    """A folder on the way may be an absolute link."""
    assert guest("cat", "/var/run/xlate-file") == "running\n"


def test_links_themselves(guest: Guest, root: Path) -> None:
    """Calls about a link see the link's own text."""
    assert guest("readlink", "/etc/xlate-link") == "/etc/xlate-target\n"
    assert guest("stat", "-c", "%F", "/etc/xlate-loop") == "symbolic link\n"
    assert guest("ls", "/etc") == "".join(f"{name.name}\n" for name in sorted(root.glob("etc/*")))


def test_paths_inside_the_sysroot(guest: Guest, root: Path) -> None:
    """The sysroot's own name in front changes nothing."""
    assert guest("cat", f"{root}/etc/xlate-link") == "inside\n"


def test_the_host_where_the_sysroot_has_nothing(guest: Guest) -> None:
    """What is not there is looked for on the host."""
    assert guest("head", "-c", "5", "/etc/passwd") == Path("/etc/passwd").read_text()[:5]


def test_never_redirected(guest: Guest, root: Path, public_folder: Path) -> None:
    """/proc and /tmp are the host's."""
    assert guest("cat", "/proc/version").startswith("Linux")
    (public_folder / "file").write_text("host's\n")
    shadow = root / str(public_folder / "file").lstrip("/")
    shadow.parent.mkdir(parents=True)
    shadow.write_text("sysroot's\n")
    assert guest("cat", str(public_folder / "file")) == "host's\n"


def test_working_folder(guest: Guest, root: Path, place: Path) -> None:
    """Files of the working folder are not hidden by the sysroot's; what it lacks is."""
    shadow = root / str(place).lstrip("/")
    shadow.mkdir(parents=True)
    (place / "both").write_text("host's\n")
    for name in ("both", "only"):
        (shadow / name).write_text("sysroot's\n")
    assert guest("cat", f"{place}/both", f"{place}/only", cwd=place) == "host's\nsysroot's\n"
    assert guest("cat", f"{place}/both", f"{place}/only") == "sysroot's\nsysroot's\n"


def test_writing_goes_to_the_host(guest: Guest, root: Path, place: Path) -> None:
    """A file of the sysroot is never changed through its guest name."""
    shadow = root / str(place / "file").lstrip("/")
    shadow.parent.mkdir(parents=True)
    shadow.write_text("sysroot's\n")
    script = f"echo new >{place}/file; echo more >>{place}/file"
    assert guest("sh", "-c", script) == ""
    assert shadow.read_text() == "sysroot's\n"
    assert (place / "file").read_text() == "new\nmore\n"


def test_programs_by_either_name(guest: Guest, root: Path, busybox_armhf: Path) -> None:
    """/usr/bin/NAME finds SYSROOT/bin/NAME, for systems without merged /usr; and the reverse."""
    (root / "bin").mkdir()
    shutil.copy(busybox_armhf, root / "bin/true")
    shutil.copy(busybox_armhf, root / "usr/bin/echo")
    assert guest("sh", "-c", "/usr/bin/true && /bin/echo ran") == "ran\n"


@pytest.fixture
def dynamic_root(root: Path, guest_cc: list[str]) -> Path:
    """Return the sysroot with the compiler's shared libc and a program that needs it."""
    if build.is_zig(guest_cc):
        wanted.missing(
            "a cross compiler with shared libraries", "apt install libc6-dev-armhf-cross"
        )
    built = library_build.build("thumb", guest_cc)
    for path in (built.library, built.linked):
        shutil.copy(path, root / "usr/bin")
    system = build.sysroot(guest_cc)
    (root / "lib").mkdir()
    for name in ("ld-linux-armhf.so.3", "libc.so.6", "libm.so.6"):
        if (system / "lib" / name).exists():
            shutil.copy(system / "lib" / name, root / "lib", follow_symlinks=True)
    return root


def test_root_above_the_program(
    runner: Runner, dynamic_root: Path, busybox_armhf: Path, tmp_path: Path
) -> None:
    """Without -L a program finds its loader in the folder it belongs to, started by hand or not."""
    if runner.is_qemu:
        pytest.skip("qemu-arm looks for no root")
    program = str(dynamic_root / "usr/bin/linked")
    by_hand = [*runner.words, program, "5"]
    by_guest = [*runner.words, str(busybox_armhf), "sh", "-c", f"{program} 5"]
    for words in (by_hand, by_guest):
        done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout


READS = """#include <stdio.h>
int main(void)
{
	char text[40] = "";
	FILE *f = fopen("/etc/xlate-here", "r");
	return !f || !fgets(text, sizeof(text), f) || puts(text) < 0;
}
"""


def test_merged_usr_is_no_root(
    runner: Runner, dynamic_root: Path, guest_cc: list[str], tmp_path: Path
) -> None:
    """Where /lib is a link into /usr the loader is below /usr too; the root is above it."""
    if runner.is_qemu:
        pytest.skip("qemu-arm looks for no root")
    shutil.move(dynamic_root / "lib", dynamic_root / "usr/lib")
    (dynamic_root / "lib").symlink_to("usr/lib")
    (dynamic_root / "etc/xlate-here").write_text("of the root\n")
    source = tmp_path / "reads.c"
    source.write_text(READS)
    program = build.build(self_checking.program(source), "pie", guest_cc, tmp_path / "built")
    shutil.copy(program, dynamic_root / "usr/bin/reads")
    words = [*runner.words, str(dynamic_root / "usr/bin/reads")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("of the root\n\n", "")
