/*
 * /proc/self/stat, status and statm of the guest: the host's own files with what would tell of the runtime replaced, which
 * is sizes and places of memory (it reserves gigabytes) and signal sets (it handles every signal itself). Resident sizes
 * are the host's, never more than what is mapped. What the guest never sees of its memory (page tables, highest sizes) is
 * left as it is, but no size is smaller than one it contains.
 */
#include "sys/proc_files.h"
#include "sys/sys.h"

#define FILE_MAX 8192
#define STAT_FIELDS 52
#define KIB 1024

/* Bytes by kind, as the kernel counts them. */
struct sizes {
	u64 all, stack, code, libraries, data;
	u64 code_start, code_end, data_start, data_end;
};

static void count_region(struct sizes *s, const struct mem_region *r)
{
	u64 size = r->end - r->start;
	bool is_program = process.entry.va >= r->start && process.entry.va < r->end;

	s->all += size;
	if (r->end > process.stack_low.va && r->start < process.stack_top.va) {
		s->stack += size;
	} else if (is_program) {
		s->code = size;
		s->code_start = r->start;
		s->code_end = r->end;
	} else if (r->prot & PROT_EXEC) {
		s->libraries += size;
	} else if (r->prot & PROT_WRITE && !r->shared) {
		s->data += size;
		if (s->code_end && !s->data_end) {
			s->data_start = r->start;
			s->data_end = r->end;
		}
	}
}

static struct sizes count(void)
{
	struct sizes s = {0};
	struct mem_region r;
	u64 cursor = 0;

	while (mem_next_region(&cursor, &r)) {
		count_region(&s, &r);
		cursor = r.end;
	}
	return s;
}

/* Signals with that handler; SIG_DFL stands for every one that is caught. */
static u64 signals_with(u32 handler)
{
	u64 set = 0;

	for (int sig = 1; sig <= SIGNAL_MAX; sig++) {
		u32 now = group_self()->actions[sig].handler;

		if (handler == SIG_IGN ? now == SIG_IGN : now != SIG_DFL && now != SIG_IGN)
			set |= SIG_BIT(sig);
	}
	return set;
}

/* The whole file, ended by a NUL. Length or -errno. */
static long read_file(const char *path, char *buf, size_t size)
{
	long fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)path, 0, 0);
	u64 have = 0;
	long n;

	if (fd < 0)
		return fd;
	while ((n = host_syscall3(__NR_read, (u64)fd, (u64)buf + have, size - 1 - have)) > 0)
		have += (u64)n;
	host_syscall1(__NR_close, (u64)fd);
	buf[have] = 0;
	return n < 0 ? n : (long)have;
}

/* Does path speak of the calling thread? Its mask is known here; those of others the host knows nearly as well. */
static bool is_of_caller(const struct thread *t, const char *path)
{
	char own[40];
	struct text b = text_begin(own, sizeof(own));

	text_str(&b, "/task/");
	text_s64(&b, t->tid);
	text_char(&b, '/');
	for (const char *s = path; *s; s++)
		if (str_starts(s, "/task/"))
			return str_starts(s, own) || (str_starts(path, "/proc/thread-self/"));
	return t->tid == group_self()->pid || str_starts(path, "/proc/thread-self/");
}

/* --- stat: one line of numbers behind the name ------------------------------------------------------- */

static void stat_replacements(struct thread *t, const char *path, u64 *value, bool *replaced)
{
	struct sizes s = count();
	const struct {
		u8 field;
		u64 value;
	} fields[] = {
		{23, s.all},
		{26, s.code_start},
		{27, s.code_end},
		{28, process.arg_start.va & ~15ull}, /* above every frame, which is what is looked for here */
		{33, signals_with(SIG_IGN) & 0x7fffffff},
		{34, signals_with(SIG_DFL) & 0x7fffffff},
		{45, s.data_start},
		{46, s.data_end},
		{47, process.brk_start.va},
		{48, process.arg_start.va},
		{49, process.arg_end.va},
		{50, process.env_start.va},
		{51, process.env_end.va},
	};

	for (u32 i = 0; i < ARRAY_LEN(fields); i++) {
		value[fields[i].field] = fields[i].value;
		replaced[fields[i].field] = true;
	}
	if (is_of_caller(t, path)) {
		value[32] = t->sig.blocked & 0x7fffffff;
		replaced[32] = true;
	}
}

static const char *next_field(const char *s)
{
	while (*s && *s != ' ' && *s != '\n')
		s++;
	return s;
}

static u64 number_at(const char *s)
{
	u64 v = 0;

	while (*s == ' ' || *s == '\t')
		s++;
	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (u64)(*s - '0');
	return v;
}

