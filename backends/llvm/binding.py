"""The one typed door to llvmlite: LLVM text in, object bytes out."""

from __future__ import annotations

import functools
from typing import Any

import llvmlite
import llvmlite.binding as llvm

TRIPLE = "x86_64-unknown-linux-gnu"
#: What is not in the baseline stands behind a test of the host, and LLVM never uses it by itself.
FEATURES = "+cmov,+aes,+pclmul,+sha,+crc32"
VERSION = f"llvmlite {llvmlite.__version__} llvm {'.'.join(map(str, llvm.llvm_version_info))}"


@functools.cache
def _machine(reloc: str) -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    target = llvm.Target.from_triple(TRIPLE)
    return target.create_target_machine(
        cpu="x86-64", features=FEATURES, opt=2, reloc=reloc, codemodel="small"
    )


def to_object(text: str, *, reloc: str, speed: int = 2) -> bytes:
    """Parse, verify, optimise and emit one module; RuntimeError carries LLVM's own words."""
    machine = _machine(reloc)
    module = llvm.parse_assembly(text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=speed)
    options.loop_vectorization = False
    options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))
