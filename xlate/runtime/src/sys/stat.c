/*
 * File status. ARM has three shapes: stat (16-bit ids, 32-bit sizes, EOVERFLOW when they do not fit), stat64, and statx,
 * which is the host's own. File system status follows the same pattern.
 */
#include <asm/stat.h>
#include <asm/statfs.h>

#include "sys/sys.h"

/* glibc's old EABI builds pass the size with tail padding. */
#define STATFS64_PADDED 88u
/* AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT, AT_EMPTY_PATH, AT_STATX_SYNC_TYPE */
#define STATUS_FLAGS 0x7900

static long stat_out(gaddr a, const struct stat *st)
{
	struct guest_stat g = {0};

	if (st->st_size > 0x7fffffff || st->st_ino > 0xffffffff || st->st_nlink > 0xffff)
		return -EOVERFLOW;
	g.dev = (u32)st->st_dev;
	g.ino = (u32)st->st_ino;
	g.mode = (u16)st->st_mode;
	g.nlink = (u16)st->st_nlink;
	g.uid = id16_to_guest(st->st_uid);
	g.gid = id16_to_guest(st->st_gid);
	g.rdev = (u32)st->st_rdev;
	g.size = (u32)st->st_size;
	g.blksize = (u32)st->st_blksize;
	g.blocks = (u32)st->st_blocks;
	g.atime = (u32)st->st_atime;
	g.atime_nsec = (u32)st->st_atime_nsec;
	g.mtime = (u32)st->st_mtime;
	g.mtime_nsec = (u32)st->st_mtime_nsec;
	g.ctime = (u32)st->st_ctime;
	g.ctime_nsec = (u32)st->st_ctime_nsec;
	return copy_out(a, &g, sizeof(g));
}

static long stat64_out(gaddr a, const struct stat *st)
{
	struct guest_stat64 g = {0};

	g.dev = st->st_dev;
	g.ino32 = (u32)st->st_ino;
	g.mode = st->st_mode;
	g.nlink = (u32)st->st_nlink;
	g.uid = st->st_uid;
	g.gid = st->st_gid;
	g.rdev = st->st_rdev;
	g.size = st->st_size;
	g.blksize = (u32)st->st_blksize;
	g.blocks = (u64)st->st_blocks;
	g.atime = (u32)st->st_atime;
	g.atime_nsec = (u32)st->st_atime_nsec;
	g.mtime = (u32)st->st_mtime;
	g.mtime_nsec = (u32)st->st_mtime_nsec;
	g.ctime = (u32)st->st_ctime;
	g.ctime_nsec = (u32)st->st_ctime_nsec;
	g.ino = st->st_ino;
	return copy_out(a, &g, sizeof(g));
}

/* Some kernels look at no flags when a descriptor is asked: where there are wrong ones they get a path. */
static void show_flags(struct guest_path *p, u32 flags)
{
	if (!p->empty || !(flags & ~(u32)STATUS_FLAGS))
		return;
	p->in_it = p->host;
	p->empty = 0;
}

static int status_use(u32 flags)
{
	return PATH_STATUS | (flags & AT_SYMLINK_NOFOLLOW ? PATH_NOFOLLOW : PATH_FOLLOW);
}

typedef long stat_writer(gaddr a, const struct stat *st);

static long stat_path(struct thread *t, s32 dirfd, gaddr path, gaddr out, u32 flags, stat_writer *writer)
{
	GUEST_PATH(p);
	struct stat st;
	long err = path_in(&p, fd_to_host(t, dirfd), path, status_use(flags));

	show_flags(&p, flags);
	if (!err)
		err = host_syscall4(__NR_newfstatat, (u64)p.dirfd, (u64)p.in_it, (u64)&st, flags | p.empty);
	return err ? err : writer(out, &st);
}

static long stat_fd(struct thread *t, s32 fd, gaddr out, stat_writer *writer)
{
	struct stat st;
	long err = host_syscall2(__NR_fstat, (u64)fd_to_host(t, fd), (u64)&st);

	return err ? err : writer(out, &st);
}

long sys_stat(struct thread *t, gaddr path, gaddr out)
{
	return stat_path(t, AT_FDCWD, path, out, 0, stat_out);
}

long sys_lstat(struct thread *t, gaddr path, gaddr out)
{
	return stat_path(t, AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW, stat_out);
}

long sys_fstat(struct thread *t, s32 fd, gaddr out)
{
	return stat_fd(t, fd, out, stat_out);
}

long sys_stat64(struct thread *t, gaddr path, gaddr out)
{
	return stat_path(t, AT_FDCWD, path, out, 0, stat64_out);
}

