/*
 * Files of kept code: names, who may have written them, and whether one is for this runtime, this guest file and this
 * package. What a guest file contains is not hashed: a file of kept code is for the very file, by device, inode, size
 * and times, that hashes would be remembered for (store.c).
 */
#include "stock_file.h"

#include "emit.h"
#include "gen/stock.h"
#include "host.h"
#include "store_room.h"
#include "string.h"
#include "thread.h"

enum {
	O_RDWR = 2,
	O_CREAT = 0100,
	O_NOFOLLOW = 0400000,
	O_CLOEXEC = 02000000,
	F_OFD_GETLK = 36,
	F_OFD_SETLK = 37,
	F_WRLCK = 1,
	F_UNLCK = 2,
};

/* The host's struct flock; offsets are from the file's beginning. */
struct file_lock {
	s16 type, whence;
	s64 start, length;
	s32 pid;
};

const char STOCK_NONE[] = "none";

static const u8 FINGERPRINT[BLAKE2_SIZE] = STOCK_FINGERPRINT;
static const u8 MAGIC[] = STOCK_MAGIC;

static void header_hash(const struct stock_header *h, u8 out[BLAKE2_SIZE])
{

	blake2_of(h, offsetof(struct stock_header, header_hash), out);
}

void stock_seal(struct stock_header *h)
{
	memcpy(h->magic, MAGIC, sizeof(MAGIC));
	memcpy(h->fingerprint, FINGERPRINT, sizeof(FINGERPRINT));
	h->format = STOCK_FORMAT;
	header_hash(h, h->header_hash);
}

bool stock_places(const struct stock_header *h, struct stock_places *p)
{
	p->image = PAGE_SIZE;
	p->units = p->tables = p->image + page_ceil(h->image_size);
	p->index = (p->units + (u64)h->units * sizeof(struct stock_unit) + 7) & ~7ull;
	p->fixes = p->index + (u64)h->slots * sizeof(u64);
	p->rows = p->fixes + (u64)h->fixes * sizeof(struct fix);
	p->end = p->rows + (u64)h->rows * sizeof(u16);
	return h->slots && !(h->slots & (h->slots - 1)) && h->image_size <= STOCK_FILE_MAX && p->end <= STOCK_FILE_MAX;
}

/* --- judging -------------------------------------------------------------------------------------------- */

static const char *judge_maker(const struct stock_header *h, u64 size)
{
	struct stock_places places;
	u8 hash[BLAKE2_SIZE];

	if (memcmp(h->magic, MAGIC, sizeof(MAGIC)))
		return "refused: not kept code";
	if (h->format != STOCK_FORMAT)
		return "stale: another format of kept code";
	header_hash(h, hash);
	if (memcmp(hash, h->header_hash, sizeof(hash)))
		return "refused: damaged header";
	if (!stock_places(h, &places) || h->file_size != size || places.end != size)
		return "refused: truncated or damaged";
	if (memcmp(h->fingerprint, FINGERPRINT, sizeof(FINGERPRINT)))
		return "stale: made by another version of xlate";
	return NULL;
}

static const char *judge(struct stock_file *f, const struct stock_key *key)
{
	struct stock_header *h = &f->h;
	const char *why;

	if (host_syscall4(__NR_pread64, (u64)f->fd, (u64)h, sizeof(*h), 0) != sizeof(*h))
		return "refused: not kept code";
	why = judge_maker(h, (u64)f->st.st_size);
	if (why)
		return why;
	if (memcmp(h->quick, key->quick, QUICK_SIZE) || memcmp(h->file, key->file, sizeof(h->file)))
		return "stale: made for another file";
	if (h->low != key->low || h->high != key->high)
		return "refused: its addresses are not the file's";
	if (memcmp(h->package, key->package, sizeof(h->package)))
		return "stale: made for another package";
	return NULL;
}

bool stock_is_whole(const struct stock_store *s, const struct stock_file *f)
{
	u8 sum[BLAKE2_SIZE];

	return store_sum_of(s->seen, f->fd, &f->st, PAGE_SIZE, sum) && !memcmp(sum, f->h.data_sum, sizeof(sum));
}

/* --- finding -------------------------------------------------------------------------------------------- */

