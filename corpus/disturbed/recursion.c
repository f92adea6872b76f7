/* COUNT sums, each by DEPTH nested calls in one go (disturbed: nearly all of an 8 MiB stack) or in pieces of 64.
 * The frames are as small as they get, so that what a translator keeps for each is tried hardest.
 * `PROG endless` recurses until the kernel ends it: SIGSEGV. Not for the native build: its frames are larger. */
#include "disturbed.h"
#include <sys/resource.h>

enum { DEPTH = 480000, PIECE = 64, STACK = 8 << 20 };

static char *deepest;

/* The sum of mix(i) for i in [from, from + n). Two values live across the call make a frame of 16 bytes on ARM. */
__attribute__((noinline)) static uint32_t sum_of(uint32_t from, uint32_t n)
{
	uint32_t rest;

	if (n == 0) {
		deepest = __builtin_frame_address(0);
		return 0;
	}
	rest = sum_of(from + 1, n - 1);
	__asm__ volatile("" : "+r"(rest));
	return rest + mix(from);
}

static uint32_t in_pieces(uint32_t from)
{
	uint32_t sum = 0;

	for (unsigned at = 0; at < DEPTH; at += PIECE)
		sum += sum_of(from + at, PIECE);
	return sum;
}

int main(int argc, char **argv)
{
	struct rlimit none = { 0, 0 };
	char *start = __builtin_frame_address(0);
	uint32_t sum = 1;

	if (argc == 2 && !strcmp(argv[1], "endless")) {
		setrlimit(RLIMIT_CORE, &none);
		return (int)sum_of(0, ~0u);
	}
	arguments(argc, argv);
	for (unsigned i = 0; i < count; i++)
		sum = sum * 31 + (is_disturbed ? sum_of(i, DEPTH) : in_pieces(i));
	/* Otherwise the compiler made another frame than DEPTH was chosen for, and less is shown than is claimed. */
	if (is_disturbed && start - deepest < STACK - STACK / 8) {
		fprintf(stderr, "only %ld bytes of stack used\n", (long)(start - deepest));
		return 3;
	}
	return report("recursion", sum, argc, argv);
}
