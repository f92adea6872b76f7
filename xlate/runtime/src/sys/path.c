/*
 * Path arguments: read once, then given to the host under the name that shows the guest its own world. Under -L only what
 * is read is mapped; calls that create, change or remove names pass the guest's pointer on. In a root whose paths are
 * translated (rooted.h) all are.
 */
#include "sys/proc_files.h"
#include "sys/sys.h"

#include "payload.h"
#include "sysroot.h"

/*
 * A file that we carry, as a descriptor of ours: most calls take that, and the others what /proc calls it. A link it is
 * never. -ENOENT: another one is meant.
 */
static long carried_in(struct guest_path *p, int use)
{
	s32 file = !(use & PATH_NOFOLLOW) && proc_is_own_exe(p->name) ? process.exe_carried : -1;
	long fd;

	if (file < 0 && !(use & PATH_WRITTEN))
		file = payload_find(p->name);
	if (file < 0)
		return -ENOENT;
	fd = payload_file((u32)file);
	if (fd < 0)
		return fd;
	p->host = p->mapped;
	p->dirfd = fd;
	p->in_it = "";
	p->empty = AT_EMPTY_PATH;
	return payload_path((u32)file, p->mapped, sizeof(p->mapped));
}

/* A folder that is only there because of the files that we carry: some folder, to those who ask for its status. */
static void folder_in(struct guest_path *p)
{
	u64 stat[18];

	if (payload_has_folder(p->name) &&
	    host_syscall4(__NR_newfstatat, (u64)AT_FDCWD, (u64)p->host, (u64)stat, 0) == -ENOENT)
		p->host = p->in_it = "/";
}

/* The program that a link of /proc stands for, where that is a guest: a host path. NULL: it is no such link. */
static const char *exe_link(struct guest_path *p)
{
	if (process.exe_path && proc_is_own_exe(p->name))
		return process.exe_path;
	return proc_other_exe(p->name, p->mapped, sizeof(p->mapped)) ? p->mapped : NULL;
}

const char *rooted_meant(struct guest_path *p, int use)
{
	const char *exe = use & PATH_NOFOLLOW ? NULL : exe_link(p);

	if (!exe)
		return p->name;
	memmove(p->mapped, exe, strlen(exe) + 1);
	rooted_name(p->mapped, sizeof(p->mapped));
	return p->mapped;
}

static long rooted_in(struct guest_path *p, s64 dirfd, int use)
{
	long err = rooted_path(dirfd, rooted_meant(p, use), use, &p->rooted);

	if (err)
		return err;
	p->host = p->rooted.text;
	p->empty = p->rooted.follow && !p->rooted.magic ? AT_EMPTY_PATH : 0;
	p->dirfd = p->rooted.at;
	p->in_it = p->empty ? "" : p->host + p->rooted.last;
	return 0;
}

long path_in(struct guest_path *p, s64 dirfd, gaddr path, int use)
{
	s64 len;

	p->host = p->in_it = NULL;
	p->dirfd = dirfd;
	p->empty = 0;
	if (!path.va)
		return 0; /* the kernel knows which calls allow it */
	len = copy_in_string(p->name, path, sizeof(p->name));
	if (len < 0)
		return len;
	ids_in_path(p->name);
	if (rooted_on())
		return rooted_in(p, dirfd, use);
	if (payload_files()) {
		long err = carried_in(p, use);

		if (err != -ENOENT)
			return err;
	}
	if (!(use & PATH_NOFOLLOW) && process.exe_path && proc_is_own_exe(p->name))
		p->host = process.exe_path;
	else if (!(use & PATH_NOFOLLOW) && proc_other_exe(p->name, p->mapped, sizeof(p->mapped)))
		p->host = p->mapped;
	else if (use & PATH_WRITTEN)
		p->host = p->name;
	else if (use & PATH_NOFOLLOW)
		p->host = sysroot_link(p->name, p->mapped, sizeof(p->mapped));
	else
		p->host = sysroot_path(p->name, p->mapped, sizeof(p->mapped));
	p->in_it = p->host;
	if (payload_files() && (use & PATH_STATUS))
		folder_in(p);
	return 0;
}

