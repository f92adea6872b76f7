"""What Linux's binfmt_misc is told, and what it says: registrations for ARM programs, as text.

The kernel starts an interpreter for files whose first bytes match; several registrations may match,
and the one registered last wins. Here is the text that registers ``xlate-run``, and the reading of
what is registered; who writes it where is the command line's business.

Flags: P keeps argv[0], F opens the interpreter at once, so that it works inside other roots. C
gives a setuid program its owner's rights, and with them xlate-run and every package it maps: it is
left out unless asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xlate.errors import MalformedInput

MOUNTED = Path("/proc/sys/fs/binfmt_misc")
BOOT = Path("/etc/binfmt.d/xlate-arm.conf")
NAME = "xlate-arm"
FLAGS = "PF"
KNOWN_FLAGS = "POCF"
REMOVE = "-1"
#: Files of the folder that are no registrations.
CONTROL = ("register", "status")

# An ELF header up to e_machine: 32 bits, little endian, any ABI byte; ET_EXEC or ET_DYN; ARM.
MAGIC = b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x02\x00\x28\x00"
MASK = b"\xff" * 7 + b"\x00" + b"\xff" * 8 + b"\xfe\xff\xff\xff"
#: Longest path that the kernel takes for an interpreter.
PATH_MAX = 127


@dataclass(frozen=True)
class Registration:
    """One entry of the folder, as the kernel shows it."""

    name: str
    enabled: bool
    interpreter: str
    flags: str
    offset: int
    magic: bytes
    mask: bytes

    def matches(self, start: bytes) -> bool:
        """Say whether a file that begins so is this entry's."""
        part = start[self.offset : self.offset + len(self.magic)]
        mask = self.mask or b"\xff" * len(self.magic)
        if not self.magic or len(part) < len(self.magic):
            return False
        return all((a ^ b) & m == 0 for a, b, m in zip(part, self.magic, mask, strict=False))

    @property
    def is_for_arm(self) -> bool:
        """Say whether a 32-bit ARM program, ET_EXEC or ET_DYN, is this entry's."""
        header = MAGIC + bytes(108)
        pie = header[:16] + b"\x03" + header[17:]
        return self.matches(header) or self.matches(pie)


def parse(name: str, text: str) -> Registration:
    """Return an entry from the text that the kernel shows of it."""
    lines = text.splitlines()
    words = {line.split(" ", 1)[0]: line.split(" ", 1)[-1] for line in lines}
    return Registration(
        name=name,
        enabled="enabled" in lines,
        interpreter=words.get("interpreter", ""),
        flags=words.get("flags:", "").strip() if "flags: " in text else "",
        offset=int(words.get("offset", "0")),
        magic=bytes.fromhex(words.get("magic", "")),
        mask=bytes.fromhex(words.get("mask", "")),
    )


def registered(folder: Path) -> list[Registration]:
    """Return the entries for ARM programs, by name; the folder is where binfmt_misc is mounted."""
    try:
        names = sorted(path.name for path in folder.iterdir() if path.name not in CONTROL)
        entries = [parse(name, (folder / name).read_text()) for name in names]
    except OSError as error:
        raise MalformedInput(str(folder), error.strerror or "cannot be read") from error
    return [entry for entry in entries if entry.is_for_arm]


def _escaped(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def registration(interpreter: Path, flags: str = FLAGS) -> str:
    """Return the line that registers an interpreter for ARM programs."""
    path = str(interpreter)
    if not interpreter.is_absolute() or ":" in path or "\n" in path or len(path) > PATH_MAX:
        raise MalformedInput(
            path, "not a path that the kernel can register", advice="a shorter one without colons"
        )
    wrong = sorted(set(flags) - set(KNOWN_FLAGS))
    if wrong:
        raise MalformedInput("".join(wrong), f"not among the flags {KNOWN_FLAGS}")
    return f":{NAME}:M::{_escaped(MAGIC)}:{_escaped(MASK)}:{path}:{flags}"
