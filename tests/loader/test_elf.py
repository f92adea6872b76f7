"""Right files say what is in them; wrong ones are refused with one line that says why."""

from __future__ import annotations

import os
import struct
import subprocess
import warnings
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.loader.elf_bytes import BASE, CODE, CODE_OFFSET, PT_GNU_STACK, PT_INTERP, Elf, Phdr, R, W
from xlate.errors import MalformedInput, Unsupported, XlateError
from xlate.loader import CodeMark, Image, Prot, load, parse

GOOD = Elf().build()
SHT_PROGBITS, SHT_SYMTAB, STT_OBJECT = 1, 2, 1

SOURCE = """
static int twice(int x) { return 2 * x; }
int (*volatile pointer)(int) = twice;
__attribute__((target("arm"))) int in_arm(int x) { return pointer(x) + 1; }
__attribute__((target("thumb"))) int in_thumb(int x) { return in_arm(x) + 2; }
int zeros[1000];
int main(int argc, char **argv) { (void)argv; return in_thumb(argc) + zeros[argc]; }
"""


@pytest.fixture(scope="module")
def program(guest_cc: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loader")
    (folder / "modes.c").write_text(SOURCE)
    command = [*guest_cc, "-O1", "-fno-inline", "-static", "modes.c", "-o", "modes"]
    subprocess.run(command, cwd=folder, check=True, timeout=120)
    return folder / "modes"


def test_smallest_file() -> None:
    image = parse(GOOD, "small")
    assert (image.entry, image.entry_thumb) == (BASE + CODE_OFFSET, False)
    assert image.read(image.entry, 100) == CODE
    assert [(s.guest_va, s.prot) for s in image.segments] == [
        (BASE + CODE_OFFSET, Prot.READ | Prot.EXEC)
    ]
    assert image.hard_float
    assert image.eabi == 5
    assert image.executable_stack  # no PT_GNU_STACK: as the kernel takes it
    assert image.interpreter is None


def test_zero_fill_is_read_as_zeros() -> None:
    data = Phdr(vaddr=BASE + 0x3000, memsz=0x100, flags=R | W)
    image = parse(Elf(phdrs=[Phdr(), data]).build())
    assert image.read(BASE + 0x3000, 0x200) == CODE + bytes(0x100 - len(CODE))


def test_thumb_entry_and_stack_flag() -> None:
    stack = Phdr(kind=PT_GNU_STACK, offset=0, vaddr=0, filesz=0, memsz=0, flags=R | W)
    image = parse(Elf(phdrs=[Phdr(), stack], entry=BASE + CODE_OFFSET + 1).build())
    assert image.entry_thumb
    assert image.entry == BASE + CODE_OFFSET
    assert not image.executable_stack


def _with(**fields: int) -> bytes:
    return Elf(phdrs=[Phdr(**fields)]).build()


HOSTILE = {
    "empty": (b"", "the file is empty"),
    "text": (b"hello, world\n" * 9, "not an ELF file"),
    "script": (b"#!/bin/sh\necho\n", "a script, not an ELF file .*/bin/sh"),
    "short header": (GOOD[:40], "truncated ELF header .40 of 52"),
    "short program headers": (GOOD[:60], "truncated program headers"),
    "program headers beyond the file": (Elf(phoff=0xFFFFFFF0).build(), "truncated program head"),
    "no program headers": (Elf(phnum=0).build(), "no program headers"),
    "65535 program headers": (Elf(phnum=65535).build(), "absurd program headers"),
    "odd program header size": (Elf(phentsize=33).build(), "absurd program headers"),
    "nothing to load": (_with(kind=4), "no loadable segment"),
    "data beyond the file": (_with(filesz=0x5000, memsz=0x5000), "truncated segment"),
    "offset beyond the file": (_with(offset=0xFFFFF000), "truncated segment"),
    "memory smaller than file": (_with(memsz=4), "absurd segment"),
    "past 4 GiB": (_with(memsz=0xFFFFF000), "pass 4 GiB"),
    "unaligned": (_with(vaddr=BASE + CODE_OFFSET + 8), "unaligned segment"),
    "overlapping": (Elf(phdrs=[Phdr(), Phdr()]).build(), "overlapping segment"),
    "entry in data": (_with(flags=R | W), "entry outside text"),
    "entry nowhere": (Elf(entry=0x66666666).build(), "entry outside text"),
    "entry zero": (Elf(entry=0).build(), "entry outside text"),
    "unterminated interpreter": (
        Elf(phdrs=[Phdr(), Phdr(kind=PT_INTERP)]).build(),
        "damaged PT_INTERP",
    ),
}

NOT_OURS = {
    "x86-64": (Elf(ident=b"\x7fELF\x02\x01\x01" + bytes(9), machine=62).build(), "x86-64"),
    "AArch64": (Elf(ident=b"\x7fELF\x02\x01\x01" + bytes(9), machine=183).build(), "AArch64"),
    "32-bit x86": (Elf(machine=3).build(), "x86"),
    "unknown machine": (Elf(machine=999).build(), "machine 999"),
    "big-endian": (Elf(ident=b"\x7fELF\x01\x02\x01" + bytes(9)).build(), "big-endian"),
    "object file": (Elf(kind=1).build(), "object file"),
    "core dump": (Elf(kind=4).build(), "core dump"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(name: str) -> None:
    data, words = HOSTILE[name]
    with pytest.raises(MalformedInput, match=words) as caught:
        parse(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NOT_OURS)
def test_files_for_others(name: str) -> None:
    data, words = NOT_OURS[name]
    with pytest.raises(Unsupported, match=words) as caught:
        parse(data)
    assert "\n" not in str(caught.value)


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    with pytest.raises(MalformedInput, match="no such file"):
        load(tmp_path / "absent")
    with pytest.raises(MalformedInput, match="directory"):
        load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MalformedInput, match="not a regular file"):
        load(tmp_path / "pipe")


@hypothesis.given(
    edits=st.lists(st.tuples(st.integers(0, 51 + 32), st.integers(0, 255)), max_size=6),
    length=st.integers(0, len(GOOD)),
)
def test_damaged_headers_give_an_image_or_a_reason(
    edits: list[tuple[int, int]], length: int
) -> None:
    data = bytearray(GOOD)
    for at, value in edits:
        data[at] = value
    _judge(bytes(data[:length] if length < 200 else data))


@hypothesis.given(seed=st.randoms(use_true_random=False))
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_damage_anywhere_in_a_real_file(program: Path, seed: hypothesis.strategies.Random) -> None:
    data = bytearray(program.read_bytes())
    table = int.from_bytes(data[32:36], "little")
    for _ in range(seed.randint(1, 40)):
        # Headers and section headers are where damage means something.
        at = seed.choice((seed.randrange(0, 300), seed.randrange(table, len(data))))
        data[at] = seed.randrange(256)
    _judge(bytes(data))


@pytest.mark.needs_guest_cc
def test_numbers_that_no_standard_knows_are_left_out(program: Path) -> None:
    """A symbol and sections of unheard-of types: nothing is printed, and only they are lost.

    As users have it, with warnings that are only printed.
    """
    data = bytearray(program.read_bytes())
    table = int.from_bytes(data[32:36], "little")
    for at in range(table, len(data) - 39, 40):
        kind, _, _, offset, size = struct.unpack_from("<5I", data, at + 4)
        if kind == SHT_SYMTAB:
            for symbol in range(offset + 16, offset + size, 16):
                if data[symbol + 12] & 15 == STT_OBJECT:
                    data[symbol + 12] = 0x57
                    break
        elif kind == SHT_PROGBITS and size < 100:
            struct.pack_into("<I", data, at + 4, 0x7FFFFF37)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        image = parse(bytes(data))
    whole = parse(program.read_bytes())
    assert said == []
    assert len(image.symbols) == len(whole.symbols) - 1
    assert 0 < len(image.sections) < len(whole.sections)


def _judge(data: bytes) -> None:
    """Bytes give an Image whose bounds hold, or one line."""
    try:
        image = parse(data)
    except XlateError as error:
        lines = str(error).splitlines()
    else:
        lines = [_sound(image)]
    assert len(lines) == 1


def _sound(image: Image) -> str:
    assert image.segments
    for segment in image.segments:
        assert len(segment.data) <= segment.memory_size
        assert 0 <= segment.guest_va <= segment.end <= 1 << 32
    return "sound"


@pytest.mark.needs_guest_cc
def test_real_file_knows_its_modes(program: Path) -> None:
    image = load(program)
    in_arm, in_thumb = image.symbol_named("in_arm"), image.symbol_named("in_thumb")
    assert in_arm is not None
    assert in_thumb is not None
    assert (in_arm.thumb, in_thumb.thumb) == (False, True)
    assert image.mark_at(in_arm.guest_va) is CodeMark.ARM
    assert image.mark_at(in_thumb.guest_va) is CodeMark.THUMB
    assert image.label_of(in_thumb.guest_va) == "in_thumb"
    assert image.label_of(in_thumb.guest_va + 2) == "in_thumb+0x2"
    zeros = image.symbol_named("zeros")
    assert zeros is not None
    assert image.read(zeros.guest_va, 4000) == bytes(4000)
    assert image.section_at(in_arm.guest_va) is not None


def test_busybox_is_stripped_and_static(busybox_armhf: Path) -> None:
    image = load(busybox_armhf)
    assert image.symbols == ()
    assert image.marks == ()
    assert image.entry_thumb
    assert image.interpreter is None
    assert image.needed == ()
    assert len(image.build_id or "") == 40
