/*
 * futex between processes that share memory; what a thread tells the kernel about itself.
 * qemu-arm 7.2 does not pass: it refuses set_robust_list.
 */
#include "check.h"

#include <linux/futex.h>
#include <sys/mman.h>

static int *word;

static long futex(int op, int val, const struct timespec *ts)
{
#ifdef SYS_futex_time64
	struct { long long sec, nsec; } ts64;

	if (ts) {
		ts64.sec = ts->tv_sec;
		ts64.nsec = ts->tv_nsec;
	}
	return syscall(SYS_futex_time64, word, op, val, ts ? &ts64 : NULL, NULL, 0);
#else
	return syscall(SYS_futex, word, op, val, ts, NULL, 0);
#endif
}

static void wakes_parent(void)
{
	usleep(50000);
	__atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
	CHECK(futex(FUTEX_WAKE, 1, NULL) == 1);
	_exit(0);
}

int main(void)
{
	struct timespec ts = {0, 10000000};
	struct { void *head; long offset; void *pending; } robust = {&robust, 0, NULL};
	void *head = NULL;
	size_t size = 0;
	int status;

	word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK_FAILS(futex(FUTEX_WAIT, 5, NULL), EAGAIN);
	CHECK_FAILS(futex(FUTEX_WAIT, 0, &ts), ETIMEDOUT);
	CHECK(futex(FUTEX_WAKE, 10, NULL) == 0);
	if (fork() == 0)
		wakes_parent();
	while (!__atomic_load_n(word, __ATOMIC_SEQ_CST))
		CHECK(futex(FUTEX_WAIT, 0, NULL) == 0 || errno == EAGAIN || errno == EINTR);
	CHECK(wait(&status) > 0 && status == 0);
	CHECK(syscall(SYS_set_robust_list, &robust, sizeof(robust)) == 0);
	CHECK_FAILS(syscall(SYS_set_robust_list, &robust, 5), EINVAL);
	CHECK(syscall(SYS_get_robust_list, 0, &head, &size) == 0 && head == &robust && size == sizeof(robust));
	CHECK(syscall(SYS_set_tid_address, &status) == syscall(SYS_gettid));
	puts("ok futex_calls");
	return 0;
}
