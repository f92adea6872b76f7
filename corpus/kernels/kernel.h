/*
 * What every kernel shares: the repetition count from the command line and a xorshift generator.
 * A kernel does its own work and prints one checksum line, so that any two builds of it compare.
 */
#ifndef CORPUS_KERNEL_H
#define CORPUS_KERNEL_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* argv[1] as a count; 1 when absent, so that a kernel run by hand ends at once. */
static inline unsigned repetitions(int argc, char **argv)
{
	return argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : 1;
}

/* xorshift32: good enough to defeat prediction, the same on every machine. */
static inline uint32_t next_random(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

static inline int report(const char *name, uint32_t checksum)
{
	return printf("%s %08x\n", name, (unsigned)checksum) < 0;
}

#endif
