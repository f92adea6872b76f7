/*
 * The open family. Four flag bits have other places on ARM; /proc files that describe the process are the guest's own
 * (proc_files.c); everything else is the host's file.
 */
#include "sys/sys.h"

#include "payload.h"

enum {
	GUEST_O_DIRECTORY = 040000,
	GUEST_O_NOFOLLOW = 0100000,
	GUEST_O_DIRECT = 0200000,
	GUEST_O_LARGEFILE = 0400000,
	HOST_O_DIRECT = 040000,
	HOST_O_LARGEFILE = 0100000,
	HOST_O_DIRECTORY = 0200000,
	HOST_O_NOFOLLOW = 0400000,
	MOVED_FLAGS = 0740000,
	O_CREAT = 0100,
	O_RDONLY = 0,
	O_WRONLY = 01,
	O_ACCMODE = 03,
	O_TRUNC = 01000,
	O_PATH = 010000000,
	O_CLOEXEC = 02000000,
	F_SETFD = 2,
};

static const struct {
	u32 guest, host;
} moved_flags[] = {
	{GUEST_O_DIRECTORY, HOST_O_DIRECTORY},
	{GUEST_O_NOFOLLOW, HOST_O_NOFOLLOW},
	{GUEST_O_DIRECT, HOST_O_DIRECT},
	{GUEST_O_LARGEFILE, HOST_O_LARGEFILE},
};

u32 open_flags_to_host(u32 guest)
{
	u32 host = guest & ~(u32)MOVED_FLAGS;

	for (u32 i = 0; i < ARRAY_LEN(moved_flags); i++)
		if (guest & moved_flags[i].guest)
			host |= moved_flags[i].host;
	return host;
}

u32 open_flags_to_guest(u32 host)
{
	u32 guest = host & ~(u32)MOVED_FLAGS;

	for (u32 i = 0; i < ARRAY_LEN(moved_flags); i++)
		if (host & moved_flags[i].host)
			guest |= moved_flags[i].guest;
	return guest;
}

#define RESOLVE_SCOPED 0x18u /* RESOLVE_BENEATH, RESOLVE_IN_ROOT: within the folder, which is within the root */

/* What path_in() wants to know of (host) flags. */
static int path_use(u32 flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);

	return (flags & HOST_O_NOFOLLOW ? PATH_NOFOLLOW : PATH_FOLLOW) | (writes ? PATH_WRITTEN : 0);
}

/* May it be a file of /proc that is made here? */
static bool shows_process(const char *name, u32 host_flags)
{
	return str_starts(name, "/proc/") && !(host_flags & O_PATH);
}

/* In a root whose paths are translated. how: flags, mode, resolve. */
static long rooted_open_at(struct thread *t, s64 dirfd, gaddr path, const u64 *how, bool openat2)
{
	GUEST_PATH(p);
	s64 len = path.va ? copy_in_string(p.name, path, sizeof(p.name)) : -EFAULT;
	long ret;

	if (len < 0)
		return len;
	ids_in_path(p.name);
	if (shows_process(p.name, (u32)how[0]) && !openat2) {
		ret = proc_file_open(t, p.name, (u32)how[0]);
		if (ret != -ENOENT)
			return ret;
	}
	return rooted_open(t, dirfd, rooted_meant(&p, path_use((u32)how[0])), how, openat2);
}

/*
 * A file that we carry, opened anew where there is a /proc; else as another number for ours, with a position that all of
 * them share, at its start.
 */
static long open_carried(const struct guest_path *p, u32 host_flags)
{
	long fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)p->host, host_flags & ~(u32)HOST_O_NOFOLLOW, 0);

	if (fd != -ENOENT)
		return fd;
	fd = payload_copy_named(p->host);
	if (fd >= 0 && !(host_flags & O_CLOEXEC))
		host_syscall3(__NR_fcntl, (u64)fd, F_SETFD, 0);
	return fd;
}

static long open_at(struct thread *t, s32 dirfd, gaddr path, u32 flags, u32 mode)
{
	GUEST_PATH(p);
	u32 host_flags = open_flags_to_host(flags);
	long ret;

	if (rooted_on())
		return rooted_open_at(t, fd_to_host(t, dirfd), path, (u64[3]){host_flags, mode, 0}, false);
	ret = path_in(&p, dirfd, path, path_use(host_flags));
	if (ret)
		return ret;
	if (p.empty)
		return open_carried(&p, host_flags);
	if (p.host && shows_process(p.name, host_flags)) {
		ret = proc_file_open(t, p.name, host_flags);
		if (ret != -ENOENT)
			return ret;
	}
	return guest_blocking_syscall(t, __NR_openat, (u64)fd_to_host(t, dirfd), (u64)p.host, host_flags, mode, 0, 0);
}

long sys_open(struct thread *t, gaddr path, u32 flags, u32 mode)
{
	return open_at(t, AT_FDCWD, path, flags, mode);
}

long sys_openat(struct thread *t, s32 dirfd, gaddr path, u32 flags, u32 mode)
{
	return open_at(t, dirfd, path, flags, mode);
}

long sys_creat(struct thread *t, gaddr path, u32 mode)
{
	return open_at(t, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* The structure may grow: what we do not know must be zero, and is handed on for the kernel to judge. */
long sys_openat2(struct thread *t, s32 dirfd, gaddr path, gaddr how, u32 size)
{
	u64 words[16] = {0};
	GUEST_PATH(p);
	long ret;

	if (size < 24)
		return -EINVAL;
	if (size > sizeof(words))
		return -E2BIG;
	ret = copy_in(words, how, size);
	if (ret)
		return ret;
	/* Flags above bit 31 are an error the kernel must see. */
	words[0] = (words[0] & ~0xffffffffull) | open_flags_to_host((u32)words[0]);
	for (u32 i = 3; rooted_on() && i < ARRAY_LEN(words); i++)
		if (words[i])
			return -E2BIG;
	if (rooted_on() && !(words[2] & RESOLVE_SCOPED))
		return rooted_open_at(t, fd_to_host(t, dirfd), path, words, true);
	p.host = (const char *)ptr_to_host(path);
	ret = rooted_on() ? 0 : path_in(&p, dirfd, path, path_use((u32)words[0]));
	if (ret)
		return ret;
	return guest_blocking_syscall(t, __NR_openat2, (u64)fd_to_host(t, dirfd), (u64)p.host, (u64)words, size, 0, 0);
}

long sys_open_by_handle_at(struct thread *t, s32 dirfd, gaddr handle, u32 flags)
{
	return host_syscall3(__NR_open_by_handle_at, (u64)fd_to_host(t, dirfd), buf_in(handle, 8 + 128),
			     open_flags_to_host(flags));
}

/* The second argument is open flags for the descriptors that events carry. */
long sys_fanotify_init(struct thread *t, u32 flags, u32 event_flags)
{
	(void)t;
	return host_syscall2(__NR_fanotify_init, flags, open_flags_to_host(event_flags));
}
