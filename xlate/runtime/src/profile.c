/*
 * Profiles: one file of fixed size for each guest file, mapped shared by every process that runs it. It is a hash set
 * of link keys, inserted by compare-and-swap: no lock, nothing to do at the end, and a kill at any instant leaves a
 * sound file. Its blocks are allocated when it is made, so that a full disk cannot turn a store into SIGBUS.
 *
 * A profile is advice for the next conversion and never needed: every failure means that nothing is recorded.
 */
#include "profile.h"

#include "gen/package.h"
#include "host.h"
#include "store.h"
#include "store_room.h"
#include "string.h"

enum { O_RDWR = 2, O_CREAT = 0100, O_EXCL = 0200, O_CLOEXEC = 02000000 };

struct profile_file {
	struct profile_header header;
	u32 keys[PROFILE_SLOTS];
};

_Static_assert(sizeof(struct profile_file) == PROFILE_SIZE, "the profile fills its file");

static struct profile_header header_for(const u8 quick[QUICK_SIZE])
{
	struct profile_header h = {.magic = PROFILE_MAGIC, .format = PROFILE_FORMAT, .slots = PROFILE_SLOTS};

	memcpy(h.quick, quick, QUICK_SIZE);
	return h;
}

/* A whole file under a name of its own, then a link: of two makers, the second finds the first one's. */
static void make_file(int folder, const char *name, const u8 quick[QUICK_SIZE])
{
	struct profile_header h = header_for(quick);
	char fresh[32];
	long fd;

	if (!store_may_write(PROFILE_SIZE))
		return;
	store_temporary_name(fresh);
	fd = host_syscall4(__NR_openat, (u64)folder, (u64)fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (!host_syscall4(__NR_fallocate, (u64)fd, 0, 0, PROFILE_SIZE) &&
	    host_syscall3(__NR_write, (u64)fd, (u64)&h, sizeof(h)) == sizeof(h))
		host_syscall5(__NR_linkat, (u64)folder, (u64)fresh, (u64)folder, (u64)name, 0);
	host_syscall1(__NR_close, (u64)fd);
	host_syscall3(__NR_unlinkat, (u64)folder, (u64)fresh, 0);
}

static struct profile_file *map_file(int fd, const struct stat *st, const u8 quick[QUICK_SIZE])
{
	struct profile_header h = header_for(quick);
	long at;

	/* A copy may have holes: to fill one on a full disk would be SIGBUS. */
	if (st->st_size != PROFILE_SIZE || host_syscall4(__NR_fallocate, (u64)fd, 0, 0, PROFILE_SIZE))
		return NULL;
	at = host_mmap(0, PROFILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (host_is_error(at))
		return NULL;
	if (!memcmp((void *)at, &h, sizeof(h)))
		return (struct profile_file *)at;
	host_munmap((u64)at, PROFILE_SIZE);
	return NULL;
}

static struct profile_file *open_in(int root, int folder, const u8 quick[QUICK_SIZE])
{
	char name[QUICK_TEXT + sizeof(PROFILE_SUFFIX)];
	struct profile_file *p;
	struct stat st;
	long fd;

	store_quick_text(quick, name);
	memcpy(name + QUICK_TEXT - 1, PROFILE_SUFFIX, sizeof(PROFILE_SUFFIX));
	fd = store_open_file(folder, name, O_RDWR, &st);
	if (fd == -ENOENT && store_room(root, PROFILE_SIZE)) {
		make_file(folder, name, quick);
		fd = store_open_file(folder, name, O_RDWR, &st);
	}
	if (fd < 0)
		return NULL;
	p = map_file((int)fd, &st, quick);
	host_syscall1(__NR_close, (u64)fd);
	return p;
}

struct profile_file *profile_open(const u8 quick[QUICK_SIZE])
{
	long root = store_root(true), folder;
	struct profile_file *p;

	if (root < 0)
		return NULL;
	folder = store_folder((int)root, "profiles", true);
	p = folder < 0 ? NULL : open_in((int)root, (int)folder, quick);
	if (folder >= 0)
		host_syscall1(__NR_close, (u64)folder);
	host_syscall1(__NR_close, (u64)root);
	return p;
}

void profile_close(struct profile_file *p)
{
	host_munmap((u64)p, PROFILE_SIZE);
}

void profile_add(struct profile_file *p, u32 link_key)
{
	u32 at = (u32)((u64)(link_key * PROFILE_HASH_FACTOR) * PROFILE_SLOTS >> 32);

	for (u32 i = 0; link_key && i < PROFILE_PROBES; i++) {
		u32 *slot = &p->keys[(at + i) % PROFILE_SLOTS];
		u32 was = __atomic_load_n(slot, __ATOMIC_RELAXED);

		if (!was && __atomic_compare_exchange_n(slot, &was, link_key, false, __ATOMIC_RELAXED,
							__ATOMIC_RELAXED))
			return;
		if (was == link_key)
			return;
	}
}
