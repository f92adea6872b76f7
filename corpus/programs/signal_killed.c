/* Ways to die by a signal; the parent of the process must see that signal, not an exit status. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Volatile, so that the compiler neither warns about the address nor turns the store into a trap. */
static volatile int *volatile nowhere = (volatile int *)4;

static void null_store(void)
{
	*nowhere = 1;
}

/* A whole page beyond the end of the mapped file: SIGBUS. */
static void beyond_file(void)
{
	int fd = memfd_create("short", 0);
	volatile char *p;

	if (fd < 0 || ftruncate(fd, 100))
		exit(3);
	p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	printf("first page %d\n", p[0]);
	fflush(stdout);
	(void)p[4096];
}

static void closed_pipe(void)
{
	int ends[2];

	if (pipe(ends))
		exit(3);
	close(ends[0]);
	if (write(ends[1], "x", 1) == 1)
		exit(4);
}

static void undefined_instruction(void)
{
#if defined(__arm__)
	__asm__ volatile("udf #0");
#else
	__asm__ volatile("ud2");
#endif
}

/* The encodings that Linux reserves for debuggers: UDF #1 in T32, UDF #16 in A32. */
static void breakpoint(void)
{
#if defined(__thumb__)
	__asm__ volatile("udf #1");
#elif defined(__arm__)
	__asm__ volatile("udf #16");
#else
	__asm__ volatile("int3");
#endif
}

static void no_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	((void (*)(void))p)();
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	printf("dying by %s\n", how);
	fflush(stdout);
	if (!strcmp(how, "null"))
		null_store();
	else if (!strcmp(how, "bus"))
		beyond_file();
	else if (!strcmp(how, "pipe"))
		closed_pipe();
	else if (!strcmp(how, "undefined"))
		undefined_instruction();
	else if (!strcmp(how, "breakpoint"))
		breakpoint();
	else if (!strcmp(how, "data"))
		no_code();
	else if (!strcmp(how, "abort"))
		abort();
	else
		raise(atoi(how));
	puts("still here");
	return 5;
}
