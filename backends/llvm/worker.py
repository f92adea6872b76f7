"""The process that LLVM runs in: batches of functions come in, compiled functions go out.

It may abort, hang or run out of memory; its owner (``pool.py``) sees that by the pipe. Messages are
pickles with their length in front, on standard input and output; LLVM's own words go to standard
error.
"""

from __future__ import annotations

import pickle
import re
import resource
import signal
import struct
import sys
from collections.abc import Sequence
from typing import IO

from backends.llvm.levels import Compiler
from backends.llvm.modules import Normal, module_text, normalise
from backends.llvm.objects import Elf, ObjectCode, Refused, merged, read_functions
from backends.llvm.unit import FunctionText

LENGTH = struct.Struct("<Q")


def compile_batch(
    compiler: Compiler, functions: Sequence[Normal], prelude: str, *, merge: bool = True
) -> list[ObjectCode | Refused]:
    """Compile functions as one module; when LLVM finds fault, halves, down to the culprit.

    Functions in which it merged accesses are compiled again: a fault must tell one from the other.
    """
    try:
        elf = Elf(compiler.to_object(module_text(functions, prelude), merge=merge))
    except RuntimeError as e:
        if len(functions) == 1:
            return [Refused(f"LLVM refuses the text: {reason_in(str(e))}")]
        middle = len(functions) // 2
        halves = functions[:middle], functions[middle:]
        return [r for half in halves for r in compile_batch(compiler, half, prelude, merge=merge)]
    results = read_functions(elf, len(functions))
    lost = merged(elf, [f.accesses for f in functions]) if merge else []
    if lost:
        apart = compile_batch(compiler, [functions[i] for i in lost], prelude, merge=False)
        for i, result in zip(lost, apart, strict=True):
            results[i] = result
    return results


_NAMES = re.compile(r"[%@][\w.]+|'[^']*'")


def reason_in(words: str) -> str:
    """What LLVM complains of, less places and names, so that equal faults are counted as one."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    told = [line for line in lines if "error: " in line.lower()] or lines or ["no reason given"]
    return _NAMES.sub("...", re.split(r"error: ", told[0], flags=re.IGNORECASE)[-1])


def optimised_text(function: FunctionText, prelude: str, level: int) -> str:
    """One function's module after the passes of a level, for people; compiled in this process."""
    return Compiler(level).optimised_text(module_text([normalise(function)], prelude))


def send(stream: IO[bytes], message: object) -> None:
    """Write one message."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def main() -> None:
    """Serve batches until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner decides what an interrupt means
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    compilers: dict[tuple[int, bool], Compiler] = {}
    while head := source.read(LENGTH.size):
        level, prelude, functions = pickle.loads(source.read(*LENGTH.unpack(head)))
        kind = level, functions[0].joins  # of one kind all of them
        if kind not in compilers:
            compilers[kind] = Compiler(level, joins=functions[0].joins)
        send(sink, compile_batch(compilers[kind], functions, prelude))


if __name__ == "__main__":
    main()
