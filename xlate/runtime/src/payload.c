/*
 * What stands in our own executable file behind the program. `xlate pack --into-runtime` and `xlate convert --standalone`
 * put it there (xlate/package/bundle.py) and fill in the slot below, so a runtime that carries nothing asks nobody.
 *
 * Nothing is hashed here: whoever can change the payload can change the program before it. Its length is compared, since
 * strip and broken copies lose the end; rows are checked so far that a damaged one leads to a refusal. A guest file
 * becomes a sealed memory file, of which all openings in a process are the same inode, as loaders expect.
 */
#include "payload.h"

#include <asm/stat.h>

#include "fatal.h"
#include "host.h"
#include "pack_file.h"
#include "rooted.h"
#include "string.h"
#include "thread.h"

enum {
	O_CLOEXEC = 02000000,
	O_PATH = 010000000,
	F_DUPFD_CLOEXEC = 1030,
	F_ADD_SEALS = 1033,
	SEAL_ALL = 0xf, /* seals, shrinking, growing, writing */
	MFD_ALLOW_SEALING = 2,
};

/* Of the ELF header and the rows behind it; long enough to tell our file from another. */
#define HEAD_SIZE 256

extern const u8 __ehdr_start[];

__attribute__((used, aligned(16))) static const struct payload_slot SLOT = {
	.magic = PAYLOAD_MAGIC,
	.format = PAYLOAD_FORMAT,
};

struct identity {
	u64 dev, ino;
};

static const struct payload_file *files;
static const struct payload_name *names;
static const char *texts;
static u32 texts_size;
static struct identity own;
static struct identity opened[PAYLOAD_FILES];

/* Read from memory: the compiler knows only what stands there before the slot is filled in. */
static const struct payload_slot *slot(void)
{
	const struct payload_slot *s = &SLOT;

	__asm__("" : "+r"(s));
	return s;
}

bool payload_is_there(void)
{
	return slot()->file_size;
}

bool payload_is_program(void)
{
	return payload_is_there() && (slot()->flags & PAYLOAD_STANDALONE);
}

bool payload_is_fast(void)
{
	return slot()->flags & PAYLOAD_FAST;
}

/* --- our own file ------------------------------------------------------------------------------------ */

/* Under binfmt_misc the name is the guest program's. */
static bool is_our_file(long fd)
{
	u8 head[HEAD_SIZE];

	return host_syscall4(__NR_pread64, (u64)fd, (u64)head, sizeof(head), 0) == sizeof(head) &&
	       !memcmp(head, __ehdr_start, sizeof(head));
}

long payload_open_exe(const char *name)
{
	u64 flags = O_CLOEXEC | (payload_is_there() ? 0 : O_PATH);
	long fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64) "/proc/self/exe", flags, 0), again;

	if (fd == -ENOENT && !(payload_is_there() && process.opt.privileged)) { /* whoever started us chose the name */
		fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)name, flags, 0);
		if (fd >= 0 && payload_is_there() && !is_our_file(fd)) {
			host_syscall1(__NR_close, (u64)fd);
			fd = -ENOENT;
		}
	}
	if (fd >= 0 || !payload_is_there() || payload_is_program() || process.opt.privileged)
		return fd;
	again = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64) "/proc/self/exe", O_PATH | O_CLOEXEC, 0);
	return again < 0 ? host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)name, O_PATH | O_CLOEXEC, 0) : again;
}

_Noreturn static void refuse_damaged(const char *why)
{
	refuse(EXIT_OWN_FAILURE, NULL, "this executable is not as it was made", why, "making or copying it again");
}

static bool text_is_whole(u32 at)
{
	return at < texts_size; /* the last one has its end */
}

static bool rows_are_sound(const struct payload_slot *s)
{
	for (u32 i = 0; i < s->file_count; i++) {
		const struct payload_file *f = &files[i];

		if (f->at % PAGE_SIZE || f->at > s->file_size || f->size > s->file_size - f->at ||
		    !text_is_whole(f->name))
			return false;
	}
	for (u32 i = 0; i < s->name_count; i++)
		if (!text_is_whole(names[i].text) || names[i].file >= s->file_count)
			return false;
	return true;
}

static bool part_fits(const struct payload_slot *s, u64 at, u64 size)
{
	return at % PAGE_SIZE == 0 && at <= s->file_size && size <= s->file_size - at;
}

