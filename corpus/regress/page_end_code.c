/*
 * T32 code at the end of what can be fetched: a 32-bit instruction and IT blocks whose second part lies on a page
 * that is not there yet (the handler maps it and execution goes on, in the right ITSTATE), or behind the end of a
 * mapped file (SIGBUS); a jump to the last halfword there is; and IT blocks of the longest multiple loads, which
 * must not be cut.
 */
#define _GNU_SOURCE
#include "emit.h"

#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

typedef int function2(int a, int b);

static unsigned char *pages; /* two; the second one comes and goes */
static const uint16_t *second_half;
static size_t second_length;
static volatile uintptr_t fault_address;
static volatile int faults;
static sigjmp_buf back;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fault_address = (uintptr_t)info->si_addr;
	faults++;
	if (fault_address != (uintptr_t)pages + PAGE || faults > 10)
		siglongjmp(back, sig);
	if (mmap(pages + PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) == MAP_FAILED)
		_exit(3);
	memcpy(pages + PAGE, second_half, second_length);
	flush(pages + PAGE, second_length);
}

/* `count` halfwords of which the first `before` end the first page; the second page is unmapped. Calls with (a, b). */
static int run(const uint16_t *code, size_t count, size_t before, int a, int b)
{
	unsigned char *at = pages + PAGE - 2 * before;

	second_half = code + before;
	second_length = 2 * (count - before);
	munmap(pages + PAGE, PAGE);
	memcpy(at, code, 2 * before);
	flush(at, 2 * before);
	faults = 0;
	return ((function2 *)(at + 1))(a, b);
}

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static void wide_instruction(void)
{
	static const uint16_t code[] = { 0xf241, 0x2034, 0x4770 }; /* movw r0, #0x1234; bx lr */
	int got = run(code, LENGTH(code), 1, 0, 0);

	printf("wide: %#x, %d fault at %+d\n", got, faults, (int)(fault_address - (uintptr_t)(pages + PAGE)));
}

/* The block is cut after its IT instruction or after any of its members; it must still execute as a whole. */
static void it_block(int a, int b)
{
	static const uint16_t code[] = {
		0x4288,		/* cmp r0, r1 */
		0xbf05,		/* ittet eq */
		0x3001,		/* addeq r0, #1 */
		0x3002,		/* addeq r0, #2 */
		0x3040,		/* addne r0, #0x40 */
		0x3004,		/* addeq r0, #4 */
		0x3008,		/* adds r0, #8 */
		0x4770,		/* bx lr */
	};

	for (size_t before = 1; before < LENGTH(code); before++)
		printf("it %d %d, cut at %u: %d, %d faults\n", a, b, (unsigned)before, run(code, LENGTH(code), before, a, b), faults);
}

static void behind_file(void)
{
	static const uint16_t code[] = { 0x2007, 0x3001 }; /* movs r0, #7; adds r0, #1; nothing more */
	int fd = memfd_create("code", 0), sig;
	unsigned char *p;

	if (fd < 0 || ftruncate(fd, PAGE))
		exit(1);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		exit(1);
	memcpy(p + PAGE - sizeof(code), code, sizeof(code));
	flush(p + PAGE - sizeof(code), sizeof(code));
	faults = 0;
	sig = sigsetjmp(back, 1);
	if (!sig)
		((function2 *)(p + PAGE - sizeof(code) + 1))(0, 0);
	printf("behind the file: signal %d at %+d\n", sig, (int)(fault_address - (uintptr_t)(p + PAGE)));
}

/* One call site that has gone elsewhere before: an empty entry of a look-up table must not look like this address. */
static void last_halfword(void)
{
	unsigned char *page = map_code(1);
	function2 *volatile target[3];
	int sig;

	emit(page, 1, 2);
	flush(page, EMITTED);
	target[0] = target[1] = (function2 *)(page + MODE_BIT);
	target[2] = (function2 *)0xffffffff;
	faults = 0;
	sig = sigsetjmp(back, 1);
	for (unsigned i = 0; !sig && i < 3; i++)
		target[i](0, 0);
	printf("last halfword: signal %d at %#lx\n", sig, (unsigned long)fault_address);
}

/* Loads in front, then an IT block of the four longest transfers there are: 32 single registers each. */
static void longest_block(void)
{
	enum { WORDS = 64 };
	static uint32_t data[WORDS];
	unsigned char *at = map_code(4);
	uint16_t *out = (uint16_t *)at;
	float got[4];

	for (unsigned i = 0; i < WORDS; i++) {
		float f = (float)i;

		memcpy(&data[i], &f, sizeof(f));
	}
	for (unsigned head = 0; head < 12; head++) {
		out = (uint16_t *)at;
		*out++ = 0x4288; /* cmp r0, r1 */
		for (unsigned i = 0; i < head; i++) { /* vldmia r2, {s0-s31} */
			*out++ = 0xec92;
			*out++ = 0x0a20;
		}
		*out++ = 0xbf01; /* itttt eq */
		for (unsigned i = 0; i < 4; i++) { /* vldmiaeq r3, {s0-s31} */
			*out++ = 0xec93;
			*out++ = 0x0a20;
		}
		*out++ = 0x4770;
		flush(at, (size_t)((unsigned char *)out - at));
		for (int same = 0; same < 2; same++) {
			register uint32_t *r2 __asm__("r2") = data, *r3 __asm__("r3") = data + 32;
			register int r0 __asm__("r0") = 1, r1 __asm__("r1") = same;
			register unsigned char *r12 __asm__("r12") = at + 1;

			__asm__ volatile("blx r12\n\tvstr s0, [%5]\n\tvstr s31, [%5, #4]"
					 : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r12)
					 : "r"(got)
					 : "memory", "cc", "lr", "d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8",
					   "d9", "d10", "d11", "d12", "d13", "d14", "d15");
			if (head || same) /* else nothing was loaded */
				printf("longest %u %d: %g %g\n", head, same, (double)got[0], (double)got[1]);
		}
	}
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	pages = map_code(2);
	wide_instruction();
	it_block(5, 5);
	it_block(5, 6);
	behind_file();
	last_halfword();
	longest_block();
	return 0;
}
