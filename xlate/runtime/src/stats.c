/*
 * Statistics: counted privately, added up in a page shared by the process tree (a memory file, so that it survives our
 * own execve), printed when the process that was started first ends. A process killed from outside adds nothing.
 */
#include "stats.h"

#include "fatal.h"
#include "host.h"
#include "string.h"
#include "thread.h"

struct stats stats_own;
bool stats_on;

struct totals {
	u64 first_pid;
	struct stats sum;
};

static struct totals private_totals;
static struct totals *totals = &private_totals;

static const char *const NAMES[] = {
	"runtime_blocks", "runtime_instructions", "translate_us", "code_bytes", "links", "misses", "invalidations",
	"package_functions", "map_blocks", "syscalls", "signals", "processes",
};
#define COUNTERS (sizeof(struct stats) / sizeof(u64))
#define TRANSLATE_NS (offsetof(struct stats, translate_ns) / sizeof(u64))
_Static_assert(ARRAY_LEN(NAMES) == COUNTERS, "a name for every counter");

enum { O_WRONLY = 1, O_CREAT = 0100, O_TRUNC = 01000, O_CLOEXEC = 02000000 };

static void open_output(void)
{
	const char *file = process.opt.stats_file;
	long fd = process.opt.stats_fd;

	if (fd >= 0) { /* the parent's, already high */
		process.own_fds[OWN_FD_STATS] = (int)fd;
		host_syscall3(__NR_fcntl, (u64)fd, 2 /* F_SETFD */, 1 /* FD_CLOEXEC */);
		return;
	}
	if (file)
		fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
				   0666);
	else
		fd = host_syscall1(__NR_dup, 2);
	if (fd < 0 && file)
		refuse(EXIT_OWN_FAILURE, file, "cannot write statistics", error_text(-fd), "another --stats-file");
	if (fd >= 0 && fd_adopt(OWN_FD_STATS, (int)fd) < 0)
		refuse(EXIT_OWN_FAILURE, NULL, "no descriptor left for statistics", NULL, "a higher ulimit -n");
}

/* Without a memory file (old kernels, strict sandboxes) the counts of programs started by execve are missing. */
static void open_totals(void)
{
	long fd = process.opt.totals_fd;
	bool fresh = fd < 0;
	long ret;

	if (fresh) {
		fd = memory_file("xlate-stats", PAGE_SIZE, 0);
		if (fd >= 0)
			fd = fd_adopt(OWN_FD_TOTALS, (int)fd);
	} else {
		process.own_fds[OWN_FD_TOTALS] = (int)fd;
		host_syscall3(__NR_fcntl, (u64)fd, 2 /* F_SETFD */, 1 /* FD_CLOEXEC */);
	}
	ret = host_mmap(0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), (int)fd, 0);
	if (!host_is_error(ret))
		totals = (struct totals *)ret;
	if (fresh)
		totals->first_pid = (u64)process.pid;
}

void stats_init(void)
{
	/* A program executed in place of the one before is the same process, counted already. */
	stats_own.processes = process.opt.totals_fd < 0;
	if (process.opt.stats == STATS_OFF)
		return;
	stats_on = true;
	open_output();
	open_totals();
}

void stats_flush(void)
{
	u64 *from = (u64 *)&stats_own, *to = (u64 *)&totals->sum;

	for (u32 i = 0; stats_on && i < COUNTERS; i++)
		__atomic_fetch_add(&to[i], from[i], __ATOMIC_RELAXED);
	memset(&stats_own, 0, sizeof(stats_own));
}

void stats_after_fork(void)
{
	memset(&stats_own, 0, sizeof(stats_own));
	stats_own.processes = 1;
}

static void print_json(struct text *b, const u64 *values)
{
	text_char(b, '{');
	for (u32 i = 0; i < COUNTERS; i++) {
		text_char(b, '"');
		text_str(b, NAMES[i]);
		text_str(b, "\": ");
		text_u64(b, i == TRANSLATE_NS ? values[i] / 1000 : values[i]);
		text_str(b, ", ");
	}
	text_str(b, "\"packages\": []}\n"); /* packages do not exist yet: none was looked for, none was hit */
}

static void print_text(struct text *b, const u64 *values)
{
	text_str(b, "xlate-run statistics\n");
	for (u32 i = 0; i < COUNTERS; i++) {
		text_str(b, "  ");
		text_str(b, NAMES[i]);
		for (size_t n = strlen(NAMES[i]); n < 22; n++)
			text_char(b, ' ');
		text_u64(b, i == TRANSLATE_NS ? values[i] / 1000 : values[i]);
		text_char(b, '\n');
	}
}

void stats_finish(void)
{
	char buf[1024];
	struct text b = text_begin(buf, sizeof(buf));
	int fd = process.own_fds[OWN_FD_STATS];

	if (!stats_on)
		return;
	stats_flush();
	if (totals->first_pid != (u64)process.pid || fd < 0)
		return;
	if (process.opt.stats == STATS_JSON)
		print_json(&b, (u64 *)&totals->sum);
	else
		print_text(&b, (u64 *)&totals->sum);
	text_write(&b, fd);
}

u64 stats_clock(void)
{
	u64 time[2];

	if (!stats_on || host_syscall2(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, (u64)time))
		return 0;
	return time[0] * 1000000000 + time[1];
}
