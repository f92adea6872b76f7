/* The interpreter of vm_switch.c with computed goto: one indirect jump at the end of each handler.
 * One repetition is one pass over 2048 instructions. */
#include "vm.h"

__attribute__((noinline)) static void run(struct vm *vm, const struct insn *code, unsigned rounds)
{
	static const void *const handlers[OP_COUNT] = {
		[ADD] = &&add, [SUB] = &&sub, [MUL] = &&mul, [XOR] = &&xor, [AND] = &&and,
		[OR] = &&or, [SHL] = &&shl, [SHR] = &&shr, [ROT] = &&rot, [NOT] = &&not,
		[NEG] = &&neg, [LOADI] = &&loadi, [MOVE] = &&move, [SWAP] = &&swap,
		[LOAD] = &&load, [STORE] = &&store, [SKIP_ODD] = &&skip_odd,
		[SKIP_LESS] = &&skip_less, [INC] = &&inc, [DEC] = &&dec, [MIX] = &&mix,
		[LOOP] = &&loop,
	};
	const struct insn *i = code, *pc = code + 1;
	uint32_t *r = vm->r, t;

	goto *handlers[i->op];

/* A statement, not a hidden return: every handler ends in its own jump, which is the point. */
#define NEXT do { i = pc++; goto *handlers[i->op]; } while (0)
add: r[i->a] += r[i->b]; NEXT;
sub: r[i->a] -= r[i->b]; NEXT;
mul: r[i->a] *= r[i->b] | 1; NEXT;
xor: r[i->a] ^= r[i->b] + i->c; NEXT;
and: r[i->a] &= r[i->b] | 0xff00ff; NEXT;
or: r[i->a] |= r[i->b] & 0x0f0f0f0f; NEXT;
shl: r[i->a] <<= i->c & 7; NEXT;
shr: r[i->a] >>= i->c & 7; NEXT;
rot: r[i->a] = r[i->b] << 11 | r[i->b] >> 21; NEXT;
not: r[i->a] = ~r[i->b]; NEXT;
neg: r[i->a] = -r[i->b]; NEXT;
loadi: r[i->a] += i->c * 0x01010101u; NEXT;
move: r[i->a] = r[i->b] + 1; NEXT;
swap: t = r[i->a]; r[i->a] = r[i->b]; r[i->b] = t; NEXT;
load: r[i->a] ^= vm->mem[(r[i->b] + i->c) % WORDS]; NEXT;
store: vm->mem[(r[i->b] + i->c) % WORDS] += r[i->a]; NEXT;
skip_odd: pc += r[i->a] & 1; NEXT;
skip_less: pc += r[i->a] < r[i->b]; NEXT;
inc: r[i->a] += 0x9e3779b9u; NEXT;
dec: r[i->a] -= i->c; NEXT;
mix: r[i->a] ^= r[i->a] >> 16; r[i->a] *= 0x85ebca6bu; NEXT;
loop:
	if (--rounds == 0)
		return;
	pc = code;
	NEXT;
#undef NEXT
}

int main(int argc, char **argv)
{
	return run_and_report("vm_goto", repetitions(argc, argv));
}
