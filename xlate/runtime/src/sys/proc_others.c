/*
 * What /proc says about other processes that are guests of this same xlate-run: their program and words instead of
 * xlate-run's, so that ps, pgrep and pidof find them. It is read out of their runtime, whose variables lie at the same
 * addresses as here; where that is not allowed, or no guest is there, the host's own answer stands.
 */
#include "sys/proc_files.h"
#include "sys/sys.h"

/* Words and environments are copied in pieces of this size. */
#define PIECE 4096u

/* "/proc/NUMBER/name" of another process: its number, and *name; 0 for other paths. */
static s32 number_in(const char *path, const char **name)
{
	s64 pid = 0;

	if (!str_starts(path, "/proc/"))
		return 0;
	for (path += strlen("/proc/"); *path >= '0' && *path <= '9' && pid < 100000000; path++)
		pid = pid * 10 + (*path - '0');
	if (!pid || pid == group_self()->pid || *path != '/')
		return 0;
	*name = path + 1;
	return (s32)pid;
}

/* Its state as a process, and where its guest's memory begins. */
static bool state_of(s32 pid, struct process *p, u64 *base)
{
	return !process_base(pid, base) && process_read(pid, (u64)&process, p, sizeof(*p)) == sizeof(*p);
}

static long copy_text(int fd, s32 pid, u64 from, u64 to)
{
	char piece[PIECE];

	while (from < to) {
		long n = process_read(pid, from, piece, to - from < PIECE ? to - from : PIECE);

		if (n <= 0)
			return n;
		host_syscall3(__NR_write, (u64)fd, (u64)piece, (u64)n);
		from += (u64)n;
	}
	return 0;
}

long proc_other_open(const char *path, u32 host_flags)
{
	struct process p;
	const char *name;
	s32 pid = number_in(path, &name);
	bool words;
	u64 base;
	long fd;

	if (!pid || (strcmp(name, "cmdline") && strcmp(name, "environ")) || !state_of(pid, &p, &base))
		return -ENOENT;
	fd = host_syscall2(__NR_memfd_create, (u64)path, host_flags & 02000000 /* O_CLOEXEC */ ? 1 : 0);
	if (fd < 0)
		return fd;
	words = strcmp(name, "cmdline") == 0;
	copy_text((int)fd, pid, base + (words ? p.arg_start.va : p.env_start.va),
		  base + (words ? p.arg_end.va : p.env_end.va));
	host_syscall3(__NR_lseek, (u64)fd, 0, 0);
	return fd;
}

/* The text ends within what can be read from there; a page that follows may be missing. */
static bool read_string(s32 pid, u64 from, char *buf, size_t size)
{
	size_t have = 0;

	while (have < size) {
		u64 room = PAGE_SIZE - (from + have) % PAGE_SIZE;
		long n = process_read(pid, from + have, buf + have, room < size - have ? room : size - have);

		if (n <= 0)
			return false;
		for (size_t end = have + (size_t)n; have < end; have++)
			if (!buf[have])
				return true;
	}
	return false;
}

bool proc_other_exe(const char *path, char *buf, size_t size)
{
	struct process p;
	const char *name;
	s32 pid = number_in(path, &name);
	u64 base;

	return pid && strcmp(name, "exe") == 0 && state_of(pid, &p, &base) && p.exe_path &&
	       read_string(pid, (u64)p.exe_path, buf, size);
}
