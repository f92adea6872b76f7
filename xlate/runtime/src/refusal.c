/*
 * One line on standard error when the user's store is refused: which component of its path, whose that is, and what to
 * do. Once an hour for each store: the stamp lies in the user's own $XDG_RUNTIME_DIR, since the store is not to be
 * written; where there is no such folder (CI, services, containers) nothing is said, and --stats has the reason.
 *
 * Only while the program is loaded: later descriptor 2 may be a file of the guest's.
 */
#include "refusal.h"

#include "guest.h"
#include "host.h"
#include "option_set.h"
#include "package.h"
#include "store.h"
#include "string.h"
#include "thread.h"

enum { O_WRONLY = 1, O_CREAT = 0100, O_EXCL = 0200, O_NOFOLLOW = 0400000, O_CLOEXEC = 02000000 };
enum { CLOCK_REALTIME = 0, OTHERS_WRITE = 022 };

#define AGAIN_SECONDS 3600
#define PATH_SHOWN 300
#define STAMP "xlate-told-"

static struct {
	bool known;
	u32 owner;
	bool writable;
	char path[PATH_SHOWN];
} noted;

void refusal_note(int fd, const struct stat *st)
{
	noted.known = fd_path(fd, noted.path, sizeof(noted.path)) > 0;
	noted.owner = st->st_uid;
	noted.writable = st->st_mode & OTHERS_WRITE;
}

static void stamp_name(const char *store, char name[sizeof(STAMP) + QUICK_TEXT])
{
	u8 whole[BLAKE2_SIZE];

	blake2_of(store, strlen(store), whole);
	memcpy(name, STAMP, sizeof(STAMP));
	store_quick_text(whole, name + sizeof(STAMP) - 1);
}

/* A time to come is of a clock that went backwards: it holds nobody up. */
static bool is_recent(u64 then)
{
	u64 now[2] = {0, 0};

	host_syscall2(__NR_clock_gettime, CLOCK_REALTIME, (u64)now);
	return now[0] >= then && now[0] - then < AGAIN_SECONDS;
}

/* Of several that come at once, one makes the stamp. */
static bool stamp(int folder, const char *name)
{
	struct stat st;
	long fd = store_open_file(folder, name, 0, &st);

	if (fd >= 0) {
		host_syscall1(__NR_close, (u64)fd);
		if (is_recent(st.st_mtime))
			return false;
		host_syscall3(__NR_unlinkat, (u64)folder, (u64)name, 0);
	}
	fd = host_syscall4(__NR_openat, (u64)folder, (u64)name,
			   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	host_syscall1(__NR_close, (u64)fd);
	return true;
}

static bool is_due(const char *store)
{
	const char *place = option_variable(process.opt.env, "XDG_RUNTIME_DIR");
	char name[sizeof(STAMP) + QUICK_TEXT];
	long folder = place && *place == '/' ? store_open_path(place) : -ENOENT;
	bool due;

	if (folder < 0)
		return false;
	stamp_name(store, name);
	due = stamp((int)folder, name);
	host_syscall1(__NR_close, (u64)folder);
	return due;
}

void refusal_tell(void)
{
	const char *store = process.opt.store;
	typeof(noted) why = noted;
	char buf[4 * PATH_SHOWN];
	struct text b = text_begin(buf, sizeof(buf) - 1);

	if (!store || !why.known || package_program_state() || !is_due(store))
		return;
	text_str(&b, GUEST_PROGRAM ": the store ");
	text_printable(&b, store, PATH_SHOWN);
	text_str(&b, why.writable ? " is not used (others may write to " : " is not used (");
	text_printable(&b, why.path, PATH_SHOWN);
	text_str(&b, why.writable ? ", of user " : " belongs to user ");
	text_u64(&b, why.owner);
	text_str(&b, "); try: ");
	if (why.writable) {
		text_str(&b, "chmod go-w ");
		text_printable(&b, why.path, PATH_SHOWN);
		text_str(&b, ", or ");
	}
	text_str(&b, "XLATE_CACHE=DIR with a folder of your own\n");
	text_write(&b, 2);
}
