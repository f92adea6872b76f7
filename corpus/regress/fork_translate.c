/*
 * Translation on both sides of fork: the child goes on in code that the parent made while the parent makes more than a
 * small cache holds; children of children, each with new code; and what one side patches the other must not see.
 */
#include "emit.h"

#include <sys/wait.h>
#include <unistd.h>

enum { FUNCTIONS = 3000, STRIDE = 16 };

static unsigned char *code;

static unsigned fill(unsigned char *at, unsigned salt)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < FUNCTIONS; i++)
		emit(at + i * STRIDE, i & 255, (i >> 8) + salt);
	flush(at, FUNCTIONS * STRIDE);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < FUNCTIONS; i++)
			wrong += (unsigned)call(at + i * STRIDE) != (i & 255) + (i >> 8) + salt;
	return wrong;
}

/* Only code that was translated before the fork: loops and calls in place. */
static unsigned __attribute__((noinline)) old_code(unsigned rounds)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < rounds; i++)
		sum = (sum ^ i) * 2654435761u + (sum >> 7) + (unsigned)call(code);
	return sum;
}

static int status_of(pid_t pid)
{
	int status = -1;

	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

static void parent_fills(void)
{
	unsigned want = old_code(2000000), wrong;
	pid_t child = fork();

	if (!child)
		_exit(old_code(2000000) == want && old_code(2000000) == want ? 0 : 1);
	wrong = fill(code + STRIDE, 3);
	printf("parent fills: %u wrong, child %d\n", wrong, status_of(child));
}

static void both_fill(void)
{
	pid_t children[6];

	for (unsigned i = 0; i < 6; i++) {
		fflush(stdout);
		children[i] = fork();
		if (!children[i])
			_exit(fill(code, i + 10) || fill(code, i + 20) ? 1 : 0);
		if (fill(code + STRIDE, i))
			puts("wrong in the parent");
	}
	for (unsigned i = 0; i < 6; i++)
		printf("child %u: %d\n", i, status_of(children[i]));
}

/* Each generation makes code of its own, forks, and afterwards still finds its own code. */
static int generation(unsigned depth)
{
	unsigned char *mine = map_code(1);
	pid_t child;
	int below;

	emit(mine, depth, 1);
	flush(mine, EMITTED);
	if ((unsigned)call(mine) != depth + 1)
		return 1;
	if (!depth)
		return 0;
	child = fork();
	if (!child)
		_exit(generation(depth - 1));
	emit(code, depth, 100); /* the parent's page; the child has its copy */
	flush(code, EMITTED);
	below = status_of(child);
	if ((unsigned)call(code) != depth + 100 || (unsigned)call(mine) != depth + 1)
		return 2;
	return below ? 3 : 0;
}

int main(void)
{
	code = map_code(FUNCTIONS * STRIDE / PAGE + 2);
	emit(code, 1, 2);
	flush(code, EMITTED);
	parent_fills();
	both_fill();
	printf("generations: %d\n", generation(40));
	return 0;
}
