"""What xlate-run refuses, in one line that says what, why and what to try, and with which status.

127: not found, also an ELF file whose PT_INTERP is missing. 126: found but not startable. 125:
xlate-run itself failed. 2: wrong usage. A refusal never maps the file, prints a second line or
dies by a signal.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests import needs
from tests.badinput.conftest import Publish
from tests.badinput.elf_images import (
    ENTRY_SIZE,
    EXIT_STATUS,
    HEADER_SIZE,
    LINK_ADDRESS,
    PAGE,
    Image,
    Segment,
    host_header,
)

NOT_FOUND, NOT_STARTABLE, OWN_FAILURE, USAGE = 127, 126, 125, 2

GOOD = Image()
WHOLE = GOOD.data()
CODE_SEGMENT = Segment()


def _run(
    xlate_run: Path, *args: str | Path, user: int | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [xlate_run, *args], capture_output=True, text=True, timeout=30, user=user, check=False
    )


def _assert_refused(
    done: subprocess.CompletedProcess[str], program: str | Path, status: int, words: str
) -> None:
    assert done.returncode == status, done
    assert done.stdout == ""
    assert done.stderr.endswith("\n")
    assert done.stderr.count("\n") == 1, done.stderr
    form = rf"xlate-run: {re.escape(str(program))}: [^()]+ \(.+\); try: \S.*\n"
    assert re.fullmatch(form, done.stderr), done.stderr
    assert re.search(words, done.stderr), done.stderr


def _image(name: str, data: bytes | Image, words: str) -> object:
    return pytest.param(data if isinstance(data, bytes) else data.data(), words, id=name)


NOT_STARTABLE_FILES = [
    _image("empty", b"", "empty"),
    _image("one_byte", b"\x7f", "not a program|truncated"),
    _image("text", b"just some text\n", "not a program"),
    _image("script_without_interpreter", b"#!\n", "interpreter"),
    _image("header_cut_after_magic", WHOLE[:4], "truncated"),
    _image("header_cut_in_half", WHOLE[:30], "truncated"),
    _image("header_one_byte_short", WHOLE[: HEADER_SIZE - 1], "truncated"),
    _image("no_room_for_program_headers", WHOLE[:HEADER_SIZE], "truncated"),
    _image("program_headers_cut", WHOLE[: HEADER_SIZE + ENTRY_SIZE - 4], "truncated"),
    _image("segment_cut", WHOLE[:-4], "truncated"),
    _image("x86_64", host_header(62), "x86-64"),
    _image("aarch64", host_header(183), "AArch64"),
    _image("riscv", host_header(243), "RISC-V"),
    _image("i386", GOOD.but(machine=3), "i386"),
    _image("mips", GOOD.but(machine=8, big_endian=True), "MIPS"),
    _image("unknown_machine", GOOD.but(machine=0x7777), "30583"),
    _image("big_endian", GOOD.but(big_endian=True), "big-endian"),
    _image("arm_but_64_bit", GOOD.but(elf_class=2), "64-bit"),
    _image("object_file", GOOD.but(kind=1), "object"),
    _image("core_dump", GOOD.but(kind=4), "core"),
    _image("unknown_type", GOOD.but(kind=0xFE00), "type"),
    _image("old_abi", GOOD.but(flags=0x2), "ABI"),
    _image("no_program_headers", GOOD.but(phnum=0), "program headers"),
    _image("phnum_65535", GOOD.but(phnum=65535), "program headers"),
    _image("phentsize_wrong", GOOD.but(phentsize=56), "program header"),
    _image("phoff_beyond_file", GOOD.but(phoff=0x10000), "truncated"),
    _image("phoff_overflows", GOOD.but(phoff=0xFFFFFFF0), "truncated"),
    _image("huge_memsz", GOOD.but(segments=(Segment(memsz=0xFFFFFFFF),)), "absurd|fit"),
    _image("memsz_of_3_5_gib", GOOD.but(segments=(Segment(memsz=0xE0000000),)), ""),
    _image("memsz_wraps", GOOD.but(segments=(Segment(address=0xFFFF0000, memsz=0x20000),)), "fit"),
    _image("memsz_below_filesz", GOOD.but(segments=(Segment(memsz=4),)), "absurd"),
    _image("huge_filesz", GOOD.but(segments=(Segment(filesz=0x7FFFFFFF),)), "truncated"),
    _image("offset_overflows", GOOD.but(segments=(Segment(offset=0xFFFFF000, filesz=0x2000),)), ""),
    _image(
        "overlapping",
        GOOD.but(segments=(CODE_SEGMENT, Segment(address=LINK_ADDRESS, memsz=64, filesz=16))),
        "overlapping",
    ),
    _image("unaligned_address", GOOD.but(segments=(Segment(address=0x10010),)), "unaligned"),
    _image("unaligned_offset", GOOD.but(segments=(Segment(offset=16),)), "unaligned"),
    _image("alignment_no_power_of_two", GOOD.but(segments=(Segment(align=3000),)), "power of two"),
    _image("nothing_to_load", GOOD.but(segments=(Segment(kind=4),)), "load"),
    _image("empty_segment", GOOD.but(segments=(Segment(filesz=0, memsz=0),)), "load|memory"),
    _image("entry_outside", GOOD.but(entry=0x20000000), "entry point"),
    _image("entry_before", GOOD.but(entry=LINK_ADDRESS - 4), "entry point"),
    _image("entry_zero", GOOD.but(entry=0), "entry point"),
    _image("entry_unaligned", GOOD.but(entry=LINK_ADDRESS + 86), "entry point"),
    _image(
        "segment_in_kernel_space",
        GOOD.but(segments=(CODE_SEGMENT, Segment(address=0xFFFF0000, memsz=PAGE))),
        "fit",
    ),
    _image(
        "linked_at_page_zero",
        GOOD.but(entry=HEADER_SIZE + ENTRY_SIZE, segments=(Segment(address=0),)),
        "lowest address",
    ),
    _image("interpreter_name_unterminated", GOOD.but(interpreter=b"/lib/ld.so"), "loader"),
    _image("interpreter_name_empty", GOOD.but(interpreter=b"\0"), "loader"),
    _image("interpreter_name_long", GOOD.but(interpreter=b"/" + b"x" * 5000 + b"\0"), "loader"),
]


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o755)
    return path


def test_the_unspoilt_image_runs(xlate_run: Path, tmp_path: Path) -> None:
    """The file that all others are variations of is a working program."""
    done = _run(xlate_run, _write(tmp_path / "good", WHOLE))
    assert (done.returncode, done.stderr) == (EXIT_STATUS, "")


@pytest.mark.parametrize(("data", "words"), NOT_STARTABLE_FILES)
def test_not_startable(xlate_run: Path, tmp_path: Path, data: bytes, words: str) -> None:
    """Status 126 and one line for a file that is no program for us."""
    program = _write(tmp_path / "program", data)
    _assert_refused(_run(xlate_run, program), program, NOT_STARTABLE, words)


@pytest.mark.parametrize("length", range(0, len(WHOLE), 3))
def test_every_truncation_is_refused(xlate_run: Path, tmp_path: Path, length: int) -> None:
    """A program cut anywhere is refused, never run and never fatal to xlate-run."""
    program = _write(tmp_path / "program", WHOLE[:length])
    _assert_refused(_run(xlate_run, program), program, NOT_STARTABLE, "")


def test_every_single_byte_damage_is_survived(xlate_run: Path, tmp_path: Path) -> None:
    """A byte changed in the headers gives a run or a refusal, nothing else."""
    allowed = {EXIT_STATUS, NOT_STARTABLE, OWN_FAILURE, NOT_FOUND}
    # Damage may also send the guest into the weeds: then it dies as a guest does.
    guest_signals = {-4, -11, -7}
    for at in range(HEADER_SIZE + ENTRY_SIZE):
        for value in (0x00, 0xFF, WHOLE[at] ^ 0x01):
            data = WHOLE[:at] + bytes([value]) + WHOLE[at + 1 :]
            done = _run(xlate_run, _write(tmp_path / "program", data))
            assert done.returncode in allowed | guest_signals, (at, value, done)
            assert done.stderr.count("\n") <= 1, (at, value, done)
            assert "internal error" not in done.stderr, (at, value, done)


def test_directory(xlate_run: Path, tmp_path: Path) -> None:
    """A directory is found but not startable."""
    _assert_refused(_run(xlate_run, tmp_path), tmp_path, NOT_STARTABLE, "directory")


def test_device(xlate_run: Path) -> None:
    """A device is not a program, even one that can be read."""
    _assert_refused(_run(xlate_run, "/dev/zero"), "/dev/zero", NOT_STARTABLE, "regular|device")


def test_not_found(xlate_run: Path, tmp_path: Path) -> None:
    """A missing file, and a file taken for a folder."""
    missing = tmp_path / "missing"
    _assert_refused(_run(xlate_run, missing), missing, NOT_FOUND, "not found")
    beneath = _write(tmp_path / "file", b"") / "beneath"
    _assert_refused(_run(xlate_run, beneath), beneath, NOT_FOUND, "not found")


def test_dangling_link_and_loop(xlate_run: Path, tmp_path: Path) -> None:
    """A link to nothing is not found; a link to itself is not startable."""
    dangling, loop = tmp_path / "dangling", tmp_path / "loop"
    dangling.symlink_to("nowhere")
    loop.symlink_to("loop")
    _assert_refused(_run(xlate_run, dangling), dangling, NOT_FOUND, "not found")
    _assert_refused(_run(xlate_run, loop), loop, NOT_STARTABLE, "levels of links")


def test_very_long_name(xlate_run: Path) -> None:
    """A name no file can have is refused in one line that stays readable."""
    done = _run(xlate_run, "x" * 5000)
    assert done.returncode == NOT_STARTABLE
    assert done.stderr.count("\n") == 1
    assert len(done.stderr) < 1500


def test_control_characters_in_the_name(xlate_run: Path, tmp_path: Path) -> None:
    """A name with a line feed and an escape sequence cannot write a line of its own."""
    done = _run(xlate_run, tmp_path / "two\nlines\x1b[31m")
    assert done.returncode == NOT_FOUND
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr


def test_unreadable(xlate_run: Path, public_folder: Path, publish: Publish) -> None:
    """An ordinary user without read permission is told so."""
    user = needs.needs_ordinary_user()
    program = _write(public_folder / "program", WHOLE)
    program.chmod(0o711)
    done = _run(publish(xlate_run), program, user=user)
    _assert_refused(done, program, NOT_STARTABLE, "permission")


def test_unreachable(xlate_run: Path, public_folder: Path, publish: Publish) -> None:
    """A folder that may not be searched is not the same as a missing file."""
    user = needs.needs_ordinary_user()
    closed = public_folder / "closed"
    closed.mkdir()
    program = _write(closed / "program", WHOLE)
    closed.chmod(0o700)
    done = _run(publish(xlate_run), program, user=user)
    _assert_refused(done, program, NOT_STARTABLE, "permission")


def test_not_executable(xlate_run: Path, tmp_path: Path) -> None:
    """A file without execute permission: run or refused, as documented, but said clearly.

    xlate-run PROG reads its program as an interpreter does, so read permission is what counts.
    """
    program = tmp_path / "program"
    program.write_bytes(WHOLE)
    program.chmod(0o644)
    assert _run(xlate_run, program).returncode == EXIT_STATUS


def test_missing_interpreter(xlate_run: Path, tmp_path: Path) -> None:
    """A dynamically linked program without a sysroot: not found, and -L is proposed."""
    program = _write(
        tmp_path / "dynamic", GOOD.but(interpreter=b"/lib/ld-nowhere-armhf.so.3\0").data()
    )
    done = _run(xlate_run, program)
    _assert_refused(done, program, NOT_FOUND, r"ld-nowhere-armhf\.so\.3.*; try: -L")
    done = _run(xlate_run, "-L", tmp_path, program)
    _assert_refused(done, program, NOT_FOUND, "ld-nowhere")


def test_interpreter_that_is_no_program(xlate_run: Path, tmp_path: Path) -> None:
    """The dynamic loader exists but is for another machine: found, not startable."""
    (tmp_path / "lib").mkdir()
    _write(tmp_path / "lib/ld.so", host_header(62))
    program = _write(tmp_path / "dynamic", GOOD.but(interpreter=b"/lib/ld.so\0").data())
    done = _run(xlate_run, "-L", tmp_path, program)
    assert done.returncode == NOT_STARTABLE
    assert done.stderr.count("\n") == 1
    assert "x86-64" in done.stderr


def test_script_with_missing_interpreter(xlate_run: Path, tmp_path: Path) -> None:
    """A script whose interpreter does not exist is not found."""
    script = _write(tmp_path / "script", b"#!/no/such/interpreter -x\n")
    done = _run(xlate_run, script)
    _assert_refused(done, script, NOT_FOUND, "interpreter")


def test_script_that_names_itself(xlate_run: Path, tmp_path: Path) -> None:
    """Endless interpretation ends in a refusal."""
    script = tmp_path / "script"
    _write(script, f"#!{script}\n".encode())
    done = _run(xlate_run, script)
    assert done.returncode == NOT_STARTABLE
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--nonsense", "prog"],
        ["-Z", "prog"],
        ["--tier", "slow", "prog"],
        ["--tier"],
        ["--guest-base", "0x1001", "prog"],
        ["--guest-base", "everywhere", "prog"],
        ["--stats=xml", "prog"],
        ["-E", "NOVALUE", "prog"],
        ["-E"],
        ["-L"],
        ["--stats"],
    ],
    ids=lambda args: " ".join(args) or "nothing",
)
def test_wrong_usage(xlate_run: Path, args: list[str]) -> None:
    """Status 2 and one line that leads to the help."""
    done = _run(xlate_run, *args)
    assert done.returncode == USAGE, done
    assert done.stdout == ""
    assert re.fullmatch(r"xlate-run: .+; try: .+\n", done.stderr), done.stderr


def test_options_after_the_program_are_not_looked_at(xlate_run: Path, tmp_path: Path) -> None:
    """Whatever follows PROG belongs to the guest, however wrong it would be before it."""
    program = _write(tmp_path / "good", WHOLE)
    done = _run(xlate_run, program, "--nonsense", "--help", "--", "-L")
    assert (done.returncode, done.stdout, done.stderr) == (EXIT_STATUS, "", "")
