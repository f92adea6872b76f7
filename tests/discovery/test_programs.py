"""Real programs, stripped: their functions are found, and their tables, as the unstripped say."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus import build
from tests import needs
from tests.discovery.images import check
from xlate.discovery import Confidence, Discovery, discover
from xlate.discovery.coverage import summarise
from xlate.discovery.roots import marked_data
from xlate.loader import Image, load, parse

pytestmark = pytest.mark.needs_guest_cc

SURE = (Confidence.DERIVED, Confidence.NAMED)
FREESTANDING = [
    "-O2",
    "-nostdlib",
    "-static",
    "-ffreestanding",
    "-fno-inline",
    "-Wl,--build-id=none",
]

# Calls, a switch, a table of functions, recursion, an exit that never returns.
SOURCE = """
typedef int (*operation)(int, int);
static int add(int a, int b) { return a + b; }
static int sub(int a, int b) { return a - b; }
static int mul(int a, int b) { return a * b; }
static const operation table[] = { add, sub, mul };
__attribute__((noreturn)) static void leave(int code) {
  register int r0 __asm__("r0") = code;
  register int r7 __asm__("r7") = 248;
  for (;;) __asm__ volatile("svc 0" : : "r"(r0), "r"(r7));
}
int apply(int what, int a, int b) {
  if (what < 0) leave(what);
  return table[what % 3](a, b);
}
int tree(int depth) { return depth ? tree(depth - 1) + tree(depth - 1) + 1 : 0; }
volatile int seen;
int choose(unsigned what, int v) {
  switch (what) {
  case 0: return apply(v, 1, 2);
  case 1: seen = v; return v ^ 5;
  case 2: seen = 7; return tree(v);
  case 3: seen += v; return v * v;
  case 4: return seen - 4;
  case 5: seen = 0; return tree(seen);
  case 6: seen ^= 99; return apply(v, seen, 2);
  default: return -1;
  }
}
void _start(void) { leave(choose(seen, tree(3))); }
"""

Compiled = Callable[..., tuple[Image, Image]]


@pytest.fixture
def compiled(tmp_path: Path) -> Compiled:
    """Return a function that compiles SOURCE and gives the image with and without symbols."""
    if build.is_zig(needs.guest_compiler()):
        pytest.skip("switch forms are tested as gcc makes them")

    def make(*flags: str) -> tuple[Image, Image]:
        source, program = tmp_path / "a.c", tmp_path / "a.out"
        source.write_text(SOURCE)
        command = [*needs.guest_compiler(), *FREESTANDING, *flags, "-o", str(program), str(source)]
        subprocess.run(command, check=True)
        return load(program), _stripped(program)

    return make


def _stripped(program: Path) -> Image:
    """The program without symbols, by whichever strip there is."""
    tool = shutil.which("arm-linux-gnueabihf-strip") or needs.needs("llvm-strip")
    bare = program.with_suffix(".stripped")
    subprocess.run([tool, "-o", str(bare), str(program)], check=True)
    return parse(bare.read_bytes(), bare.name)


def _functions(image: Image) -> dict[int, str]:
    return {
        s.guest_va | int(bool(s.thumb)): s.name for s in image.code_symbols if s.size and s.guest_va
    }


def _in_data(named: Image, found: Discovery, kinds: tuple[Confidence, ...]) -> list[str]:
    """Functions that begin where the compiler says there is data."""
    data = list(marked_data(named))
    return [
        hex(key)
        for key, function in found.functions.items()
        if function.confidence in kinds and any(a <= key & ~1 < b for a, b in data)
    ]


@pytest.mark.parametrize("mode", ["-mthumb", "-marm"])
@pytest.mark.parametrize("kind", ["-fno-pic", "-fPIE"])
def test_every_function_of_a_small_program(compiled: Compiled, mode: str, kind: str) -> None:
    named, bare = compiled(mode, kind)
    found = discover(bare)
    check(bare, found)
    assert set(_functions(named)) <= set(found.functions)
    assert not _in_data(named, found, tuple(Confidence))
    with_names = discover(named)
    check(named, with_names)
    assert {f.name for f in with_names.functions.values()} >= set(_functions(named).values())
    assert summarise(found).unknown <= 8


@pytest.mark.parametrize("mode", ["-mthumb", "-marm"])
@pytest.mark.parametrize("kind", ["-fno-pic", "-fPIE"])
def test_the_switch_has_its_table(compiled: Compiled, mode: str, kind: str) -> None:
    named, bare = compiled(mode, kind)
    keys = {name: key for key, name in _functions(named).items()}
    function = discover(bare).functions[keys["choose"]]
    (table,) = function.tables.values()
    assert len(table.targets) == 7
    assert len(set(table.targets)) >= 6


def _corpus_program(name: str, mode: str) -> Path:
    programs = {p.name: p for p in [*build.programs(), *build.kernels()]}
    return build.build(programs[name], mode, needs.guest_compiler(), build.DEFAULT_OUT)


@pytest.mark.parametrize(
    ("name", "mode"), [("vm_switch", "thumb"), ("vfp_printf", "arm"), ("computed_goto", "arm")]
)
def test_a_static_program_without_symbols(name: str, mode: str, tmp_path: Path) -> None:
    program = tmp_path / name
    shutil.copyfile(_corpus_program(name, mode), program)
    named, bare = load(program), _stripped(program)
    found = discover(bare)
    check(bare, found)
    wanted = _functions(named)
    missed = [name for key, name in wanted.items() if key not in found.functions]
    assert len(missed) <= 0.03 * len(wanted), missed
    assert not _in_data(named, found, SURE)
    assert summarise(found).unknown <= 0.02 * summarise(found).text


@pytest.mark.parametrize("mode", ["thumb", "arm"])
def test_the_switch_of_the_interpreter_kernel(mode: str) -> None:
    image = load(_corpus_program("vm_switch", mode))
    found = discover(image)
    sizes = [
        len(table.targets)
        for function in found.functions.values()
        if function.name.startswith("run")
        for table in function.tables.values()
    ]
    assert max(sizes, default=0) == 23


@pytest.mark.parametrize("mode", ["thumb", "arm", "pie"])
def test_the_gotos_of_the_interpreter_kernel(mode: str) -> None:
    """Each handler's computed goto goes to the 22 handlers, which are blocks of the function."""
    found = discover(load(_corpus_program("vm_goto", mode)))
    run = next(f for f in found.functions.values() if f.name.startswith("run"))
    tables = [table for table in run.tables.values() if len(table.targets) == 22]
    assert len(tables) >= 15
    for table in tables:
        assert len(set(table.targets)) == 22
        assert set(table.targets) <= set(run.blocks)
        assert table.load is not None


def test_coverage_adds_up() -> None:
    image = load(_corpus_program("vm_switch", "thumb"))
    found = discover(image)
    coverage = summarise(found)
    assert coverage.total.bytes + coverage.data + coverage.unknown == coverage.text
    assert coverage.total.functions == len(found.functions)
    assert coverage.total.instructions == sum(f.instructions for f in found.functions.values())
    assert coverage.as_json()["code"]["named"]["functions"] > 800
    assert set(coverage.refused) <= {
        "UDF",
        "coprocessor that the machine lacks or keeps for the system",
    }


def test_busybox(busybox_armhf: Path) -> None:
    image = load(busybox_armhf)
    found = discover(image)
    check(image, found)
    coverage = summarise(found)
    assert coverage.unknown <= 0.01 * coverage.text
    assert coverage.total.instructions > 360_000
    assert sum(coverage.refused.values()) < 40
    # What runs have entered becomes entries of the functions it lies in.
    blocks = [key for f in found.functions.values() for key in f.blocks if f.confidence in SURE]
    seen = frozenset(blocks[::40])
    again = discover(image, observed=seen)
    check(image, again)
    assert {key for f in again.functions.values() for key in f.entries} == seen
    assert len(again.functions) <= 1.02 * len(found.functions)
