"""qemu-arm's options and variables do their job under xlate-run, or are answered by one line."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.needs import CHECKOUT
from tests.run.cli_programs import guest_program

USAGE = 2
#: What a re-executed xlate-run is told, and second names of what is there.
UNDOCUMENTED = {"inherit", "store", "exec-name", "held-package", "strace-only", "h"}
UNDOCUMENTED |= {"one-insn-per-tb", "virtual-start", "order-seed", "limit-data", "limit-as"}
UNDOCUMENTED |= {"root-bound", "record", "system-store", "store-cap"}
QEMU_ROW = re.compile(r"^-(\S+)(?: (\S+))? +(QEMU_\w+)? ", re.MULTILINE)


@pytest.fixture(scope="module")
def seen(guest_cc: list[str]) -> Path:
    return guest_program("seen", guest_cc)


def _run(
    words: list[str | Path], variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "XLATE_CACHE": "off", **(variables or {})}
    return subprocess.run(
        [*words], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def _facts(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert (done.returncode, done.stderr) == (0, "")
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def _splitmix(seed: int) -> str:
    """Return sixteen bytes of SplitMix64, which is what a seed is promised to give."""
    out = b""
    for _ in range(2):
        seed = (seed + 0x9E3779B97F4A7C15) % 2**64
        x = (seed ^ seed >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
        out += (x ^ x >> 31).to_bytes(8, "little")
    return out.hex()


EFFECTS = [
    ("E", "QEMU_SET_ENV", "A=1", {"A": "1"}),
    ("E", "QEMU_SET_ENV", "A=1,B=x,y", {"A": "1", "B": "x,y"}),
    ("0", "QEMU_ARGV0", "other", {"argv0": "other"}),
    ("r", "QEMU_UNAME", "4.4.0-test", {"release": "4.4.0-test", "machine": "armv7l"}),
    ("cpu", "QEMU_CPU", "cortex-a9", {"machine": "armv7l"}),
    ("R", "QEMU_RESERVED_VA", "0xf7000000", {"machine": "armv7l"}),
    ("p", "QEMU_PAGESIZE", "4096", {"machine": "armv7l"}),
    ("B", "QEMU_GUEST_BASE", "0x100000000", {"machine": "armv7l"}),
    ("seed", "QEMU_RAND_SEED", "7", {"random": _splitmix(7)}),
    ("L", "QEMU_LD_PREFIX", "/nowhere", {"machine": "armv7l"}),
]


@pytest.mark.parametrize(("name", "variable", "value", "wanted"), EFFECTS)
def test_does_its_job(
    xlate_run: Path, seen: Path, name: str, variable: str, value: str, wanted: dict[str, str]
) -> None:
    """With one dash, with two, and as a variable."""
    for dashes in ("-", "--"):
        facts = _facts(_run([xlate_run, dashes + name, value, seen]))
        assert {key: facts[key] for key in wanted} == wanted
    facts = _facts(_run([xlate_run, seen], {variable: value}))
    assert {key: facts[key] for key in wanted} == wanted


def test_seeds_differ(xlate_run: Path, seen: Path) -> None:
    one, two = (_facts(_run([xlate_run, "-seed", n, seen]))["random"] for n in ("1", "2"))
    assert one != two
    assert _facts(_run([xlate_run, seen]))["random"] != _facts(_run([xlate_run, seen]))["random"]


def test_variables_are_removed(xlate_run: Path, seen: Path) -> None:
    """-U takes several names; later words outweigh earlier ones."""
    facts = _facts(_run([xlate_run, "-U", "A,B", seen], {"A": "1", "B": "2"}))
    assert not {"A", "B"} & set(facts)
    facts = _facts(_run([xlate_run, "-E", "A=1", "-U", "A", "-E", "A=3", seen]))
    assert facts["A"] == "3"
    facts = _facts(_run([xlate_run, seen], {"A": "1", "QEMU_UNSET_ENV": "A"}))
    assert "A" not in facts


def test_stack_size(xlate_run: Path, seen: Path) -> None:
    """-s gives a program the stack that it dies without."""
    assert _run(["sh", "-c", f"ulimit -s 8192; exec {xlate_run} {seen} 24"]).returncode != 0
    assert _facts(_run([xlate_run, "-s", "32M", seen, "24"]))
    assert _facts(_run([xlate_run, seen, "24"], {"QEMU_STACK_SIZE": "33554432"}))


def test_singlestep(xlate_run: Path, seen: Path) -> None:
    """Blocks of one instruction: about as many blocks as instructions."""
    done = _run([xlate_run, "-singlestep", "--stats", seen])
    counts = dict(line.split() for line in done.stderr.splitlines()[1:])
    blocks, instructions = int(counts["runtime_blocks"]), int(counts["runtime_instructions"])
    assert blocks > 0.8 * instructions > 0
    assert _facts(_run([xlate_run, seen], {"QEMU_SINGLESTEP": "1"}))


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["-g", "1234"], "--strace"),
        (["-plugin", "x.so"], "--stats"),
        (["-trace", "x"], "--strace"),
        (["-dfilter", "0x1000"], "xlate inspect"),
        (["-d", "in_asm"], "xlate inspect"),
        (["-cpu", "cortex-a53"], "--help"),
        (["-cpu", "cortex-a9,neon=off"], "--help"),
        (["-p", "65536"], "--help"),
        (["-R", "5G"], "--help"),
        (["-s", "0"], "--help"),
        (["-seed", "x"], "--help"),
    ],
)
def test_is_answered(xlate_run: Path, seen: Path, words: list[str], answer: str) -> None:
    """What has no meaning here is refused by one line that says what to use."""
    done = _run([xlate_run, *words, seen])
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert re.fullmatch(rf"xlate-run: .*{re.escape(words[0])}.*; try: .*\n", done.stderr)
    assert answer in done.stderr


def test_every_option_of_qemu_is_known(xlate_run: Path, qemu_arm: Path, seen: Path) -> None:
    """Options and variables of the installed qemu-arm: none is unknown here."""
    page = _run([qemu_arm, "-h"]).stdout
    rows = QEMU_ROW.findall(page)
    assert len(rows) > 15
    for name, value, variable in rows:
        done = _run([xlate_run, f"-{name}", *(["1"] if value else []), seen])
        assert "unknown option" not in done.stderr, name
        if variable not in ("", "QEMU_VERSION"):
            named = _run([xlate_run, seen], {variable: "no-such-value"})
            plain = _run([xlate_run, seen])
            ignored = (named.returncode, named.stderr) == (plain.returncode, plain.stderr)
            assert not ignored or variable in (
                "QEMU_ARGV0",
                "QEMU_LD_PREFIX",
                "QEMU_LOG_FILENAME",
                "QEMU_PAGESIZE",
                "QEMU_SINGLESTEP",
                "QEMU_UNAME",
                "QEMU_UNSET_ENV",
            ), variable


def test_lists(xlate_run: Path) -> None:
    """-cpu help and -d help print lists on standard output and end well."""
    cpus, logs = _run([xlate_run, "-cpu", "help"]), _run([xlate_run, "-d", "help"])
    assert "  cortex-a15\n" in cpus.stdout
    assert "  strace: " in logs.stdout
    assert cpus.returncode == logs.returncode == 0


def test_help_names_everything(xlate_run: Path) -> None:
    """Every option and every XLATE_* variable of the table is on the page that users see."""
    source = (CHECKOUT / "xlate/runtime/src/options.c").read_text(encoding="ascii")
    page = _run([xlate_run, "--help"]).stdout
    rows = re.findall(r'^\t{"([\w-]+)", \w+, (\w+),', source, re.MULTILINE)
    assert len(rows) > 30
    shown = {name for name, call in rows if call != "NULL"} - UNDOCUMENTED
    missing = [
        name for name in sorted(shown) if not re.search(rf"(^|[ (,])--?{name}\b", page, re.M)
    ]
    assert missing == []
    variables = set(re.findall(r'"(XLATE_\w+)"', source))
    assert variables - set(re.findall(r"XLATE_\w+", page)) == set()
    assert max(map(len, page.splitlines())) <= 112


def test_qemu_name(xlate_run: Path, seen: Path, tmp_path: Path) -> None:
    """Under the name of qemu-arm the version is one that scripts can read."""
    for name in ("qemu-arm", "qemu-arm-static"):
        link = tmp_path / name
        link.symlink_to(xlate_run)
        assert re.match(r"qemu-arm version \d+\.\d+ ", _run([link, "-version"]).stdout)
        assert _facts(_run([link, "-E", "A=2", seen]))["A"] == "2"


def test_own_variables(xlate_run: Path, seen: Path) -> None:
    """XLATE_* variables stand for options, and options outweigh them."""
    done = _run([xlate_run, seen], {"XLATE_STATS": "json", "XLATE_TIER": "baseline"})
    assert done.stderr.startswith("{")
    assert _run([xlate_run, seen], {"XLATE_TIER": "slow"}).returncode == USAGE
    assert _run([xlate_run, "--tier", "auto", seen], {"XLATE_TIER": "optimised"}).stderr == ""
    assert _run([xlate_run, seen], {"XLATE_STATS": ""}).stderr == ""
