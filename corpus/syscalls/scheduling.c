/*
 * Policies, priorities, processors: sched_setattr, affinity masks of odd sizes, nice and priorities of groups.
 * qemu-arm 7.2 does not pass: it wants masks of whole words.
 */
#include "check.h"

#include <sched.h>
#include <sys/resource.h>

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static void priorities(void)
{
	struct sched_param p = {0};
	struct attr a = {.size = 48, .policy = SCHED_BATCH, .nice = 7};

	CHECK(setpriority(PRIO_PROCESS, 0, 5) == 0 && getpriority(PRIO_PROCESS, 0) == 5);
	CHECK(getpriority(PRIO_PROCESS, getpid()) == 5);
	CHECK(nice(3) == 8 && getpriority(PRIO_PROCESS, 0) == 8);
	CHECK(nice(100) == 19);
	CHECK_FAILS(getpriority(PRIO_PROCESS, 99999999), ESRCH);
	CHECK_FAILS(getpriority(9, 0), EINVAL);
	if (geteuid() != 0)
		return;
	CHECK(setpriority(PRIO_PROCESS, 0, -5) == 0);
	errno = 0;
	CHECK(getpriority(PRIO_PROCESS, 0) == -5 && errno == 0);
	CHECK(sched_setscheduler(0, SCHED_BATCH, &p) == 0 && sched_getscheduler(0) == SCHED_BATCH);
	CHECK(syscall(SYS_sched_setattr, 0, &a, 0) == 0);
	memset(&a, 0, sizeof(a));
	CHECK(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) == 0);
	CHECK(a.size >= 48 && a.policy == SCHED_BATCH && a.nice == 7 && a.priority == 0);
	CHECK_FAILS(syscall(SYS_sched_getattr, 0, &a, 10, 0), EINVAL);
	p.sched_priority = 200;
	CHECK_FAILS(sched_setscheduler(0, SCHED_FIFO, &p), EINVAL);
	CHECK_FAILS(sched_setscheduler(0, 77, &p), EINVAL);
	CHECK_FAILS(sched_setscheduler(99999999, SCHED_OTHER, &(struct sched_param){0}), ESRCH);
	p.sched_priority = 3;
	if (sched_setscheduler(0, SCHED_RR, &p) == 0) {
		struct timespec ts = {0, 0};

		CHECK(sched_getscheduler(0) == SCHED_RR && sched_getparam(0, &p) == 0 && p.sched_priority == 3);
		CHECK(sched_rr_get_interval(0, &ts) == 0 && ts.tv_sec == 0 && ts.tv_nsec > 0);
	} else {
		CHECK(errno == EPERM);
	}
}

static void processors(void)
{
	unsigned char mask[128], one[128] = {0};
	long n = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
	int first = -1, count = 0;
	unsigned cpu, node;

	CHECK(n > 0 && n % (long)sizeof(long) == 0 && n <= (long)sizeof(mask));
	for (int i = 0; i < n * 8; i++)
		if (mask[i / 8] >> i % 8 & 1) {
			first = first < 0 ? i : first;
			count++;
		}
	CHECK(count >= 1);
	one[first / 8] = (unsigned char)(1 << first % 8);
	CHECK(syscall(SYS_sched_setaffinity, 0, sizeof(one), one) == 0);
	CHECK(syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask) == n && !memcmp(mask, one, (size_t)n));
	CHECK(syscall(SYS_getcpu, &cpu, &node, NULL) == 0 && cpu == (unsigned)first);
	CHECK(syscall(SYS_sched_setaffinity, 0, first / 8 + 1, one) == 0); /* a short mask: the rest is none */
	CHECK_FAILS(syscall(SYS_sched_getaffinity, 0, 3, mask), EINVAL);
	memset(one, 0, sizeof(one));
	CHECK_FAILS(syscall(SYS_sched_setaffinity, 0, sizeof(one), one), EINVAL);
	CHECK_FAILS(syscall(SYS_sched_setaffinity, 0, 8, (void *)8), EFAULT);
	CHECK_FAILS(syscall(SYS_sched_getaffinity, 99999999, sizeof(mask), mask), ESRCH);
}

int main(void)
{
	CHECK(in_child(priorities) == 0);
	CHECK(in_child(processors) == 0);
	CHECK(sched_yield() == 0);
	CHECK_FAILS(sched_get_priority_max(99), EINVAL);
	puts("ok scheduling");
	return 0;
}