long stock_open_store(u64 writes, struct stock_store *s)
{
	long root = store_root(writes), folder;

	if (root < 0)
		return root;
	folder = !writes || store_room((int)root, writes) ? store_folder((int)root, STOCK_FOLDER, writes) : -ENOSPC;
	s->folder = (int)folder;
	s->seen = folder < 0 ? -1 : (int)store_folder((int)root, "seen", true);
	host_syscall1(__NR_close, (u64)root);
	return folder < 0 ? folder : 0;
}

void stock_close_store(const struct stock_store *s)
{
	host_syscall1(__NR_close, (u64)s->folder);
	if (s->seen >= 0)
		host_syscall1(__NR_close, (u64)s->seen);
}

void stock_name(const struct stock_key *key, char name[STOCK_NAME_SIZE])
{
	struct text b = text_begin(name + QUICK_TEXT - 1, STOCK_NAME_SIZE - QUICK_TEXT + 1);

	store_quick_text(key->quick, name);
	text_str(&b, key->beside_package ? "-p" STOCK_SUFFIX : STOCK_SUFFIX);
}

const char *stock_open(const struct stock_store *s, const struct stock_key *key, struct stock_file *f)
{
	char name[STOCK_NAME_SIZE];
	const char *why;
	long fd;

	stock_name(key, name);
	fd = store_open_file(s->folder, name, 0, &f->st);
	if (fd == -ENOENT)
		return STOCK_NONE;
	if (fd == -EPERM)
		return "refused: not trusted, others may have written it";
	if (fd < 0)
		return "refused: cannot be opened";
	f->fd = (int)fd;
	why = judge(f, key);
	if (why)
		host_syscall1(__NR_close, (u64)fd);
	return why;
}

/* --- writers under way ---------------------------------------------------------------------------------- */

static const char LOCKS[] = "locks";

/* Of this key's own byte in the file of locks. */
static struct file_lock lock_of(const struct stock_key *key)
{
	struct file_lock lock = {.type = F_WRLCK, .length = 1};

	memcpy(&lock.start, key->quick, sizeof(u32));
	return lock;
}

long stock_open_locks(const struct stock_store *s)
{
	return host_syscall4(__NR_openat, (u64)s->folder, (u64)LOCKS, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

long stock_lock(int locks, const struct stock_key *key)
{
	struct file_lock lock = lock_of(key);

	return host_syscall3(__NR_fcntl, (u64)locks, F_OFD_SETLK, (u64)&lock);
}

static bool is_locked(int locks, const struct stock_key *key)
{
	struct file_lock lock = lock_of(key);

	return !host_syscall3(__NR_fcntl, (u64)locks, F_OFD_GETLK, (u64)&lock) && lock.type != F_UNLCK;
}

void stock_wait(const struct stock_store *s, const struct stock_key *key)
{
	static u32 rounds; /* of this process: nobody waits for ever, whoever holds locks */
	u64 pause[2] = {0, STOCK_WAIT_NS};
	struct stat st;
	long locks = store_open_file(s->folder, LOCKS, 0, &st);

	if (locks < 0)
		return;
	while (rounds < STOCK_WAITS && is_locked((int)locks, key)) {
		rounds++;
		host_syscall2(__NR_nanosleep, (u64)pause, 0);
	}
	host_syscall1(__NR_close, (u64)locks);
}

/* --- tables --------------------------------------------------------------------------------------------- */

struct stock_tables stock_tables(u64 base, const struct stock_header *h)
{
	struct stock_places p;

	stock_places(h, &p);
	base -= p.tables;
	return (struct stock_tables){
		.units = (const struct stock_unit *)(base + p.units),
		.index = (const u64 *)(base + p.index),
		.rows = (const u16 *)(base + p.rows),
		.fixes = (const struct fix *)(base + p.fixes),
		.count = h->units,
		.slots = h->slots,
	};
}

u32 stock_slot(u32 key, u32 slots)
{
	return (u32)((u64)(key * PROFILE_HASH_FACTOR) * slots >> 32);
}

const struct stock_unit *stock_look_up(const struct stock_tables *t, u32 key)
{
	u32 at = stock_slot(key, t->slots);

	for (u32 i = 0; i < t->slots; i++) {
		u64 entry = t->index[(at + i) & (t->slots - 1)];

		if (!entry || (u32)entry - 1 >= t->count)
			return NULL;
		if (entry >> 32 == key)
			return &t->units[(u32)entry - 1];
	}
	return NULL;
}
