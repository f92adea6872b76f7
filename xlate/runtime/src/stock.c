/*
 * Kept code in this process: which modules have some, where it is mapped, how it is found and left.
 *
 * An image is position independent but for guest addresses in it, which are right for the bias it was made with. Mapped
 * with that bias its pages are the file's, shared by all processes; with another one it is a private copy with those
 * addresses moved. Units jump to each other directly, so an image is used whole or, when the guest's text changes, not
 * at all.
 */
#include "stock.h"

#include "code_cache.h"
#include "dispatch.h"
#include "emit.h"
#include "host.h"
#include "look_up.h"
#include "memory.h"
#include "package_file.h"
#include "record.h"
#include "stats.h"
#include "stock_module.h"
#include "string.h"
#include "thread.h"
#include "units.h"

/* Segments and look-ups of a module must lie in one slice of the window (code_cache.c). */
#define SLICE_SHIFT 28

/* Handlers read it: a row is whole before the count takes it in. */
struct module_stock stocks[STOCK_MODULES];
u32 stock_count;

bool stock_is_on(void)
{
	const struct options *o = &process.opt;

	return o->keep && o->store && look_up_is_flat() && !o->singlestep && !turns_on() && !record_is_on() &&
	       !fpscr_is_modal();
}

/* --- mapping -------------------------------------------------------------------------------------------- */

/* Guest addresses in the code are right for another bias: move them. The pages become this process's own. */
static void move_image(const struct module_stock *m)
{
	u32 distance = m->bias - m->file_bias;

	for (u32 i = 0; i < m->tables.count; i++) {
		const struct stock_unit *u = &m->tables.units[i];

		for (u32 k = 0; k < u->fixes; k++) {
			const struct fix *f = &m->tables.fixes[u->fix + k];
			u8 *at = (u8 *)m->image + u->at + f->at + (f->kind == FIX_STUB);
			u32 value;

			if (f->kind != FIX_PLUS && f->kind != FIX_MINUS && f->kind != FIX_STUB)
				continue;
			__builtin_memcpy(&value, at, sizeof(value));
			value += f->kind == FIX_MINUS ? -distance : distance;
			__builtin_memcpy(at, &value, sizeof(value));
		}
	}
}

static long map_code(const struct module_stock *m, int fd)
{
	bool moved = m->bias != m->file_bias;
	int prot = PROT_READ | (moved ? PROT_WRITE : PROT_EXEC);
	long at = host_mmap(m->image, m->image_size, prot, MAP_PRIVATE | MAP_FIXED, fd, PAGE_SIZE);

	if (host_is_error(at) || !moved)
		return at;
	move_image(m);
	return host_mprotect(m->image, m->image_size, PROT_READ | PROT_EXEC);
}

static const char *map_file(struct module_stock *m, const struct stock_file *f)
{
	struct stock_places places;
	long at;

	stock_places(&f->h, &places);
	m->size = places.end - places.tables;
	at = host_mmap(0, m->size, PROT_READ, MAP_PRIVATE, f->fd, places.tables);
	if (host_is_error(at))
		return "refused: cannot be mapped";
	m->at = (u64)at;
	m->tables = stock_tables(m->at, &f->h);
	m->file_bias = f->h.bias;
	m->image = cache_place((gword)m->text_low, f->h.image_size);
	if (!m->image) {
		host_munmap(m->at, m->size);
		return "refused: no room in the window of code";
	}
	m->image_size = f->h.image_size;
	at = map_code(m, f->fd);
	if (!host_is_error(at))
		return NULL;
	cache_unclaim(m->image, page_ceil(m->image_size));
	host_munmap(m->at, m->size);
	m->image_size = 0;
	return package_unmappable(f->fd, at);
}

static const char *use_file(struct module_stock *m)
{
	struct stock_store store;
	struct stock_file f;
	const char *why;
	long err = stock_open_store(0, &store);

	if (err)
		return err == -EPERM ? "refused: not trusted, others may write to its folder" : STOCK_NONE;
	stock_wait(&store, &m->key);
	why = stock_open(&store, &m->key, &f);
	if (!why) {
		why = stock_is_whole(&store, &f) ? map_file(m, &f) : "refused: damaged";
		host_syscall1(__NR_close, (u64)f.fd);
	}
	stock_close_store(&store);
	return why;
}

static void report(int fd, const struct module_stock *m, const char *why)
{
	char file[STATS_NAME_SIZE] = "", name[STOCK_NAME_SIZE], state[72];
	struct text b = text_begin(state, sizeof(state));

	if (!stats_on)
		return;
	fd_path(fd, file, sizeof(file));
	stock_name(&m->key, name);
	text_str(&b, "kept code ");
	text_str(&b, why);
	stats_package(file, name, 0, state);
}