static bool map_table(const struct payload_slot *s, int fd)
{
	u64 rows = s->file_count * sizeof(*files) + s->name_count * sizeof(*names);
	long at;

	if (!s->file_count)
		return !(s->flags & PAYLOAD_STANDALONE);
	if (s->file_count > PAYLOAD_FILES || !part_fits(s, s->table_at, s->table_size) || s->table_size <= rows)
		return false;
	at = host_mmap(0, s->table_size, PROT_READ, MAP_PRIVATE, fd, s->table_at);
	if (host_is_error(at))
		refuse(EXIT_OWN_FAILURE, NULL, "its own file cannot be mapped", error_text(-at), "a higher ulimit -v");
	files = (const struct payload_file *)at;
	names = (const struct payload_name *)(files + s->file_count);
	texts = (const char *)(names + s->name_count);
	texts_size = (u32)(s->table_size - rows);
	return !texts[texts_size - 1] && rows_are_sound(s);
}

/* Who may only execute us has it as O_PATH. */
static bool can_be_read(int fd)
{
	u8 byte;

	return host_syscall4(__NR_pread64, (u64)fd, (u64)&byte, 1, 0) == 1;
}

void payload_begin(void)
{
	const struct payload_slot *s = slot();
	int fd = group_self()->own_fds[OWN_FD_EXE];
	struct stat st;

	if (!payload_is_there())
		return;
	if (s->format != PAYLOAD_FORMAT)
		refuse_damaged("another format of what it carries");
	if (fd < 0 || host_syscall2(__NR_fstat, (u64)fd, (u64)&st) || !can_be_read(fd)) {
		if (payload_is_program())
			refuse(EXIT_OWN_FAILURE, NULL, "its own file cannot be read", NULL, "chmod +r, or a mounted /proc");
		return;
	}
	if ((u64)st.st_size != s->file_size)
		refuse_damaged("its end is missing, or something was added");
	own = (struct identity){st.st_dev, st.st_ino};
	if (!part_fits(s, s->pack_at, s->pack_size) || !map_table(s, fd))
		refuse_damaged("the table of what it carries is damaged");
}

bool payload_pack(struct file_part *part)
{
	const struct payload_slot *s = slot();

	*part = (struct file_part){group_self()->own_fds[OWN_FD_EXE], s->pack_at, s->pack_size};
	return s->pack_size && own.ino && part->fd >= 0;
}

bool payload_sum(u32 row, u8 sum[BLAKE2_SIZE])
{
	const struct payload_slot *s = slot();
	u64 at = s->sums_at + (u64)row * BLAKE2_SIZE;

	return host_syscall4(__NR_pread64, (u64)group_self()->own_fds[OWN_FD_EXE], (u64)sum, BLAKE2_SIZE, at) ==
	       BLAKE2_SIZE;
}

/* --- files of the guest ------------------------------------------------------------------------------ */

/* Systems with and without merged /usr: both names of a program or library are one. */
static const char *without_usr(const char *path)
{
	static const char *const folders[] = {"/usr/lib/", "/usr/bin/", "/usr/sbin/"};

	for (u32 i = 0; i < ARRAY_LEN(folders); i++)
		if (str_starts(path, folders[i]))
			return path + strlen("/usr");
	return path;
}

u32 payload_files(void)
{
	return files ? slot()->file_count : 0;
}

