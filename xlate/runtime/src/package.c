/*
 * Packages in this process: which module of the guest has one, where its image lies, and how it goes away again.
 * package_file.c decides whether a file is good; the place in the window and the look-up table are the emulation
 * manager's (code_cache.h, dispatch.h); when guest text changes, memory.c says so.
 *
 * A module is known by a private, executable file mapping: its headers are read from the descriptor that was mapped, so
 * that it makes no difference who mapped it, our loader or the guest's own.
 */
#include "package.h"

#include "code_cache.h"
#include "dispatch.h"
#include "host.h"
#include "kept.h"
#include "load.h"
#include "memory.h"
#include "package_file.h"
#include "payload.h"
#include "profile.h"
#include "record.h"
#include "stats.h"
#include "stock.h"
#include "string.h"
#include "thread.h"
#include "wanted.h"

enum { PT_LOAD = 1, PF_X = 1, ET_EXEC = 2, ET_DYN = 3, EM_ARM = 40, ELFCLASS32 = 1, ELFDATA2LSB = 1 };

/* A library of libc's size has ten program headers; a file with more than this is left to the baseline tier. */
#define PHDRS_READ 64
#define MODULES_MAX 64

struct elf32_header {
	u8 ident[16];
	u16 type, machine;
	u32 version, entry, phoff, shoff, flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct module {
	struct package package;
	u64 text_low, text_high; /* pages of its executable segments */
	u64 dev, ino;
	u8 quick[QUICK_SIZE];
	bool profile_tried;
	struct profile_file *profile;
	char file[STATS_NAME_SIZE]; /* only where statistics are wanted */
};

/* Modules with a package. Handlers read it: a row is whole before the count takes it in. */
static struct module modules[MODULES_MAX];
static u32 module_count;
static const char *left; /* why nothing is attached any more */
static const char *program_state;

/* A mapping of a file, as the guest made it. */
struct mapping {
	int fd;
	u64 address, length, offset;
};

/* --- what was mapped ----------------------------------------------------------------------------------- */

static bool read_headers(int fd, struct elf32_header *h, struct elf_phdr *phdrs)
{
	u64 size;

	if (host_syscall4(__NR_pread64, (u64)fd, (u64)h, sizeof(*h), 0) != sizeof(*h))
		return false;
	if (memcmp(h->ident, "\x7f" "ELF", 4) || h->ident[4] != ELFCLASS32 || h->ident[5] != ELFDATA2LSB)
		return false;
	if (h->machine != EM_ARM || (h->type != ET_EXEC && h->type != ET_DYN))
		return false;
	if (h->phentsize != sizeof(*phdrs) || !h->phnum || h->phnum > PHDRS_READ)
		return false;
	size = h->phnum * sizeof(*phdrs);
	return host_syscall4(__NR_pread64, (u64)fd, (u64)phdrs, size, h->phoff) == (long)size;
}

/* The executable segment that this mapping is the whole of. */
static const struct elf_phdr *segment_of(const struct elf_phdr *phdrs, u32 count, u64 length, u64 offset)
{
	for (u32 i = 0; i < count; i++) {
		const struct elf_phdr *p = &phdrs[i];
		u64 start = page_floor(p->vaddr), end = page_ceil((u64)p->vaddr + p->filesz);

		if (p->type == PT_LOAD && (p->flags & PF_X) && p->filesz && page_floor(p->offset) == offset &&
		    page_ceil(length) >= end - start)
			return p;
	}
	return NULL;
}

/* Link addresses of the module and of its text, as pages; then where they are mapped. */
static bool measure(const struct elf_phdr *phdrs, u32 count, const struct elf_phdr *here, u64 address,
		    struct guest_file *g, struct module *m)
{
	u64 up;

