/*
 * execve: find and judge the program first, following #! lines, then execute xlate-run itself, which gets the open
 * program by descriptor. Decides what the guest's execve answers; options.c knows how options travel.
 *
 * Only ARM programs are executed here, and programs of the host where exec_host.c allows it: anything else answers
 * ENOEXEC.
 */
#include "exec.h"

#include <asm/stat.h>

#include "limits.h"
#include "load.h"
#include "memory.h"
#include "stats.h"
#include "stock.h"
#include "string.h"
#include "sysroot.h"
#include "thread.h"
#include "trace.h"
#include "world.h"

/* A path, and what names the descriptor that it is relative to. */
#define NAME_SIZE (4096 + 32)

enum {
	O_CLOEXEC = 02000000, O_NOFOLLOW = 0400000,
	F_GETFD = 1, F_SETFD = 2, FD_CLOEXEC = 1, F_DUPFD_CLOEXEC = 1030, X_OK = 1,
	AT_EXECVE_CHECK = 0x10000,
};

/* --- finding the program ---------------------------------------------------------------------------- */

/* An open descriptor stands for the program: a descriptor of our own to read it by, even when theirs is O_PATH. */
static long reopen(int fd)
{
	char link[40];
	struct text b = text_begin(link, sizeof(link));
	long ret;

	text_str(&b, "/proc/self/fd/");
	text_s64(&b, fd);
	ret = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)link, O_CLOEXEC, 0);
	return ret == -ENOENT || ret == -ENOTDIR ? host_syscall3(__NR_fcntl, (u64)fd, F_DUPFD_CLOEXEC, 3) : ret;
}

static long open_file(int dirfd, const char *path, int flags)
{
	if (!*path)
		return flags & AT_EMPTY_PATH ? reopen(dirfd) : -ENOENT;
	return host_syscall4(__NR_openat, (u64)dirfd, (u64)path,
			     O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0), 0);
}

/*
 * One script line, NUL-terminated in `line`: the interpreter, and the rest as at most one argument. -ENOEXEC if it is
 * none.
 */
static long parse_line(char *line, size_t got, char **interp, char **arg)
{
	char *end = line + got, *p = line + 2, *stop;

	for (stop = p; stop < end && *stop && *stop != '\n'; stop++)
		continue;
	while (p < stop && (*p == ' ' || *p == '\t'))
		p++;
	*interp = p;
	while (p < stop && *p != ' ' && *p != '\t')
		p++;
	if (p == *interp || (p == end && got == SCRIPT_LINE_MAX - 1))
		return -ENOEXEC; /* no interpreter, or its name does not end within what is looked at */
	while (stop > p && (stop[-1] == ' ' || stop[-1] == '\t'))
		stop--;
	*stop = 0;
	*arg = NULL;
	if (p < stop) {
		*p++ = 0;
		while (*p == ' ' || *p == '\t')
			p++;
		*arg = p;
	}
	return 0;
}

/* Put interpreter and argument before the words there are; the first of those becomes the script's name. */
static void push_words(struct program *p, const char *interp, const char *arg, const char *script)
{
	u32 added = arg ? 2 : 1;

	if (!p->prefix_count)
		p->prefix_count = 1; /* argv[0] is replaced by the script's name */
	for (u32 i = p->prefix_count; i-- > 0;)
		p->prefix[i + added] = p->prefix[i];
	p->prefix[added] = script;
	p->prefix[0] = interp;
	if (arg)
		p->prefix[1] = arg;
	p->prefix_count += added;
}

long program_find(struct program *p, const char *name)
{
	p->name = name;
	p->path = p->rooted.text;
	if (rooted_on())
		return rooted_path(AT_FDCWD, name, PATH_FOLLOW, &p->rooted);
	p->path = sysroot_path(name, p->mapped, sizeof(p->mapped));
	return 0;
}

/* Go on from an open script to its interpreter; 1 when this file is no script. */
static long follow_line(struct program *p, const char **name)
{
	char *line = p->text[p->lines < SCRIPT_DEPTH_MAX ? p->lines : 0], *interp, *arg;
	char start[2] = {0};
	long got = host_syscall4(__NR_pread64, (u64)p->fd, (u64)start, sizeof(start), 0);

	if (got != 2 || start[0] != '#' || start[1] != '!')
		return got < 0 ? got : 1;
	if (p->lines == SCRIPT_DEPTH_MAX)
		return -ELOOP;
	if (p->closes)
		return -ENOENT; /* the interpreter could not open the name it would be given */
	got = host_syscall4(__NR_pread64, (u64)p->fd, (u64)line, SCRIPT_LINE_MAX - 1, 0);
	if (got < 2)
		return -ENOEXEC;
	line[got] = 0;
	got = parse_line(line, (size_t)got, &interp, &arg);
	if (got)
		return got;
	push_words(p, interp, arg, *name);
	p->lines++;
	*name = interp;
	return program_find(p, interp);
}

