"""Where the store is, by the environment alone: for those who may not wait for the rest of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

OFF = "off"


def place_of(environ: Mapping[str, str]) -> Path | None:
    """Return the store's folder, None where the environment says ``off`` or nothing usable."""
    named = environ.get("XLATE_CACHE", "")
    if named:
        return None if named == OFF else Path(named).absolute()
    cache = environ.get("XDG_CACHE_HOME", "")
    if cache.startswith("/"):
        return Path(cache) / "xlate"
    home = environ.get("HOME", "")
    return Path(home) / ".cache" / "xlate" if home.startswith("/") else None
