"""Which host register is what in translated code; C gets the same table (gen/hostregs.h).

Templates are compiled with LLVM's preserve_none calling convention, whose argument registers are,
in order, R12 R13 R14 R15 RDI RSI RDX RCX R8 R9 R11. R12 is the state pointer. Operands of a
template stand in registers that always need a REX prefix, so that any other register fits into the
same bytes. RAX, RCX and RDX are temporaries of a template; RDX also hands the target of an indirect
exit to the glue.
"""

from __future__ import annotations

_LOW = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi")
NUMBER = {name: i for i, name in enumerate((*_LOW, *(f"r{i}" for i in range(8, 16))))}

ARGUMENTS = ("r13", "r14", "r15", "rdi", "rsi", "rdx", "rcx", "r8", "r9", "r11")
STATE = "r12"

# Guest registers that live in host registers while translated code runs; the others live in the
# state. A pinned register's number is below 16: it is a bit in the translator's tables.
PINS = {0: "r8", 1: "r9", 2: "r11", 3: "r13", 4: "r14", 5: "r15", 6: "rdi", 13: "rsi"}
PINS_ARM64 = {0: "r8", 1: "r9", 2: "r11", 3: "r13", 4: "r14", 5: "r15", 6: "rdi", 7: "rsi"}

# Where operands that live in the state are brought for one template.
SCRATCH = ("rbx", "rbp", "r10", "rdx")

# Registers that a template may use freely besides its operands. When LLVM runs out of these it
# takes r10, then rbx, then (pushed and popped) rbp: such a template says so, and the translator
# finds other places for operands that live in the state.
TEMPORARIES = ("rax", "rcx", "rdx")
SPARE_TEMPORARIES = ("r10", "rbx", "rbp")

# Operand registers at compile time.
OPERANDS = ("r8", "r9", "r11", "r14")


def _table(pins: dict[int, str], registers: int) -> list[str]:
    """The pins of one guest, which has so many registers."""
    hosts = ", ".join(str(NUMBER[pins[n]]) if n in pins else "NO_PIN" for n in range(registers))
    return [
        "#ifndef __ASSEMBLER__",
        f"static const unsigned char host_of_guest[{registers}] = {{ {hosts} }};",
        "#endif",
        f"#define PIN_COUNT {len(pins)}",
        "#define FOR_EACH_PIN(X) \\",
        " \\\n".join(f"\tX({guest}, {host})" for guest, host in pins.items()),
    ]


def c_header() -> str:
    """The same tables for the runtime."""
    scratch = ", ".join(str(NUMBER[s]) for s in SCRATCH)
    lines = [
        "/* Generated from backends/stencil/hostregs.py; do not edit. */",
        "#pragma once",
        "",
        "#define NO_PIN 255",
        "#ifdef GUEST_ARM64",
        *_table(PINS_ARM64, 35),
        "#else",
        *_table(PINS, 16),
        "#endif",
        "#ifndef __ASSEMBLER__",
        f"static const unsigned char scratch_host[{len(SCRATCH)}] = {{ {scratch} }};",
        "#endif",
        "",
    ]
    return "\n".join(lines)
