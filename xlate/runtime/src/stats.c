/*
 * Statistics: counted privately, added up in memory shared by the process tree (a memory file, so that it survives our
 * own execve), printed when the process that was started first ends. A process killed from outside adds nothing.
 *
 * Beside the counters stands a list of modules and what became of their packages: one row for each different answer,
 * with how often it was given.
 */
#include "stats.h"

#include "fatal.h"
#include "host.h"
#include "string.h"
#include "thread.h"

struct stats stats_own;
bool stats_on;

#define PACKAGES_MAX 60
enum row_state { ROW_FREE, ROW_BUSY, ROW_WHOLE };

struct package_row {
	u32 state; /* enum row_state */
	u32 functions;
	u64 count;
	char file[STATS_NAME_SIZE];
	char package[48];
	char what[72];
};

struct totals {
	u64 first_pid;
	char root[72]; /* how --root was entered; empty: there is none */
	struct stats sum;
	u64 packages_lost; /* rows that found no place */
	struct package_row packages[PACKAGES_MAX];
};

#define TOTALS_SIZE page_ceil(sizeof(struct totals))

static struct totals private_totals;
static struct totals *totals = &private_totals;

static const char *const NAMES[] = {
	"runtime_blocks", "runtime_instructions", "translate_us", "code_bytes", "links", "misses", "invalidations",
	"package_functions", "map_blocks", "syscalls", "signals", "processes", "enters", "nests", "outward", "drops",
	"kept_blocks", "saved_blocks", "save_us",
};
#define COUNTERS (sizeof(struct stats) / sizeof(u64))
/* Counted in nanoseconds, told in microseconds. */
static bool is_time(u32 counter)
{
	return counter == offsetof(struct stats, translate_ns) / sizeof(u64) ||
	       counter == offsetof(struct stats, save_ns) / sizeof(u64);
}

_Static_assert(ARRAY_LEN(NAMES) == COUNTERS, "a name for every counter");

enum { O_WRONLY = 1, O_CREAT = 0100, O_TRUNC = 01000, O_CLOEXEC = 02000000 };

static void open_output(void)
{
	const char *file = process.opt.stats_file;
	long fd = process.opt.inherited[INHERIT_STATS];

	if (fd >= 0) { /* the parent's, already high */
		group_self()->own_fds[OWN_FD_STATS] = (int)fd;
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
	long fd = process.opt.inherited[INHERIT_TOTALS];
	bool fresh = fd < 0;
	long ret;

	if (fresh) {
		fd = memory_file("xlate-stats", TOTALS_SIZE, 0);
		if (fd >= 0)
			fd = fd_adopt(OWN_FD_TOTALS, (int)fd);
	} else {
		group_self()->own_fds[OWN_FD_TOTALS] = (int)fd;
		host_syscall3(__NR_fcntl, (u64)fd, 2 /* F_SETFD */, 1 /* FD_CLOEXEC */);
	}
	ret = host_mmap(0, TOTALS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), (int)fd, 0);
	if (!host_is_error(ret))
		totals = (struct totals *)ret;
	if (fresh)
		totals->first_pid = (u64)group_self()->pid;
}