static bool is_known(const struct stock_key *key, u64 text_low)
{
	for (u32 i = 0; i < stock_count; i++)
		if (stocks[i].text_low == text_low && !memcmp(stocks[i].key.file, key->file, sizeof(key->file)))
			return true;
	return false;
}

void stock_mapped(struct thread *t, const struct guest_file *g, const struct stock_module *where)
{
	struct module_stock m = {
		.key = {.low = g->low, .high = g->high, .beside_package = where->package},
		.text_low = where->text_low,
		.text_high = where->text_high,
		.bias = where->bias,
	};
	const char *why;

	(void)t;
	memcpy(m.key.quick, g->quick, QUICK_SIZE);
	store_numbers(&g->st, m.key.file);
	if (where->package)
		memcpy(m.key.package, where->package, BLAKE2_SIZE);
	if (!stock_is_on() || stock_count == STOCK_MODULES || is_known(&m.key, m.text_low) ||
	    mem_is_writable(m.text_low, m.text_high) || !store_settled(&g->st) ||
	    m.text_low >> SLICE_SHIFT != (m.text_high - 1) >> SLICE_SHIFT)
		return;
	why = use_file(&m);
	if (why && why != STOCK_NONE)
		report(g->fd, &m, why);
	stocks[stock_count] = m;
	__atomic_store_n(&stock_count, stock_count + 1, __ATOMIC_RELEASE);
	stats_own.map_blocks += m.image_size ? m.tables.count : 0;
	stats_own.kept_blocks += m.image_size ? m.tables.count : 0;
}

/* --- finding code --------------------------------------------------------------------------------------- */

u64 stock_find(gword key)
{
	for (u32 i = 0; i < stock_count; i++) {
		const struct module_stock *m = &stocks[i];
		const struct stock_unit *u;

		if (key < m->text_low || key >= m->text_high)
			continue;
		u = m->image_size ? stock_look_up(&m->tables, (u32)key - m->bias) : NULL;
		return u ? m->image + u->at : 0;
	}
	return 0;
}

static const struct module_stock *owner(u64 host_pc)
{
	u32 count = __atomic_load_n(&stock_count, __ATOMIC_ACQUIRE);

	for (u32 i = 0; i < count; i++)
		if (host_pc - stocks[i].image < stocks[i].image_size)
			return &stocks[i];
	return NULL;
}

bool stock_owns(u64 host_pc)
{
	return owner(host_pc);
}

/* The last unit that begins at or before an offset of the image. */
static const struct stock_unit *unit_before(const struct stock_tables *t, u32 offset)
{
	u32 low = 0, high = t->count;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (t->units[mid].at <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &t->units[low - 1] : NULL;
}

bool stock_place(u64 host_pc, struct stock_place *p)
{
	const struct module_stock *m = owner(host_pc);
	const struct stock_unit *u = m ? unit_before(&m->tables, (u32)(host_pc - m->image)) : NULL;
	u32 key;

	if (!u || host_pc - m->image - u->at >= u->code)
		return false;
	key = u->key + m->bias;
	*p = (struct stock_place){
		.host = m->image + u->at,
		.start = key & ~1u,
		.thumb = key & 1,
		.insns = u->insns,
		.offset = m->tables.rows + u->row,
	};
	return true;
}

/* --- leaving it ----------------------------------------------------------------------------------------- */

bool stock_covers(u64 start, u64 end)
{
	for (u32 i = 0; i < stock_count; i++)
		if (stocks[i].text_low < end && stocks[i].text_high > start)
			return true;
	return false;
}

static void detach(struct thread *t, u32 index)
{
	struct module_stock gone = stocks[index];

	stocks[index].image_size = 0;
	stocks[index] = stocks[stock_count - 1];
	__atomic_store_n(&stock_count, stock_count - 1, __ATOMIC_RELEASE);
	if (!gone.image_size)
		return;
	dispatch_forget_range(t, gone.text_low, gone.text_high);
	cache_unclaim(gone.image, page_ceil(gone.image_size));
	host_munmap(gone.at, gone.size);
}

void stock_forget(struct thread *t, u64 start, u64 end)
{
	for (u32 i = stock_count; i-- > 0;)
		if (stocks[i].text_low < end && stocks[i].text_high > start)
			detach(t, i);
}

void stock_leave(struct thread *t)
{
	stock_forget(t, 0, ~0ull);
}

void stock_without_packages(void)
{
	for (u32 i = 0; i < stock_count; i++)
		stocks[i].ends |= stocks[i].key.beside_package;
}

void stock_after_fork(void)
{
	units_unsaved = units_count();
}