s32 payload_find(const char *path)
{
	u32 low = 0, high = files ? slot()->name_count : 0;

	if (!high || path[0] != '/')
		return -1;
	path = without_usr(path);
	while (low < high) {
		u32 mid = (low + high) / 2;
		int order = strcmp(path, texts + names[mid].text);

		if (!order)
			return (s32)names[mid].file;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return -1;
}

bool payload_has_folder(const char *path)
{
	size_t n;

	if (!files || path[0] != '/')
		return false;
	path = without_usr(path);
	n = strlen(path);
	while (n && path[n - 1] == '/')
		n--;
	for (u32 i = 0; i < slot()->name_count; i++) {
		const char *text = texts + names[i].text;

		if (!strncmp(text, path, n) && text[n] == '/')
			return true;
	}
	return false;
}

const char *payload_name(u32 file)
{
	static char path[4096];
	static bool known;

	if (file)
		return texts + files[file].name;
	if (!known)
		known = fd_path(group_self()->own_fds[OWN_FD_EXE], path, sizeof(path)) > 0;
	return known ? path : NULL;
}

const char *payload_name_of(u64 ino)
{
	for (u32 i = 0; i < payload_files(); i++)
		if (opened[i].ino == ino)
			return payload_name(i);
	return NULL;
}

const u8 *payload_hash(u32 file)
{
	return files[file].hash;
}

static bool is_file(const struct identity *id, const struct stat *st)
{
	return id->ino && id->ino == st->st_ino && id->dev == st->st_dev;
}

s32 payload_which(const struct stat *st)
{
	if (!files)
		return -1;
	for (u32 i = 0; i < slot()->file_count; i++)
		if (is_file(&opened[i], st))
			return (s32)i;
	return payload_is_program() && is_file(&own, st) ? 0 : -1;
}

s32 payload_which_fd(int fd)
{
	struct stat st;

	return files && !host_syscall2(__NR_fstat, (u64)fd, (u64)&st) ? payload_which(&st) : -1;
}

/* Of what the file system gave: its identity, for payload_which(), and its place among our descriptors. */
static long keep(u32 file, long fd)
{
	struct group *g = group_self();
	struct stat st;
	long err = fd < 0 ? fd : host_syscall2(__NR_fstat, (u64)fd, (u64)&st);

	if (err)
		return err;
	fd = fd_raise((int)fd);
	if (fd < 0)
		return fd;
	opened[file] = (struct identity){st.st_dev, st.st_ino};
	g->own_fds[OWN_FD_COUNT + file] = (int)fd;
	if (g->own_count <= OWN_FD_COUNT + file)
		g->own_count = OWN_FD_COUNT + file + 1;
	return fd;
}

static long fill(long to, const struct payload_file *f)
{
	u64 at = f->at, left = f->size;

	while (left) {
		long n = host_syscall4(__NR_sendfile, (u64)to, (u64)group_self()->own_fds[OWN_FD_EXE], (u64)&at, left);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n ? n : -EIO;
		left -= (u64)n;
	}
	return host_syscall3(__NR_fcntl, (u64)to, F_ADD_SEALS, SEAL_ALL);
}

long payload_file(u32 file)
{
	const struct payload_file *f = &files[file];
	long fd, err;
	HOLD_LOCK;

	if (group_self()->own_fds[OWN_FD_COUNT + file] >= 0)
		return group_self()->own_fds[OWN_FD_COUNT + file];
	fd = memory_file(texts + f->name, f->size, MFD_ALLOW_SEALING);
	err = fd < 0 ? fd : fill(fd, f);
	if (fd >= 0 && err)
		host_syscall1(__NR_close, (u64)fd);
	return err ? err : keep(file, fd);
}

void payload_adopt(u32 file, int fd)
{
	if (files && file < slot()->file_count)
		keep(file, host_syscall3(__NR_fcntl, (u64)fd, F_DUPFD_CLOEXEC, 3));
}

/* Its position is that of all such copies, at the start once more. */
static long copy(long fd)
{
	long own_fd = host_syscall3(__NR_fcntl, (u64)fd, F_DUPFD_CLOEXEC, 0);

	if (own_fd >= 0)
		host_syscall3(__NR_lseek, (u64)own_fd, 0, 0);
	return own_fd;
}

long payload_copy(u32 file)
{
	long fd = payload_file(file);

	return fd < 0 ? fd : copy(fd);
}

long payload_copy_named(const char *path)
{
	const char *folder = rooted_descriptors();
	u64 fd;

	if (!files || !str_starts(path, folder) || !str_to_u64(path + strlen(folder), &fd) || fd > 1u << 20)
		return -ENOENT;
	for (u32 i = OWN_FD_COUNT; i < group_self()->own_count; i++)
		if (group_self()->own_fds[i] == (int)fd)
			return copy((long)fd);
	return -ENOENT;
}

long payload_path(u32 file, char *buf, size_t size)
{
	struct text b = text_begin(buf, size);
	long fd = payload_file(file);

	if (fd < 0)
		return fd;
	text_str(&b, rooted_descriptors());
	text_s64(&b, fd);
	return 0;
}
