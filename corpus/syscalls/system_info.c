/* Limits, usage, identity of the system, ids, scheduling. */
#include "check.h"

#include <grp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/random.h>

static void limits(void)
{
	struct rlimit r, old;
	struct rlimit64 r64;

	CHECK(getrlimit(RLIMIT_CORE, &old) == 0);
	r = (struct rlimit){0, old.rlim_max};
	CHECK(setrlimit(RLIMIT_CORE, &r) == 0 && getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_cur == 0);
	CHECK(prlimit64(0, RLIMIT_NOFILE, NULL, &r64) == 0 && r64.rlim_cur >= 64);
	CHECK(getrlimit64(RLIMIT_FSIZE, &r64) == 0 && r64.rlim_cur == RLIM64_INFINITY);
	CHECK(getrlimit(RLIMIT_FSIZE, &r) == 0 && r.rlim_cur == RLIM_INFINITY);
	CHECK_FAILS(syscall(SYS_prlimit64, 0, 999, NULL, &r64), EINVAL);
	r = (struct rlimit){10, 5};
	CHECK_FAILS(setrlimit(RLIMIT_CORE, &r), EINVAL);
}

static void usage(void)
{
	struct rusage ru;
	struct tms tms;
	struct sysinfo info;
	volatile unsigned x = 0;

	for (unsigned i = 0; i < 10000000; i++)
		x += i;
	CHECK(getrusage(RUSAGE_SELF, &ru) == 0 && ru.ru_maxrss > 100);
	CHECK(ru.ru_utime.tv_sec >= 0 && ru.ru_utime.tv_usec < 1000000);
	CHECK(times(&tms) != (clock_t)-1);
	CHECK(sysinfo(&info) == 0);
	CHECK(info.uptime > 0 && info.procs > 0 && info.mem_unit > 0);
	CHECK((uint64_t)info.totalram * info.mem_unit > 64u << 20 && info.freeram <= info.totalram);
	CHECK(sysconf(_SC_PAGESIZE) == 4096 && sysconf(_SC_NPROCESSORS_ONLN) >= 1 && sysconf(_SC_CLK_TCK) == 100);
}

static void identity(void)
{
	struct utsname u;
	gid_t groups[64];
	uid_t r, e, s;
	char bytes[16] = {0}, zero[16] = {0};
	int n;

	CHECK(uname(&u) == 0 && !strcmp(u.sysname, "Linux"));
#ifdef __arm__
	CHECK(!strcmp(u.machine, "armv7l"));
#endif
	n = getgroups(0, NULL);
	CHECK(n >= 0 && n <= 64 && getgroups(64, groups) == n);
	CHECK(getresuid(&r, &e, &s) == 0 && r == getuid() && e == geteuid());
	CHECK(getresgid(&r, &e, &s) == 0 && r == getgid() && e == getegid());
	CHECK(getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes) && memcmp(bytes, zero, sizeof(zero)));
#ifdef __arm__
	/* The 16-bit calls of old libraries. */
	CHECK(syscall(SYS_getuid) == (long)(getuid() > 65535 ? 65534 : getuid()));
	CHECK(syscall(SYS_getgroups, 0, NULL) == n);
#endif
}

static void scheduling(void)
{
	cpu_set_t set;
	struct sched_param p;
	struct timespec ts;
	unsigned cpu = ~0u, node;

	CPU_ZERO(&set);
	CHECK(sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) >= 1);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
	CHECK(sched_yield() == 0 && sched_getscheduler(0) == SCHED_OTHER);
	CHECK(sched_getparam(0, &p) == 0 && p.sched_priority == 0);
	CHECK(sched_get_priority_max(SCHED_FIFO) == 99 && sched_get_priority_min(SCHED_FIFO) == 1);
	CHECK(sched_rr_get_interval(0, &ts) == 0);
	CHECK(syscall(SYS_getcpu, &cpu, &node, NULL) == 0 && cpu < 8192);
	errno = 0;
	CHECK(getpriority(PRIO_PROCESS, 0) == 0 || errno == 0);
	CHECK(nice(1) >= 1 && getpriority(PRIO_PROCESS, 0) >= 1);
}

int main(void)
{
	limits();
	usage();
	identity();
	scheduling();
	puts("ok system_info");
	return 0;
}
