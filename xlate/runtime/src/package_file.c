/*
 * Finds and judges package files. A package that is not whole, not made by this xlate for exactly these bytes, or that
 * somebody else may have written, is refused with a phrase for statistics; the program runs all the same.
 *
 * Structure is checked at every start. Contents, of the guest file and of the package, are hashed once and remembered
 * in the store. What was checked and what gets mapped is one open file.
 */
#include "package_file.h"

#include <asm/statfs.h>

#include "host.h"
#include "pack_file.h"
#include "payload.h"
#include "refusal.h"
#include "string.h"
#include "thread.h"

static const char NONE[] = "none";
static const char HIT[] = "hit";
static const char HIT_SYSTEM[] = "hit in the system store";
static const char HIT_OWN[] = "hit in the runtime";
static const char DAMAGED[] = "refused: damaged";
static const char OTHERS_FOLDER[] = "refused: not trusted, others may write to its folder";
static const char OTHER_FILE[] = "refused: made for another file";
static const char MADE_FAST[] = "refused: made with --fp fast";
static const char MADE_EXACT[] = "refused: made without --fp fast";

enum { F_DUPFD_CLOEXEC = 1030 };

static const u8 FINGERPRINT[] = PACKAGE_FINGERPRINT;
static const u8 MAGIC[] = PACKAGE_MAGIC;

/* --- the header ---------------------------------------------------------------------------------------- */

/* Offset and size of a section lie inside the file, on a page, in order. */
static bool sections_fit(const struct package_header *h, u64 size)
{
	u64 last = PAGE_SIZE;

	for (u32 i = 0; i < SECTION_COUNT; i++) {
		u64 at = h->sections[2 * i], len = h->sections[2 * i + 1];

		if (!len)
			continue;
		if (at % PAGE_SIZE || at < last || at > size || len > size - at)
			return false;
		last = at + len;
	}
	return true;
}

static bool section_size_is(const struct package_header *h, u32 section, u64 size)
{
	return h->sections[2 * section + 1] == size;
}

static bool structure_fits(const struct package_header *h, u64 size)
{
	u64 span = h->high - h->low, image = h->sections[2 * SECTION_IMAGE + 1];
	u64 faults = h->sections[2 * SECTION_FAULTS + 1];

	if (h->low % PAGE_SIZE || h->high % PAGE_SIZE || h->low >= h->high || h->high > 1ull << 32)
		return false;
	if (!sections_fit(h, size) || image < PAGE_SIZE || image > 8 * span)
		return false;
	for (u32 i = SECTION_TABLE_A32; i <= SECTION_TABLE_T32; i++)
		if (!section_size_is(h, i, 0) && !section_size_is(h, i, 2 * span))
			return false;
	return faults >= h->fault_count * sizeof(struct package_fault) &&
	       section_size_is(h, SECTION_ENTRIES, h->entry_count * sizeof(struct package_entry));
}

static bool header_is_whole(const struct package_header *h)
{
	u8 hash[BLAKE2_SIZE];

	blake2_of(h, offsetof(struct package_header, header_hash), hash);
	return !memcmp(hash, h->header_hash, BLAKE2_SIZE);
}

/* What the host must have, and how floating point is computed, which is as the options say or not at all. */
static const char *judge_features(const char *features)
{
	size_t size = sizeof(((struct package_header *)NULL)->features);
	bool exact = !strncmp(features, PACKAGE_FEATURES, size);
	bool fast = !strncmp(features, PACKAGE_FAST_FEATURES, size);

	if (process.opt.fp ? fast : exact)
		return NULL;
	return fast ? MADE_FAST : exact ? MADE_EXACT : "refused: made for another processor";
}

static const char *judge_header(const struct package_header *h, u64 size)
{
	if (memcmp(h->magic, MAGIC, sizeof(MAGIC)))
		return "refused: not a package";
	if (h->format != PACKAGE_FORMAT)
		return "stale: another format of packages";
	if (!header_is_whole(h))
		return "refused: damaged header";
	if (h->file_size != size || !structure_fits(h, size))
		return "refused: truncated or damaged";
	if (h->abi != STATE_ABI)
		return "stale: made for another layout of the guest's state";
	if (memcmp(h->fingerprint, FINGERPRINT, sizeof(FINGERPRINT)))
		return "stale: made by another version of xlate";
	return judge_features((const char *)h->features);
}

