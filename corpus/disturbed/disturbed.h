/*
 * What the disturbed programs share: `PROG disturbed|undisturbed COUNT [peak]`, and how a result is told.
 * Both variants do the same work and print the same checksum; only what breaks the flow differs. With the word
 * `peak` the process's peak of resident memory goes to standard error, in kB, as the kernel counts it for the
 * process and all that runs in it: a parent that asks wait4 would also see its own size from before the exec.
 */
#ifndef CORPUS_DISTURBED_H
#define CORPUS_DISTURBED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_disturbed;
static unsigned count = 1;

static inline void arguments(int argc, char **argv)
{
	if (argc < 3 || (strcmp(argv[1], "disturbed") && strcmp(argv[1], "undisturbed"))) {
		fprintf(stderr, "usage: %s disturbed|undisturbed COUNT [peak]\n", argv[0]);
		exit(2);
	}
	is_disturbed = !strcmp(argv[1], "disturbed");
	count = (unsigned)strtoul(argv[2], NULL, 0);
}

static inline uint32_t mix(uint32_t x)
{
	x ^= x << 13;
	x ^= x >> 17;
	return x ^ x << 5;
}

static inline int report(const char *name, uint32_t checksum, int argc, char **argv)
{
	char line[256];
	FILE *status;

	printf("%s %u %08x\n", name, count, (unsigned)checksum);
	if (argc < 4 || strcmp(argv[3], "peak"))
		return 0;
	status = fopen("/proc/self/status", "r");
	while (status && fgets(line, sizeof(line), status))
		if (!strncmp(line, "VmHWM:", 6))
			fprintf(stderr, "%lu\n", strtoul(line + 6, NULL, 10));
	return status == NULL;
}

#endif
