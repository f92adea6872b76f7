/*
 * Resource limits that bite: file sizes, descriptors, processor time, address space, processes' own files of limits.
 * qemu-arm 7.2 does not pass: it writes to standard error when the program dies.
 */
#include "check.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

static void limit(int which, rlim_t soft)
{
	struct rlimit r;

	CHECK(getrlimit(which, &r) == 0);
	r.rlim_cur = soft;
	CHECK(setrlimit(which, &r) == 0);
}

static void file_size(void)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);

	signal(SIGXFSZ, on_signal);
	limit(RLIMIT_FSIZE, 1000);
	CHECK(pwrite(fd, "0123456789", 10, 995) == 5);
	CHECK_FAILS(pwrite(fd, "x", 1, 1000), EFBIG);
	CHECK(caught == SIGXFSZ);
	caught = 0;
	CHECK_FAILS(ftruncate(fd, 2000), EFBIG);
	CHECK(caught == SIGXFSZ);
	signal(SIGXFSZ, SIG_DFL);
	(void)!pwrite(fd, "x", 1, 5000);
}

static void descriptors(void)
{
	int fd = 0, last = -1;

	limit(RLIMIT_NOFILE, 40);
	while ((fd = dup(0)) >= 0)
		last = fd;
	CHECK(errno == EMFILE && last == 39);
	CHECK_FAILS(open("/", O_RDONLY), EMFILE);
	CHECK_FAILS(dup2(0, 40), EBADF);
	CHECK(close(20) == 0 && dup(0) == 20);
}

static void processor_time(void)
{
	struct rlimit r = {1, 100};
	volatile unsigned x = 0;

	signal(SIGXCPU, on_signal);
	CHECK(setrlimit(RLIMIT_CPU, &r) == 0);
	while (!caught)
		x += 1;
	CHECK(caught == SIGXCPU);
}

static void *nothing(void *arg)
{
	return arg;
}

/* Limits of a program's memory count what it uses: eleven threads fit, one after the other. */
static void starts_threads(void)
{
	pthread_t t;

	for (int i = 0; i < 11; i++)
		CHECK(pthread_create(&t, NULL, nothing, NULL) == 0 && pthread_join(t, NULL) == 0);
}

static void nothing_executed(void)
{
	static char word[1 << 18]; /* longer than any may be */

	memset(word, 'x', sizeof(word) - 1);
	CHECK_FAILS(execl("/proc/self/exe", "limits", word, (char *)NULL), E2BIG);
	starts_threads();
}

/* Room that is left is counted for the program's own memory. */
static void address_space(void)
{
	void *p;

	limit(RLIMIT_AS, 100 << 20);
	CHECK_FAILS((intptr_t)mmap(NULL, 200 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	p = mmap(NULL, 20 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED && munmap(p, 20 << 20) == 0);
	CHECK_FAILS((intptr_t)sbrk(150 << 20), ENOMEM);
	limit(RLIMIT_DATA, 30 << 20);
	CHECK_FAILS((intptr_t)mmap(NULL, 40 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	p = mmap(NULL, 40 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED && munmap(p, 40 << 20) == 0); /* not data */
	CHECK(in_child(descriptors) == 0);
	nothing_executed();
	execl("/proc/self/exe", "limits", "limited", (char *)NULL);
	CHECK(!"execl");
}

static void cores(void)
{
	limit(RLIMIT_CORE, 0);
	abort();
}

static void raising(void)
{
	struct rlimit r = {100, 50}, now;
	struct rlimit64 old;

	CHECK_FAILS(setrlimit(RLIMIT_NOFILE, &r), EINVAL);
	CHECK(getrlimit(RLIMIT_CORE, &now) == 0);
	r = (struct rlimit){0, 0};
	CHECK(setrlimit(RLIMIT_CORE, &r) == 0);
	if (geteuid() != 0) {
		r.rlim_max = 1;
		CHECK_FAILS(setrlimit(RLIMIT_CORE, &r), EPERM);
	}
	CHECK(prlimit64(getpid(), RLIMIT_CORE, &(struct rlimit64){0, 0}, &old) == 0 && old.rlim_max == 0);
	CHECK(prlimit64(getppid(), RLIMIT_NOFILE, NULL, &old) == 0 && old.rlim_cur > 0);
	CHECK_FAILS(prlimit64(99999999, RLIMIT_CORE, NULL, &old), ESRCH);
	CHECK_FAILS(setrlimit(99, &r), EINVAL);
	CHECK_FAILS(syscall(SYS_prlimit64, 0, RLIMIT_CORE, (void *)8, NULL), EFAULT);
}

int main(int argc, char **argv)
{
	struct rlimit r;
	int status;

	if (argc > 1) {
		CHECK(getrlimit(RLIMIT_AS, &r) == 0 && r.rlim_cur == 100 << 20);
		CHECK(getrlimit(RLIMIT_DATA, &r) == 0 && r.rlim_cur == 30 << 20);
		CHECK_FAILS((intptr_t)mmap(NULL, 200 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
		starts_threads();
		return strcmp(argv[1], "limited");
	}
	enter_scratch_folder();
	status = in_child(file_size);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
	CHECK(in_child(descriptors) == 0);
	CHECK(in_child(processor_time) == 0);
	status = in_child(cores);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && !WCOREDUMP(status));
	CHECK(in_child(raising) == 0);
	CHECK(in_child(address_space) == 0);
	puts("ok limits");
	return 0;
}
