/* A byte-code interpreter around one switch: one shared, hard to predict indirect jump.
 * One repetition is one pass over 2048 instructions. */
#include "vm.h"

__attribute__((noinline)) static void run(struct vm *vm, const struct insn *code, unsigned rounds)
{
	const struct insn *pc = code;
	uint32_t *r = vm->r, t;

	for (;;) {
		const struct insn *i = pc++;

		switch ((enum op)i->op) {
		case ADD: r[i->a] += r[i->b]; break;
		case SUB: r[i->a] -= r[i->b]; break;
		case MUL: r[i->a] *= r[i->b] | 1; break;
		case XOR: r[i->a] ^= r[i->b] + i->c; break;
		case AND: r[i->a] &= r[i->b] | 0xff00ff; break;
		case OR: r[i->a] |= r[i->b] & 0x0f0f0f0f; break;
		case SHL: r[i->a] <<= i->c & 7; break;
		case SHR: r[i->a] >>= i->c & 7; break;
		case ROT: r[i->a] = r[i->b] << 11 | r[i->b] >> 21; break;
		case NOT: r[i->a] = ~r[i->b]; break;
		case NEG: r[i->a] = -r[i->b]; break;
		case LOADI: r[i->a] += i->c * 0x01010101u; break;
		case MOVE: r[i->a] = r[i->b] + 1; break;
		case SWAP: t = r[i->a]; r[i->a] = r[i->b]; r[i->b] = t; break;
		case LOAD: r[i->a] ^= vm->mem[(r[i->b] + i->c) % WORDS]; break;
		case STORE: vm->mem[(r[i->b] + i->c) % WORDS] += r[i->a]; break;
		case SKIP_ODD: pc += r[i->a] & 1; break;
		case SKIP_LESS: pc += r[i->a] < r[i->b]; break;
		case INC: r[i->a] += 0x9e3779b9u; break;
		case DEC: r[i->a] -= i->c; break;
		case MIX: r[i->a] ^= r[i->a] >> 16; r[i->a] *= 0x85ebca6bu; break;
		case LOOP:
			if (--rounds == 0)
				return;
			pc = code;
			break;
		case OP_COUNT: return;
		}
	}
}

int main(int argc, char **argv)
{
	return run_and_report("vm_switch", repetitions(argc, argv));
}
