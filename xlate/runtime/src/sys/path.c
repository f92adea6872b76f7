/*
 * Path arguments: read once, then given to the host under the name that shows the guest its own world. Only what is read
 * is mapped; calls that create, change or remove names pass the guest's pointer on.
 */
#include "sys/proc_files.h"
#include "sys/sys.h"

#include "sysroot.h"

long path_in(struct guest_path *p, gaddr path, int use)
{
	s64 len;

	p->host = NULL;
	if (!path.va)
		return 0; /* the kernel knows which calls allow it */
	len = copy_in_string(p->name, path, sizeof(p->name));
	if (len < 0)
		return len;
	ids_in_path(p->name);
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
	return 0;
}

/* The program that a link of /proc stands for, where that is a guest. NULL: it is no such link. */
static const char *exe_link(struct guest_path *p)
{
	if (process.exe_path && proc_is_own_exe(p->name))
		return process.exe_path;
	return proc_other_exe(p->name, p->mapped, sizeof(p->mapped)) ? p->mapped : NULL;
}

/* A name the guest wants to read out: the link itself, with its text made the guest's when it is /proc/self/exe. */
static long readlink_at(s64 dirfd, gaddr path, gaddr buf, u32 size)
{
	struct guest_path p;
	long err = path_in(&p, path, PATH_NOFOLLOW);
	const char *exe;

	if (err)
		return err;
	exe = p.host ? exe_link(&p) : NULL;
	if (exe) {
		u64 len = strlen(exe);

		if ((s32)size <= 0)
			return -EINVAL;
		if (len > size)
			len = size;
		err = copy_out(buf, exe, len);
		return err ? err : (long)len;
	}
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
	struct guest_path p;
	long err = path_in(&p, path, PATH_FOLLOW);

	return err ? err : host_syscall3(__NR_faccessat, (u64)dirfd, (u64)p.host, mode);
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
	struct guest_path p;
	long err = path_in(&p, path, flags & AT_SYMLINK_NOFOLLOW ? PATH_NOFOLLOW : PATH_FOLLOW);

	if (err)
		return err;
	return host_syscall4(__NR_faccessat2, (u64)fd_to_host(t, dirfd), (u64)p.host, mode, flags);
}
