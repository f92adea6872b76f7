/*
 * Where traced lines go, and how processes share that place. As with strace, the first half of a call's line is
 * written before the call, so that one that never returns can be seen; whoever writes next ends that line with
 * "<unfinished ...>", and its owner goes on with "<... name resumed>". Who is in the middle of a line stands in memory
 * shared by the process tree (a memory file, so that it survives our own execve).
 *
 * The pid stands before each line of a file, and on standard error once there is more than one process or thread.
 */
#include "fatal.h"
#include "host.h"
#include "thread.h"
#include "trace.h"

enum {
	O_WRONLY = 1, O_CREAT = 0100, O_TRUNC = 01000, O_APPEND = 02000, O_CLOEXEC = 02000000, F_SETFD = 2, FD_CLOEXEC = 1,
};

/* Times a writer gives its processor away before it takes a lock whose holder may be dead. */
#define LOCK_TRIES 1000

struct lines {
	u32 lock;	/* thread that writes */
	u32 open;	/* thread in the middle of a line */
	u32 first;	/* the first thread of all */
	u32 many;	/* there have been others */
};

static struct lines private_lines;
static struct lines *lines = &private_lines;

static u32 self(void)
{
	return (u32)thread_id(thread_self());
}

/* %d in the name is the process that opens the file. */
static void expand_name(struct text *b, const char *name)
{
	for (; *name; name++) {
		if (name[0] == '%' && name[1] == 'd') {
			text_s64(b, group_self()->pid);
			name++;
		} else {
			text_char(b, *name);
		}
	}
}

static void open_output(void)
{
	const char *file = process.opt.strace_file;
	int inherited = process.opt.inherited[INHERIT_TRACE];
	char name[4096];
	struct text b = text_begin(name, sizeof(name));
	long fd;

	if (inherited >= 0) {
		group_self()->own_fds[OWN_FD_TRACE] = inherited;
		host_syscall3(__NR_fcntl, (u64)inherited, F_SETFD, FD_CLOEXEC);
		return;
	}
	if (file) {
		expand_name(&b, file);
		fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)name,
				   O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
		if (fd < 0)
			refuse(EXIT_OWN_FAILURE, name, "cannot write the trace", error_text(-fd), "another --strace-file");
	} else {
		fd = host_syscall1(__NR_dup, 2); /* the guest may do with its own what it likes */
	}
	if (fd >= 0)
		fd_adopt(OWN_FD_TRACE, (int)fd);
}

/* Without a memory file lines of different programs may meet, and nothing worse. */
static void open_lines(void)
{
	long fd = process.opt.inherited[INHERIT_LINES];
	bool fresh = fd < 0;
	long ret;

	if (fresh) {
		fd = memory_file("xlate-trace", PAGE_SIZE, 0);
		if (fd >= 0)
			fd = fd_adopt(OWN_FD_LINES, (int)fd);
	} else {
		group_self()->own_fds[OWN_FD_LINES] = (int)fd;
		host_syscall3(__NR_fcntl, (u64)fd, F_SETFD, FD_CLOEXEC);
	}
	ret = host_mmap(0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), (int)fd, 0);
	if (!host_is_error(ret))
		lines = (struct lines *)ret;
	if (fresh)
		lines->first = self();
}

void trace_out_init(void)
{
	open_output();
	open_lines();
}

static void lock(void)
{
	u32 me = self();

	for (u32 i = 0; i < LOCK_TRIES; i++) {
		u32 nobody = 0;

		if (__atomic_compare_exchange_n(&lines->lock, &nobody, me, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		host_syscall0(__NR_sched_yield);
	}
	__atomic_store_n(&lines->lock, me, __ATOMIC_RELAXED); /* its holder was killed */
}

static void unlock(void)
{
	__atomic_store_n(&lines->lock, 0, __ATOMIC_RELEASE);
}

void trace_more_than_one(void)
{
	lines->many = 1;
}

static void text_prefix(struct text *b)
{
	if (self() != lines->first)
		lines->many = 1;
	if (process.opt.strace_file) {
		text_u64(b, self());
		text_char(b, ' ');
	} else if (lines->many) {
		text_str(b, "[pid ");
		text_u64(b, self());
		text_str(b, "] ");
	}
}

static void put(const struct text *b)
{
	text_write(b, group_self()->own_fds[OWN_FD_TRACE]);
}

/* What comes before our text: the end of somebody's line, our pid, where we were. */
static void put_head(const char *resumed)
{
	char buf[200];
	struct text b = text_begin(buf, sizeof(buf));

	if (lines->open)
		text_str(&b, " <unfinished ...>\n");
	text_prefix(&b);
	if (resumed) {
		text_str(&b, "<... ");
		text_str(&b, resumed);
		text_str(&b, " resumed>");
	}
	put(&b);
}

void trace_line(const struct text *b)
{
	lock();
	put_head(NULL);
	put(b);
	lines->open = 0;
	unlock();
}

void trace_line_begin(const struct text *b)
{
	lock();
	put_head(NULL);
	put(b);
	lines->open = self();
	unlock();
}

void trace_line_end(const struct text *b, const char *name)
{
	lock();
	if (lines->open != self())
		put_head(name);
	put(b);
	lines->open = 0;
	unlock();
}
