/*
 * Files under /proc that describe the process itself: for the guest they describe the guest. exe is its program, cmdline,
 * environ and auxv its start, maps its address space; cpuinfo is ARM's (cpuinfo.c). Each is a snapshot in memory, made when
 * it is opened. Not made here, so still the host's: stat, status, statm, smaps, mountinfo, fd/ and the like, and names
 * reached through a descriptor of /proc.
 */
#include "sys/proc_files.h"

#include "sys/sys.h"

/* What follows "/proc/self/", "/proc/thread-self/" or "/proc/<own pid>/" in path; NULL for other paths. */
static const char *own_proc_name(const char *path)
{
	char pid[16];
	struct text b = text_begin(pid, sizeof(pid));

	text_s64(&b, group_self()->pid);
	if (!str_starts(path, "/proc/"))
		return NULL;
	path += strlen("/proc/");
	if (str_starts(path, "self/"))
		return path + strlen("self/");
	if (str_starts(path, "thread-self/"))
		return path + strlen("thread-self/");
	if (str_starts(path, pid) && path[text_len(&b)] == '/')
		return path + text_len(&b) + 1;
	return NULL;
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

static long write_cmdline(int fd)
{
	return write_guest_bytes(fd, process.arg_start, process.arg_end);
}

static long write_environ(int fd)
{
	return write_guest_bytes(fd, process.env_start, process.env_end);
}

static long write_auxv(int fd)
{
	return host_syscall3(__NR_write, (u64)fd, (u64)process.auxv, process.auxv_count * sizeof(process.auxv[0]));
}

static const struct {
	const char *name;	/* below /proc/self/ */
	const char *path;	/* or a whole path */
	long (*write)(int fd);
} generated_files[] = {
	{.name = "cmdline", .write = write_cmdline},
	{.name = "environ", .write = write_environ},
	{.name = "auxv", .write = write_auxv},
	{.name = "maps", .write = proc_write_maps},
	{.path = "/proc/cpuinfo", .write = proc_write_cpuinfo},
};

/* An unnamed file with what write() puts into it, read from the start. */
static long snapshot(const char *name, long (*write)(int fd), u32 host_flags)
{
	long fd = host_syscall2(__NR_memfd_create, (u64)name, host_flags & 02000000 /* O_CLOEXEC */ ? 1 : 0);
	long err;

	if (fd < 0)
		return fd;
	err = write((int)fd);
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

	(void)t;
	for (u32 i = 0; i < ARRAY_LEN(generated_files); i++) {
		const char *wanted = generated_files[i].path;

		if (wanted ? strcmp(wanted, path) == 0 : name && strcmp(generated_files[i].name, name) == 0)
			return snapshot(path, generated_files[i].write, host_flags);
	}
	return -ENOENT;
}
