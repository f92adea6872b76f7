/*
 * --root by path translation: where no namespace and no chroot is allowed, every path of the guest is resolved here, and
 * the host kernel is given a name that it cannot lead out of the root: an entry of a folder that is held open, or an
 * object that is. Folders of the host (/proc, /sys, /dev, /tmp) are in the root as they would be mounted there.
 */
#ifndef XLATE_ROOTED_H
#define XLATE_ROOTED_H

#include "host.h"
#include "types.h"

/* What a path is for, as bits. Without any its last name is followed to an object. */
enum path_use {
	PATH_FOLLOW = 0,
	PATH_NOFOLLOW = 1, /* a symbolic link itself is meant */
	PATH_WRITTEN = 2,  /* for -L: what is written stays the host's */
	PATH_NAME = 4,	   /* a name that is made or removed */
	PATH_OPEN = 8,	   /* for an open, which can refuse links by itself: no object is needed */
	PATH_STATUS = 16,  /* nothing but its status, or whether it is there */
};

/* "/proc/thread-self/fd/N/" and a name of 255 bytes with a slash behind it. */
#define HOST_PATH_SIZE 296

/* A path for the host, relative to the folder it was resolved from when it does not begin with a slash. */
struct host_path {
	int pin;     /* the descriptor it leads through, to be released; -1: none */
	bool magic;  /* its last name is a link of /proc that has to be followed */
	bool follow; /* its last name leads to what is meant: no O_NOFOLLOW */
	bool folder; /* there was a slash behind it: it must be one */
	s64 at;	     /* unless it is followed: the folder, and where in text the name in it begins */
	u32 last;
	char text[HOST_PATH_SIZE];
};

extern bool rooted_is_on;

/* Are paths translated? */
static inline bool rooted_on(void)
{
	return rooted_is_on;
}

/* The folder open as fd is the root from now on, with those of the host's folders in it whose bits are set. */
void rooted_start(int fd, u32 bound);
/* The host's folders: their names, and the bits of those that exist and have a folder of that name in dir. */
#define BOUND_COUNT 4
extern const char *const BOUND[BOUND_COUNT];
u32 rooted_bind(const char *dir);
/* Begin in that folder, or in the root. */
void rooted_chdir(const char *name);
/* Is it one of the host's folders in the root? */
bool rooted_is_bound(u64 dev, u64 ino);
/* Which bits are set now: another program shall begin with the same. */
u32 rooted_bound(void);

/* What name, relative to dirfd, stands for. 0 or -errno; after 0, rooted_release(). */
long rooted_path(s64 dirfd, const char *name, int use, struct host_path *out);
void rooted_release(struct host_path *p);
#define HOST_PATH(p) struct host_path p __attribute__((cleanup(rooted_release))) = {.pin = -1}

/* What to give openat2, whose answer stands unless rooted_asks_again(). */
struct plain_path {
	s64 at;
	const char *path;
	u64 resolve;
};

/* Can the kernel resolve this name alone, as long as there are no links in it? */
bool rooted_plain(s64 dirfd, const char *name, struct plain_path *p);
bool rooted_asks_again(long err);

/* Where the calling thread's descriptors have names, a slash behind it. */
const char *rooted_descriptors(void);
/* Make a host path, in place, what the guest calls it. False: it lies outside, and stays. */
bool rooted_name(char *path, size_t size);
/* Does the folder belong to procfs? Links there may lead to what has no name. */
bool rooted_in_proc(s64 folder);
/* The guest's chroot: the folder open as fd, which is closed. 0 or -errno. */
long rooted_chroot(int fd);

#endif