/* --- the guest it is for ------------------------------------------------------------------------------- */

static const char *judge_place(const struct package_header *h, const struct guest_file *g)
{
	if (h->low != g->low || h->high != g->high)
		return "refused: its addresses are not the file's";
	if (g->run_low < g->low || (!h->position_independent && g->run_low != g->low))
		return "refused: the file is mapped where it does not work";
	return NULL;
}

/* Where hashes are remembered; -1: nowhere, then they are computed at every start. */
static int open_seen(void)
{
	long root = store_root(true), seen = -1;

	if (root >= 0) {
		seen = store_folder((int)root, "seen", true);
		host_syscall1(__NR_close, (u64)root);
	}
	return seen < 0 ? -1 : (int)seen;
}

/*
 * Is it the file that the package was made for, where nobody remembers hashes? With what we carry there is a sum, which
 * takes a tenth of a hash's time; a file that was made to have another's sum is run with that one's code.
 */
static const char *compare_sums(const struct package_file *p, const struct guest_file *g)
{
	u8 want[BLAKE2_SIZE], sum[BLAKE2_SIZE];

	if (!payload_sum(p->row, want) || !store_sum_of(-1, g->fd, &g->st, 0, sum))
		return "refused: the file cannot be read, or changes";
	return memcmp(sum, want, BLAKE2_SIZE) ? OTHER_FILE : NULL;
}

static const char *compare_contents(const struct package_file *p, const struct stat *st, const struct guest_file *g,
				    int seen)
{
	s32 carried = payload_which(&g->st);
	u8 hash[BLAKE2_SIZE];

	if (p->own && carried < 0 && seen < 0)
		return compare_sums(p, g);
	if (carried >= 0)
		memcpy(hash, payload_hash((u32)carried), BLAKE2_SIZE);
	else if (!store_hash(seen, g->fd, &g->st, 0, hash))
		return "refused: the file cannot be read, or changes";
	if (memcmp(hash, p->h.guest_hash, BLAKE2_SIZE))
		return OTHER_FILE;
	if (p->own) /* as much ours as this code is */
		return NULL;
	if (!store_hash_part(seen, p->fd, st, p->at + PAGE_SIZE, p->at + p->size, hash))
		return "refused: cannot be read";
	return memcmp(hash, p->h.data_hash, BLAKE2_SIZE) ? DAMAGED : NULL;
}

static const char *judge_contents(const struct package_file *p, const struct stat *st, const struct guest_file *g)
{
	int seen = open_seen();
	const char *why = compare_contents(p, st, g, seen);

	if (seen >= 0)
		host_syscall1(__NR_close, (u64)seen);
	return why;
}

/* Offsets that whoever maps it can use as they are; absent sections stay at 0. */
static void shift_sections(struct package_file *p)
{
	for (u32 i = 0; i < SECTION_COUNT; i++)
		if (p->h.sections[2 * i + 1])
			p->h.sections[2 * i] += p->at;
}

static bool read_header(struct package_file *p)
{
	return p->size >= sizeof(p->h) &&
	       host_syscall4(__NR_pread64, (u64)p->fd, (u64)&p->h, sizeof(p->h), p->at) == sizeof(p->h);
}

static const char *judge(struct package_file *p, const struct stat *st, const struct guest_file *g)
{
	const char *why = judge_header(&p->h, p->size);

	if (!why && (p->h.guest_size != (u64)g->st.st_size || memcmp(p->h.quick, g->quick, QUICK_SIZE)))
		why = OTHER_FILE;
	if (!why)
		why = judge_place(&p->h, g);
	if (!why)
		why = judge_contents(p, st, g);
	if (!why)
		shift_sections(p);
	return why;
}

/* --- in a pack ----------------------------------------------------------------------------------------- */

