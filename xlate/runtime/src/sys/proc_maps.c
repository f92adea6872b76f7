/*
 * /proc/self/maps of the guest: the host's own list gives files and offsets, the table of guest regions gives addresses,
 * protections (a watched or executable page has another one on the host) and what belongs to the guest at all.
 */
#include "sys/proc_files.h"
#include "sys/sys.h"

#include "payload.h"

#define LINE_MAX (PATH_MAX + 128)

/* One line of the host's list. */
struct host_line {
	u64 start, end;
	u64 offset;
	const char *dev;	/* "08:01", not ended */
	u32 dev_len;
	u64 inode;
	const char *path;	/* empty: anonymous */
};

/* Lines that go on where the last one ended are one mapping of the guest. */
struct writer {
	int fd;
	bool open;
	u64 start, end, offset, inode;
	int prot;
	bool shared;
	char dev[16];
	char path[PATH_MAX];
};

static u64 parse_hex(const char **s)
{
	u64 v = 0;

	for (;; (*s)++) {
		char c = **s;

		if (c >= '0' && c <= '9')
			v = v * 16 + (u64)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + (u64)(c - 'a') + 10;
		else
			return v;
	}
}

static const char *skip_spaces(const char *s)
{
	while (*s == ' ')
		s++;
	return s;
}

/* "start-end perms offset dev inode   path" */
static void parse_line(struct host_line *l, const char *s)
{
	l->start = parse_hex(&s);
	s++;
	l->end = parse_hex(&s);
	s += 6; /* " rwxp " */
	l->offset = parse_hex(&s);
	l->dev = ++s;
	while (*s && *s != ' ')
		s++;
	l->dev_len = (u32)(s - l->dev);
	l->inode = 0;
	for (s = skip_spaces(s); *s >= '0' && *s <= '9'; s++)
		l->inode = l->inode * 10 + (u64)(*s - '0');
	l->path = skip_spaces(s);
}

static const char *area_name(u64 start, u64 end, const char *host_path)
{
	if (end > process.brk_start.va && start < process.brk_end.va)
		return "[heap]"; /* may begin below: zero-filled data joins it, as in the kernel */
	if (end > process.stack_low.va && start < process.stack_top.va)
		return "[stack]";
	if (start == GUEST_KUSER_PAGE)
		return "[vectors]";
	return host_path[0] == '[' ? "" : host_path; /* the host's own names for areas mean nothing here */
}

/* What the guest calls the mapping's file. */
static const char *file_name(struct writer *w)
{
	const char *carried = str_starts(w->path, PAYLOAD_HOST_NAME) ? payload_name_of(w->inode) : NULL;

	if (rooted_on())
		rooted_name(w->path, sizeof(w->path));
	return carried ? carried : w->path;
}

static void flush(struct writer *w)
{
	char buf[LINE_MAX];
	struct text b = text_begin(buf, sizeof(buf));
	const char *name;

	if (!w->open)
		return;
	name = area_name(w->start, w->end, file_name(w));
	text_hex_digits(&b, w->start, 8);
	text_char(&b, '-');
	text_hex_digits(&b, w->end, 8);
	text_char(&b, ' ');
	text_char(&b, w->prot & PROT_READ ? 'r' : '-');
	text_char(&b, w->prot & PROT_WRITE ? 'w' : '-');
	text_char(&b, w->prot & PROT_EXEC ? 'x' : '-');
	text_char(&b, w->shared ? 's' : 'p');
	text_char(&b, ' ');
	text_hex_digits(&b, w->offset, 8);
	text_char(&b, ' ');
	text_str(&b, w->dev);
	text_char(&b, ' ');
	text_u64(&b, w->inode);
	text_char(&b, ' ');
	while (*name && text_len(&b) < 49)
		text_char(&b, ' ');
	text_str(&b, name);
	text_char(&b, '\n');
	text_write(&b, w->fd);
	w->open = false;
}

static bool continues(const struct writer *w, const struct mem_region *r, const struct host_line *l, u64 start, u64 offset)
{
	return w->open && w->end == start && w->prot == r->prot && w->shared == r->shared && w->inode == l->inode &&
	       (!l->inode || w->offset + (w->end - w->start) == offset) && strcmp(w->path, l->path) == 0;
}

/* The part [start, end) of the guest, which is in one region and one line of the host. */
static void add_part(struct writer *w, const struct mem_region *r, const struct host_line *l, u64 start, u64 end)
{
	u64 offset = l->inode ? l->offset + (start + guest_base - l->start) : 0;
	u64 path_len = strlen(l->path);

	if (continues(w, r, l, start, offset)) {
		w->end = end;
		return;
	}
	flush(w);
	w->open = true;
	w->start = start;
	w->end = end;
	w->offset = offset;
	w->inode = l->inode;
	w->prot = r->prot;
	w->shared = r->shared;
	memset(w->dev, 0, sizeof(w->dev));
	memcpy(w->dev, l->dev, l->dev_len < sizeof(w->dev) ? l->dev_len : sizeof(w->dev) - 1);
	if (path_len >= sizeof(w->path))
		path_len = sizeof(w->path) - 1;
	memcpy(w->path, l->path, path_len);
	w->path[path_len] = 0;
}

static void add_line(struct writer *w, const struct host_line *l)
{
	struct mem_region r;
	u64 start = l->start > guest_base ? l->start - guest_base : 0;
	u64 end = l->end > guest_base ? l->end - guest_base : 0;
	u64 cursor = start;

	if (start >= 1ull << 32)
		return;
	while (cursor < end && mem_next_region(&cursor, &r) && r.start < end) {
		u64 from = r.start > start ? r.start : start;
		u64 to = r.end < end ? r.end : end;

		add_part(w, &r, l, from, to);
		cursor = r.end;
	}
}

/* Whole lines from buf to w; returns how many bytes of an unfinished one are left, moved to the front. */
static u64 add_lines(struct writer *w, char *buf, u64 len)
{
	struct host_line line;
	u64 at = 0;

	for (u64 i = 0; i < len; i++) {
		if (buf[i] != '\n')
			continue;
		buf[i] = 0;
		parse_line(&line, buf + at);
		add_line(w, &line);
		at = i + 1;
	}
	memmove(buf, buf + at, len - at);
	return len - at;
}

long proc_write_maps(int fd)
{
	char buf[2 * LINE_MAX];
	struct writer w = {.fd = fd};
	long maps = host_syscall3(__NR_open, (u64) "/proc/self/maps", 0, 0);
	u64 have = 0;
	long n;

	if (maps < 0)
		return maps;
	while ((n = host_syscall3(__NR_read, (u64)maps, (u64)buf + have, sizeof(buf) - have)) > 0)
		have = add_lines(&w, buf, have + (u64)n);
	flush(&w);
	host_syscall1(__NR_close, (u64)maps);
	return n;
}
