"""--strace prints what users of strace expect: names, structures, signals, ends, processes.

The program is corpus/cli/traced.c. Lines are compared whole where everything in them is known.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from corpus import build
from tests import needs
from tests.run.cli_programs import guest_program

CALLS = [
    r'openat\(AT_FDCWD, "made", O_RDWR\|O_CREAT\|O_TRUNC\|O_LARGEFILE\|O_CLOEXEC, 0640\) = 3',
    r'writev\(3, \[{iov_base="one\\n", iov_len=4}, '
    r'{iov_base="\\1two\\0337", iov_len=6}\], 2\) = 10',
    r'read\(3, "one\\n\\1two\\0337", 16\) = 10',
    r"fcntl64\(3, F_SETFD, FD_CLOEXEC\) = 0",
    r"fcntl64\(3, F_SETLK(64)?, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=1, l_len=2}\) = 0",
    r'\w+\(.*"made", .*st\w?_mode=S_IFREG\|0640, st\w?_size=10.*\) = 0',
    r"mmap2\(NULL, 4096, PROT_READ\|PROT_WRITE, MAP_PRIVATE, 3, 0\) = 0x[0-9a-f]{5,8}",
    r"mprotect\(0x[0-9a-f]+, 4096, PROT_NONE\) = 0",
    r'\w+\(.*"/no/such", R_OK\|X_OK.*\) = -1 ENOENT \(No such file or directory\)',
    r"close\(-1\) = -1 EBADF \(Bad file descriptor\)",
    r"ioctl\(3, FIONREAD, \[0\]\) = 0",
    r"utimensat\w*\(3, NULL, NULL, 0\) = 0",
    r'utimensat\w*\(AT_FDCWD, "made", {atime={tv_sec=5, tv_nsec=6}, '
    r"mtime={tv_sec=7, tv_nsec=8}}, 0\) = 0",
    r"getdents64\(4, 0x[0-9a-f]+ /\* 3 entries \*/, \d+\) = \d+",
    r"getdents64\(4, 0x[0-9a-f]+ /\* 0 entries \*/, \d+\) = 0",
    r'unlinkat\(AT_FDCWD, "made", 0\) = 0',
    r"socket\(AF_INET, SOCK_DGRAM\|SOCK_CLOEXEC, IPPROTO_IP\) = 4",
    r"connect\(4, {sa_family=AF_INET, sin_port=htons\(4711\), "
    r'sin_addr=inet_addr\("127\.0\.0\.1"\)}, 16\) = 0',
    r"setsockopt\(4, SOL_SOCKET, SO_REUSEADDR, \[1\], 4\) = 0",
    r"rt_sigaction\(SIGUSR1, {sa_handler=0x[0-9a-f]+, sa_mask=\[HUP\], "
    r"sa_flags=SA_RESTORER\|SA_RESTART}, NULL, 8\) = 0",
    r"rt_sigprocmask\(SIG_BLOCK, \[USR2\], .*, 8\) = 0",
    r"kill\(\d+, SIGUSR1\) = 0",
    r"--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=\d+, si_uid=\d+} ---",
    r"clock_nanosleep\w*\(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=1000000}, .*\) = 0",
    r"poll\(\[{fd=-1, events=POLLIN\|POLLPRI, revents=0}\], 1, 0\) = 0",
    r"pipe2?\(\[5, 6\](, 0)?\) = 0",
    r"(_newselect|pselect6\w*)\(7, NULL, \[6\], NULL, NULL.*\) = 1",
    r"exit_group\(0\) = \?",
    r"\+\+\+ exited with 0 \+\+\+",
]


# A line of any kind: a call with its result or broken off, one resumed, an end, a signal.
WHOLE = re.compile(
    r"(\[pid \d+\] )?(\w+\(.*( = .*| <unfinished \.\.\.>)|<\.\.\. .*|\+\+\+ .*|--- .*)"
)


def _joined(trace: str) -> str:
    """Return the trace with calls that others' lines have broken in two made whole."""
    broken = re.compile(r"^(\[pid \d+\] )?(.*) <unfinished \.\.\.>$")
    rest = re.compile(r"^(\[pid \d+\] )?<\.\.\. (\w+) resumed>(.*)$")
    lines: list[str] = []
    for line in trace.splitlines():
        found = rest.match(line)
        if not found:
            lines.append(line)
            continue
        # The first line of all may have been begun before there were numbers.
        for at in range(len(lines) - 1, -1, -1):
            half = broken.match(lines[at])
            if half and half[1] in (found[1], None) and half[2].startswith(found[2] + "("):
                lines[at] = f"{half[1] or ''}{half[2]}{found[3]}"
                break
        else:
            raise AssertionError(f"nothing to go on with: {line}")
    return "\n".join([*lines, ""])