/* Of two answers about files of one quick key, does the second say more? */
static bool says_more(const char *worst)
{
	return worst == NONE || worst == OTHER_FILE || worst == MADE_FAST || worst == MADE_EXACT;
}

static const char *judge_row(struct package_file *p, const struct file_part *pack, const struct pack_row *row,
			     const struct stat *st, const struct guest_file *g)
{
	p->at = pack->at + row->offset;
	p->size = row->size;
	if (!read_header(p) || memcmp(p->h.header_hash, row->package_hash, BLAKE2_SIZE))
		return DAMAGED;
	return judge(p, st, g);
}

/* p->fd is open, and closed by the caller whatever comes of it. */
static const char *try_pack(const struct file_part *pack, struct package_file *p, const struct stat *st,
			    const struct guest_file *g)
{
	struct pack_header h;
	struct pack_row row;
	const char *worst = NONE, *why = pack_begin(pack, &h);

	if (why)
		return why;
	for (u32 i = pack_first(pack, &h, g->quick); pack_row_at(pack, &h, i, &row); i++) {
		if (memcmp(row.quick, g->quick, QUICK_SIZE))
			break;
		p->row = i;
		why = judge_row(p, pack, &row, st, g);
		if (!why)
			return NULL;
		if (says_more(worst))
			worst = why;
	}
	return worst;
}

