/*
 * Calls with paths in a root whose paths are translated (rooted.h): those that have no C function of their own, told by
 * the arguments their rows say are paths, opens, and the two calls that ask for or change the process's own folders.
 */
#include <asm/stat.h>

#include "sys/sys.h"

enum {
	O_CREAT = 0100,
	O_EXCL = 0200,
	O_DIRECTORY = 0200000,
	O_NOFOLLOW = 0400000,
	O_CLOEXEC = 02000000,
	O_PATH = 010000000,
	O_TMPFILE = 020200000,
	X_OK = 1,
	CAP_SYS_CHROOT = 18,
	CAPABILITY_VERSION_3 = 0x20080522,
};

/* What openat looks at, which ignores all else; openat2 refuses it. */
#define OPEN_FLAGS 037777703u
#define OPEN_FLAGS_OF_PATH (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* A link that comes up again each time the name is looked at. */
#define OPEN_TRIES 8

#define RESOLVE_NO_XDEV 0x01u

#define RESOLVE_NO_MAGICLINKS 0x02u
#define RESOLVE_NO_SYMLINKS 0x04u
#define RESOLVE_CACHED 0x20u
#define RESOLVE_LIMITS (RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)

struct open_how {
	u64 flags, mode, resolve;
};

/* --- any call --------------------------------------------------------------------------------------- */

static int use_of(const struct path_arg *a, const u64 *args)
{
	u64 flags = a->flags == NO_ARG ? 0 : args[a->flags];

	if (flags & a->nofollow)
		return a->use | PATH_NOFOLLOW;
	return flags & a->follow ? a->use & ~PATH_NOFOLLOW : a->use;
}