/* Whether we may execute it by mode bits alone: a regular file with an x bit for us. */
static long check_mode(int fd, int dirfd, const char *path)
{
	struct stat st;
	long err = host_syscall2(__NR_fstat, (u64)fd, (u64)&st);

	if (err)
		return err;
	if ((st.st_mode & 0170000) != 0100000 || !(st.st_mode & 0111))
		return -EACCES;
	return *path ? host_syscall3(__NR_faccessat, (u64)dirfd, (u64)path, X_OK) : 0;
}

/*
 * What execve needs beyond reading. Starting xlate-run by hand does not ask for it. Kernels since 6.14 say themselves
 * what they would do (file systems mounted noexec, files open for writing); before them mode bits are all we ask.
 */
static long check_executable(int fd, int dirfd, const char *path)
{
	const char *const words[] = {"", NULL};
	long ret = host_syscall5(__NR_execveat, (u64)fd, (u64) "", (u64)words, (u64)&words[1],
				 AT_EMPTY_PATH | AT_EXECVE_CHECK);

	return ret == -EINVAL || ret == -ENOSYS ? check_mode(fd, dirfd, path) : ret;
}

long program_open(struct program *p, int dirfd, const char *path, const char *name, int flags)
{
	p->fd = -1;
	p->prefix_count = p->lines = 0;
	p->closes = dirfd != AT_FDCWD && host_syscall2(__NR_fcntl, (u64)dirfd, F_GETFD) == FD_CLOEXEC;
	p->path = path;
	p->name = name;
	for (;;) {
		long ret = open_file(dirfd, p->path, flags);

		if (ret >= 0) {
			p->fd = (int)ret;
			ret = flags & PROGRAM_CHECK_X ? check_executable(p->fd, dirfd, p->path) : 0;
		}
		rooted_release(&p->rooted);
		if (p->fd < 0)
			return ret;
		if (!ret)
			ret = follow_line(p, &name);
		if (ret == 1)
			return 0;
		host_syscall1(__NR_close, (u64)p->fd);
		p->fd = -1;
		if (ret)
			return ret;
		dirfd = AT_FDCWD;
		flags &= PROGRAM_CHECK_X;
		p->closes = false;
	}
}

/* Is the program's dynamic loader there? 0 or -errno. */
static long find_loader(int fd, const char *interp)
{
	char mapped[ELF_INTERP_MAX];
	HOST_PATH(rooted);
	const char *path = rooted.text;
	long err = 0;

	if (rooted_on())
		err = rooted_path(AT_FDCWD, interp, PATH_FOLLOW, &rooted);
	else
		path = sysroot_loader(fd, interp, mapped, sizeof(mapped));
	return err ? err : host_syscall3(__NR_faccessat, (u64)AT_FDCWD, (u64)path, 0);
}

/* Errors of the file itself that execve must answer before it is too late. */
static long judge(const struct program *p)
{
	static struct elf_file f; /* 12 KiB */
	struct elf_error e;
	HOLD_LOCK;

	if (elf_read(&f, p->fd, &e))
		return f.interp[0] ? find_loader(p->fd, f.interp) : 0;
	if (trace_is_on())
		trace_note(program_shown(p), e.what);
	return -ENOEXEC;
}

/* --- building our own argv -------------------------------------------------------------------------- */

long exec_count_words(gaddr array)
{
	for (long n = 0; array.va && (u64)n < EXEC_WORDS_MAX; n++) {
		u32 word;

		if (copy_in(&word, GADDR(array.va + 4 * (u64)n), sizeof(word)))
			return -EFAULT;
		if (!word)
			return n;
	}
	return array.va ? -E2BIG : 0;
}

long exec_add_words(const char **to, gaddr array, long from, long count)
{
	for (long i = from; i < count; i++) {
		u32 word;

		if (copy_in(&word, GADDR(array.va + 4 * (u64)i), sizeof(word)))
			return -EFAULT;
		*to++ = g2h(GADDR(word)); /* the kernel copies the string itself, and says EFAULT itself */
	}
	*to = NULL;
	return 0;
}

long exec_room(struct thread *t, u64 size)
{
	long ret = host_mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (host_is_error(ret))
		return ret;
	t->exec_words = (u64)ret;
	t->exec_size = size;
	return ret;
}

void exec_room_end(struct thread *t)
{
	if (t->exec_words)
		host_munmap(t->exec_words, t->exec_size);
	t->exec_words = 0;
}

struct own_argv {
	const char **words; /* argv, NULL, envp, NULL */
	const char **env;
	char options[540];
};