/* What this runtime carries. */
static const char *try_own(const struct guest_file *g, struct package_file *p)
{
	struct file_part pack;
	const char *why;
	long fd;

	if (!payload_pack(&pack))
		return pack.size ? "refused: this xlate-run cannot read its own file" : NONE;
	fd = host_syscall3(__NR_fcntl, (u64)pack.fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return "refused: cannot be opened";
	*p = (struct package_file){.fd = (int)fd, .own = true};
	why = try_pack(&pack, p, NULL, g);
	if (why)
		host_syscall1(__NR_close, (u64)fd);
	return why;
}

/* --- finding it ---------------------------------------------------------------------------------------- */

/* NULL: p is open and sound. */
static const char *try_file(int folder, const char *name, const struct guest_file *g, struct package_file *p)
{
	struct stat st;
	long fd = store_open_file(folder, name, 0, &st);
	const char *why;

	if (fd == -ENOENT)
		return NONE;
	if (fd == -EPERM)
		return "refused: not trusted, others may have written it";
	if (fd < 0)
		return "refused: cannot be opened";
	*p = (struct package_file){.fd = (int)fd, .size = (u64)st.st_size};
	if (!read_header(p))
		why = "refused: not a package";
	else if (pack_is_one(&p->h))
		why = try_pack(&(struct file_part){p->fd, 0, p->size}, p, &st, g);
	else
		why = judge(p, &st, g);
	if (why)
		host_syscall1(__NR_close, (u64)fd);
	return why;
}

static void candidate_name(const struct guest_file *g, u32 number, char name[PACKAGE_NAME_SIZE])
{
	struct text b = text_begin(name + QUICK_TEXT - 1, PACKAGE_NAME_SIZE - QUICK_TEXT + 1);

	store_quick_text(g->quick, name);
	if (number) {
		text_char(&b, '-');
		text_u64(&b, number);
	}
	text_str(&b, PACKAGE_SUFFIX);
}

/* Files of one quick key: the first sound one; else what is wrong with one, "made for another file" or otherwise last. */
static const char *try_folder(int folder, const struct guest_file *g, struct package_file *p,
			      char name[PACKAGE_NAME_SIZE])
{
	const char *worst = NONE;
	u32 which = 0;

	for (u32 i = 0; i < PACKAGE_CANDIDATES; i++) {
		const char *why;

		candidate_name(g, i, name);
		why = try_file(folder, name, g, p);
		if (!why)
			return NULL;
		if (why == NONE)
			break;
		if (says_more(worst)) {
			worst = why;
			which = i;
		}
	}
	candidate_name(g, which, name);
	if (worst == NONE)
		name[0] = 0;
	return worst;
}

static const char *close_after(long folder, const char *why)
{
	host_syscall1(__NR_close, (u64)folder);
	return why;
}

static const char *folder_problem(long err)
{
	return err == -EPERM ? OTHERS_FOLDER : NONE;
}

/* -p names a file, or a folder like the store's. */
static const char *try_option(const char *path, const struct guest_file *g, struct package_file *p,
			      char name[PACKAGE_NAME_SIZE])
{
	char above[STORE_PATH_SIZE];
	const char *slash = strrchr(path, '/'); /* options.c made it absolute */
	long folder = store_open_path(path);
	u64 len = slash ? (u64)(slash - path) : 0;
	struct text b;

	if (folder >= 0)
		return close_after(folder, try_folder((int)folder, g, p, name));
	if (folder != -ENOTDIR || !slash || len >= sizeof(above))
		return folder_problem(folder);
	memcpy(above, path, len);
	above[len] = 0;
	folder = store_open_path(len ? above : "/");
	if (folder < 0)
		return folder_problem(folder);
	b = text_begin(name, PACKAGE_NAME_SIZE);
	text_str(&b, slash + 1);
	return close_after(folder, try_file((int)folder, slash + 1, g, p));
}

/* The same from inside --root, where the folder has no path. */
static const char *try_held(const char *file, const struct guest_file *g, struct package_file *p,
			    char name[PACKAGE_NAME_SIZE])
{
	struct text b;

	if (!strcmp(file, "."))
		return try_folder(store_held_package(), g, p, name);
	b = text_begin(name, PACKAGE_NAME_SIZE);
	text_str(&b, file);
	return try_file(store_held_package(), file, g, p);
}

/* Closes the store's folder. */
static const char *try_store(long root, const struct guest_file *g, struct package_file *p,
			     char name[PACKAGE_NAME_SIZE])
{
	long folder = root < 0 ? root : store_folder((int)root, "packages", false);
	const char *why = folder < 0 ? folder_problem(folder) : close_after(folder, try_folder((int)folder, g, p, name));

	return root < 0 ? why : close_after(root, why);
}

/* The user's store, then the system's. NULL, and *state says which; else why the likeliest is refused. */
static const char *try_stores(const struct guest_file *g, struct package_file *p, const char **state,
			      char name[PACKAGE_NAME_SIZE])
{
	char system_name[PACKAGE_NAME_SIZE] = "";
	const char *why = try_store(store_root(false), g, p, name), *also;

	if (!why)
		return NULL;
	if (why == OTHERS_FOLDER)
		refusal_tell();
	also = try_store(store_system(), g, p, system_name);
	if (also && why != NONE)
		return why;
	memcpy(name, system_name, sizeof(system_name));
	if (!also)
		*state = HIT_SYSTEM;
	return also;
}

bool package_find(const struct guest_file *g, struct package_file *p, const char **state,
		  char name[PACKAGE_NAME_SIZE])
{
	char kept_name[PACKAGE_NAME_SIZE] = "";
	const char *given = NONE, *own, *kept;

	name[0] = 0;
	*state = HIT;
	if (process.opt.package)
		given = try_option(process.opt.package, g, p, name);
	else if (store_held_package() >= 0)
		given = try_held(process.opt.package_held, g, p, name);
	if (!given)
		return true;
	own = try_own(g, p);
	if (!own) {
		*state = HIT_OWN;
		candidate_name(g, 0, name);
		return true;
	}
	if (given == NONE)
		given = own;
	kept = try_stores(g, p, state, kept_name);
	if (kept && given != NONE) {
		*state = given;
		return false;
	}
	memcpy(name, kept_name, sizeof(kept_name));
	if (kept)
		*state = kept;
	return !kept;
}

enum { ST_NOEXEC = 8 };

const char *package_unmappable(int fd, long err)
{
	struct statfs fs;

	if (err != -EPERM && err != -EACCES)
		return "refused: cannot be mapped as code";
	if (!host_syscall2(__NR_fstatfs, (u64)fd, (u64)&fs) && (fs.f_flags & ST_NOEXEC))
		return "refused: its file system is mounted noexec";
	return "refused: this system does not allow mapping it as code";
}