@pytest.fixture(scope="module")
def traced(guest_cc: list[str]) -> Path:
    return guest_program("traced", guest_cc)


def _run(
    xlate_run: Path,
    words: list[str | Path],
    cwd: Path,
    variables: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [xlate_run, *words],
        env={"XLATE_CACHE": "off", **(variables or {})},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_decoded(xlate_run: Path, traced: Path, tmp_path: Path) -> None:
    """The lines, in this order, among those of the C library."""
    done = _run(xlate_run, ["--strace", traced], tmp_path)
    lines = iter(
        done.stderr.replace("O_TRUNC|O_CLOEXEC", "O_TRUNC|O_LARGEFILE|O_CLOEXEC").splitlines()
    )
    for wanted in CALLS:
        assert any(re.fullmatch(wanted, line) for line in lines), (wanted, done.stderr)
    assert (done.returncode, done.stdout) == (0, "")


SPELLINGS = [["-strace"], ["--strace"], ["-d", "strace"], ["-e", "trace=exit_group"]]


@pytest.mark.parametrize("words", SPELLINGS)
def test_spellings(xlate_run: Path, traced: Path, tmp_path: Path, words: list[str]) -> None:
    assert "+++ exited with 0 +++\n" in _run(xlate_run, [*words, traced], tmp_path).stderr


@pytest.mark.parametrize("name", ["QEMU_STRACE", "XLATE_STRACE"])
def test_variables(xlate_run: Path, traced: Path, tmp_path: Path, name: str) -> None:
    assert "+++ exited" in _run(xlate_run, [traced], tmp_path, {name: "1"}).stderr


def test_processes(xlate_run: Path, traced: Path, tmp_path: Path) -> None:
    """The trace follows fork and exec; pids stand before lines, and lines never mix."""
    (tmp_path / "t").symlink_to(traced)
    done = _run(xlate_run, ["--strace", "./t", "exec"], tmp_path)
    assert done.returncode == 3
    execve = r'\[pid (\d+)\] execve\("./t", \["./t", "child"\], 0x\w+ /\* 2 vars \*/\) = 0\n'
    joined = _joined(done.stderr)
    found = re.search(execve, joined)
    assert found, done.stderr
    child = found[1]
    assert f"[pid {child}] +++ exited with 3 +++\n" in done.stderr
    assert re.search(r'\] execve\("/no/such", .*\) = -1 ENOENT', joined)
    wait = rf"wait4\({child}, \[{{WIFEXITED\(s\) && WEXITSTATUS\(s\) == 3}}\], 0, NULL\) = {child}"
    assert re.search(wait, joined)
    assert "<unfinished ...>" not in joined
    assert [line for line in done.stderr.splitlines() if not WHOLE.fullmatch(line)] == []


#: Calls that are the same on both machines but for addresses and process numbers.
ALIKE = re.compile(
    r"(openat|writev|read|fcntl(64)?|mmap2?|mprotect|access|close|ioctl|unlinkat|socket|connect"
    r"|setsockopt|rt_sigprocmask|kill|pipe2|exit_group)\(|--- |\+\+\+ "
)


def _alike(trace: str) -> list[str]:
    """Return the lines that should not depend on the machine, without what differs each time."""
    lines = re.sub(r" += ", " = ", trace).splitlines()
    start = next(at for at, line in enumerate(lines) if '"made"' in line)
    differs = r"0x[0-9a-f]+|(?<=kill\()\d+|(?<=si_[pu]id=)\d+|\|O_LARGEFILE"
    alike = [re.sub(differs, "", line) for line in lines[start:] if ALIKE.match(line)]
    return [re.sub(r"^(fcntl|mmap)(64|2)\(", r"\1(", line) for line in alike]


def test_strace_agrees(xlate_run: Path, traced: Path, host_cc: list[str], tmp_path: Path) -> None:
    """The host's build under strace itself prints the same text for the same calls."""
    strace = needs.needs("strace", "apt install strace")
    probe = [strace, "-o", "/dev/null", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        needs.forbidden("strace to trace")
    native = tmp_path / "native"
    command = [*host_cc, "-w", "-O1", "-o", native, build.CORPUS / "cli/traced.c"]
    subprocess.run(command, check=True)
    theirs = subprocess.run(
        [strace, native], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (theirs.returncode, theirs.stdout) == (0, "")
    assert theirs.stderr.endswith("+++ exited with 0 +++\n")
    ours = _run(xlate_run, ["--strace", traced], tmp_path)
    expected = _alike(theirs.stderr)
    assert len(expected) > 20
    assert _alike(ours.stderr) == expected


def test_threads(xlate_run: Path, guest_cc: list[str], tmp_path: Path) -> None:
    """Each thread has its number, what it was interrupted in goes on, and its end is shown."""
    program = guest_program("threads", guest_cc)
    done = _run(xlate_run, ["--strace", program], tmp_path)
    assert (done.returncode, done.stdout) == (0, "thread\n" * 2)
    call = r"^\[pid (\d+)\] {}"
    written = re.findall(call.format(r'write\(1, "thread\\n", 7'), done.stderr, re.MULTILINE)
    assert "<unfinished ...>" not in _joined(done.stderr)
    assert len(set(written)) == 2
    for thread in written:
        assert f"[pid {thread}] +++ exited with 0 +++\n" in done.stderr
    ended = re.findall(call.format(r"exit_group\(0\)"), done.stderr, re.MULTILINE)
    assert len(ended) == 1
    assert ended[0] not in written
    assert [line for line in done.stderr.splitlines() if not WHOLE.fullmatch(line)] == []


def test_crash(xlate_run: Path, traced: Path, tmp_path: Path) -> None:
    done = _run(xlate_run, ["--strace", traced, "crash"], tmp_path)
    assert done.returncode == -11
    assert done.stderr.splitlines()[-2:] == [
        "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL} ---",
        "+++ killed by SIGSEGV +++",
    ]


@pytest.mark.parametrize(
    ("calls", "names"),
    [
        ("close,kill", {"close", "kill"}),
        ("trace=socket", {"socket"}),
        ("%network", {"socket", "connect", "setsockopt"}),
        ("*sigproc*,connec?", {"rt_sigprocmask", "connect"}),
    ],
)
def test_filter(xlate_run: Path, traced: Path, tmp_path: Path, calls: str, names: set[str]) -> None:
    """Only the calls asked for are shown; ends and signals always are."""
    done = _run(xlate_run, [f"--strace={calls}", traced], tmp_path)
    found = {line.split("(")[0] for line in done.stderr.splitlines() if "(" in line}
    assert found == names
    assert "--- SIGUSR1 {" in done.stderr


def test_filter_of_all_others(xlate_run: Path, traced: Path, tmp_path: Path) -> None:
    done = _run(xlate_run, ["--strace=!%desc,%file,%memory,%signal", traced], tmp_path)
    found = {line.split("(")[0] for line in done.stderr.splitlines() if "(" in line}
    assert "exit_group" in found
    assert not found & {"openat", "close", "mmap2", "kill", "rt_sigaction"}


def test_unknown_call_is_refused(xlate_run: Path, traced: Path, tmp_path: Path) -> None:
    """A filter that could never match is a mistake."""
    for calls in ("opn", "%files", "read,opn*"):
        done = _run(xlate_run, [f"--strace={calls}", traced], tmp_path)
        assert done.returncode == 2
        assert re.fullmatch(r"xlate-run: --strace: no such .*; try: .*\n", done.stderr)


def test_file(xlate_run: Path, traced: Path, tmp_path: Path) -> None:
    """In a file every line has its pid, children included; standard error stays the guest's."""
    for option, name in (("--strace-file", "one"), ("-D", "two-%d")):
        words: list[str | Path] = ["--strace", option, name, traced, "exec"]
        assert _run(xlate_run, words, tmp_path).stderr == ""
    one = (tmp_path / "one").read_text().splitlines()
    assert all(re.match(r"\d+ ", line) for line in one)
    assert len({line.split()[0] for line in one}) == 2
    (two,) = tmp_path.glob("two-*")
    assert two.name == f"two-{two.read_text().split()[0]}"
    done = _run(xlate_run, ["--strace", "-D", "/no/such/folder/x", traced], tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (125, 1)


def test_refusals_only(xlate_run: Path, traced: Path, tmp_path: Path) -> None:
    """-d unimp shows refused calls with their reasons and nothing else."""
    done = _run(xlate_run, ["-d", "unimp", traced], tmp_path)
    assert done.returncode == 0
    assert all(re.search(r" = -1 \w+ \(refused: .+\)$", line) for line in done.stderr.splitlines())


def test_guest_may_close_standard_error(
    xlate_run: Path, busybox_armhf: Path, tmp_path: Path
) -> None:
    """The trace has a descriptor of its own, which the guest neither sees nor closes."""
    script = "exec 2>&-; ls /proc/self/fd"
    done = _run(xlate_run, ["--strace", busybox_armhf, "sh", "-c", script], tmp_path)
    assert "+++ exited with 0 +++" in done.stderr
