/*
 * The store on disk. Running a package is running what its writer wrote: so every folder from the store up to the root,
 * and the file itself, must belong to root or to the effective user and be writable by nobody else (folders with the
 * sticky bit excepted: there nobody removes what is another's). The check goes upwards from the opened folder, so what
 * symbolic links or the working directory say plays no part. With raised privileges the folder must be root's: a
 * program that is setgid runs as its caller, whose files have no say in it. xlate/package/store.py follows the same rules.
 */
#include "store.h"

#include "gen/package.h"
#include "host.h"
#include "refusal.h"
#include "string.h"
#include "thread.h"

enum {
	O_WRONLY = 1,
	O_RDWR = 2,
	O_CREAT = 0100,
	O_EXCL = 0200,
	O_DIRECTORY = 0200000,
	O_NONBLOCK = 04000,
	O_NOFOLLOW = 0400000,
	O_CLOEXEC = 02000000,
	O_PATH = 010000000,
	F_SETFD = 2,
	FD_CLOEXEC = 1,
	F_DUPFD_CLOEXEC = 1030,
	S_IFMT = 0170000,
	S_IFREG = 0100000,
	S_ISVTX = 01000,
	S_SHARED_WRITE = 022,
	RLIMIT_FSIZE = 1,
	CLOCK_REALTIME = 0,
};

#define FOLDER_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)
#define FOLDERS_UP_MAX 64
/* A file that changed as short ago as this may change again within the same tick of the file system's clock. */
#define SETTLED_NS 50000000

static bool trusted(const struct stat *st)
{
	/* asked each time: the guest changes it */
	if (st->st_uid && (process.opt.privileged || st->st_uid != (u32)host_syscall0(__NR_geteuid)))
		return false;
	if ((st->st_mode & S_IFMT) != S_IFREG && (st->st_mode & S_ISVTX))
		return true;
	return !(st->st_mode & S_SHARED_WRITE);
}

static bool trusted_folder(int fd, const struct stat *st)
{
	bool good = trusted(st);

	if (!good)
		refusal_note(fd, st);
	return good;
}

/* Is this folder, and every one above it, trusted? 0, -EPERM, or why one cannot be looked at. */
static long distrust_upwards(int folder)
{
	struct stat st, below = {0};
	long fd = folder, err = 0;
	bool top = false;

	for (u32 i = 0; !err && !top; i++) {
		long up = -1;

		err = host_syscall2(__NR_fstat, (u64)fd, (u64)&st);
		if (!err && (!trusted_folder((int)fd, &st) || i == FOLDERS_UP_MAX))
			err = -EPERM;
		top = i && st.st_ino == below.st_ino && st.st_dev == below.st_dev;
		below = st;
		if (!err && !top)
			up = host_syscall4(__NR_openat, (u64)fd, (u64) "..", FOLDER_FLAGS, 0);
		if (fd != folder)
			host_syscall1(__NR_close, (u64)fd);
		if (!err && !top && up < 0)
			err = up;
		fd = up;
	}
	return err;
}

static long checked(long fd, bool good)
{
	if (fd >= 0 && !good) {
		host_syscall1(__NR_close, (u64)fd);
		return -EPERM;
	}
	return fd;
}

long store_open_path(const char *path)
{
	long fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)path, FOLDER_FLAGS, 0);
	long err = fd < 0 ? fd : distrust_upwards((int)fd);

	if (fd >= 0 && err)
		host_syscall1(__NR_close, (u64)fd);
	return err ? err : fd;
}

/* The store's own folder and the one above it (~/.cache); where even that has no place, there is no store. */
static void make_root(const char *path)
{
	char above[STORE_PATH_SIZE];
	char *slash;

	if (host_syscall3(__NR_mkdirat, (u64)AT_FDCWD, (u64)path, 0700) != -ENOENT || strlen(path) >= sizeof(above))
		return;
	memcpy(above, path, strlen(path) + 1);
	slash = strrchr(above, '/');
	if (!slash || slash == above)
		return;
	*slash = 0;
	host_syscall3(__NR_mkdirat, (u64)AT_FDCWD, (u64)above, 0700);
	host_syscall3(__NR_mkdirat, (u64)AT_FDCWD, (u64)path, 0700);
}

