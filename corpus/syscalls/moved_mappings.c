/*
 * mremap: growing in place and not, shrinking, moving to a place, over others, files, errors.
 * qemu-arm 7.2 does not pass: it does not grow a mapping in place.
 */
#include "check.h"

#include <setjmp.h>
#include <sys/mman.h>

#define PAGE 4096ul

static sigjmp_buf back;

static void on_fault(int sig)
{
	siglongjmp(back, sig);
}

static int is_mapped(volatile char *p)
{
	if (sigsetjmp(back, 1))
		return 0;
	(void)*p;
	return 1;
}

int main(void)
{
	struct sigaction sa = {.sa_handler = on_fault};
	char *area = mmap(NULL, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p, *q;
	int fd;

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	enter_scratch_folder();
	CHECK(area != MAP_FAILED && munmap(area, 64 * PAGE) == 0);
	p = mmap(area, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(p == area);
	strcpy(p, "first page");
	strcpy(p + PAGE, "second page");
	CHECK(mremap(p, 2 * PAGE, 4 * PAGE, 0) == p && p[3 * PAGE] == 0); /* there is room behind it */
	CHECK(mmap(area + 4 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area + 4 * PAGE);
	CHECK_FAILS((intptr_t)mremap(p, 4 * PAGE, 5 * PAGE, 0), ENOMEM);
	q = mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q != p && !is_mapped(p) && !strcmp(q, "first page"));
	CHECK(!strcmp(q + PAGE, "second page"));
	CHECK(mremap(q, 8 * PAGE, PAGE, 0) == q && is_mapped(q) && !is_mapped(q + PAGE));
	CHECK(mremap(q, PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + 3 * PAGE) == area + 3 * PAGE);
	CHECK(!is_mapped(q) && !strcmp(area + 3 * PAGE, "first page") && area[4 * PAGE] == 0);
	area[4 * PAGE] = 1; /* what was mapped there before is gone */
	/* A piece out of the middle. */
	CHECK(mremap(area + 4 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + 20 * PAGE) == area + 20 * PAGE);
	CHECK(area[20 * PAGE] == 1 && !is_mapped(area + 4 * PAGE) && is_mapped(area + 5 * PAGE));
	fd = open("file", O_RDWR | O_CREAT, 0600);
	CHECK(ftruncate(fd, 4 * PAGE) == 0 && pwrite(fd, "third", 6, 2 * PAGE) == 6);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	strcpy(p, "shared");
	q = mremap(p, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE); /* shows more of the file */
	CHECK(q != MAP_FAILED && !strcmp(q, "shared") && !strcmp(q + 2 * PAGE, "third"));
	p = q;
	CHECK_FAILS((intptr_t)mremap(area + 50 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
	CHECK_FAILS((intptr_t)mremap(p + 1, PAGE, PAGE, 0), EINVAL);
	CHECK_FAILS((intptr_t)mremap(p, PAGE, 0, 0), EINVAL);
	CHECK_FAILS((intptr_t)mremap(p, PAGE, PAGE, MREMAP_FIXED, area), EINVAL);
	CHECK_FAILS((intptr_t)mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + 1), EINVAL);
	CHECK_FAILS((intptr_t)mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE), EINVAL);
	CHECK_FAILS((intptr_t)mremap(p, PAGE, PAGE, 0x100), EINVAL);
	puts("ok moved_mappings");
	return 0;
}
