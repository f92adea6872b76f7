/*
 * Which host file stands for an absolute guest path under -L; see sysroot.h. Symbolic links are followed inside the
 * sysroot by the kernel itself (openat2 with RESOLVE_IN_ROOT); where that is missing, or /proc is, only the last name is
 * looked at and links lead where the host has them.
 */
#include "sysroot.h"

#include <asm/stat.h>

#include "host.h"
#include "payload.h"
#include "string.h"
#include "thread.h"

enum { O_PATH = 010000000, O_CLOEXEC = 02000000, O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000 };

#define RESOLVE_IN_ROOT 0x10u
#define PATH_SIZE 4096

/* The host's for every guest: its own processes, devices, scratch files. */
static const char *const never_redirected[] = {"/proc", "/sys", "/dev", "/tmp"};

struct open_how {
	u64 flags, mode, resolve;
};

static bool exists(const char *path)
{
	u64 stat[18]; /* struct stat; only whether it can be filled matters */

	return !host_syscall4(__NR_newfstatat, (u64)AT_FDCWD, (u64)path, (u64)stat, AT_SYMLINK_NOFOLLOW);
}

/* Is path the folder itself, or something in it? */
static bool is_in(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	while (n && folder[n - 1] == '/')
		n--;
	return n && !strncmp(path, folder, n) && (!path[n] || path[n] == '/');
}

/* The working folder's own files stay what they are, also when the guest names them from the root on. */
static bool is_working_file(const char *path)
{
	char cwd[PATH_SIZE];
	long n = host_syscall2(__NR_getcwd, (u64)cwd, sizeof(cwd));

	return n > 1 && cwd[0] == '/' && is_in(path, cwd) && exists(path);
}

static long root_fd(void)
{
	long fd = group_self()->own_fds[OWN_FD_SYSROOT];

	if (fd >= 0)
		return fd;
	fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)process.opt.sysroot, O_PATH | O_CLOEXEC | O_DIRECTORY, 0);
	return fd < 0 ? fd : fd_adopt(OWN_FD_SYSROOT, (int)fd);
}

/* Name of what is open as fd. Length, or 0 where it has none or does not fit. */
static long name_of_fd(long fd, char *buf, size_t size)
{
	long n = fd_path(fd, buf, size);

	return n <= 0 || n == (long)size - 1 || buf[0] != '/' ? 0 : n;
}

/* Without help: the name is put behind the sysroot's. */
static bool join(const char *path, char *buf, size_t size)
{
	struct text b = text_begin(buf, size);

	text_str(&b, process.opt.sysroot);
	text_str(&b, path);
	return b.at < b.end && exists(buf);
}

static bool resolve(const char *path, char *buf, size_t size, bool follow)
{
	struct open_how how = {O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW), 0, RESOLVE_IN_ROOT};
	long root = root_fd(), fd, n;

	if (root < 0)
		return join(path, buf, size);
	do {
		fd = host_syscall4(__NR_openat2, (u64)root, (u64)path, (u64)&how, sizeof(how));
	} while (fd == -EAGAIN); /* something was renamed meanwhile */
	if (fd == -ENOSYS || fd == -EPERM)
		return join(path, buf, size);
	if (fd < 0)
		return false;
	n = name_of_fd(fd, buf, size);
	host_syscall1(__NR_close, (u64)fd);
	return n ? true : join(path, buf, size);
}

/*
 * Systems with and without merged /usr: the other name of a program or library, which the guest may have found on the
 * host. NULL: it has only one.
 */
static const char *other_name(const char *path, char *buf, size_t size)
{
	static const char *const folders[] = {"/usr/bin", "/usr/sbin", "/usr/lib"};
	struct text b = text_begin(buf, size);

	for (u32 i = 0; i < ARRAY_LEN(folders); i++) {
		if (is_in(path, folders[i]))
			return path + strlen("/usr");
		if (is_in(path, folders[i] + strlen("/usr"))) {
			text_str(&b, "/usr");
			text_str(&b, path);
			return buf;
		}
	}
	return NULL;
}

static bool resolve_either(const char *path, char *buf, size_t size, bool follow)
{
	char name[PATH_SIZE];
	const char *other;

	if (resolve(path, buf, size, follow))
		return true;
	other = other_name(path, name, sizeof(name));
	return other && resolve(other, buf, size, follow);
}

static const char *find(const char *path, char *buf, size_t size, bool follow)
{
	const char *inside = path;

	if (!process.opt.sysroot || path[0] != '/')
		return path;
	if (is_in(path, process.opt.sysroot)) { /* as a program that asks where it is would say it */
		inside = path + strlen(process.opt.sysroot);
		while (inside > path && inside[-1] == '/')
			inside--;
		return *inside && resolve(inside, buf, size, follow) ? buf : path;
	}
	for (u32 i = 0; i < ARRAY_LEN(never_redirected); i++)
		if (is_in(path, never_redirected[i]))
			return path;
	return resolve_either(path, buf, size, follow) && !is_working_file(path) ? buf : path;
}

const char *sysroot_path(const char *path, char *buf, size_t size)
{
	s32 carried = payload_find(path);

	if (carried >= 0 && !payload_path((u32)carried, buf, size))
		return buf;
	return find(path, buf, size, true);
}

const char *sysroot_link(const char *path, char *buf, size_t size)
{
	return find(path, buf, size, false);
}

/* Where /lib is a link to usr/lib, folder/usr holds what folder holds, and is no root. */
static bool is_merged_usr(const char *folder, const char *interp)
{
	const char *last = strrchr(folder, '/');
	char here[PATH_SIZE], above[PATH_SIZE];
	struct text b = text_begin(here, sizeof(here));
	struct stat a, c;

	text_str(&b, folder);
	text_str(&b, interp);
	b = text_begin(above, sizeof(above));
	for (const char *p = folder; p < last; p++)
		text_char(&b, *p);
	text_str(&b, interp);
	return !host_syscall4(__NR_newfstatat, (u64)AT_FDCWD, (u64)here, (u64)&a, 0) &&
	       !host_syscall4(__NR_newfstatat, (u64)AT_FDCWD, (u64)above, (u64)&c, 0) && a.st_dev == c.st_dev &&
	       a.st_ino == c.st_ino;
}

bool sysroot_above(int fd, const char *interp, char *buf, size_t size)
{
	char name[PATH_SIZE];
	long n = name_of_fd(fd, buf, size);

	while (n > 0) {
		struct text b = text_begin(name, sizeof(name));

		while (n > 0 && buf[n - 1] != '/')
			n--;
		while (n > 0 && buf[n - 1] == '/')
			n--;
		if (!n)
			break; /* the host's own root redirects nothing */
		buf[n] = 0;
		text_str(&b, buf);
		text_str(&b, interp);
		if (b.at < b.end && exists(name) && !is_merged_usr(buf, interp))
			return true;
	}
	return false;
}

const char *sysroot_loader(int fd, const char *interp, char *buf, size_t size)
{
	struct text b;

	if (process.opt.sysroot || !sysroot_above(fd, interp, buf, size))
		return sysroot_path(interp, buf, size);
	b = text_begin(buf + strlen(buf), size - strlen(buf));
	text_str(&b, interp);
	return buf;
}
