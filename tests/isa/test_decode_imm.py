"""Every decode-time transform computes the same in Python and in its C twin, over all its inputs.

The twins are compiled into a shared library; where the inputs are wider than can be counted,
edges and random numbers stand for them.
"""

from __future__ import annotations

import ctypes
import inspect
import itertools
import random
import subprocess

import pytest

import frontends.arm32
import frontends.arm64  # noqa: F401 - both register their transforms
from tests import needs
from xlate.isa import transform

SOURCES = needs.CHECKOUT / "xlate" / "runtime" / "src"
_draw = random.Random(1)
WIDE = [0, 1, 1 << 31, 1 << 63, (1 << 64) - 1, *(_draw.getrandbits(64) for _ in range(300))]

INPUTS = {
    "sext": (WIDE, range(1, 65)),
    "popcount": (WIDE,),
    "arm_expand_imm": (range(1 << 12),),
    "thumb_expand_imm": (range(1 << 12),),
    "shift_amount": (range(4), range(32)),
    "advsimd_expand_imm": (range(2), range(16), range(256)),
    "bit_mask": (range(2), range(64), range(64)),
}

# Transforms that a test registers for itself have no C twin.
GUEST = [t for t in transform.registry.values() if not t.python.__module__.startswith("test")]


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    folder = tmp_path_factory.mktemp("twins")
    lines = ['#include "guest/arm32/decode_imm.h"', '#include "guest/arm64/decode_imm.h"']
    for t in GUEST:
        args = list(inspect.signature(t.python).parameters)
        given = ", ".join(f"u64 {a}" for a in args)
        lines.append(f"u64 twin_{t.name}({given}) {{ return {t.name}({', '.join(args)}); }}")
    source, library = folder / "twins.c", folder / "twins.so"
    source.write_text("\n".join(lines) + "\n")
    command = [*needs.host_compiler(), "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
    command += ["-shared", "-fPIC", f"-I{SOURCES}", "-o", str(library), str(source)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


@pytest.mark.parametrize("t", GUEST, ids=lambda t: t.name)
def test_twin(t, twins):
    domains = INPUTS[t.name]
    twin = getattr(twins, f"twin_{t.name}")
    twin.restype, twin.argtypes = ctypes.c_uint64, [ctypes.c_uint64] * len(domains)
    wrong = [
        (given, t.python(*given), twin(*given))
        for given in itertools.product(*domains)
        if t.python(*given) != twin(*given)
    ]
    assert not wrong, f"{len(wrong)} inputs, such as {wrong[:5]}"
