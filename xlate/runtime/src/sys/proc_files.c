/*
 * Files under /proc that describe the process itself: for the guest they describe the guest. exe is its program, cmdline,
 * environ and auxv its start, maps its address space (proc_maps.c); stat, status and statm are the host's with its own
 * figures (proc_status.c); cpuinfo is ARM's (cpuinfo.c). All of them exist for the process, by its number too, and for each
 * of its threads; other guests are proc_others.c's. Each is a snapshot in memory, made when it is opened. Not made here, so still the host's: smaps,
 * mountinfo, fd/ and the like, and names reached through a descriptor of /proc.
 */
#include "sys/proc_files.h"

#include "sys/sys.h"

/* Where a name goes on behind slashes and "./"; "" at its end. */
static const char *next_name(const char *s)
{
	while (*s == '/' || (s[0] == '.' && s[1] == '/'))
		s++;
	return s;
}

/* Length of the name that s begins with. */
static u64 name_len(const char *s)
{
	const char *end = s;

	while (*end && *end != '/')
		end++;
	return (u64)(end - s);
}

static bool is_name(const char *s, const char *name)
{
	u64 n = name_len(s);

	return n == strlen(name) && !strncmp(s, name, n);
}

static bool is_pid(const char *s)
{
	char pid[16];
	struct text b = text_begin(pid, sizeof(pid));

	text_s64(&b, group_self()->pid);
	return is_name(s, pid);
}

/* The number of one of this process's threads? */
static bool is_own_task(const char *s)
{
	char path[64];
	struct text b = text_begin(path, sizeof(path));

	if (is_pid(s))
		return true;
	if (*s < '1' || *s > '9' || name_len(s) > 10)
		return false;
	text_str(&b, "/proc/self/task/");
	for (u64 i = 0, n = name_len(s); i < n; i++)
		text_char(&b, s[i]);
	return !host_syscall4(__NR_faccessat, (u64)AT_FDCWD, (u64)path, 0, 0);
}

/* The file's name below /proc/self/, /proc/<own pid>/ and their task folders; NULL for other paths. */
static const char *own_proc_name(const char *path)
{
	if (path[0] != '/')
		return NULL;
	path = next_name(path);
	if (!is_name(path, "proc"))
		return NULL;
	path = next_name(path + name_len(path));
	if (!is_name(path, "self") && !is_name(path, "thread-self") && !is_own_task(path))
		return NULL;
	path = next_name(path + name_len(path));
	if (is_name(path, "task")) {
		path = next_name(path + name_len(path));
		if (!is_own_task(path))
			return NULL;
		path = next_name(path + name_len(path));
	}
	return *path ? path : NULL;
}

bool proc_is_own_exe(const char *path)
{
	const char *name = own_proc_name(path);

	return name && strcmp(name, "exe") == 0;
}

static long write_guest_bytes(int fd, gaddr start, gaddr end)
{
	if (end.va <= start.va)
		return 0;
	return host_syscall3(__NR_write, (u64)fd, (u64)g2h(start), end.va - start.va);
}

static long write_cmdline(struct thread *t, int fd, const char *path)
{
	(void)t, (void)path;
	return write_guest_bytes(fd, process.arg_start, process.arg_end);
}

static long write_environ(struct thread *t, int fd, const char *path)
{
	(void)t, (void)path;
	return write_guest_bytes(fd, process.env_start, process.env_end);
}

static long write_auxv(struct thread *t, int fd, const char *path)
{
	(void)t, (void)path;
	return host_syscall3(__NR_write, (u64)fd, (u64)process.auxv, process.auxv_count * sizeof(process.auxv[0]));
}

static long write_maps(struct thread *t, int fd, const char *path)
{
	(void)t, (void)path;
	return proc_write_maps(fd);
}

static long write_cpuinfo(struct thread *t, int fd, const char *path)
{
	(void)t, (void)path;
	return proc_write_cpuinfo(fd);
}

static const struct {
	const char *name;	/* below /proc/self/ */
	const char *path;	/* or a whole path */
	long (*write)(struct thread *t, int fd, const char *path);
} generated_files[] = {
	{.name = "cmdline", .write = write_cmdline},
	{.name = "environ", .write = write_environ},
	{.name = "auxv", .write = write_auxv},
	{.name = "maps", .write = write_maps},
	{.name = "stat", .write = proc_write_stat},
	{.name = "status", .write = proc_write_status},
	{.name = "statm", .write = proc_write_statm},
	{.path = "/proc/cpuinfo", .write = write_cpuinfo},
};

/* An unnamed file with what write() puts into it, read from the start. */
static long snapshot(struct thread *t, const char *path, u32 which, u32 host_flags)
{
	long fd = host_syscall2(__NR_memfd_create, (u64)path, host_flags & 02000000 /* O_CLOEXEC */ ? 1 : 0);
	long err;

	if (fd < 0)
		return fd;
	err = generated_files[which].write(t, (int)fd, path);
	if (err < 0) {
		host_syscall1(__NR_close, (u64)fd);
		return err;
	}
	host_syscall3(__NR_lseek, (u64)fd, 0, 0);
	return fd;
}

long proc_file_open(struct thread *t, const char *path, u32 host_flags)
{
	const char *name = own_proc_name(path);

	for (u32 i = 0; i < ARRAY_LEN(generated_files); i++) {
		const char *wanted = generated_files[i].path;

		if (wanted ? strcmp(wanted, path) == 0 : name && strcmp(generated_files[i].name, name) == 0)
			return snapshot(t, path, i, host_flags);
	}
	return name ? -ENOENT : proc_other_open(path, host_flags);
}