	g->low = m->text_low = ~0ull;
	g->high = m->text_high = 0;
	for (u32 i = 0; i < count; i++) {
		u64 start = page_floor(phdrs[i].vaddr), end = page_ceil((u64)phdrs[i].vaddr + phdrs[i].memsz);

		if (phdrs[i].type != PT_LOAD || !phdrs[i].memsz)
			continue;
		g->low = start < g->low ? start : g->low;
		g->high = end > g->high ? end : g->high;
		if (phdrs[i].flags & PF_X) {
			m->text_low = start < m->text_low ? start : m->text_low;
			m->text_high = end > m->text_high ? end : m->text_high;
		}
	}
	up = page_floor(here->vaddr) - g->low;
	if (address < up || address - up + (g->high - g->low) > 1ull << 32)
		return false;
	g->run_low = address - up;
	m->package.bias = (u32)(g->run_low - g->low);
	m->package.low = g->run_low;
	m->package.high = g->run_low + (g->high - g->low);
	m->text_low += g->run_low - g->low;
	m->text_high += g->run_low - g->low;
	return true;
}

/* Headers, identity and place of the file behind a mapping; false: no ARM module as a loader maps it. */
static bool identify(const struct mapping *at, struct guest_file *g, struct module *m)
{
	int fd = at->fd;
	struct elf_phdr phdrs[PHDRS_READ];
	struct elf32_header h;
	const struct elf_phdr *here;

	if (fd < 0 || !read_headers(fd, &h, phdrs) || host_syscall2(__NR_fstat, (u64)fd, (u64)&g->st))
		return false;
	here = segment_of(phdrs, h.phnum, at->length, at->offset);
	if (!here || !measure(phdrs, h.phnum, here, at->address, g, m))
		return false;
	g->fd = fd;
	m->dev = g->st.st_dev;
	m->ino = g->st.st_ino;
	if (!store_quick(fd, (u64)g->st.st_size, g->quick))
		return false;
	memcpy(m->quick, g->quick, QUICK_SIZE);
	return true;
}

/* --- mapping a package --------------------------------------------------------------------------------- */

static const char *map_image(struct package *k, const struct package_file *p)
{
	u64 offset = p->h.sections[2 * SECTION_IMAGE];
	long at;

	k->image_size = p->h.sections[2 * SECTION_IMAGE + 1];
	k->image = cache_window() + 8 * k->low;
	if (!cache_window() || !cache_claim(k->image, page_ceil(k->image_size)))
		return "refused: no room in the window of code";
	at = host_mmap(k->image, k->image_size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, p->fd, offset);
	if (!host_is_error(at))
		at = host_mmap(k->image, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			       0);
	if (host_is_error(at)) {
		cache_unclaim(k->image, page_ceil(k->image_size));
		return package_unmappable(p->fd, at);
	}
	*(u32 *)k->image = k->bias;
	return NULL;
}

/* The table is read in a handler, perhaps never; it costs nothing until then. */
static void map_faults(struct package *k, const struct package_file *p)
{
	u64 offset = p->h.sections[2 * SECTION_FAULTS], size = p->h.sections[2 * SECTION_FAULTS + 1];
	long at = size ? host_mmap(0, size, PROT_READ, MAP_PRIVATE, p->fd, offset) : -ENOENT;

	if (host_is_error(at))
		return;
	k->faults = (u64)at;
	k->faults_size = size;
	k->fault_count = p->h.fault_count;
}

static void unmap(struct package *k)
{
	if (k->faults)
		host_munmap(k->faults, k->faults_size);
	cache_unclaim(k->image, page_ceil(k->image_size));
}

static const char *attach(struct thread *t, struct module *m, const struct package_file *p)
{
	struct package *k = &m->package;
	u64 a32 = p->h.sections[2 * SECTION_TABLE_A32], t32 = p->h.sections[2 * SECTION_TABLE_T32];
	const char *why;

	if (module_count == MODULES_MAX)
		return "refused: too many modules";
	if (mem_is_writable(m->text_low, m->text_high))
		return "refused: the file's text is writable";
	why = map_image(k, p);
	if (why)
		return why;
	map_faults(k, p);
	k->functions = p->h.functions;
	k->entries = p->h.entry_count;
	k->a32 = a32;
	k->t32 = t32;
	modules[module_count] = *m;
	__atomic_store_n(&module_count, module_count + 1, __ATOMIC_RELEASE);
	if (dispatch_map_slices(t, k->low, k->high, p->fd, a32, t32))
		return NULL;
	__atomic_store_n(&module_count, module_count - 1, __ATOMIC_RELEASE);
	unmap(k);
	return "refused: the look-up table has no place for it";
}

/* --- statistics ---------------------------------------------------------------------------------------- */

static void file_name(int fd, char name[STATS_NAME_SIZE])
{
	s32 carried = stats_on ? payload_which_fd(fd) : -1;
	const char *shown = carried >= 0 ? payload_name((u32)carried) : NULL;
	struct text b = text_begin(name, STATS_NAME_SIZE);

	if (shown)
		text_str(&b, shown);
	else if (stats_on)
		fd_path(fd, name, STATS_NAME_SIZE);
}

static void report_left(const struct module *m, const char *why)
{
	char state[72];
	struct text b = text_begin(state, sizeof(state));

	text_str(&b, "left: ");
	text_str(&b, why);
	stats_package(m->file, "", 0, state);
}

/* --- attaching and detaching --------------------------------------------------------------------------- */

static struct module *find_same(const struct module *m)
{
	for (u32 i = 0; i < module_count; i++)
		if (modules[i].package.low == m->package.low && modules[i].dev == m->dev && modules[i].ino == m->ino)
			return &modules[i];
	return NULL;
}

/* --record: where the functions are, and what they are run from later. */
static const char *write_down(const struct module *m, const struct package_file *p, const struct mapping *at)
{
	struct record_module r = {
		.fd = at->fd,
		.address = (u32)at->address,
		.length = (u32)at->length,
		.offset = (u32)at->offset,
		.bias = m->package.bias,
		.low = m->text_low,
		.high = m->text_high,
	};

	if (mem_is_writable(m->text_low, m->text_high))
		return "refused: the file's text is writable";
	record_add_module(&r, p);
	return "not used: it is recorded what it would run";
}

/* Look for the module's package and map it. NULL: there is none, or it is not used. */
static const struct package *use_package(struct thread *t, const struct guest_file *g, struct module *m,
					 const struct mapping *at, u8 hash[BLAKE2_SIZE])
{
	char name[PACKAGE_NAME_SIZE] = "";
	const char *state = left;
	struct package_file p;
	struct module *same;

	file_name(g->fd, m->file);
	if (!left && package_find(g, &p, &state, name)) {
		const char *why = record_is_on() ? write_down(m, &p, at) : attach(t, m, &p);

		memcpy(hash, p.h.header_hash, BLAKE2_SIZE);
		state = why ? why : state;
		host_syscall1(__NR_close, (u64)p.fd);
	}
	same = find_same(m);
	if (!program_state)
		program_state = state;
	stats_package(m->file, name, same ? same->package.functions : 0, state);
	wanted_note(g->fd, m->quick, state);
	if (!same)
		return NULL;
	stats_own.package_functions += same->package.functions;
	stats_own.map_blocks += same->package.entries;
	return &same->package;
}

const struct package *package_mapped(struct thread *t, int fd, u64 address, u64 length, u64 offset)
{
	const struct mapping at = {.fd = fd, .address = address, .length = length, .offset = offset};
	const struct package *used = NULL;
	struct guest_file g = {.fd = fd};
	struct module m = {.profile = NULL}, *same;
	struct stock_module kept;
	u8 hash[BLAKE2_SIZE];

	if ((process.opt.tier == TIER_BASELINE && !stock_is_on()) || !identify(&at, &g, &m))
		return NULL;
	same = find_same(&m);
	if (same)
		return &same->package;
	if (process.opt.tier != TIER_BASELINE)
		used = use_package(t, &g, &m, &at, hash);
	kept = (struct stock_module){m.text_low, m.text_high, m.package.bias, used ? hash : NULL};
	if (payload_which(&g.st) < 0) /* memory, another one in each process */
		stock_mapped(t, &g, &kept);
	return used;
}

const char *package_program_state(void)
{
	return program_state;
}

static void detach(struct thread *t, u32 index)
{
	struct module gone = modules[index];

	dispatch_drop_slices(t, gone.package.low, gone.package.high);
	modules[index] = modules[module_count - 1];
	__atomic_store_n(&module_count, module_count - 1, __ATOMIC_RELEASE);
	if (!kept_anywhere()) /* else it stays for those who go on in it */
		unmap(&gone.package);
	if (gone.profile)
		profile_close(gone.profile);
}

bool package_covers(u64 start, u64 end)
{
	for (u32 i = 0; i < module_count; i++)
		if (modules[i].text_low < end && modules[i].text_high > start)
			return true;
	return false;
}

bool package_forget(struct thread *t, u64 start, u64 end, const char *why)
{
	bool any = false;

	for (u32 i = module_count; i-- > 0;) {
		if (modules[i].text_low >= end || modules[i].text_high <= start)
			continue;
		report_left(&modules[i], why);
		detach(t, i);
		any = true;
	}
	return any;
}

bool package_leave(struct thread *t, const char *why)
{
	bool any = package_forget(t, 0, ~0ull, why);

	left = why;
	return any;
}

/* --- from code back to the guest ------------------------------------------------------------------------ */

/* async-signal-safe */
static const struct package *owner(u64 host_pc)
{
	u32 count = __atomic_load_n(&module_count, __ATOMIC_ACQUIRE);

	for (u32 i = 0; i < count; i++)
		if (host_pc - modules[i].package.image < modules[i].package.image_size)
			return &modules[i].package;
	return NULL;
}

bool package_owns(u64 host_pc)
{
	return owner(host_pc) != NULL;
}

static const struct package_fault *fault_row(const struct package *k, u32 offset)
{
	const struct package_fault *rows = (const struct package_fault *)k->faults;
	u32 low = 0, high = k->fault_count;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (rows[mid].start <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low && offset - rows[low - 1].start < rows[low - 1].size ? &rows[low - 1] : NULL;
}

/* In the difference of guest addresses, which is even: words that sp's distance changes by follow. */
#define PLACE_MOVED 1u

struct stream {
	const u8 *at, *end;
};

/* One LEB128 number; a stream that ends inside it gives what there was. */
static u32 next_number(struct stream *s, bool is_signed)
{
	u32 value = 0, shift = 0;

	while (s->at < s->end && shift < 35) {
		u8 byte = *s->at++;

		if (shift < 32)
			value |= (u32)(byte & 0x7f) << shift;
		shift += 7;
		if (byte & 0x80)
			continue;
		if (is_signed && (byte & 0x40) && shift < 32)
			value |= ~0u << shift;
		break;
	}
	return value;
}

/* The last access of a function up to an offset of its code. */
static struct package_place last_place(struct stream s, u32 key, u32 offset)
{
	struct package_place place = {.key = key};
	u32 code = 0;

	while (s.at < s.end) {
		u32 delta;

		code += next_number(&s, false);
		delta = next_number(&s, true);
		if (code > offset)
			break;
		place.key += delta & ~PLACE_MOVED;
		if (delta & PLACE_MOVED)
			place.sp += (s32)next_number(&s, true) * 4;
		place.exact = code == offset;
	}
	return place;
}

struct package_place package_place(u64 host_pc)
{
	const struct package *k = owner(host_pc);
	struct package_place place = {0};
	const struct package_fault *rows, *row;
	u64 streams, from, to;
	u32 offset;

	if (!k || !k->faults)
		return place;
	rows = (const struct package_fault *)k->faults;
	offset = (u32)(host_pc - k->image);
	row = fault_row(k, offset);
	if (!row)
		return place;
	streams = k->fault_count * sizeof(*rows);
	from = streams + row->stream;
	to = row + 1 < rows + k->fault_count ? streams + row[1].stream : k->faults_size;
	if (from > to || to > k->faults_size)
		to = from = 0;
	place = last_place((struct stream){(const u8 *)k->faults + from, (const u8 *)k->faults + to}, row->key,
			   offset - row->start);
	place.key += k->bias;
	return place;
}

/* --- profiles ------------------------------------------------------------------------------------------- */

void profile_record(gword key)
{
	for (u32 i = 0; i < module_count; i++) {
		struct module *m = &modules[i];

		if (key < m->text_low || key >= m->text_high)
			continue;
		if (!m->profile_tried)
			m->profile = profile_open(m->quick);
		m->profile_tried = true;
		if (m->profile)
			profile_add(m->profile, key - m->package.bias);
		return;
	}
}
