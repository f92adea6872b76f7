"""hatchling's hook: puts the compiled `xlate-run` into the wheel and names the wheel's platform.

The program is static and does not touch the Python ABI, so one wheel serves every Python: the
tag is ``py3-none-<platform>``. It goes in twice: beside ``xlate/runtime/__init__.py``, where
Python finds it in any kind of installation, and as a script, so that it is on PATH. How it is
built is ``build.py``'s.
"""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# pip runs this file alone, from the unpacked sources, where nothing of xlate is installed.
CHECKOUT = Path(__file__).resolve().parents[2]

COMPILERS = ("cc", "gcc", "clang")
COMPILER_WHEEL = "ziglang>=0.13"


class RuntimeHook(BuildHookInterface[Any]):
    """Builds the runtime for a wheel; a source distribution takes the C files as they are."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for a C compiler from the package index where the machine has none."""
        if self.target_name != "wheel" or any(map(shutil.which, COMPILERS)):
            return []
        return [COMPILER_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the program and add it to the wheel.

        An editable installation gets none: it finds its program by the digest of its sources, and a
        copy on PATH would be stale after the next edit.
        """
        if self.target_name != "wheel" or version == "editable":
            return
        machine = platform.machine()
        if sys.platform != "linux" or machine != "x86_64":
            raise SystemExit(
                f"xlate-arm runs on x86-64 Linux only, not on {sys.platform} {machine}"
            )
        program = self._build()
        cases = program.with_name("xlate-insn")  # what `xlate verify` runs single cases in
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-linux_x86_64"
        build_data["shared_scripts"][str(program)] = "xlate-run"
        for path in (program, cases):
            build_data["force_include"][str(path)] = f"xlate/runtime/bin/{path.name}"

    def _build(self) -> Path:
        sys.path.insert(0, str(CHECKOUT))
        try:
            from xlate.runtime import build
        finally:
            sys.path.remove(str(CHECKOUT))
        place = CHECKOUT / "build" / "runtime"
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError:
            # Sources that may not be written to: build elsewhere, at the price of no cache.
            place = Path(tempfile.mkdtemp(prefix="xlate-runtime-"))
        return build.ensure(place, announce=self.app.display_info)
