/*
 * Mapped files: private changes, shared ones seen by read and write, growth, truncation under a mapping, far offsets.
 * qemu-arm 7.2 does not pass: msync does not tell of pages that are not there.
 */
#include "check.h"

#include <setjmp.h>
#include <sys/mman.h>

#define PAGE 4096
#define FAR 0x2345000ll * PAGE

static sigjmp_buf back;

static void on_bus(int sig)
{
	siglongjmp(back, sig);
}

static int signal_at(volatile char *p)
{
	int sig = sigsetjmp(back, 1);

	if (!sig)
		(void)*p;
	return sig;
}

int main(void)
{
	struct sigaction sa = {.sa_handler = on_bus};
	char buf[16], *shared, *private, *far;
	int fd, reader;

	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	enter_scratch_folder();
	fd = open64("file", O_RDWR | O_CREAT, 0600);
	CHECK(ftruncate64(fd, 2 * PAGE) == 0);
	shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	private = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(shared != MAP_FAILED && private != MAP_FAILED);
	strcpy(shared + 10, "via memory");
	CHECK(pread(fd, buf, 10, 10) == 10 && !memcmp(buf, "via memory", 10) && !strcmp(private + 10, "via memory"));
	CHECK(pwrite(fd, "via file", 9, PAGE) == 9 && !strcmp(shared + PAGE, "via file"));
	private[PAGE] = 'P';
	CHECK(!strcmp(shared + PAGE, "via file") && pwrite(fd, "again", 6, PAGE) == 6);
	CHECK(!strcmp(private + PAGE, "Pia file"));
	CHECK(signal_at(shared + 2 * PAGE) == SIGBUS && signal_at(shared + 3 * PAGE) == SIGBUS);
	CHECK(ftruncate64(fd, 3 * PAGE) == 0 && signal_at(shared + 2 * PAGE) == 0 && shared[2 * PAGE] == 0);
	shared[2 * PAGE] = 'x';
	CHECK(ftruncate64(fd, PAGE + 100) == 0 && signal_at(shared + 2 * PAGE) == SIGBUS);
	CHECK(signal_at(shared + PAGE) == 0);
	CHECK(shared[PAGE + 100] == 0 && msync(shared, 2 * PAGE, MS_SYNC) == 0);
	CHECK_FAILS(msync(shared + 1, PAGE, MS_SYNC), EINVAL);
	CHECK_FAILS(msync(shared, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK(munmap(shared + PAGE, PAGE) == 0);
	CHECK_FAILS(msync(shared, 2 * PAGE, MS_SYNC), ENOMEM);
	/* Beyond what 32 bits of bytes can say: the offset counts pages. */
	CHECK(pwrite64(fd, "far", 4, FAR + 8) == 4);
	far = mmap64(NULL, PAGE, PROT_READ, MAP_SHARED, fd, FAR);
	CHECK(far != MAP_FAILED && !strcmp(far + 8, "far"));
	CHECK_FAILS((intptr_t)mmap64(NULL, PAGE, PROT_READ, MAP_SHARED, fd, FAR + 100), EINVAL);
	reader = open("file", O_RDONLY);
	CHECK_FAILS((intptr_t)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0), EACCES);
	private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, reader, 0);
	CHECK(private != MAP_FAILED && (private[0] = 'w') == 'w');
	far = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0);
	CHECK(far != MAP_FAILED);
	CHECK_FAILS(mprotect(far, PAGE, PROT_READ | PROT_WRITE), EACCES);
	CHECK_FAILS((intptr_t)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open("file", O_WRONLY), 0), EACCES);
	CHECK_FAILS((intptr_t)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, open(".", O_RDONLY), 0), ENODEV);
	CHECK_FAILS((intptr_t)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, -1, 0), EBADF);
	puts("ok mapped_files");
	return 0;
}
