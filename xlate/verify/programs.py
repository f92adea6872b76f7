"""Draws small programs: what a whole function can get wrong and a straight sequence cannot.

Blocks of instructions from the generator's stock, joined by comparisons with forward branches,
counted loops, IT blocks, subroutines (called directly, through a register, through another one
with the link saved) and reads of the flags. Most run to the end of the code page; whatever else
they do is as good a case.

Optimised code keeps to the procedure call standard, which leaves flags unknown at calls and
returns, but for two things (docs/decisions/0011) that are drawn here: a function called directly
may read its caller's flags, and one that ends in a comparison returns its outcome. So subroutines
end in one, and calls through a register are made without a question to the flags.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from frontends.arm32.decode import ALWAYS
from xlate.verify.case import CODE_PAGE, DATA_PAGES, PAGE, code_bytes, make_case
from xlate.verify.generate import Drawn, Generator, Refused, decode_all

COUNTER, SAVED_LINK, POINTER = 11, 7, 12
END = "end"
CMP, CMP_T16 = 0xE1500001, 0x4288  # cmp r0, r1: writes every flag


@dataclass(frozen=True)
class Jump:
    """A branch to a label; ``kind`` is b, bl, cbz, cbnz or adr (A32: an address in a register)."""

    kind: str
    label: str
    cond: int = ALWAYS
    reg: int = 0

    def size(self, isa: str) -> int:
        """Bytes of its encoding."""
        return 4 if isa == "A32" or self.kind == "bl" else 2

    def word(self, isa: str, pc: int, target: int) -> int:
        """The instruction for a place and a target."""
        if isa == "A32":
            offset = target - pc - 8
            if self.kind == "adr":
                return 0xE28F0000 | self.reg << 12 | offset
            return (
                self.cond << 28 | (0xB if self.kind == "bl" else 0xA) << 24 | offset >> 2 & 0xFFFFFF
            )
        offset = target - pc - 4
        if self.kind == "bl":
            low = offset >> 1
            sign = low >> 31 & 1
            ones = (sign ^ (low >> 22 & 1) ^ 1) << 13 | (sign ^ (low >> 21 & 1) ^ 1) << 11
            return (0xF000 | sign << 10 | low >> 11 & 0x3FF) << 16 | 0xD000 | ones | low & 0x7FF
        if self.kind == "b":
            if self.cond == ALWAYS:
                return 0xE000 | offset >> 1 & 0x7FF
            return 0xD000 | self.cond << 8 | offset >> 1 & 0xFF
        negated = int(self.kind == "cbnz")
        return 0xB100 | negated << 11 | (offset >> 6 & 1) << 9 | (offset >> 1 & 31) << 3 | self.reg


@dataclass
class Assembly:
    """Words and jumps in order, and where the labels are among them."""

    isa: str
    items: list[int | Jump] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)

    def label(self, name: str) -> None:
        """The next item is called so."""
        self.labels[name] = len(self.items)

    def words(self) -> list[int]:
        """All instructions; they end where the code page ends."""
        sizes = [
            item.size(self.isa) if isinstance(item, Jump) else len(code_bytes(self.isa, [item]))
            for item in self.items
        ]
        at = [CODE_PAGE + PAGE - sum(sizes[i:]) for i in range(len(sizes) + 1)]
        where = {name: at[i] for name, i in self.labels.items()} | {END: CODE_PAGE + PAGE}
        return [
            item.word(self.isa, at[i], where[item.label]) if isinstance(item, Jump) else item
            for i, item in enumerate(self.items)
        ]


class ProgramGenerator(Generator):
    """The generator with programs made of its stock."""

    def draw_sequence_or_program(self) -> Drawn:
        """Return one or the other."""
        return self.draw_program() if self._random.random() < 0.5 else self.draw_sequence()

    def draw_program(self) -> Drawn:
        """Return a case of some blocks; Refused where the stock is too small for it."""
        pick = self._random
        family = pick.choice([isa for isa, stock in self._stock.items() if stock] or ["A32"])
        if len(self._stock[family]) < 20:
            raise Refused("stock of programs too small")
        words, subroutine = self.program_words(family)
        state = self.state(itstate=0)
        if subroutine:
            state.r[13] = DATA_PAGES[0] + PAGE // 2
        case = make_case(family, words, state, self.pages())
        decoded = tuple(decode_all(family, words, case.state.r[15]))
        case.text = f"{family} {'+'.join(f'{word:x}' for word in words)}"
        return Drawn(case, self._settle(case, decoded), family, decoded)

    def program_words(self, family: str) -> tuple[list[int], bool]:
        """Return the words of a program, and whether it has subroutines, which may use a stack."""
        pick = self._random
        code = Assembly(family)
        subroutine = pick.random() < 0.5
        blocks = pick.randint(2, 4)
        for number in range(blocks):
            code.label(f"b{number}")
            self._block(code)
            if pick.random() < 0.2:
                self._loop(code, number)
            if subroutine and pick.random() < 0.5:
                self._call(code)
            self._branch(code, number, blocks)
        code.label(f"b{blocks}")
        if subroutine:
            code.items.append(Jump("b", END))
            self._subroutines(code)
        return code.words(), subroutine

    def _block(self, code: Assembly) -> None:
        pick = self._random
        insns = [pick.choice(self._stock[code.isa]) for _ in range(pick.randint(1, 3))]
        words = [self._another_condition(insn) for insn in insns]
        if code.isa == "T32" and pick.random() < 0.3:
            words.insert(0, self._it_over(pick.randint(1, len(words))))
        if pick.random() < 0.2:
            words.insert(pick.randint(0, len(words)), self._read_flags(code.isa))
        code.items += words

    def _it_over(self, count: int) -> int:
        """IT for so many instructions."""
        pick = self._random
        mask = pick.getrandbits(count - 1) << (5 - count) | 1 << (4 - count)
        return 0xBF00 | pick.randrange(ALWAYS) << 4 | mask

    def _read_flags(self, isa: str) -> int:
        """MRS of the flags."""
        reg = self._random.randrange(7)
        return 0xE10F0000 | reg << 12 if isa == "A32" else 0xF3EF8000 | reg << 8

    def _compare(self, isa: str) -> int:
        """An instruction that sets flags from one or two low registers."""
        pick = self._random
        n, m = pick.randrange(8), pick.randrange(8)
        if isa == "A32":
            opcode = pick.choice((0xE1500000, 0xE1700000, 0xE1100000, 0xE0500000 | n << 12))
            return opcode | n << 16 | m
        return pick.choice((0x4280, 0x42C0, 0x4200, 0x1A00)) | m << 3 | n

    def _branch(self, code: Assembly, number: int, blocks: int) -> None:
        """Skip some blocks on a condition; now and then always, or on a register."""
        pick = self._random
        label = f"b{pick.randint(number + 1, blocks)}"
        kind = pick.random()
        if kind < 0.15:
            return
        if kind < 0.3 and code.isa == "T32":
            code.items.append(Jump(pick.choice(("cbz", "cbnz")), label, reg=pick.randrange(8)))
            return
        if kind < 0.8:
            code.items.append(self._compare(code.isa))
        cond = ALWAYS if kind > 0.95 else pick.randrange(ALWAYS)
        code.items.append(Jump("b", label, cond))

    def _loop(self, code: Assembly, number: int) -> None:
        """A body that runs two or three times, unless it counts itself otherwise."""
        rounds = self._random.randint(2, 3)
        count = COUNTER if code.isa == "A32" else 5
        thumb = code.isa != "A32"
        code.items.append(
            0x2000 | count << 8 | rounds if thumb else 0xE3A00000 | count << 12 | rounds
        )
        code.label(f"l{number}")
        self._block(code)
        code.items.append(0x3801 | count << 8 if thumb else 0xE2500001 | count << 16 | count << 12)
        code.items.append(Jump("b", f"l{number}", 1))  # NE

    def _call(self, code: Assembly) -> None:
        """Call a subroutine; some callers read the flags that it leaves."""
        pick = self._random
        name = pick.choice(("leaf", "outer"))
        if code.isa == "A32" and pick.random() < 0.4:
            code.items += [Jump("adr", name, reg=POINTER), 0xE12FFF30 | POINTER]
            code.items.append(CMP)
            return
        code.items.append(Jump("bl", name))
        if pick.random() < 0.4:
            code.items.append(self._read_flags(code.isa))

    def _subroutines(self, code: Assembly) -> None:
        """One that only returns, and one that calls it and has its link in memory or in r7."""
        thumb = code.isa != "A32"
        pushes = self._random.random() < 0.6
        by_register = [CMP] if 0xE12FFF30 | POINTER in code.items else []
        code.label("outer")
        code.items += by_register
        if pushes:
            code.items.append(0xB510 if thumb else 0xE92D4010)  # push {r4, lr}
        else:
            code.items.append(0x4677 if thumb else 0xE1A0700E)  # mov r7, lr
        self._block(code)
        code.items.append(Jump("bl", "leaf"))
        self._block(code)
        code.items.append(CMP_T16 if thumb else CMP)
        if pushes:
            code.items.append(0xBD10 if thumb else 0xE8BD8010)  # pop {r4, pc}
        else:
            code.items.append(0x4700 | SAVED_LINK << 3 if thumb else 0xE12FFF10 | SAVED_LINK)
        code.label("leaf")
        code.items += by_register
        self._block(code)
        code.items.append(CMP_T16 if thumb else CMP)
        code.items.append(0x4770 if thumb else 0xE12FFF1E)  # bx lr
