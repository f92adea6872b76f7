"""Writes the few files of /etc that maintainer scripts would have made in a root folder.

Packages are unpacked and not configured, so a fresh root has no users, no groups and no names of
hosts, and programs that ask for "root" or "localhost" fail. Users and groups are Debian's own
(base-passwd's lists where that package is there; else root and nobody), with whoever makes the
folder added: a guest runs with that user's ids. The switch that says where names are looked for is
libc-bin's. Name servers are the machine's at this moment, as an installer copies them. A file that
is there already, of a package or of the user, stays as it is.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

_PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n"
_GROUP = "root:x:0:\nnogroup:x:65534:\n"
_HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
_SWITCH = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"
_RESOLVER = Path("/etc/resolv.conf")


def write(root: Path) -> list[str]:
    """Write what of /etc is missing; return the names of the new files."""
    etc = root / "etc"
    etc.mkdir(exist_ok=True)
    texts = {
        "passwd": _with_user(_own(root, "base-passwd/passwd.master", _PASSWD)),
        "group": _with_group(_own(root, "base-passwd/group.master", _GROUP)),
        "hosts": _HOSTS,
        "nsswitch.conf": _own(root, "libc-bin/nsswitch.conf", _SWITCH),
        "resolv.conf": _read(_RESOLVER),
    }
    new = [name for name, text in texts.items() if text and not os.path.lexists(etc / name)]
    for name in new:
        (etc / name).write_text(texts[name], encoding="utf-8")
    return new


def _own(root: Path, name: str, otherwise: str) -> str:
    """Return the text that a package brings for this purpose, or another."""
    return _read(root / "usr/share" / name) or otherwise


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _has(text: str, number: int) -> bool:
    """Whether a list of users or groups has a number."""
    return any(line.split(":")[2:3] == [str(number)] for line in text.splitlines())


def _with_user(text: str) -> str:
    """Return a list of users that has the one who asks, with the shell that every root has."""
    number = os.getuid()
    if _has(text, number):
        return text
    try:
        user = pwd.getpwuid(number)
    except KeyError:
        return text
    return f"{text}{user.pw_name}:x:{number}:{user.pw_gid}::{user.pw_dir}:/bin/sh\n"


def _with_group(text: str) -> str:
    """Return a list of groups that has the main one of the user who asks."""
    number = os.getgid()
    return text if _has(text, number) else f"{text}user:x:{number}:\n"