void stats_init(void)
{
	/* A program executed in place of the one before is the same process, counted already. */
	stats_own.processes = process.opt.inherited[INHERIT_TOTALS] < 0;
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

/* --- packages ------------------------------------------------------------------------------------------ */

static void copy_text(char *to, size_t size, const char *from)
{
	struct text b = text_begin(to, size);

	text_str(&b, from);
}

static bool is_same(const struct package_row *a, const struct package_row *b)
{
	return a->functions == b->functions && !strcmp(a->file, b->file) && !strcmp(a->package, b->package) &&
	       !strcmp(a->what, b->what);
}

/*
 * Rows are written once and never change but for their count. Two processes may enter the same row twice at the same
 * instant; print_packages() adds such rows up.
 */
void stats_package(const char *file, const char *package, u32 functions, const char *state)
{
	struct package_row own = {.functions = functions};

	if (!stats_on)
		return;
	copy_text(own.file, sizeof(own.file), file);
	copy_text(own.package, sizeof(own.package), package);
	copy_text(own.what, sizeof(own.what), state);
	for (u32 i = 0; i < PACKAGES_MAX; i++) {
		struct package_row *row = &totals->packages[i];
		u32 was = ROW_FREE;

		if (__atomic_compare_exchange_n(&row->state, &was, ROW_BUSY, false, __ATOMIC_ACQUIRE,
						__ATOMIC_ACQUIRE)) {
			own.state = ROW_BUSY;
			own.count = 1;
			*row = own;
			__atomic_store_n(&row->state, ROW_WHOLE, __ATOMIC_RELEASE);
			return;
		}
		if (was == ROW_WHOLE && is_same(row, &own)) {
			__atomic_fetch_add(&row->count, 1, __ATOMIC_RELAXED);
			return;
		}
	}
	__atomic_fetch_add(&totals->packages_lost, 1, __ATOMIC_RELAXED);
}

/* Rows equal to an earlier one belong to it. */
static bool is_repeated(u32 index)
{
	for (u32 i = 0; i < index; i++)
		if (is_same(&totals->packages[i], &totals->packages[index]))
			return true;
	return false;
}

static u64 count_of(u32 index)
{
	u64 sum = 0;

	for (u32 i = index; i < PACKAGES_MAX; i++)
		if (totals->packages[i].state == ROW_WHOLE && is_same(&totals->packages[i], &totals->packages[index]))
			sum += totals->packages[i].count;
	return sum;
}

/* --- printing ------------------------------------------------------------------------------------------ */

/* Bytes of the UTF-8 sequence at s, 0 when it is none: JSON admits nothing else, names of files do. */
static u32 utf8_length(const u8 *s)
{
	u32 n = s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xf5 || (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
		return 0;
	for (u32 i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void json_string(struct text *b, const char *s)
{
	text_char(b, '"');
	while (*s) {
		u32 n = utf8_length((const u8 *)s);

		if (!n || (u8)*s < ' ') {
			text_char(b, '?');
			s++;
			continue;
		}
		if (*s == '"' || *s == '\\')
			text_char(b, '\\');
		while (n--)
			text_char(b, *s++);
	}
	text_char(b, '"');
}

static void json_text(struct text *b, const char *key, const char *value)
{
	text_str(b, key);
	json_string(b, value);
}

static void number(struct text *b, const char *before, u64 value)
{
	text_str(b, before);
	text_u64(b, value);
}

static void json_package(struct text *b, u32 index, bool first)
{
	const struct package_row *row = &totals->packages[index];

	json_text(b, first ? "{\"file\": " : ", {\"file\": ", row->file);
	json_text(b, ", \"package\": ", row->package);
	number(b, ", \"functions\": ", row->functions);
	json_text(b, ", \"state\": ", row->what);
	number(b, ", \"count\": ", count_of(index));
	text_char(b, '}');
}

static void text_package(struct text *b, u32 index)
{
	const struct package_row *row = &totals->packages[index];

	text_str(b, "  package of ");
	text_printable(b, row->file[0] ? row->file : "a module", STATS_NAME_SIZE);
	text_str(b, ": ");
	text_str(b, row->what);
	number(b, ", ", row->functions);
	number(b, " functions, ", count_of(index));
	text_str(b, " times\n");
}

static void print_packages(int fd, bool json)
{
	bool first = true;

	for (u32 i = 0; i < PACKAGES_MAX; i++) {
		char buf[1024];
		struct text b = text_begin(buf, sizeof(buf));

		if (totals->packages[i].state != ROW_WHOLE || is_repeated(i))
			continue;
		if (json)
			json_package(&b, i, first);
		else
			text_package(&b, i);
		first = false;
		text_write(&b, fd);
	}
}

static void print_counters(struct text *b, const u64 *values, bool json)
{
	text_str(b, json ? "{" : "xlate-run statistics\n");
	for (u32 i = 0; i < COUNTERS; i++) {
		text_str(b, json ? "\"" : "  ");
		text_str(b, NAMES[i]);
		text_str(b, json ? "\": " : "");
		for (size_t n = strlen(NAMES[i]); n < 22 && !json; n++)
			text_char(b, ' ');
		text_u64(b, is_time(i) ? values[i] / 1000 : values[i]);
		text_str(b, json ? ", " : "\n");
	}
}

void stats_root(const char *how)
{
	struct text b = text_begin(totals->root, sizeof(totals->root));

	text_str(&b, how);
}

static void print_root(struct text *b, bool json)
{
	if (!totals->root[0])
		return;
	if (json) {
		json_text(b, "\"root\": ", totals->root);
		text_str(b, ", ");
		return;
	}
	text_str(b, "  root entered by ");
	text_str(b, totals->root);
	text_char(b, '\n');
}

void stats_finish(void)
{
	bool json = process.opt.stats == STATS_JSON;
	char buf[1024];
	struct text b = text_begin(buf, sizeof(buf));
	int fd = group_self()->own_fds[OWN_FD_STATS];

	if (!stats_on)
		return;
	stats_flush();
	if (totals->first_pid != (u64)group_self()->pid || fd < 0)
		return;
	print_counters(&b, (u64 *)&totals->sum, json);
	print_root(&b, json);
	if (json) {
		text_str(&b, "\"packages_lost\": ");
		text_u64(&b, totals->packages_lost);
		text_str(&b, ", \"packages\": [");
	}
	text_write(&b, fd);
	print_packages(fd, json);
	b = text_begin(buf, sizeof(buf));
	text_str(&b, json ? "]}\n" : "");
	text_write(&b, fd);
}

u64 stats_clock(void)
{
	u64 time[2];

	if (!stats_on || host_syscall2(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, (u64)time))
		return 0;
	return time[0] * 1000000000 + time[1];
}