long rooted_call(struct thread *t, long nr, const u64 *args, const struct path_arg *paths, u32 count)
{
	GUEST_PATH(first);
	GUEST_PATH(second);
	struct guest_path *const places[2] = {&first, &second};
	u64 a[6];

	(void)t;
	memcpy(a, args, sizeof(a));
	for (u32 i = 0; i < count; i++) {
		const struct path_arg *path = &paths[i];
		s64 dirfd = path->dirfd == NO_ARG ? AT_FDCWD : (s32)args[path->dirfd];
		long err = path_in(places[i], dirfd, a[path->at] ? h2g(a[path->at]) : GADDR(0), use_of(path, args));

		if (err)
			return err;
		a[path->at] = (u64)places[i]->host;
		if (path->dirfd == NO_ARG || places[i]->empty || !places[i]->host)
			continue;
		a[path->dirfd] = (u64)places[i]->dirfd;
		a[path->at] = (u64)places[i]->in_it;
	}
	return host_syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* --- opening ---------------------------------------------------------------------------------------- */

static bool makes_nothing_but_new(u64 flags)
{
	return (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
}

/* Without following any link; the answer does not count when rooted_asks_again(). */
static long open_plain(struct thread *t, const struct plain_path *p, const u64 *how, bool openat2)
{
	struct open_how plain = {how[0], how[1], how[2] | p->resolve};

	if (!openat2) {
		plain.flags &= plain.flags & O_PATH ? OPEN_FLAGS_OF_PATH : OPEN_FLAGS;
		plain.mode &= plain.flags & O_CREAT || (plain.flags & O_TMPFILE) == O_TMPFILE ? 07777 : 0;
	}
	return guest_blocking_syscall(t, __NR_openat2, (u64)p->at, (u64)p->path, (u64)&plain, sizeof(plain), 0, 0);
}

/* Where the kernel has no openat2: a link that is there now is refused by a flag, which stays with the descriptor. */
static long open_entry(struct thread *t, s64 dirfd, struct host_path *p, const u64 *how, bool openat2)
{
	const struct plain_path plain = {p->at, p->text + p->last, RESOLVE_NO_SYMLINKS};
	long ret = open_plain(t, &plain, how, openat2);
	u64 flags = how[0] | O_NOFOLLOW;

	if (openat2 || ret == -ELOOP || !rooted_asks_again(ret))
		return ret;
	if (p->folder && flags & O_CREAT)
		return -EISDIR;
	if (p->folder) {
		flags |= O_DIRECTORY;
		p->text[strlen(p->text) - 1] = 0; /* or it would be followed */
	}
	return guest_blocking_syscall(t, __NR_openat, (u64)dirfd, (u64)p->text, flags, how[1], 0, 0);
}

static long open_resolved(struct thread *t, s64 dirfd, struct host_path *p, const u64 *how, bool openat2)
{
	struct open_how final = {how[0], how[1], how[2] & ~(u64)RESOLVE_LIMITS};

	if (!p->follow)
		return open_entry(t, dirfd, p, how, openat2);
	if (openat2)
		return guest_blocking_syscall(t, __NR_openat2, (u64)dirfd, (u64)p->text, (u64)&final, sizeof(final), 0, 0);
	return guest_blocking_syscall(t, __NR_openat, (u64)dirfd, (u64)p->text, final.flags, final.mode, 0, 0);
}

/* Does it lie on another file system than where it is named from? */
static bool crosses(s64 dirfd, const char *name, const struct host_path *p)
{
	s64 from = *name == '/' ? group_self()->own_fds[OWN_FD_ROOT] : dirfd;
	struct stat a, b;

	return !host_syscall4(__NR_newfstatat, (u64)from, (u64) "", (u64)&a, AT_EMPTY_PATH) &&
	       !host_syscall4(__NR_newfstatat, (u64)dirfd, (u64)p->text, (u64)&b, 0) && a.st_dev != b.st_dev;
}

/* As it stands now, once. */
static long open_now(struct thread *t, s64 dirfd, const char *name, int use, const u64 *how, bool openat2)
{
	HOST_PATH(p);
	long ret = rooted_path(dirfd, name, use, &p);

	if (ret)
		return ret;
	if (p.magic && how[2] & RESOLVE_NO_MAGICLINKS)
		return -ELOOP;
	if (how[2] & RESOLVE_NO_XDEV && crosses(dirfd, name, &p))
		return -EXDEV;
	return open_resolved(t, dirfd, &p, how, openat2);
}

long rooted_open(struct thread *t, s64 dirfd, const char *name, const u64 *how, bool openat2)
{
	bool nofollow = how[0] & O_NOFOLLOW || makes_nothing_but_new(how[0]);
	struct plain_path plain;
	bool is_plain = rooted_plain(dirfd, name, &plain);
	long ret = is_plain ? open_plain(t, &plain, how, openat2) : -ELOOP;

	if (!rooted_asks_again(ret) || (openat2 && how[2] & RESOLVE_NO_SYMLINKS && is_plain))
		return ret;
	if (how[2] & RESOLVE_CACHED)
		return -EAGAIN;
	for (u32 i = 0; i < OPEN_TRIES; i++) {
		ret = open_now(t, dirfd, name, PATH_OPEN | (nofollow ? PATH_NOFOLLOW : 0), how, openat2);
		if (ret != -ELOOP || nofollow)
			break;
	}
	return ret;
}

/* --- the process's own folders ---------------------------------------------------------------------- */

/* The kernel's answer where the folder is not below the root. */
#define UNREACHABLE "(unreachable)"

long sys_getcwd(struct thread *t, gaddr buf, u32 size)
{
	char path[2 * PATH_MAX];
	struct text b = text_begin(path, sizeof(path));
	long n;

	(void)t;
	if (!rooted_on())
		return host_syscall2(__NR_getcwd, buf_out(buf, at_most(size, PATH_MAX)), size);
	n = host_syscall2(__NR_getcwd, (u64)path, PATH_MAX);
	if (n < 0)
		return n;
	if (path[0] == '/' && !rooted_name(path, sizeof(path))) {
		char outside[PATH_MAX];

		memcpy(outside, path, (u64)n);
		text_str(&b, UNREACHABLE);
		text_str(&b, outside);
	}
	n = (long)strlen(path) + 1;
	if ((u64)n > size)
		return -ERANGE;
	return copy_out(buf, path, (u64)n) ? -EFAULT : n;
}

static bool may_chroot(void)
{
	u32 header[2] = {CAPABILITY_VERSION_3, 0}, sets[6] = {0};

	return !host_syscall2(__NR_capget, (u64)header, (u64)sets) && sets[0] & 1u << CAP_SYS_CHROOT;
}

long sys_chroot(struct thread *t, gaddr path)
{
	GUEST_PATH(p);
	long ret, err;

	(void)t;
	if (!rooted_on())
		return host_syscall1(__NR_chroot, ptr_to_host(path));
	ret = path.va ? path_in(&p, AT_FDCWD, path, PATH_FOLLOW) : -EFAULT;
	if (!ret)
		ret = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)p.host, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (ret < 0)
		return ret;
	err = host_syscall3(__NR_faccessat, (u64)AT_FDCWD, (u64)p.host, X_OK);
	if (!err && !may_chroot())
		err = -EPERM;
	if (!err)
		return rooted_chroot((int)ret);
	host_syscall1(__NR_close, (u64)ret);
	return err;
}