long sys_lstat64(struct thread *t, gaddr path, gaddr out)
{
	return stat_path(t, AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW, stat64_out);
}

long sys_fstat64(struct thread *t, s32 fd, gaddr out)
{
	return stat_fd(t, fd, out, stat64_out);
}

long sys_fstatat64(struct thread *t, s32 dirfd, gaddr path, gaddr out, u32 flags)
{
	return stat_path(t, dirfd, path, out, flags, stat64_out);
}

long sys_statx(struct thread *t, s32 dirfd, gaddr path, u32 flags, u32 mask, gaddr out)
{
	GUEST_PATH(p);
	long err = path_in(&p, fd_to_host(t, dirfd), path, status_use(flags));

	if (err)
		return err;
	show_flags(&p, flags);
	return host_syscall5(__NR_statx, (u64)p.dirfd, (u64)p.in_it, flags | p.empty, mask, buf_out(out, 256));
}

static bool fits32(u64 v)
{
	return v <= 0xffffffff;
}

/* Counts of files may be "unknown", all ones, which stays that. */
static bool count_fits32(u64 v)
{
	return v == ~0ull || fits32(v);
}

static long statfs_out(gaddr a, const struct statfs *st)
{
	struct guest_statfs g = {0};

	if (!fits32((u64)st->f_blocks | (u64)st->f_bfree | (u64)st->f_bavail | (u64)st->f_bsize | (u64)st->f_frsize))
		return -EOVERFLOW;
	if (!count_fits32((u64)st->f_files) || !count_fits32((u64)st->f_ffree))
		return -EOVERFLOW;
	g.type = (u32)st->f_type;
	g.bsize = (u32)st->f_bsize;
	g.blocks = (u32)st->f_blocks;
	g.bfree = (u32)st->f_bfree;
	g.bavail = (u32)st->f_bavail;
	g.files = (u32)st->f_files;
	g.ffree = (u32)st->f_ffree;
	memcpy(g.fsid, &st->f_fsid, sizeof(g.fsid));
	g.namelen = (u32)st->f_namelen;
	g.frsize = (u32)st->f_frsize;
	g.flags = (u32)st->f_flags;
	return copy_out(a, &g, sizeof(g));
}

static long statfs64_out(gaddr a, const struct statfs *st)
{
	struct guest_statfs64 g = {0};

	g.type = (u32)st->f_type;
	g.bsize = (u32)st->f_bsize;
	g.blocks = (u64)st->f_blocks;
	g.bfree = (u64)st->f_bfree;
	g.bavail = (u64)st->f_bavail;
	g.files = (u64)st->f_files;
	g.ffree = (u64)st->f_ffree;
	memcpy(g.fsid, &st->f_fsid, sizeof(g.fsid));
	g.namelen = (u32)st->f_namelen;
	g.frsize = (u32)st->f_frsize;
	g.flags = (u32)st->f_flags;
	return copy_out(a, &g, sizeof(g));
}

static long statfs_path(gaddr path, struct statfs *st)
{
	GUEST_PATH(p);
	long err = path_in(&p, AT_FDCWD, path, PATH_FOLLOW);

	return err ? err : host_syscall2(__NR_statfs, (u64)p.host, (u64)st);
}

long sys_statfs(struct thread *t, gaddr path, gaddr out)
{
	struct statfs st;
	long err = statfs_path(path, &st);

	(void)t;
	return err ? err : statfs_out(out, &st);
}

long sys_fstatfs(struct thread *t, s32 fd, gaddr out)
{
	struct statfs st;
	long err = host_syscall2(__NR_fstatfs, (u64)fd_to_host(t, fd), (u64)&st);

	return err ? err : statfs_out(out, &st);
}

static bool statfs64_size_ok(u32 size)
{
	return size == sizeof(struct guest_statfs64) || size == STATFS64_PADDED;
}

long sys_statfs64(struct thread *t, gaddr path, u32 size, gaddr out)
{
	struct statfs st;
	long err;

	(void)t;
	if (!statfs64_size_ok(size))
		return -EINVAL;
	err = statfs_path(path, &st);
	return err ? err : statfs64_out(out, &st);
}

long sys_fstatfs64(struct thread *t, s32 fd, u32 size, gaddr out)
{
	struct statfs st;
	long err;

	if (!statfs64_size_ok(size))
		return -EINVAL;
	err = host_syscall2(__NR_fstatfs, (u64)fd_to_host(t, fd), (u64)&st);
	return err ? err : statfs64_out(out, &st);
}
