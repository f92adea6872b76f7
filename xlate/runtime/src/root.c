/*
 * --root DIR: DIR becomes the root folder of this process, and so of every program it starts. With privileges a mount
 * namespace of our own is enough; without them a user namespace comes with it, in which the user stays who he is and has
 * no capability. The host's /proc, /sys, /dev and /tmp are bound to the folders of these names below DIR, which are made
 * where they are missing; then DIR is the root and the host's tree is gone from sight. Where namespaces are refused but
 * chroot is allowed, DIR is entered without them.
 *
 * Whatever of the host's is needed later is opened before: xlate-run itself, the trace, statistics (main.c), the store
 * and -p. Paths are not translated one by one: a system call that takes paths we do not know of would then
 * leave the root.
 */
#include "root.h"

#include <asm/stat.h>

#include "fatal.h"
#include "host.h"
#include "store.h"
#include "string.h"
#include "thread.h"
#include "trace.h"

enum {
	O_WRONLY = 1,
	O_CLOEXEC = 02000000,
	CLONE_NEWNS = 0x00020000,
	CLONE_NEWUSER = 0x10000000,
	MS_BIND = 0x1000,
	MS_REC = 0x4000,
	MS_PRIVATE = 0x40000,
	MNT_DETACH = 2,
	S_IFMT = 0170000,
	S_IFDIR = 0040000,
	CAPABILITY_VERSION_3 = 0x20080522,
};

#define PATH_SIZE 4096

static const char *const BOUND[] = {"/proc", "/sys", "/dev", "/tmp"};

static bool is_folder(const char *path, struct stat *st, int flags)
{
	return !host_syscall4(__NR_newfstatat, (u64)AT_FDCWD, (u64)path, (u64)st, (u64)flags) &&
	       (st->st_mode & S_IFMT) == S_IFDIR;
}

static long write_file(const char *path, const char *text)
{
	long fd = host_syscall3(__NR_open, (u64)path, O_WRONLY | O_CLOEXEC, 0);
	long ret;

	if (fd < 0)
		return fd;
	ret = host_syscall3(__NR_write, (u64)fd, (u64)text, strlen(text));
	host_syscall1(__NR_close, (u64)fd);
	return ret < 0 ? ret : 0;
}

/* "id id 1": who we are here we are there. */
static long map_id(const char *path, u64 id)
{
	char line[64];
	struct text b = text_begin(line, sizeof(line));

	text_u64(&b, id);
	text_char(&b, ' ');
	text_u64(&b, id);
	text_str(&b, " 1\n");
	return write_file(path, line);
}

static long user_namespace(void)
{
	u64 uid = (u64)host_syscall0(__NR_geteuid), gid = (u64)host_syscall0(__NR_getegid);
	long err = host_syscall1(__NR_unshare, CLONE_NEWUSER | CLONE_NEWNS);

	if (err)
		return err;
	write_file("/proc/self/setgroups", "deny"); /* missing on old kernels, which do not ask for it */
	err = map_id("/proc/self/uid_map", uid);
	return err ? err : map_id("/proc/self/gid_map", gid);
}

/* In a namespace of one's own one has every capability: the guest shall be the ordinary user that it is. */
static void drop_capabilities(void)
{
	u32 header[2] = {CAPABILITY_VERSION_3, 0}, none[6] = {0};

	if (host_syscall0(__NR_geteuid))
		host_syscall2(__NR_capset, (u64)header, (u64)none);
}

static void bind_host_folder(const char *dir, const char *name)
{
	char target[PATH_SIZE];
	struct text b = text_begin(target, sizeof(target));
	struct stat st;

	text_str(&b, dir);
	text_str(&b, name);
	if (!is_folder(name, &st, 0))
		return;
	if (!is_folder(target, &st, AT_SYMLINK_NOFOLLOW)) {
		host_syscall2(__NR_mkdir, (u64)target, 0755);
		if (!is_folder(target, &st, AT_SYMLINK_NOFOLLOW))
			return;
	}
	if (host_syscall5(__NR_mount, (u64)name, (u64)target, 0, MS_BIND | MS_REC, 0) && trace_is_on())
		trace_note(name, "cannot be bound below the root");
}

