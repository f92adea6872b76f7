/*
 * /proc/self/stat, status and statm: names, sizes that fit the program's own memory, its signal sets, for the process by
 * name and number and for its task.
 * qemu-arm 7.2 does not pass: most of it is its own process there.
 */
#include "check.h"

#include <dirent.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static char text[16384];

static char *contents(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long n, len = 0;

	CHECK(fd >= 0);
	while ((n = read(fd, text + len, sizeof(text) - 1 - (size_t)len)) > 0)
		len += n;
	CHECK(n == 0 && len > 0);
	text[len] = 0;
	close(fd);
	return text;
}

/* The text behind NAME: in status. */
static const char *line(const char *path, const char *name)
{
	char *at = contents(path);

	for (size_t n = strlen(name); at && *at; at = strchr(at, '\n') + 1)
		if (!strncmp(at, name, n) && at[n] == ':')
			return at + n + 1 + strspn(at + n + 1, " \t");
	CHECK(!"a line of status");
	return NULL;
}

static unsigned long long mask(const char *path, const char *name)
{
	return strtoull(line(path, name), NULL, 16);
}

static long kib(const char *name)
{
	const char *at = line("/proc/self/status", name);
	char *end;
	long v = strtol(at, &end, 10);

	CHECK(v >= 0 && !strncmp(end, " kB\n", 4));
	return v;
}

static unsigned long long fields[60];

static int stat_fields(const char *path)
{
	char *at = contents(path), *close;
	int n = 3;

	CHECK(strtol(at, &at, 10) == getpid() && at[0] == ' ' && at[1] == '(');
	close = strrchr(at, ')');
	CHECK(close && (size_t)(close - at - 2) == strlen("a (odd) n") && !strncmp(at + 2, "a (odd) n", 9));
	CHECK(close[1] == ' ' && close[2] == 'R' && close[3] == ' ');
	for (at = close + 3, n = 4; *at == ' '; n++) {
		CHECK(n < 60);
		fields[n] = strtoull(at + 1, &at, 10);
	}
	CHECK(*at == '\n' && n - 1 >= 44);
	return n - 1;
}

static void on_signal(int sig)
{
	(void)sig;
}

static unsigned long long bit(int sig)
{
	return 1ull << (sig - 1);
}

static void signals(const char *path)
{
	unsigned long long ignored = mask(path, "SigIgn"); /* by whoever started us */
	sigset_t set;

	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGRTMAX, on_signal);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGRTMIN + 5);
	CHECK(sigprocmask(SIG_SETMASK, &set, NULL) == 0);
	raise(SIGHUP);
	CHECK(mask(path, "SigCgt") == (bit(SIGUSR1) | bit(SIGRTMAX)));
	CHECK((mask(path, "SigIgn") & ~(ignored & ~bit(SIGUSR2))) == bit(SIGUSR2));
	CHECK(mask(path, "SigBlk") == (bit(SIGHUP) | bit(SIGRTMIN + 5)));
	CHECK((mask(path, "SigPnd") | mask(path, "ShdPnd")) == bit(SIGHUP));
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	CHECK(sigprocmask(SIG_SETMASK, &set, NULL) == 0);
	signal(SIGHUP, SIG_DFL);
}

static void sizes(void)
{
	long before = kib("VmSize"), data = kib("VmData"), pages[7];
	char *p = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at, here;
	struct rlimit stack;

	CHECK(p != MAP_FAILED);
	CHECK(before > 100 && before < 4 << 20 && kib("VmSize") == before + (64 << 10));
	CHECK(kib("VmData") == data + (64 << 10));
	CHECK(kib("VmPeak") >= kib("VmSize") && kib("VmRSS") <= kib("VmSize") && kib("VmExe") > 0 && kib("VmRSS") > 0);
	CHECK(kib("VmStk") > 0 && getrlimit(RLIMIT_STACK, &stack) == 0);
	at = contents("/proc/self/statm");
	for (int i = 0; i < 7; i++)
		pages[i] = strtol(at, &at, 10);
	CHECK(*at == '\n' && pages[0] == before / 4 + (64 << 8) && pages[1] > 0 && pages[1] <= pages[0]);
	CHECK(pages[2] <= pages[1] && pages[3] > 0 && pages[5] >= 64 << 8);
	stat_fields("/proc/self/stat");
	CHECK(fields[23] == (unsigned long long)pages[0] * 4096 && fields[24] > 0 && fields[24] <= fields[23] / 4096);
	CHECK(fields[26] <= (uintptr_t)&sizes && (uintptr_t)&sizes < fields[27]);
	CHECK(fields[28] > (uintptr_t)&here && fields[28] - (uintptr_t)&here < 1 << 20);
	CHECK(fields[47] <= (uintptr_t)sbrk(0) && fields[48] < fields[49] && fields[50] <= fields[51]);
	CHECK(munmap(p, 64 << 20) == 0 && kib("VmSize") == before);
}

int main(void)
{
	char path[64], name[16];
	DIR *dir;
	struct dirent *d;
	int tasks = 0, n;

	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL); /* some may have been ignored where we were started */
	CHECK(prctl(PR_SET_NAME, "a (odd) n", 0, 0, 0) == 0);
	CHECK(!strcmp(contents("/proc/self/comm"), "a (odd) n\n"));
	CHECK(!strncmp(line("/proc/self/status", "Name"), "a (odd) n\n", 10));
	CHECK(atoi(line("/proc/self/status", "Pid")) == getpid());
	CHECK(atoi(line("/proc/thread-self/status", "Threads")) == 1);
	CHECK(atoi(line("/proc/self/status", "PPid")) == getppid());
	n = stat_fields("/proc/self/stat");
	CHECK(fields[4] == (unsigned long long)getppid() && fields[5] == (unsigned long long)getpgrp());
	CHECK(fields[20] == 1);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)getpid());
	CHECK(stat_fields(path) == n);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)getpid());
	CHECK(stat_fields(path) == n);
	signals("/proc/self/status");
	snprintf(path, sizeof(path), "/proc//%d/task/./%d/status", (int)getpid(), (int)getpid());
	signals(path);
	sizes();
	dir = opendir("/proc/self/task");
	CHECK(dir);
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.') {
			CHECK(atoi(d->d_name) == getpid());
			tasks++;
		}
	CHECK(tasks == 1);
	snprintf(path, sizeof(path), "/proc/self/task/%d/exe", (int)getpid());
	CHECK(access(path, X_OK) == 0 && strstr((contents("/proc/self/cmdline")), "proc_status"));
	n = open("/proc/self/comm", O_RDWR);
	CHECK(n >= 0 && write(n, "written", 7) == 7 && prctl(PR_GET_NAME, name, 0, 0, 0) == 0);
	CHECK(!strcmp(name, "written"));
	puts("ok proc_status");
	return 0;
}
