/*
 * The byte-code machine of vm_switch.c and vm_goto.c: its instructions, the program it runs and the
 * driver. Each of the two files supplies run() with its own kind of dispatch and includes this once.
 */
#ifndef CORPUS_VM_H
#define CORPUS_VM_H

#include "kernel.h"

enum op {
	ADD, SUB, MUL, XOR, AND, OR, SHL, SHR, ROT, NOT, NEG, LOADI, MOVE, SWAP,
	LOAD, STORE, SKIP_ODD, SKIP_LESS, INC, DEC, MIX, LOOP, OP_COUNT
};

struct insn {
	uint8_t op, a, b, c;
};

enum { LENGTH = 2048, REGS = 8, WORDS = 256 };

struct vm {
	uint32_t r[REGS];
	uint32_t mem[WORDS];
};

/* Run until LOOP has been executed `rounds` times. The program ends in LOOP, and nothing else loops. */
static void run(struct vm *vm, const struct insn *code, unsigned rounds);

static struct insn program[LENGTH];
static struct vm machine;

/* A skip may hop over the next instruction, so the two before LOOP are plain ones. */
static void make_program(void)
{
	uint32_t seed = 13;

	for (unsigned i = 0; i < LENGTH; i++) {
		uint32_t x = next_random(&seed);

		program[i].op = (uint8_t)(x % LOOP);
		program[i].a = (x >> 8) % REGS;
		program[i].b = (x >> 12) % REGS;
		program[i].c = (x >> 16) & 0xff;
	}
	program[LENGTH - 3].op = ADD;
	program[LENGTH - 2].op = XOR;
	program[LENGTH - 1].op = LOOP;
	for (unsigned i = 0; i < REGS; i++)
		machine.r[i] = next_random(&seed);
}

static int run_and_report(const char *name, unsigned reps)
{
	uint32_t sum = 0;

	make_program();
	if (reps)
		run(&machine, program, reps);
	for (unsigned i = 0; i < REGS; i++)
		sum = sum * 31 + machine.r[i];
	for (unsigned i = 0; i < WORDS; i++)
		sum = sum * 31 + machine.mem[i];
	return report(name, sum);
}

#endif