/* DIR a mount of its own, the host's folders below it, then in place of the root. */
static long mount_root(const char *dir)
{
	long err = host_syscall5(__NR_mount, (u64) "none", (u64) "/", 0, MS_REC | MS_PRIVATE, 0);

	if (!err)
		err = host_syscall5(__NR_mount, (u64)dir, (u64)dir, 0, MS_BIND | MS_REC, 0);
	if (err)
		return err;
	for (u32 i = 0; i < ARRAY_LEN(BOUND); i++)
		bind_host_folder(dir, BOUND[i]);
	err = host_syscall1(__NR_chdir, (u64)dir);
	if (err)
		return err;
	if (!host_syscall2(__NR_pivot_root, (u64) ".", (u64) "."))
		return host_syscall2(__NR_umount2, (u64) ".", MNT_DETACH);
	return host_syscall1(__NR_chroot, (u64) "."); /* the host's root is no mount: an initial ram disk */
}

/* The working folder as it is called below the new root; the root itself for one that is not there. */
static void inner_folder(const char *dir, char *cwd)
{
	char path[PATH_SIZE];
	size_t n = strlen(dir);
	const char *inner = "/";

	if (host_syscall2(__NR_getcwd, (u64)path, sizeof(path)) <= 0)
		path[0] = 0;
	if (!strncmp(path, dir, n) && path[n] == '/')
		inner = path + n;
	for (u32 i = 0; i < ARRAY_LEN(BOUND); i++)
		if (str_starts(path, BOUND[i]) && (!path[strlen(BOUND[i])] || path[strlen(BOUND[i])] == '/') &&
		    strncmp(path, dir, n))
			inner = path;
	memcpy(cwd, inner, strlen(inner) + 1);
}

static const char *enter(const char *dir)
{
	const char *how = "a mount namespace";
	long err = host_syscall1(__NR_unshare, CLONE_NEWNS);
	bool own_user = err != 0;

	if (own_user) {
		how = "a user and a mount namespace";
		err = user_namespace();
	}
	if (!err)
		err = mount_root(dir);
	if (err) {
		how = "chroot alone, without the host's /proc, /sys, /dev and /tmp";
		if (host_syscall1(__NR_chroot, (u64)dir))
			refuse(EXIT_OWN_FAILURE, dir, "cannot become the root: no namespaces here, and chroot needs root",
			       error_text(-err), "-L DIR, which only looks files up there first");
	}
	if (own_user)
		drop_capabilities();
	return how;
}

/* The folder without links in its path, so that working folders can be told to be below it. */
static void real_path(const char *dir, char *path)
{
	long fd = host_syscall3(__NR_open, (u64)dir, 010000000 /* O_PATH */ | O_CLOEXEC, 0);

	if (fd_path(fd, path, PATH_SIZE) <= 0)
		memcpy(path, dir, strlen(dir) + 1);
	host_syscall1(__NR_close, (u64)fd);
}

static void hold_package(const char *path)
{
	static char above[PATH_SIZE];
	const char *slash = strrchr(path, '/'); /* options.c made it absolute */
	long fd = store_open_path(path);

	process.opt.package_held = ".";
	if (fd == -ENOTDIR && slash && (u64)(slash - path) < sizeof(above)) {
		memcpy(above, path, (u64)(slash - path));
		fd = store_open_path(slash == path ? "/" : above);
		process.opt.package_held = slash + 1;
	}
	if (fd >= 0)
		fd_adopt(OWN_FD_PACKAGE, (int)fd);
}

/* Both folders are opened now: a process in another root cannot find them by name. */
static void hold_store(void)
{
	long fd = store_root(true);

	if (fd >= 0)
		fd_adopt(OWN_FD_STORE, (int)fd);
	else
		process.opt.store = NULL; /* the name would mean another folder there */
	if (process.opt.package)
		hold_package(process.opt.package);
	process.opt.package = NULL;
}

void root_enter(void)
{
	static char dir[PATH_SIZE], cwd[PATH_SIZE];
	struct stat wanted, now;
	const char *how;

	if (!process.opt.root)
		return;
	if (!is_folder(process.opt.root, &wanted, 0))
		refuse(EXIT_NOT_FOUND, process.opt.root, "cannot become the root", "no such directory", "another --root");
	if (is_folder("/", &now, 0) && now.st_dev == wanted.st_dev && now.st_ino == wanted.st_ino)
		return;
	hold_store();
	real_path(process.opt.root, dir);
	inner_folder(dir, cwd);
	how = enter(dir);
	process.opt.sysroot = NULL; /* everything is looked up there now */
	if (host_syscall1(__NR_chdir, (u64)cwd))
		host_syscall1(__NR_chdir, (u64) "/");
	if (trace_is_on())
		trace_note("--root entered by", how);
}