long proc_write_stat(struct thread *t, int fd, const char *path)
{
	char in[FILE_MAX], out[FILE_MAX];
	struct text b = text_begin(out, sizeof(out));
	u64 value[STAT_FIELDS + 1] = {0};
	bool replaced[STAT_FIELDS + 1] = {false};
	long n = read_file(path, in, sizeof(in));
	const char *s, *end;
	u64 pages;

	if (n < 0)
		return n;
	stat_replacements(t, path, value, replaced);
	s = strrchr(in, ')'); /* the name may hold blanks and parentheses */
	s = s ? s + 1 : in;
	text_s64(&b, id_out((long)number_at(in)));
	for (const char *c = next_field(in); c < s; c++)
		text_char(&b, *c);
	for (u32 field = 3; *s == ' '; field++, s = end) {
		end = next_field(++s);
		text_char(&b, ' ');
		if (field == 24) { /* resident pages */
			for (pages = 0; s < end; s++)
				pages = pages * 10 + (u64)(*s - '0');
			text_u64(&b, pages < value[23] / PAGE_SIZE ? pages : value[23] / PAGE_SIZE);
		} else if (field >= 4 && field <= 6) { /* parent, group, session */
			text_s64(&b, id_out((long)number_at(s)));
		} else if (field <= STAT_FIELDS && replaced[field]) {
			text_u64(&b, value[field]);
		} else {
			for (; s < end; s++)
				text_char(&b, *s);
		}
	}
	text_char(&b, '\n');
	text_write(&b, fd);
	return 0;
}

/* --- status: lines with names ------------------------------------------------------------------------ */

enum unit { IN_KIB, AT_MOST_KIB, MASK, ID };

struct status_line {
	const char *name;
	enum unit unit;
	u64 value;
};

/* A number as the kernel prints it in this file: right in eight columns. */
static void put_kib(struct text *b, u64 kib)
{
	u64 room = 10000000;

	for (; room > 1 && kib < room; room /= 10)
		text_char(b, ' ');
	text_u64(b, kib);
	text_str(b, " kB\n");
}

static void put_line(struct text *b, const struct status_line *l, const char *rest)
{
	u64 kib = l->value / KIB, now = number_at(rest);

	text_str(b, l->name);
	text_char(b, '\t');
	if (l->unit == ID) {
		text_s64(b, id_out((long)now));
		text_char(b, '\n');
	} else if (l->unit == MASK) {
		text_hex_digits(b, l->value, 16);
		text_char(b, '\n');
	} else {
		put_kib(b, l->unit == AT_MOST_KIB && now < kib ? now : kib);
	}
}

static const struct status_line *line_named(const struct status_line *lines, u32 n, const char *s)
{
	for (u32 i = 0; i < n; i++)
		if (lines[i].name && str_starts(s, lines[i].name))
			return &lines[i];
	return NULL;
}

long proc_write_status(struct thread *t, int fd, const char *path)
{
	struct sizes s = count();
	const struct status_line lines[] = {
		{"Tgid:", ID, 0},
		{"Pid:", ID, 0},
		{"PPid:", ID, 0},
		{"VmPeak:", IN_KIB, s.all},
		{"VmSize:", IN_KIB, s.all},
		{"VmHWM:", AT_MOST_KIB, s.all},
		{"VmRSS:", AT_MOST_KIB, s.all},
		{"VmData:", IN_KIB, s.data},
		{"VmStk:", IN_KIB, s.stack},
		{"VmExe:", IN_KIB, s.code},
		{"VmLib:", IN_KIB, s.libraries},
		{"SigIgn:", MASK, signals_with(SIG_IGN)},
		{"SigCgt:", MASK, signals_with(SIG_DFL)},
		{is_of_caller(t, path) ? "SigBlk:" : NULL, MASK, t->sig.blocked},
	};
	char in[FILE_MAX], out[FILE_MAX];
	struct text b = text_begin(out, sizeof(out));
	long n = read_file(path, in, sizeof(in));

	if (n < 0)
		return n;
	for (const char *at = in; *at;) {
		const struct status_line *l = line_named(lines, ARRAY_LEN(lines), at);
		const char *end = at;

		while (*end && *end != '\n')
			end++;
		if (l)
			put_line(&b, l, at + strlen(l->name));
		for (; !l && at < end; at++)
			text_char(&b, *at);
		if (!l)
			text_char(&b, '\n');
		at = *end ? end + 1 : end;
	}
	text_write(&b, fd);
	return 0;
}

/* --- statm: seven numbers of pages -------------------------------------------------------------------- */

long proc_write_statm(struct thread *t, int fd, const char *path)
{
	struct sizes s = count();
	u64 all = s.all / PAGE_SIZE, resident, shared;
	char in[FILE_MAX], out[256];
	struct text b = text_begin(out, sizeof(out));
	long n = read_file(path, in, sizeof(in));
	const char *second, *third;

	(void)t;
	if (n < 0)
		return n;
	second = next_field(in);
	third = next_field(second + (*second == ' '));
	resident = number_at(second);
	shared = number_at(third);
	resident = resident < all ? resident : all;
	text_u64(&b, all);
	text_char(&b, ' ');
	text_u64(&b, resident);
	text_char(&b, ' ');
	text_u64(&b, shared < resident ? shared : resident);
	text_char(&b, ' ');
	text_u64(&b, s.code / PAGE_SIZE);
	text_str(&b, " 0 ");
	text_u64(&b, (s.data + s.stack) / PAGE_SIZE);
	text_str(&b, " 0\n");
	text_write(&b, fd);
	return 0;
}
