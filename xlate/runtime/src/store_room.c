/*
 * How large the store may get is XLATE_CACHE_MAX (500M, 2G, none), else 2 GiB or a tenth of what its disk would have free
 * without it, as xlate/package/gc.py has it. There everything goes, the least recently used first; here what runs left,
 * by classes of age that double: two looks at the folders, and no memory for their names.
 *
 * A look costs some microseconds for each file. It is taken by chance, once for every 64th part of the cap that is
 * written on average, so nobody counts and nothing has to be true between processes.
 */
#include "store_room.h"

#include <asm/statfs.h>

#include "host.h"
#include "store.h"
#include "string.h"
#include "thread.h"

enum { O_DIRECTORY = 0200000, O_CLOEXEC = 02000000, S_IFMT = 0170000, S_IFREG = 0100000 };
enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1 };

#define DEFAULT_CAP (2ull << 30)
#define FREE_SHARE 10	/* percent */
#define LEFT_SHARE 90	/* percent of the cap, when something went */
#define LOOKS 64	/* while a cap is written */
#define NO_CAP (~0ull)
#define AGES 64
#define RECORDS_SIZE 4096

static const struct {
	const char *name;
	bool goes;
} FOLDERS[] = {{"packages", false}, {"kept", true}, {"profiles", true}};

struct record {
	u64 ino, off;
	u16 len;
	u8 type;
	char name[];
};

/* What is there, then what is to go. */
struct survey {
	int seen;
	u64 now, held;
	u64 by_age[AGES]; /* bytes that may go */
	u64 wanted;	  /* bytes still to free; 0: only count */
	u32 oldest;	  /* what is as old as this class goes */
};

/* --- the cap --------------------------------------------------------------------------------------------- */

/* Whole units and tenths of them; what is no size is the default, since a program is not to suffer for it. */
static u64 named_cap(const char *text)
{
	static const char UNITS[] = "kmgt";
	const char *unit, *first = text;
	u64 tenths = 0;

	if (!strcmp(text, "none"))
		return NO_CAP;
	for (; *text >= '0' && *text <= '9' && tenths < 1ull << 32; text++)
		tenths = 10 * tenths + (u64)(*text - '0');
	tenths *= 10;
	if (*text == '.' && text[1] >= '0' && text[1] <= '9')
		tenths += (u64)(text[1] - '0');
	while (*text == '.' || (*text >= '0' && *text <= '9'))
		text++;
	unit = *text ? strrchr(UNITS, *text | ' ') : NULL;
	return text > first && (!*text || unit) ? (tenths << (unit ? 10 * (unit - UNITS + 1) : 0)) / 10 : DEFAULT_CAP;
}

static u64 cap_for(int root, u64 held)
{
	const char *named = process.opt.store_cap;
	struct statfs fs;
	u64 share;

	if (named && *named)
		return named_cap(named);
	if (host_syscall2(__NR_fstatfs, (u64)root, (u64)&fs))
		return DEFAULT_CAP;
	share = ((u64)fs.f_bavail * (u64)fs.f_bsize + held) / 100 * FREE_SHARE;
	return share < DEFAULT_CAP ? share : DEFAULT_CAP;
}

static bool is_turn(u64 size, u64 cap)
{
	u64 now[2] = {0, 0};

	host_syscall2(__NR_clock_gettime, CLOCK_MONOTONIC, (u64)now);
	return size >= cap / LOOKS || now[1] * 0x9e3779b97f4a7c15 >> 32 < (size << 32) / (cap / LOOKS);
}

/* --- what is there --------------------------------------------------------------------------------------- */

static u32 age_class(const struct survey *s, const struct stat *st)
{
	u64 used = store_last_use(s->seen, st);

	return used >= s->now ? 0 : 63 - (u32)__builtin_clzll(s->now - used);
}

static void look_at(struct survey *s, int folder, const char *name, bool goes)
{
	struct stat st;
	u64 size;
	u32 age;

	if (host_syscall4(__NR_newfstatat, (u64)folder, (u64)name, (u64)&st, 0x100 /* AT_SYMLINK_NOFOLLOW */) ||
	    (st.st_mode & S_IFMT) != S_IFREG)
		return;
	size = (u64)st.st_blocks * 512;
	s->held += size;
	if (!goes || name[0] == '.' || !strrchr(name, '.')) /* being written, or locks */
		return;
	age = age_class(s, &st);
	s->by_age[age] += size;
	if (!s->wanted || age < s->oldest || host_syscall3(__NR_unlinkat, (u64)folder, (u64)name, 0))
		return;
	s->held -= size;
	s->wanted -= size < s->wanted ? size : s->wanted;
}

static void look_into(struct survey *s, int folder, bool goes)
{
	u64 records[RECORDS_SIZE / sizeof(u64)];
	long got;

	while ((got = host_syscall3(__NR_getdents64, (u64)folder, (u64)records, sizeof(records))) > 0) {
		for (long at = 0; at < got;) {
			const struct record *r = (const struct record *)((const char *)records + at);

			look_at(s, folder, r->name, goes);
			at += r->len;
		}
	}
}

static void look(struct survey *s, int root)
{
	s->held = 0;
	memset(s->by_age, 0, sizeof(s->by_age));
	look_at(s, root, "memo.sqlite", false);
	for (u32 i = 0; i < ARRAY_LEN(FOLDERS); i++) {
		long folder = store_folder(root, FOLDERS[i].name, false), list = -1;

		if (folder >= 0) {
			list = host_syscall4(__NR_openat, (u64)folder, (u64) ".", O_DIRECTORY | O_CLOEXEC, 0);
			host_syscall1(__NR_close, (u64)folder);
		}
		if (list < 0)
			continue;
		look_into(s, (int)list, FOLDERS[i].goes);
		host_syscall1(__NR_close, (u64)list);
	}
}

/* The class from which on enough goes; false: there is not as much. */
static bool choose(struct survey *s, u64 wanted)
{
	u64 found = 0;

	for (s->oldest = AGES; s->oldest && found < wanted;)
		found += s->by_age[--s->oldest];
	s->wanted = wanted;
	return found >= wanted;
}

bool store_room(int root, u64 size)
{
	u64 cap = cap_for(root, 0), now[2] = {0, 0};
	struct survey s = {.seen = -1};
	bool room = true;

	if (cap == NO_CAP || !is_turn(size, cap))
		return true;
	host_syscall2(__NR_clock_gettime, CLOCK_REALTIME, (u64)now);
	s.now = now[0];
	s.seen = (int)store_folder(root, "seen", false);
	look(&s, root);
	cap = cap_for(root, s.held);
	if (s.held + size > cap) {
		room = choose(&s, s.held + size - cap / 100 * LEFT_SHARE);
		if (room)
			look(&s, root);
	}
	if (s.seen >= 0)
		host_syscall1(__NR_close, (u64)s.seen);
	return room;
}