/* A descriptor held for this process, or by the one that executed it. */
static int held_fd(enum own_fd which, enum inherited from)
{
	if (group_self()->own_fds[which] < 0 && process.opt.inherited[from] >= 0) {
		group_self()->own_fds[which] = process.opt.inherited[from];
		host_syscall3(__NR_fcntl, (u64)group_self()->own_fds[which], F_SETFD, FD_CLOEXEC);
	}
	return group_self()->own_fds[which];
}

int store_held_package(void)
{
	return held_fd(OWN_FD_PACKAGE, INHERIT_PACKAGE);
}

/* A top folder: what is held of it was trusted when it was opened. */
static long open_top(const char *path, int held)
{
	if (!path)
		return -ENOENT;
	return held >= 0 ? host_syscall3(__NR_fcntl, (u64)held, F_DUPFD_CLOEXEC, 3) : store_open_path(path);
}

long store_system(void)
{
	return open_top(process.opt.system_store, held_fd(OWN_FD_SYSTEM, INHERIT_SYSTEM));
}

long store_root(bool create)
{
	const char *path = process.opt.store;
	long fd = open_top(path, held_fd(OWN_FD_STORE, INHERIT_STORE));

	if (fd == -ENOENT && path && create) {
		make_root(path);
		fd = store_open_path(path);
	}
	return fd;
}

long store_folder(int root, const char *name, bool create)
{
	struct stat st;
	long fd = host_syscall4(__NR_openat, (u64)root, (u64)name, FOLDER_FLAGS | O_NOFOLLOW, 0);

	if (fd == -ENOENT && create) {
		host_syscall3(__NR_mkdirat, (u64)root, (u64)name, 0700);
		fd = host_syscall4(__NR_openat, (u64)root, (u64)name, FOLDER_FLAGS | O_NOFOLLOW, 0);
	}
	return checked(fd, fd >= 0 && !host_syscall2(__NR_fstat, (u64)fd, (u64)&st) && trusted_folder((int)fd, &st));
}

long store_open_file(int folder, const char *name, int flags, struct stat *st)
{
	long fd = host_syscall4(__NR_openat, (u64)folder, (u64)name, (u64)flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
				0);

	if (fd == -ELOOP)
		return -EPERM;
	return checked(fd, fd >= 0 && !host_syscall2(__NR_fstat, (u64)fd, (u64)st) &&
				   (st->st_mode & S_IFMT) == S_IFREG && trusted(st));
}

bool store_may_write(u64 size)
{
	u64 limit[2] = {0, 0}; /* beyond it the process would get SIGXFSZ */

	return !host_syscall4(__NR_prlimit64, 0, RLIMIT_FSIZE, 0, (u64)limit) && limit[0] >= size;
}

void store_temporary_name(char *text)
{
	u64 now[2] = {0, 0};
	struct text b = text_begin(text, 32);

	host_syscall2(__NR_clock_gettime, CLOCK_REALTIME, (u64)now);
	text_char(&b, '.');
	text_s64(&b, group_self()->pid);
	text_char(&b, '-');
	text_u64(&b, now[1]);
	text_str(&b, ".new");
}

/* --- hashes ------------------------------------------------------------------------------------------ */

void store_numbers(const struct stat *st, u64 out[FILE_NUMBERS])
{
	out[0] = st->st_dev;
	out[1] = st->st_ino;
	out[2] = (u64)st->st_size;
	out[3] = st->st_mtime;
	out[4] = st->st_mtime_nsec;
	out[5] = st->st_ctime;
	out[6] = st->st_ctime_nsec;
}

static void hex(const u8 *bytes, u32 count, char *text)
{
	for (u32 i = 0; i < count; i++) {
		*text++ = "0123456789abcdef"[bytes[i] >> 4];
		*text++ = "0123456789abcdef"[bytes[i] & 15];
	}
	*text = 0;
}

void store_quick_text(const u8 quick[QUICK_SIZE], char text[QUICK_TEXT])
{
	hex(quick, QUICK_SIZE, text);
}

/* Four sums, each of every fourth word; a change of one word always changes its sum. */
struct sum {
	u64 lane[4];
};

