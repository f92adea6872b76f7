/*
 * --root DIR: DIR becomes the root folder of this process, and so of every program it starts. With privileges a mount
 * namespace of our own is enough; without them a user namespace comes with it, in which the user stays who he is and has
 * no capability. The host's /proc, /sys, /dev and /tmp are bound to the folders of these names below DIR, which are made
 * where they are missing; then DIR is the root and the host's tree is gone from sight. Where namespaces are refused the
 * paths of each system call are translated (rooted.c). chroot alone, which binds nothing, is for who asks for it.
 *
 * Whatever of the host's is needed later is opened before: xlate-run itself, the trace, statistics (main.c), the store
 * and -p.
 */
#include "root.h"

#include <asm/stat.h>

#include "fatal.h"
#include "host.h"
#include "rooted.h"
#include "stats.h"
#include "store.h"
#include "string.h"
#include "thread.h"
#include "trace.h"

enum {
	O_WRONLY = 1,
	O_CLOEXEC = 02000000,
	O_PATH = 010000000,
	O_DIRECTORY = 0200000,
	F_SETFD = 2,
	FD_CLOEXEC = 1,
	WAIT_ALL = 0x40000000,
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

	text_str(&b, dir);
	text_str(&b, name);
	if (host_syscall5(__NR_mount, (u64)name, (u64)target, 0, MS_BIND | MS_REC, 0) && trace_is_on())
		trace_note(name, "cannot be bound below the root");
}

/* DIR a mount of its own, the host's folders below it, then in place of the root. */
static long mount_root(const char *dir)
{
	u32 bound;
	long err = host_syscall5(__NR_mount, (u64) "none", (u64) "/", 0, MS_REC | MS_PRIVATE, 0);

	if (!err)
		err = host_syscall5(__NR_mount, (u64)dir, (u64)dir, 0, MS_BIND | MS_REC, 0);
	if (err)
		return err;
	bound = rooted_bind(dir);
	for (u32 i = 0; i < BOUND_COUNT; i++)
		if (bound & 1u << i)
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
	for (u32 i = 0; i < BOUND_COUNT; i++)
		if (str_starts(path, BOUND[i]) && (!path[strlen(BOUND[i])] || path[strlen(BOUND[i])] == '/') &&
		    strncmp(path, dir, n))
			inner = path;
	memcpy(cwd, inner, strlen(inner) + 1);
}

/*
 * Would a user namespace with mounts of its own be given? One that is half made cannot be left: a child tries it, whose
 * end sends no signal, which the guest could inherit.
 */
static bool namespace_is_given(void)
{
	s32 status = -1;
	long pid = host_syscall5(__NR_clone, 0, 0, 0, 0, 0);

	if (!pid) {
		bool fails = user_namespace() ||
			     host_syscall5(__NR_mount, (u64) "none", (u64) "/", 0, MS_REC | MS_PRIVATE, 0);

		for (;;)
			host_syscall1(__NR_exit_group, fails);
	}
	return pid > 0 && host_syscall4(__NR_wait4, (u64)pid, (u64)&status, WAIT_ALL, 0) == pid && !status;
}

static const char *enter_namespace(const char *dir, long *err)
{
	bool own_user;

	*err = host_syscall1(__NR_unshare, CLONE_NEWNS);
	own_user = *err && namespace_is_given();
	if (own_user)
		*err = user_namespace();
	if (!*err)
		*err = mount_root(dir);
	if (own_user && !*err)
		drop_capabilities();
	return own_user ? "a user and a mount namespace" : "a mount namespace";
}

static const char *enter_chroot(const char *dir, long *err)
{
	*err = host_syscall1(__NR_chroot, (u64)dir);
	return "chroot alone, without the host's /proc, /sys, /dev and /tmp";
}

static const char *enter_paths(const char *dir, long *err)
{
	u32 bound = rooted_bind(dir);
	long fd = host_syscall3(__NR_open, (u64)dir, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd >= 0)
		fd = fd_adopt(OWN_FD_ROOT, (int)fd);
	*err = fd < 0 ? fd : 0;
	if (!*err)
		rooted_start((int)fd, bound);
	return "path translation";
}

static const char *enter(const char *dir)
{
	static const char *(*const ways[ROOT_WAYS])(const char *, long *) = {
		[ROOT_BY_NAMESPACE] = enter_namespace, [ROOT_BY_CHROOT] = enter_chroot, [ROOT_BY_PATHS] = enter_paths,
	};
	const char *how = NULL;
	long err = -EPERM;

	for (u32 i = ROOT_AUTO + 1; err && i < ROOT_WAYS; i++)
		if (process.opt.root_by == ROOT_AUTO || process.opt.root_by == i)
			how = ways[i](dir, &err);
	if (err)
		refuse(EXIT_OWN_FAILURE, dir, "cannot become the root", error_text(-err), "--root-by paths");
	return how;
}

/* The folder without links in its path, so that working folders can be told to be below it. */
static void real_path(const char *dir, char *path)
{
	long fd = host_syscall3(__NR_open, (u64)dir, O_PATH | O_CLOEXEC, 0);

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

/* All folders are opened now: a process in another root cannot find them by name. */
static void hold_store(void)
{
	long fd = store_root(true), system = store_system();

	if (fd >= 0)
		fd_adopt(OWN_FD_STORE, (int)fd);
	else
		process.opt.store = NULL; /* the name would mean another folder there */
	if (system >= 0)
		fd_adopt(OWN_FD_SYSTEM, (int)system);
	else
		process.opt.system_store = NULL;
	if (process.opt.package)
		hold_package(process.opt.package);
	process.opt.package = NULL;
}

/* Executed by a guest whose paths are translated: ours are, too. */
static bool inherited(void)
{
	int fd = process.opt.inherited[INHERIT_ROOT];

	if (fd < 0)
		return false;
	host_syscall3(__NR_fcntl, (u64)fd, F_SETFD, FD_CLOEXEC);
	rooted_start(fd, (u32)process.opt.root_bound);
	return true;
}

static void enter_from(const char *given)
{
	static char dir[PATH_SIZE], cwd[PATH_SIZE];
	const char *how;

	real_path(given, dir);
	inner_folder(dir, cwd);
	hold_store();
	how = enter(dir);
	process.opt.sysroot = NULL; /* everything is looked up there now */
	if (rooted_on())
		rooted_chdir(cwd);
	else if (host_syscall1(__NR_chdir, (u64)cwd))
		host_syscall1(__NR_chdir, (u64) "/");
	if (trace_is_on())
		trace_note("--root entered by", how);
	stats_root(how);
}

void root_enter(void)
{
	struct stat wanted, now;

	if (inherited() || !process.opt.root)
		return;
	if (!is_folder(process.opt.root, &wanted, 0))
		refuse(EXIT_NOT_FOUND, process.opt.root, "cannot become the root", "no such directory", "another --root");
	if (!is_folder("/", &now, 0) || now.st_dev != wanted.st_dev || now.st_ino != wanted.st_ino)
		enter_from(process.opt.root);
}
