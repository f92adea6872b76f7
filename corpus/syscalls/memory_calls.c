/*
 * mmap and its family: addresses, protections, sharing, moving, the heap's end.
 * qemu-arm 7.2 does not pass: it does not know MAP_FIXED_NOREPLACE.
 */
#include "check.h"

#include <setjmp.h>
#include <sys/mman.h>

#define PAGE 4096u

static sigjmp_buf after_fault;

static void on_fault(int sig)
{
	(void)sig;
	siglongjmp(after_fault, 1);
}

static int can_read(volatile char *p)
{
	if (sigsetjmp(after_fault, 1))
		return 0;
	(void)*p;
	return 1;
}

static int can_write(volatile char *p)
{
	if (sigsetjmp(after_fault, 1))
		return 0;
	*p = 1;
	return 1;
}

static void anonymous(void)
{
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED && ((uintptr_t)p & (PAGE - 1)) == 0);
	CHECK(p[0] == 0 && p[4 * PAGE - 1] == 0);
	CHECK(mprotect(p + PAGE, PAGE, PROT_READ) == 0);
	CHECK(can_write(p) && !can_write(p + PAGE) && can_read(p + PAGE) && can_write(p + 2 * PAGE));
	CHECK(mprotect(p + PAGE, PAGE, PROT_NONE) == 0 && !can_read(p + PAGE));
	CHECK(munmap(p + 2 * PAGE, PAGE) == 0 && !can_read(p + 2 * PAGE) && can_read(p + 3 * PAGE));
	CHECK(mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + PAGE);
	CHECK(can_write(p + PAGE));
	CHECK_FAILS((intptr_t)mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	CHECK_FAILS((intptr_t)mmap(p + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
	CHECK_FAILS((intptr_t)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK_FAILS(mprotect(p + 1, PAGE, PROT_READ), EINVAL);
	p[0] = 5;
	CHECK(madvise(p, PAGE, MADV_DONTNEED) == 0 && p[0] == 0);
	CHECK(munmap(p, 4 * PAGE) == 0);
	CHECK_FAILS(mprotect(p, PAGE, PROT_READ), ENOMEM);
}

static void files(void)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);
	char *shared, *private;
	char c;

	CHECK(ftruncate(fd, 3 * PAGE) == 0 && pwrite(fd, "second page", 11, PAGE) == 11);
	shared = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
	CHECK(shared != MAP_FAILED && private != MAP_FAILED);
	CHECK(!memcmp(private, "second page", 11));
	private[0] = 'X';
	shared[0] = 'S';
	CHECK(pread(fd, &c, 1, PAGE) == 1 && c == 's');
	CHECK(pread(fd, &c, 1, 0) == 1 && c == 'S');
	CHECK(msync(shared, PAGE, MS_SYNC) == 0);
	CHECK(mmap64(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0x200000000ll) != MAP_FAILED);
	CHECK_FAILS((intptr_t)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	close(fd);
	fd = open("file", O_RDONLY);
	CHECK_FAILS((intptr_t)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	close(fd);
	CHECK(private[0] == 'X'); /* mappings outlive descriptors */
}

static void moving(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *hole = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *q;

	strcpy(p, "moved");
	q = mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && !strcmp(q, "moved") && can_write(q + 63 * PAGE));
	CHECK(mremap(q, 64 * PAGE, PAGE, 0) == q && !can_read(q + PAGE));
	CHECK(mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, hole + 2 * PAGE) == hole + 2 * PAGE);
	CHECK(!strcmp(hole + 2 * PAGE, "moved") && !can_read(q) && !can_read(hole));
}

static void heap(void)
{
	char *start = sbrk(0);

	CHECK(sbrk(10 * PAGE) == start);
	CHECK(can_write(start) && can_write(start + 10 * PAGE - 1));
	CHECK(sbrk(-10 * (int)PAGE) == start + 10 * PAGE);
	CHECK(sbrk(0) == start);
}

static void shared_with_child(void)
{
	volatile int *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile int *own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char resident[1] = {7};

	*p = *own = 1;
	if (fork() == 0) {
		*p = *own = 2;
		_exit(0);
	}
	wait(NULL);
	CHECK(*p == 2 && *own == 1);
	CHECK(mincore((void *)p, PAGE, resident) == 0 && resident[0] == 1);
	CHECK(mlock((void *)own, PAGE) == 0 || errno == EPERM || errno == ENOMEM);
}

int main(void)
{
	struct sigaction sa = {.sa_handler = on_fault};

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	enter_scratch_folder();
	anonymous();
	files();
	moving();
	heap();
	shared_with_child();
	puts("ok memory_calls");
	return 0;
}