static void sum_add(struct sum *s, const void *data, u64 len)
{
	const u8 *at = data;

	for (; len; at += 32) {
		u64 words[4] = {0}, part = len < sizeof(words) ? len : sizeof(words);

		__builtin_memcpy(words, at, part);
		for (u32 i = 0; i < 4; i++)
			s->lane[i] = ((s->lane[i] << 29 | s->lane[i] >> 35) ^ words[i]) * 0x9e3779b97f4a7c15;
		len -= part;
	}
}

void store_sum(const void *data, u64 len, u8 out[BLAKE2_SIZE])
{
	struct sum s = {{1, 2, 3, 4}};

	sum_add(&s, data, len);
	memcpy(out, s.lane, sizeof(s.lane));
}

static bool hash_file(int fd, u64 from, u64 end, bool light, u8 out[BLAKE2_SIZE])
{
	u8 buf[16384]; /* whole groups of sums */
	struct sum sum = {{1, 2, 3, 4}};
	struct blake2 s;

	blake2_begin(&s);
	while (from < end) {
		u64 part = end - from < sizeof(buf) ? end - from : sizeof(buf);
		long got = host_syscall4(__NR_pread64, (u64)fd, (u64)buf, part, from);

		if (got == -EINTR)
			continue;
		if (got <= 0)
			return false;
		if (light && got % 32 && from + (u64)got < end)
			return false;
		if (light)
			sum_add(&sum, buf, (u64)got);
		else
			blake2_add(&s, buf, (u64)got);
		from += (u64)got;
	}
	if (light)
		memcpy(out, sum.lane, sizeof(sum.lane));
	else
		blake2_end(&s, out);
	return true;
}

bool store_quick(int fd, u64 size, u8 out[QUICK_SIZE])
{
	u8 buf[sizeof(size) + PAGE_SIZE], whole[BLAKE2_SIZE];
	u64 want = size < PAGE_SIZE ? size : PAGE_SIZE;

	memcpy(buf, &size, sizeof(size));
	if (host_syscall4(__NR_pread64, (u64)fd, (u64)(buf + sizeof(size)), want, 0) != (long)want)
		return false;
	blake2_of(buf, sizeof(size) + want, whole);
	memcpy(out, whole, QUICK_SIZE);
	return true;
}

static void seen_name(const u64 numbers[7], char text[QUICK_TEXT])
{
	u8 whole[BLAKE2_SIZE];

	blake2_of(numbers, 2 * sizeof(u64), whole);
	hex(whole, QUICK_SIZE, text);
}

u64 store_last_use(int seen, const struct stat *st)
{
	const u64 numbers[7] = {st->st_dev, st->st_ino};
	char name[QUICK_TEXT];
	struct stat record;

	seen_name(numbers, name);
	if (seen < 0 || host_syscall4(__NR_newfstatat, (u64)seen, (u64)name, (u64)&record, 0) ||
	    record.st_mtime < st->st_mtime)
		return st->st_mtime;
	return record.st_mtime;
}

/* One more use of a file of the store; of two at once one may be lost. The write also says when that was. */
static void count_use(int fd, u64 hits)
{
	if (store_may_write(sizeof(struct seen_record)))
		host_syscall4(__NR_pwrite64, (u64)fd, (u64)&hits, sizeof(hits), offsetof(struct seen_record, hits));
}

static bool recall(int seen, const struct seen_record *want, bool count, u8 out[BLAKE2_SIZE])
{
	struct seen_record r;
	char name[QUICK_TEXT];
	struct stat st;
	long fd, got;
	bool good;

	if (seen < 0)
		return false;
	seen_name(want->file, name);
	fd = store_open_file(seen, name, count ? O_RDWR : 0, &st);
	if (fd == -EACCES || fd == -EROFS) { /* somebody else's store: nothing is counted */
		count = false;
		fd = store_open_file(seen, name, 0, &st);
	}
	if (fd < 0)
		return false;
	got = host_syscall4(__NR_pread64, (u64)fd, (u64)&r, sizeof(r), 0);
	good = got == sizeof(r) && !memcmp(&r, want, offsetof(struct seen_record, hash));
	if (good && count)
		count_use((int)fd, r.hits + 1);
	host_syscall1(__NR_close, (u64)fd);
	if (good)
		memcpy(out, r.hash, BLAKE2_SIZE);
	return good;
}