/* xlate-run OPTIONS -0 ARGV0 -- PROG ARGS, and the environment, in one host mapping. */
static long build_argv(struct thread *t, struct own_argv *o, const struct program *p, const char *exec_name,
		       const int fds[INHERITED_COUNT], gaddr argv, gaddr envp)
{
	u64 size;
	long argc = exec_count_words(argv), envc = exec_count_words(envp), ret;
	u32 n = 0;
	u32 first;

	if (argc < 0 || envc < 0)
		return argc < 0 ? argc : envc;
	size = page_ceil(((u64)argc + (u64)envc + OPTIONS_FORWARD_MAX + ARRAY_LEN(p->prefix) + 8) * sizeof(char *));
	ret = exec_room(t, size);
	if (host_is_error(ret))
		return ret;
	o->words = (const char **)ret;
	o->words[n++] = "xlate-run";
	n += options_forward(&process.opt, fds, exec_name, o->words + n, o->options, sizeof(o->options));
	o->words[n++] = "-0";
	first = n++;
	o->words[n++] = "--";
	o->words[n++] = program_shown(p);
	o->words[first] = p->prefix_count ? p->prefix[0] : "";
	for (u32 i = 1; i < p->prefix_count; i++)
		o->words[n++] = p->prefix[i];
	if (!p->prefix_count && argc)
		ret = exec_add_words(o->words + first, argv, 0, 1);
	else
		ret = 0;
	o->words[first + 1] = "--";
	if (!ret)
		ret = exec_add_words(o->words + n, argv, 1, argc);
	o->env = o->words + n + (argc > 1 ? argc - 1 : 0) + 1;
	if (argc <= 1)
		o->words[n] = NULL;
	return ret ? ret : exec_add_words(o->env, envp, 0, envc);
}

/* --- execve ----------------------------------------------------------------------------------------- */

static void set_inherited(const int fds[INHERITED_COUNT], bool inherited)
{
	for (int i = 0; i < INHERITED_COUNT; i++)
		if (fds[i] >= 0)
			host_syscall3(__NR_fcntl, (u64)fds[i], F_SETFD, inherited ? 0 : FD_CLOEXEC);
}

long exec_now(struct thread *t, int dirfd, const char *path, const char **words, const char **env, const int *kept)
{
	bool stop = t->group->threads > 1; /* they must not run code while their faults would end the process */
	struct kept_limit limits[KEPT_LIMITS];
	struct thread *held;
	long err;

	if (stop) {
		held = world_lock();
		world_stop(t);
		world_unlock(&held);
	}
	if (!(t->start_flags & CLONE_VFORK)) /* else it is its parent's to do */
		stock_save(false);
	stats_flush();
	if (kept)
		set_inherited(kept, true);
	signal_before_exec(t);
	if (!kept)
		limits_to_host(limits);
	/* Not with a signal recorded: the new program would inherit the closed mask and never hear of the signal. */
	err = guest_blocking_syscall(t, __NR_execveat, (u64)dirfd, (u64)path, (u64)words, (u64)env,
				     *path ? 0 : AT_EMPTY_PATH, 0);
	signal_exec_failed(t);
	if (kept)
		set_inherited(kept, false);
	else
		limits_from_host(limits);
	if (stop) {
		held = world_lock();
		world_start(t);
		world_unlock(&held);
	}
	return err;
}

/* What the kernel calls a program that is named relative to a descriptor, or only by one; put into buf. */
static const char *name_by_descriptor(int dirfd, const char *name, char *buf, size_t size)
{
	struct text b = text_begin(buf, size);

	if (dirfd == AT_FDCWD || name[0] == '/')
		return name;
	text_str(&b, "/dev/fd/");
	text_s64(&b, dirfd);
	if (*name)
		text_char(&b, '/');
	text_str(&b, name);
	return buf;
}

long exec_guest(struct thread *t, int dirfd, const char *path, const char *name_as_given, gaddr argv, gaddr envp,
		int flags)
{
	struct program p;
	char name_buf[NAME_SIZE];
	const char *guest_name = name_by_descriptor(dirfd, name_as_given, name_buf, sizeof(name_buf));
	struct own_argv o = {.words = NULL};
	int *own = t->group->own_fds;
	int fds[INHERITED_COUNT] = {
		own[OWN_FD_EXE], own[OWN_FD_STATS], own[OWN_FD_TOTALS], -1,
		own[OWN_FD_TRACE], own[OWN_FD_LINES],
		own[OWN_FD_STORE], own[OWN_FD_PACKAGE], own[OWN_FD_IDS], own[OWN_FD_ROOT],
		own[OWN_FD_SYSTEM],
	};
	long err;

	p.rooted.pin = -1;
	err = program_open(&p, name_as_given[0] == '/' ? AT_FDCWD : dirfd, path, guest_name,
			   (flags & (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) | PROGRAM_CHECK_X);
	if (err)
		return err;
	err = judge(&p);
	if (err == -ENOEXEC && host_program(p.fd))
		err = exec_host(t, &p, argv, envp);
	if (!err && fds[INHERIT_EXE] < 0)
		err = -ENOEXEC; /* no /proc and no usable path of our own at start: there is nothing to execute again */
	if (!err)
		err = fd_adopt(OWN_FD_PROGRAM, p.fd);
	else
		host_syscall1(__NR_close, (u64)p.fd);
	if (err < 0)
		return err;
	fds[INHERIT_PROGRAM] = own[OWN_FD_PROGRAM];
	err = build_argv(t, &o, &p, guest_name, fds, argv, envp);
	if (!err)
		err = exec_now(t, fds[INHERIT_EXE], "", o.words, o.env, fds);
	exec_room_end(t);
	host_syscall1(__NR_close, (u64)fds[INHERIT_PROGRAM]);
	own[OWN_FD_PROGRAM] = -1;
	return err;
}