/* A host path as a link's text, by the name it has in the root. */
static long text_out(char *path, gaddr buf, u32 size)
{
	u64 len;

	if ((s32)size <= 0)
		return -EINVAL;
	if (rooted_on())
		rooted_name(path, PATH_MAX);
	len = strlen(path);
	if (len > size)
		len = size;
	return copy_out(buf, path, len) ? -EFAULT : (long)len;
}

/* Links of /proc name what the host has; others say what was written into them. */
static long rooted_readlink(struct guest_path *p, s64 dirfd, gaddr buf, u32 size)
{
	long n = p->empty ? -EINVAL : /* a folder */
		 host_syscall4(__NR_readlinkat, (u64)p->dirfd, (u64)p->in_it, (u64)p->mapped, sizeof(p->mapped) - 1);

	if (n < 0)
		return n;
	p->mapped[n] = 0;
	if (p->mapped[0] == '/' && rooted_in_proc(p->rooted.pin >= 0 ? p->rooted.pin : dirfd))
		return text_out(p->mapped, buf, size);
	if ((s32)size <= 0)
		return -EINVAL;
	if (n > (s32)size)
		n = (s32)size;
	return copy_out(buf, p->mapped, (u64)n) ? -EFAULT : n;
}

/* A name the guest wants to read out: the link itself, with its text made the guest's when it is /proc/self/exe. */
static long readlink_at(s64 dirfd, gaddr path, gaddr buf, u32 size)
{
	GUEST_PATH(p);
	long err = path_in(&p, dirfd, path, PATH_NOFOLLOW);
	const char *exe;

	if (err)
		return err;
	exe = p.host ? exe_link(&p) : NULL;
	if (p.empty && !rooted_on())
		return -EINVAL;
	if (exe) {
		memmove(p.mapped, exe, strlen(exe) + 1);
		return text_out(p.mapped, buf, size);
	}
	if (rooted_on() && p.host)
		return rooted_readlink(&p, dirfd, buf, size);
	return host_syscall4(__NR_readlinkat, (u64)dirfd, (u64)p.host, buf_out(buf, at_most(size, PATH_MAX)), (u64)(s32)size);
}

long sys_readlink(struct thread *t, gaddr path, gaddr buf, u32 size)
{
	(void)t;
	return readlink_at(AT_FDCWD, path, buf, size);
}

long sys_readlinkat(struct thread *t, s32 dirfd, gaddr path, gaddr buf, u32 size)
{
	return readlink_at(fd_to_host(t, dirfd), path, buf, size);
}

/* access(2) and faccessat(2) have no flags; x86-64 has both as well, and faccessat2 for the third. */
static long access_at(s64 dirfd, gaddr path, u32 mode)
{
	GUEST_PATH(p);
	long err = path_in(&p, dirfd, path, PATH_FOLLOW);

	if (!err && p.empty)
		err = host_syscall4(__NR_faccessat2, (u64)p.dirfd, (u64)p.in_it, mode, p.empty);
	else if (!err)
		return host_syscall3(__NR_faccessat, (u64)p.dirfd, (u64)p.in_it, mode);
	if (p.empty && (err == -ENOSYS || err == -EPERM)) /* an old kernel, or a filter */
		return host_syscall3(__NR_faccessat, (u64)dirfd, (u64)p.host, mode);
	return err;
}

long sys_access(struct thread *t, gaddr path, u32 mode)
{
	(void)t;
	return access_at(AT_FDCWD, path, mode);
}

long sys_faccessat(struct thread *t, s32 dirfd, gaddr path, u32 mode)
{
	return access_at(fd_to_host(t, dirfd), path, mode);
}

long sys_faccessat2(struct thread *t, s32 dirfd, gaddr path, u32 mode, u32 flags)
{
	GUEST_PATH(p);
	long err = path_in(&p, fd_to_host(t, dirfd), path, flags & AT_SYMLINK_NOFOLLOW ? PATH_NOFOLLOW : PATH_FOLLOW);

	if (err)
		return err;
	return host_syscall4(__NR_faccessat2, (u64)p.dirfd, (u64)p.in_it, mode, flags | p.empty);
}