/* The system's store, which whoever put packages there may have told the hash of each. */
static bool recall_system(const struct seen_record *want, u8 out[BLAKE2_SIZE])
{
	long top = store_system(), seen = top < 0 ? top : store_folder((int)top, "seen", false);
	bool known = recall((int)seen, want, false, out);

	if (seen >= 0)
		host_syscall1(__NR_close, (u64)seen);
	if (top >= 0)
		host_syscall1(__NR_close, (u64)top);
	return known;
}

/* Under a name of its own, then renamed: a record is whole or not there. */
static void remember(int seen, const struct seen_record *r)
{
	char name[QUICK_TEXT], fresh[32];
	long fd, put;

	if (!store_may_write(sizeof(*r)))
		return;
	seen_name(r->file, name);
	store_temporary_name(fresh);
	fd = host_syscall4(__NR_openat, (u64)seen, (u64)fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	put = host_syscall3(__NR_write, (u64)fd, (u64)r, sizeof(*r));
	host_syscall1(__NR_close, (u64)fd);
	if (put != sizeof(*r) || host_syscall4(__NR_renameat, (u64)seen, (u64)fresh, (u64)seen, (u64)name))
		host_syscall3(__NR_unlinkat, (u64)seen, (u64)fresh, 0);
}

bool store_settled(const struct stat *st)
{
	u64 now[2];

	if (host_syscall2(__NR_clock_gettime, CLOCK_REALTIME, (u64)now))
		return false;
	return now[0] * 1000000000 + now[1] > st->st_ctime * 1000000000 + st->st_ctime_nsec + SETTLED_NS;
}

/* A part behind the first page has a record of its own, as a file of its own would. */
static void part_numbers(const struct stat *st, u64 start, u64 out[FILE_NUMBERS])
{
	store_numbers(st, out);
	if (start > PAGE_SIZE)
		out[0] ^= start / PAGE_SIZE << 32;
}

struct part {
	u64 start, end;
	bool light;
};

static bool known_hash(int seen, int fd, const struct stat *st, const struct part *part, u8 out[BLAKE2_SIZE])
{
	bool ours = part->start; /* guests' files have no header of ours to pass over */
	struct seen_record r = {.magic = SEEN_MAGIC, .hits = ours};
	struct stat after;
	bool old;
	u64 now[7];

	part_numbers(st, part->start, r.file);
	if (recall(seen, &r, ours, out) || (seen < 0 && !part->light && recall_system(&r, out)))
		return true;
	old = store_settled(st); /* before it is read: what changes meanwhile must show in the times */
	if (!hash_file(fd, part->start, part->end, part->light, out) ||
	    host_syscall2(__NR_fstat, (u64)fd, (u64)&after))
		return false;
	part_numbers(&after, part->start, now);
	if (memcmp(now, r.file, sizeof(now)))
		return false;
	memcpy(r.hash, out, BLAKE2_SIZE);
	if (seen >= 0 && old)
		remember(seen, &r);
	return true;
}

bool store_hash(int seen, int fd, const struct stat *st, u64 start, u8 out[BLAKE2_SIZE])
{
	return store_hash_part(seen, fd, st, start, (u64)st->st_size, out);
}

bool store_hash_part(int seen, int fd, const struct stat *st, u64 start, u64 end, u8 out[BLAKE2_SIZE])
{
	const struct part part = {start, end, false};

	return known_hash(seen, fd, st, &part, out);
}

bool store_sum_of(int seen, int fd, const struct stat *st, u64 start, u8 out[BLAKE2_SIZE])
{
	const struct part part = {start, (u64)st->st_size, true};

	return known_hash(seen, fd, st, &part, out);
}

void store_forget(int seen, const struct stat *st)
{
	char name[QUICK_TEXT];
	u64 numbers[FILE_NUMBERS];

	store_numbers(st, numbers);
	seen_name(numbers, name);
	host_syscall3(__NR_unlinkat, (u64)seen, (u64)name, 0);
}
