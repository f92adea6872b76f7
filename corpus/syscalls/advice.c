/*
 * madvise: contents thrown away or kept, kinds of memory, process_madvise, ranges that are not mapped, wrong advice.
 * qemu-arm 7.2 does not pass: it does not pass on MADV_WIPEONFORK.
 */
#include "check.h"

#include <sys/mman.h>
#include <sys/uio.h>

#define PAGE 4096ul
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#define MADV_KEEPONFORK 19
#endif
#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#define NR_PIDFD_OPEN 434
#define NR_PROCESS_MADVISE 440

static char *area;

static void sees_wiped(void)
{
	CHECK(area[0] == 0 && area[PAGE] == 'b');
}

static void sees_nothing(void)
{
	unsigned char c;

	CHECK_FAILS(mincore(area, PAGE, &c), ENOMEM);
}

static void another_process(void)
{
	struct iovec v = {area, 2 * PAGE};
	int fd = (int)syscall(NR_PIDFD_OPEN, getpid(), 0);
	long ret = fd < 0 ? -1 : syscall(NR_PROCESS_MADVISE, fd, &v, 1, MADV_COLD, 0);

	if (ret == -1 && (errno == ENOSYS || errno == EPERM)) {
		leave_out("process_madvise");
		return;
	}
	CHECK(ret == (long)(2 * PAGE) && area[0] == 'a');
	CHECK_FAILS(syscall(NR_PROCESS_MADVISE, fd, &v, 1, MADV_COLD, 1), EINVAL);
	CHECK_FAILS(syscall(NR_PROCESS_MADVISE, 0, &v, 1, MADV_COLD, 0), EBADF);
	CHECK_FAILS(syscall(NR_PROCESS_MADVISE, fd, (void *)8, 1, MADV_COLD, 0), EFAULT);
}

int main(void)
{
	char *file;
	int fd;

	enter_scratch_folder();
	area = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(area, 'a', 8 * PAGE);
	CHECK(madvise(area + PAGE, 2 * PAGE, MADV_DONTNEED) == 0);
	CHECK(area[0] == 'a' && area[PAGE] == 0 && area[3 * PAGE - 1] == 0 && area[3 * PAGE] == 'a');
	CHECK(madvise(area, PAGE, MADV_WILLNEED) == 0 && madvise(area, PAGE, MADV_SEQUENTIAL) == 0);
	CHECK(madvise(area, PAGE, MADV_RANDOM) == 0 && madvise(area, PAGE, MADV_NORMAL) == 0 && area[0] == 'a');
	CHECK(madvise(area + 4 * PAGE, PAGE, MADV_FREE) == 0);
	area[4 * PAGE] = 'f';
	CHECK(area[4 * PAGE] == 'f');
	memset(area + PAGE, 'b', PAGE);
	CHECK(madvise(area, PAGE, MADV_WIPEONFORK) == 0 && in_child(sees_wiped) == 0 && area[0] == 'a');
	CHECK(madvise(area, PAGE, MADV_KEEPONFORK) == 0);
	CHECK(madvise(area, PAGE, MADV_DONTFORK) == 0 && in_child(sees_nothing) == 0);
	CHECK(madvise(area, PAGE, MADV_DOFORK) == 0 && area[0] == 'a');
	make_file("file", "contents");
	fd = open("file", O_RDWR);
	CHECK(ftruncate(fd, PAGE) == 0);
	file = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	file[0] = 'C';
	CHECK(madvise(file, PAGE, MADV_DONTNEED) == 0 && file[0] == 'c'); /* the file's again */
	another_process();
	CHECK(munmap(area + 6 * PAGE, PAGE) == 0);
	CHECK_FAILS(madvise(area, 8 * PAGE, MADV_WILLNEED), ENOMEM);
	CHECK_FAILS(madvise(area + 1, PAGE, MADV_NORMAL), EINVAL);
	CHECK_FAILS(madvise(area, PAGE, 7777), EINVAL);
	CHECK(madvise(area, 0, MADV_NORMAL) == 0);
	CHECK(mlock(area, PAGE) == 0 || errno == ENOMEM || errno == EPERM);
	puts("ok advice");
	return 0;
}
