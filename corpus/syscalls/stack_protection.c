/*
 * mprotect with PROT_GROWSDOWN, by which C libraries make a stack executable: from the page given down to the
 * end of the stack, and only where something grows.
 * qemu-arm 7.2 does not pass: it rounds the address down where Linux answers EINVAL.
 */
#include "check.h"

#include <sys/mman.h>

#ifndef PROT_GROWSUP
#define PROT_GROWSUP 0x02000000
#endif

#define PAGE 4096ul
#define ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

#if defined(__arm__)
static const unsigned code[] = {0xe3a0002a, 0xe12fff1e}; /* mov r0, #42; bx lr */
#else
static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3}; /* mov eax, 42; ret */
#endif

/* Call code that stands deeper in the stack than the page whose protection was changed. */
static int __attribute__((noinline)) call_deep(int depth)
{
	volatile char frame[4096];
	_Alignas(16) char buf[64];
	int (*function)(void) = (int (*)(void))(uintptr_t)buf;

	frame[0] = (char)depth;
	if (depth)
		return call_deep(depth - 1) + frame[0] - (char)depth;
	memcpy(buf, code, sizeof(code));
	__builtin___clear_cache(buf, buf + sizeof(buf));
	return function();
}

static char *page_of(const void *p)
{
	return (char *)((uintptr_t)p & ~(PAGE - 1));
}

int main(void)
{
	char here;
	char *page = page_of(&here);
	char *heap = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(heap != MAP_FAILED);
	CHECK_FAILS(mprotect(heap, PAGE, ALL | PROT_GROWSDOWN), EINVAL);
	CHECK_FAILS(mprotect(heap, PAGE, ALL | PROT_GROWSUP), EINVAL);
	CHECK_FAILS(mprotect(page, PAGE, ALL | PROT_GROWSDOWN | PROT_GROWSUP), EINVAL);
	CHECK_FAILS(mprotect(page + 1, PAGE, ALL | PROT_GROWSDOWN), EINVAL);
	CHECK(munmap(heap, PAGE) == 0);
	CHECK_FAILS(mprotect(heap, PAGE, ALL | PROT_GROWSDOWN), ENOMEM);
	CHECK(mprotect(page, 0, PROT_READ | PROT_GROWSDOWN) == 0);
	CHECK(mprotect(page, PAGE, ALL | PROT_GROWSDOWN) == 0);
	CHECK(call_deep(0) == 42);
	CHECK(call_deep(100) == 42);
	puts("ok stack_protection");
	return 0;
}
