"""Compiles templates: in the best form that can be proved, else in the one right by construction.

A constant given to LLVM as a plain number lets it choose short encodings, but LLVM may also use
what it sees in the number. So each template is compiled with three sets of numbers that disagree in
every bit, and accepted only if filling the holes of the first gives the other two byte for byte. A
template that fails is compiled with absolute symbols, of which LLVM knows nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from backends.llvm.binding import VERSION, to_object
from backends.stencil import constants, hostregs
from backends.stencil.extract import Raw, TooManyRegisters, WritesEarly, functions, locate
from backends.stencil.family import Sym
from backends.stencil.holes import ImmHole, JumpHole, PoolHole, RegHole, Template, instantiate
from backends.stencil.template import DECLARATIONS, MAY_FAULT, TAIL, WIDE, Placing, function
from xlate.abi.state import StateLayout
from xlate.errors import Inconsistent
from xlate.ir import Block

BATCH = 150


@dataclass(frozen=True)
class Request:
    """One template wanted: canonical block, number of operands and immediates.

    A ``modal`` one heeds FPSCR.FZ and FPSCR.DN.
    """

    key: str
    block: Block
    operands: int
    immediates: int
    modal: bool = False


def _compile(requests: list[tuple[str, Request, Placing]], layout: StateLayout) -> dict[str, Raw]:
    """Compile as a module for each set of immediates of 64 bits, which are declared differently."""
    modules: dict[frozenset[str], tuple[list[str], set[str]]] = {}
    for name, request, placing in requests:
        text, used = function(name, request.block, placing, layout, modal=request.modal)
        wide = frozenset(symbol for symbol in used if WIDE in symbol)
        bodies, symbols = modules.setdefault(wide, ([], set()))
        bodies.append(text)
        symbols |= used
    raws: dict[str, Raw] = {}
    for bodies, symbols in modules.values():
        module = DECLARATIONS + "\n".join([*sorted(symbols), *bodies]) + TAIL
        raws |= functions(to_object(module, reloc="pic"))
    return raws


@dataclass(frozen=True)
class Way:
    """How to compile: which immediates are numbers, operands held back, operands in memory."""

    amounts: bool = False
    words: bool = False
    hold: bool = False
    boxed: bool = False

    def __str__(self) -> str:
        """Return what is on, such as "amounts words hold"; "symbols" when nothing is."""
        named = (
            ("amounts", self.amounts),
            ("words", self.words),
            ("hold", self.hold),
            ("boxed", self.boxed),
        )
        return " ".join(name for name, on in named if on) or "symbols"

    def placings(self, request: Request) -> list[Placing]:
        """One placing for each set of numbers; one only where nothing is a number."""
        operands = hostregs.OPERANDS[: request.operands]
        sets = [
            constants.numbers(request.block, request.immediates, which, words=self.words)
            for which in range(constants.SETS)
        ]
        if not self.amounts or all(n is None for n in sets[0]):
            sets = [(None,) * request.immediates]
        return [Placing(operands, numbers, self.boxed, self.hold) for numbers in sets]


# From the best code to the one that is right by construction.
WAYS = (
    Way(amounts=True, words=True),
    Way(amounts=True, words=True, hold=True),
    Way(amounts=True),
    Way(amounts=True, hold=True),
    Way(),
    Way(hold=True),
    Way(boxed=True),
)


def _amount_holes(
    template: Template, raws: list[bytes], request: Request, placings: list[Placing]
) -> Template:
    """Add one-byte holes of shift amounts: bytes that differ as the amounts n, or 32 - n, do."""
    holes = list(template.imms)
    code = bytearray(template.code)
    for index, kind in constants.kinds(request.block).items():
        sets = [p.constants[index] for p in placings]
        if kind != constants.AMOUNT or None in sets:
            continue
        for at in range(len(code)):
            found = [r[at] for r in raws]
            for scale, addend in ((1, 0), (-1, 32)):
                if found == [scale * (n or 0) + addend for n in sets]:
                    holes.append(ImmHole("I", index, at, 1, scale, addend))
                    code[at] = 0
    return replace(template, code=bytes(code), imms=tuple(holes))


def _prove(request: Request, raws: list[Raw], placings: list[Placing]) -> Template | None:
    """The template of the first compilation if it also explains the others."""
    templates = [
        locate(request.key, r, p.operands, p.constants, boxed=p.boxed)
        for r, p in zip(raws, placings, strict=True)
    ]
    first = templates[0]
    if any(t.pools != first.pools for t in templates):
        return None
    plain = [
        instantiate(t, p.operands, {i: c for i, c in enumerate(p.constants) if c is not None})
        for t, p in zip(templates, placings, strict=True)
    ]
    if len({len(p) for p in plain}) != 1:
        return None
    proved = _amount_holes(first, plain, request, placings)
    if any(i.scale < 0 and i.index in constants.carry_of_sum(request.block) for i in proved.imms):
        return None
    for placing, code in zip(placings, plain, strict=True):
        filled = {i: c for i, c in enumerate(placing.constants) if c is not None}
        if instantiate(proved, placing.operands, filled) != code:
            return None
    return proved


def compile_batch(requests: list[Request], layout: StateLayout) -> dict[str, Template]:
    """Return templates for all requests; raises Inconsistent when one cannot be had in any way."""
    done: dict[str, Template] = {}
    for way in WAYS:
        done |= compile_way([r for r in requests if r.key not in done], way, layout)
    for r in requests:
        if r.key not in done:
            raise Inconsistent(f"no way to compile a template:\n{r.key}")
        _check_widths(r, done[r.key])
    return done


def compile_way(requests: list[Request], way: Way, layout: StateLayout) -> dict[str, Template]:
    """Return the templates that keep all rules when compiled this way."""
    jobs = [
        (f"f{i}_{which}", r, placing)
        for i, r in enumerate(requests)
        for which, placing in enumerate(way.placings(r))
    ]
    raws = _compile(jobs, layout) if jobs else {}
    mine: dict[str, list[tuple[Raw, Placing]]] = {}
    for name, r, placing in jobs:
        mine.setdefault(r.key, []).append((raws[name], placing))
    accepted = ((r.key, _accept(r, mine[r.key])) for r in requests)
    return {key: template for key, template in accepted if template is not None}


def _accept(request: Request, compiled: list[tuple[Raw, Placing]]) -> Template | None:
    """The template when it keeps all rules; None when another way of compiling must be tried."""
    if compiled[0][1].boxed and any(op.name in MAY_FAULT for op in request.block):
        return None
    try:
        return _prove(request, [c[0] for c in compiled], [c[1] for c in compiled])
    except (TooManyRegisters, WritesEarly):
        return None


def _check_widths(request: Request, template: Template) -> None:
    """A 64-bit constant must have a 64-bit hole: the small code model would like 32 bits better."""
    wide = {
        op.params["value"].index
        for op in request.block
        if op.name == "const" and op.ty == "i64" and isinstance(op.params["value"], Sym)
    }
    for hole in template.imms:
        if hole.source == "I" and hole.index in wide and hole.size != 8:
            raise Inconsistent(f"a 64-bit constant got a hole of {hole.size} bytes:\n{request.key}")


def fingerprint(layout: StateLayout) -> bytes:
    """What shapes a template besides its key: state layout, LLVM, the sources that make them."""
    digest = hashlib.sha256(VERSION.encode() + repr(layout.offsets()).encode())
    here = Path(__file__).parent
    for path in sorted([*here.glob("*.py"), *here.parent.glob("llvm/*.py")]):
        digest.update(path.read_bytes())
    return digest.digest()


def build(
    requests: Iterable[Request], layout: StateLayout, cache: Path | None, mark: bytes, jobs: int = 2
) -> dict[str, Template]:
    """All templates, cached ones where the IR is unchanged; raises Inconsistent on a bad one."""
    wanted = {r.key: r for r in requests}
    known = _load(cache, mark) if cache else {}
    done = {k: known[k] for k in wanted if k in known}
    todo = [r for k, r in wanted.items() if k not in done]
    batches = [todo[i : i + BATCH] for i in range(0, len(todo), BATCH)]
    if len(batches) > 1 and jobs > 1:
        with ProcessPoolExecutor(jobs) as pool:
            results = list(pool.map(partial(compile_batch, layout=layout), batches))
    else:
        results = [compile_batch(b, layout) for b in batches]
    for result in results:
        done.update(result)
    missing = [k for k in wanted if k not in done]
    if missing:
        raise Inconsistent(f"no template for:\n{missing[0]}")
    if cache and todo:
        _save(cache, mark, done)
    return done


def _save(cache: Path, mark: bytes, templates: dict[str, Template]) -> None:
    rows = {
        k: {
            **asdict(t),
            "code": t.code.hex(),
            "pools": [(p.at, p.addend, p.data.hex()) for p in t.pools],
        }
        for k, t in templates.items()
    }
    temporary = cache.with_suffix(".new")
    cache.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_text(json.dumps({"mark": mark.hex(), "templates": rows}))
    temporary.replace(cache)


def _load(cache: Path, mark: bytes) -> dict[str, Template]:
    try:
        data = json.loads(cache.read_text())
    except (OSError, ValueError):
        return {}
    if data.get("mark") != mark.hex():
        return {}
    return {
        k: Template(
            bytes.fromhex(t["code"]),
            tuple(RegHole(**h) for h in t["regs"]),
            tuple(ImmHole(**h) for h in t["imms"]),
            tuple(JumpHole(**h) for h in t["jumps"]),
            tuple(PoolHole(at, addend, bytes.fromhex(data)) for at, addend, data in t["pools"]),
            tuple(t["clobbers"]),
            t["boxed"],
            t["inner"],
        )
        for k, t in data["templates"].items()
    }
