/*
 * The root of translated paths: which folder it is, which of the host's folders are in it, and what host paths are called
 * there. The folder is a descriptor, so its name may change; how paths are resolved is rooted_walk.c's.
 */
#include "rooted.h"

#include <asm/stat.h>
#include <asm/statfs.h>

#include "string.h"
#include "thread.h"
#include "world.h"

enum { O_PATH = 010000000, O_DIRECTORY = 0200000, O_CLOEXEC = 02000000, FILE_TYPE = 0170000, FILE_FOLDER = 0040000 };

#define PROC_SUPER_MAGIC 0x9fa0
#define PATH_SIZE 4096

bool rooted_is_on;

const char *const BOUND[BOUND_COUNT] = {"/proc", "/sys", "/dev", "/tmp"};

/* Its leader may have ended, or have other descriptors; kernels before 3.17 know only the leader's. */
#define OF_THREAD "/proc/thread-self/fd/"
static const char *descriptors = "/proc/self/fd/";

const char *rooted_descriptors(void)
{
	return descriptors;
}

/* The host's folders. They stay what they are while a program runs. */
static struct stat tops[BOUND_COUNT];

static bool is_folder(const char *path, int flags)
{
	struct stat st;

	return !host_syscall4(__NR_newfstatat, (u64)AT_FDCWD, (u64)path, (u64)&st, (u64)flags) &&
	       (st.st_mode & FILE_TYPE) == FILE_FOLDER;
}

u32 rooted_bind(const char *dir)
{
	u32 bound = 0;

	for (u32 i = 0; i < BOUND_COUNT; i++) {
		char place[PATH_SIZE];
		struct text b = text_begin(place, sizeof(place));

		text_str(&b, dir);
		text_str(&b, BOUND[i]);
		if (!is_folder(BOUND[i], 0))
			continue;
		if (!is_folder(place, AT_SYMLINK_NOFOLLOW))
			host_syscall2(__NR_mkdir, (u64)place, 0755);
		if (is_folder(place, AT_SYMLINK_NOFOLLOW))
			bound |= 1u << i;
	}
	return bound;
}

void rooted_start(int fd, u32 bound)
{
	struct group *g = group_self();

	g->own_fds[OWN_FD_ROOT] = fd;
	for (u32 i = 0; i < BOUND_COUNT; i++)
		if (bound & 1u << i && host_syscall2(__NR_stat, (u64)BOUND[i], (u64)&tops[i]))
			bound &= ~(1u << i);
	g->bound = bound;
	rooted_is_on = true;
	if (is_folder(OF_THREAD, 0))
		descriptors = OF_THREAD;
}

bool rooted_is_bound(u64 dev, u64 ino)
{
	for (u32 i = 0; i < BOUND_COUNT; i++)
		if (rooted_bound() & 1u << i && tops[i].st_ino == ino && tops[i].st_dev == dev)
			return true;
	return false;
}

u32 rooted_bound(void)
{
	return group_self()->bound;
}

bool rooted_in_proc(s64 folder)
{
	struct statfs st;
	long err = folder == AT_FDCWD ? host_syscall2(__NR_statfs, (u64) ".", (u64)&st)
				      : host_syscall2(__NR_fstatfs, (u64)folder, (u64)&st);

	return !err && st.f_type == PROC_SUPER_MAGIC;
}

/* Is path the folder itself, or something in it? */
static bool is_in(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return !strncmp(path, folder, n) && (!path[n] || path[n] == '/');
}

bool rooted_name(char *path, size_t size)
{
	char root[PATH_SIZE];
	long n = fd_path(group_self()->own_fds[OWN_FD_ROOT], root, sizeof(root));

	if (n > 1 && is_in(path, root)) {
		size_t left = strlen(path + n);

		memmove(path, path + n, left + 1);
		if (!left && size > 1)
			memcpy(path, "/", 2);
		return true;
	}
	for (u32 i = 0; i < BOUND_COUNT; i++)
		if (rooted_bound() & 1u << i && is_in(path, BOUND[i]))
			return true;
	return false;
}

/* A root within the root is what is in that folder, and nothing else: there is nothing mounted in it. */
long rooted_chroot(int fd)
{
	struct group *g = group_self();
	long ret;
	HOLD_LOCK;

	/* The number stays: another thread that is on its way through the old one must not find it closed, or another's. */
	ret = host_syscall3(__NR_dup3, (u64)fd, (u64)g->own_fds[OWN_FD_ROOT], O_CLOEXEC);
	host_syscall1(__NR_close, (u64)fd);
	if (ret < 0)
		return ret;
	g->bound = 0;
	return 0;
}

void rooted_chdir(const char *name)
{
	HOST_PATH(p);

	if (rooted_path(AT_FDCWD, name, PATH_FOLLOW, &p) || host_syscall1(__NR_chdir, (u64)p.text))
		host_syscall1(__NR_fchdir, (u64)group_self()->own_fds[OWN_FD_ROOT]);
}
