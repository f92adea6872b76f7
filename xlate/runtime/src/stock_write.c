/*
 * Hands what this process translated over to the store: for each module a new file of what its present file holds and
 * of what is new, under a name of its own, then renamed. Of two processes that write at the same instant one's units
 * are lost and translated again some day; a kill leaves the old file or the new one, a full disk the old one.
 *
 * In the file a unit's exits are jumps to the unit they lead to, or to a stub that looks the address up. Units kept
 * before stay where they are, and exits of theirs that had to look up may now jump as well.
 */
#include "emit.h"
#include "fatal.h"
#include "host.h"
#include "stats.h"
#include "stock.h"
#include "stock_module.h"
#include "string.h"
#include "thread.h"
#include "units.h"

enum { O_WRONLY = 1, O_CREAT = 0100, O_EXCL = 0200, O_CLOEXEC = 02000000 };

/* The image begins with what all stubs jump to, then the templates' constants. */
#define IMAGE_CONSTANTS 64u
#define STUB_KEY 1u /* where a stub's key is: mov edx, imm32 */
#define JUMP 0xe9

#define NOBODY 0xff
#define CLOSED_ONE_BY_ONE 65536u

/* The file to be. */
struct draft {
	const struct module_stock *m;
	struct stock_file base;	/* the present one; base.h.units 0: there is none */
	u64 old, old_size;	/* where it is mapped */
	struct stock_tables had;
	struct stock_header h;
	struct stock_places places;
	u8 *out;		/* the whole file */
	struct stock_unit *units;
	u64 *index;
	u16 *rows;
	struct fix *fixes;
	struct stock_tables tables; /* the same, as it is looked up in */
};

static long pages(u64 size)
{
	return host_mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

static u8 *image_of(const struct draft *d)
{
	return d->out + d->places.image;
}

static void put_at(u8 *at, u32 value)
{
	__builtin_memcpy(at, &value, sizeof(value));
}

static u32 get_at(const u8 *at)
{
	u32 value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

/* --- which units ---------------------------------------------------------------------------------------- */

static bool belongs(const struct unit_rec *r, const struct module_stock *m)
{
	return r->start >= m->text_low && r->end <= m->text_high;
}

static bool can_be_kept(const struct unit_rec *r)
{
	return !r->dead && !r->it && !r->of_package && r->fixes != FIXES_NONE;
}

/* For each unit that is not written yet: its module's number, or NOBODY. */
static void find_owners(u8 *owner)
{
	u32 last = 0;

	for (u32 i = units_unsaved; i < units_count(); i++) {
		const struct unit_rec *r = unit_at(i);
		u32 m = last;

		owner[i - units_unsaved] = NOBODY;
		if (!can_be_kept(r))
			continue;
		if (m >= stock_count || !belongs(r, &stocks[m]))
			for (m = 0; m < stock_count && !belongs(r, &stocks[m]);)
				m++;
		if (m == stock_count || stocks[m].ends)
			continue;
		owner[i - units_unsaved] = (u8)m;
		last = m;
	}
}

static u32 link_key(const struct module_stock *m, gword key)
{
	return (u32)key - m->bias;
}

/* --- sizes ---------------------------------------------------------------------------------------------- */

/* Where a unit's code begins behind `end`: its prefix before it, itself aligned, as in segments. */
static u64 next_unit(u64 end)
{
	return ((end + 15) & ~15ull) + 8 + ENTRY_PREFIX;
}

static u64 first_end(void)
{
	return IMAGE_CONSTANTS + template_constants_size;
}

/* Count what is new; false: nothing is. */
static bool measure(struct draft *d, const u8 *owner, u8 which)
{
	u64 end = d->h.image_size;
	u32 before = d->h.units;

	for (u32 i = units_unsaved; i < units_count(); i++) {
		const struct unit_rec *r = unit_at(i);

		if (owner[i - units_unsaved] != which)
			continue;
		if (before && stock_look_up(&d->had, link_key(d->m, r->landing.key)))
			continue;
		end = next_unit(end) + r->code;
		d->h.units++;
		d->h.rows += 4u * r->insns + 1;
		d->h.fixes += r->fixes;
	}
	d->h.image_size = end;
	for (d->h.slots = 64; d->h.slots < 2 * d->h.units;)
		d->h.slots *= 2;
	return d->h.units != before;
}

/* --- a unit, from how it ran to how it is kept ---------------------------------------------------------- */

static void write_stub(const struct draft *d, const struct unit_rec *r, u8 *code, u32 x, u32 at)
{
	const struct cell *c = (const struct cell *)(r->host + at + 7 + (u64)(s64)(s32)get_at(code + at + 3));

	code[at] = 0xba; /* mov edx, imm32 */
	put_at(code + at + STUB_KEY, link_key(d->m, c->target) + d->h.bias);
	code[at + 5] = JUMP; /* to the look-up, where the image begins */
	put_at(code + at + 6, -(x + at + 10));
}

static void convert(const struct draft *d, const struct unit_rec *r, u32 x)
{
	u8 *code = image_of(d) + x;
	u32 moved = d->h.bias - d->m->bias, constants = (u32)(r->host - cache_constants(r->host));

	for (u32 i = 0; i < r->fixes; i++) {
		u32 at = r->fix[i].at;

		switch (r->fix[i].kind) {
		case FIX_STUB:
			write_stub(d, r, code, x, at);
			break;
		case FIX_PREDICT:
			code[at] = JUMP; /* to the look-up behind it */
			put_at(code + at + 1, PREDICT_SIZE - 5);
			break;
		case FIX_CONSTANT:
			put_at(code + at, get_at(code + at) + constants - x + IMAGE_CONSTANTS);
			break;
		case FIX_PLUS:
			put_at(code + at, get_at(code + at) + moved);
			break;
		case FIX_MINUS:
			put_at(code + at, get_at(code + at) - moved);
			break;
		}
	}
}

static void add_to_index(struct draft *d, u32 number)
{
	u32 at = stock_slot(d->units[number].key, d->h.slots);

	while (d->index[at])
		at = (at + 1) & (d->h.slots - 1);
	d->index[at] = (u64)d->units[number].key << 32 | (number + 1);
}

/* Units that are new, behind those that were there. */
static void add_units(struct draft *d, const u8 *owner, u8 which)
{
	u32 n = d->had.count, row = d->base.h.rows, fix = d->base.h.fixes;
	u64 end = d->had.count ? d->base.h.image_size : first_end();

	for (u32 i = units_unsaved; i < units_count(); i++) {
		const struct unit_rec *r = unit_at(i);
		u32 key = link_key(d->m, r->landing.key), rows = 4u * r->insns + 1;

		if (owner[i - units_unsaved] != which || (d->had.count && stock_look_up(&d->had, key)))
			continue;
		end = next_unit(end);
		memcpy(image_of(d) + end - ENTRY_PREFIX, (const void *)(r->host - ENTRY_PREFIX),
		       r->code + ENTRY_PREFIX);
		convert(d, r, (u32)end);
		memcpy(d->rows + row, r->offset, rows * sizeof(u16));
		memcpy(d->fixes + fix, r->fix, r->fixes * sizeof(struct fix));
		d->units[n++] = (struct stock_unit){
			.key = key,
			.at = (u32)end,
			.code = r->code,
			.insns = r->insns,
			.row = row,
			.fix = fix,
			.fixes = r->fixes,
		};
		end += r->code;
		row += rows;
		fix += r->fixes;
	}
}

/* Let exits jump to the unit they lead to, else to their own stubs. The n-th exit of a unit has the n-th stub. */
static void join(struct draft *d, const struct stock_unit *u)
{
	const struct fix *f = d->fixes + u->fix;
	u8 *code = image_of(d) + u->at;
	u32 stub = 0;

	for (u32 i = 0; i < u->fixes; i++) {
		const struct stock_unit *to;
		u32 target;

		if (f[i].kind != FIX_EXIT)
			continue;
		while (stub < u->fixes && f[stub].kind != FIX_STUB)
			stub++;
		if (stub == u->fixes)
			fatal("an exit without a stub");
		to = stock_look_up(&d->tables, get_at(code + f[stub].at + STUB_KEY) - d->h.bias);
		target = to ? to->at : u->at + f[stub].at;
		code[f[i].at] = JUMP;
		put_at(code + f[i].at + 1, target - (u->at + f[i].at + 5));
		code[f[i].at + 5] = 0xcc;
		stub++;
	}
}

/* --- the file ------------------------------------------------------------------------------------------- */

static void begin_image(struct draft *d)
{
	struct emitter e = {.base = image_of(d)};

	emit_lookup(&e, true);
	memcpy(image_of(d) + IMAGE_CONSTANTS, template_constants, template_constants_size);
}

static void copy_base(struct draft *d)
{
	memcpy(image_of(d), (const void *)(d->old + PAGE_SIZE), d->base.h.image_size);
	memcpy(d->units, d->had.units, d->had.count * sizeof(struct stock_unit));
	memcpy(d->rows, d->had.rows, d->base.h.rows * sizeof(u16));
	memcpy(d->fixes, d->had.fixes, d->base.h.fixes * sizeof(struct fix));
}

/* False: no memory, or it would become too large. */
static bool begin_file(struct draft *d)
{
	long at;

	if (!stock_places(&d->h, &d->places))
		return false;
	at = pages(d->places.end);
	if (host_is_error(at))
		return false;
	d->out = (u8 *)at;
	d->tables = stock_tables((u64)d->out + d->places.tables, &d->h);
	d->units = (struct stock_unit *)d->tables.units;
	d->index = (u64 *)d->tables.index;
	d->rows = (u16 *)d->tables.rows;
	d->fixes = (struct fix *)d->tables.fixes;
	return true;
}

static void fill(struct draft *d, const u8 *owner, u8 which)
{
	const struct stock_key *key = &d->m->key;

	if (d->had.count)
		copy_base(d);
	else
		begin_image(d);
	add_units(d, owner, which);
	for (u32 i = 0; i < d->h.units; i++)
		add_to_index(d, i);
	for (u32 i = 0; i < d->h.units; i++)
		join(d, &d->units[i]);
	memcpy(d->h.quick, key->quick, sizeof(d->h.quick));
	memcpy(d->h.file, key->file, sizeof(d->h.file));
	memcpy(d->h.package, key->package, sizeof(d->h.package));
	d->h.low = key->low;
	d->h.high = key->high;
	d->h.file_size = d->places.end;
	store_sum(d->out + PAGE_SIZE, d->places.end - PAGE_SIZE, d->h.data_sum);
	stock_seal(&d->h);
	memcpy(d->out, &d->h, sizeof(d->h));
}

static bool write_all(long fd, const u8 *from, u64 size)
{
	while (size) {
		long put = host_syscall3(__NR_write, (u64)fd, (u64)from, size);

		if (put == -EINTR)
			continue;
		if (put <= 0)
			return false;
		from += put;
		size -= (u64)put;
	}
	return true;
}

static bool publish(const struct draft *d, const struct stock_store *s)
{
	char name[STOCK_NAME_SIZE], fresh[32];
	bool done;
	long fd;

	if (!store_may_write(d->places.end))
		return false;
	stock_name(&d->m->key, name);
	store_temporary_name(fresh);
	fd = host_syscall4(__NR_openat, (u64)s->folder, (u64)fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	done = write_all(fd, d->out, d->places.end);
	host_syscall1(__NR_close, (u64)fd);
	done = done && !host_syscall4(__NR_renameat, (u64)s->folder, (u64)fresh, (u64)s->folder, (u64)name);
	if (!done)
		host_syscall3(__NR_unlinkat, (u64)s->folder, (u64)fresh, 0);
	return done;
}

/* --- one module ----------------------------------------------------------------------------------------- */

static void begin_anew(struct draft *d)
{
	d->h = (struct stock_header){.bias = d->m->bias, .image_size = first_end()};
	d->base.h = (struct stock_header){0};
	d->had.count = 0;
}

/* The present file, unless it is of no use any more. */
static void open_base(struct draft *d, const struct stock_store *s)
{
	long at;

	d->base.fd = -1;
	if (stock_open(s, &d->m->key, &d->base)) {
		d->base.fd = -1;
		begin_anew(d);
		return;
	}
	d->old_size = d->base.h.file_size;
	at = host_mmap(0, d->old_size, PROT_READ, MAP_PRIVATE, d->base.fd, 0);
	if (host_is_error(at)) {
		begin_anew(d);
		return;
	}
	d->old = (u64)at;
	stock_places(&d->base.h, &d->places);
	d->had = stock_tables(d->old + d->places.tables, &d->base.h);
	d->h = d->base.h;
}

static void close_base(const struct draft *d)
{
	if (d->old)
		host_munmap(d->old, d->old_size);
	if (d->base.fd >= 0)
		host_syscall1(__NR_close, (u64)d->base.fd);
}

/*
 * What is new is in d->h. Contents of the present file are looked at only when there is something, or when it was not
 * used: then that may be why.
 */
static bool has_news(struct draft *d, const u8 *owner, u8 which, const struct stock_store *s)
{
	bool news = measure(d, owner, which);

	if (!d->had.count || (!news && d->m->image_size) || stock_is_whole(s, &d->base))
		return news;
	begin_anew(d);
	return measure(d, owner, which);
}

static void save_module(const u8 *owner, u8 which, const struct stock_store *s)
{
	struct draft d = {.m = &stocks[which]};

	open_base(&d, s);
	if (has_news(&d, owner, which, s) && begin_file(&d)) {
		fill(&d, owner, which);
		if (publish(&d, s) && d.base.fd >= 0 && s->seen >= 0)
			store_forget(s->seen, &d.base.st);
		host_munmap((u64)d.out, d.places.end);
	}
	close_base(&d);
}

/* --- when ----------------------------------------------------------------------------------------------- */

/* Units that have a module, and their code. */
struct news {
	const u8 *owner;
	u32 count, units;
	u64 code;
};

static void add_up(struct news *n)
{
	for (u32 i = 0; i < n->count; i++) {
		if (n->owner[i] == NOBODY)
			continue;
		n->units++;
		n->code += unit_at(units_unsaved + i)->code;
	}
}

static bool has_some(const struct news *n, u32 which)
{
	for (u32 i = 0; i < n->count; i++)
		if (n->owner[i] == which)
			return true;
	return false;
}

static void write_out(const struct news *n, const struct stock_store *store)
{
	for (u32 i = 0; i < stock_count; i++)
		if (has_some(n, i))
			save_module(n->owner, (u8)i, store);
}

/* Descriptors from first up to before end; kernels before 5.9 are told one by one. */
static void close_between(u32 first, u32 end)
{
	if (first >= end || !host_syscall3(__NR_close_range, first, end - 1, 0))
		return;
	for (u32 fd = first; fd < end && fd < CLOSED_ONE_BY_ONE; fd++)
		host_syscall1(__NR_close, fd);
}

static void close_all_but(const int *fds, u32 count)
{
	u32 from = 0, next;

	do {
		next = ~0u;
		for (u32 i = 0; i < count; i++)
			if (fds[i] >= 0 && (u32)fds[i] >= from && (u32)fds[i] < next)
				next = (u32)fds[i];
		close_between(from, next);
		from = next + 1;
	} while (next != ~0u);
}

_Noreturn static void write_alone(const struct news *n, const struct stock_store *store, int locks)
{
	const int mine[] = {store->folder, store->seen, locks};
	u64 all = ~0ull;

	host_syscall4(__NR_rt_sigprocmask, SIG_BLOCK, (u64)&all, 0, sizeof(all));
	host_syscall0(__NR_setsid);
	close_all_but(mine, ARRAY_LEN(mine));
	write_out(n, store);
	for (;;)
		host_syscall1(__NR_exit_group, 0);
}

/*
 * Much is written by a process of its own, so that the end of this one does not wait. It is nobody's to wait for: its
 * parent ends at once, and until then it is no child that wait() tells of. Starts wait for it, by its locks. False:
 * there can be none.
 */
static bool hand_over(const struct news *n, const struct stock_store *store)
{
	long locks, pid;

	if (group_self()->pid == 1) /* everything else in its namespace ends with it */
		return false;
	locks = stock_open_locks(store);
	for (u32 i = 0; i < stock_count && locks >= 0; i++)
		if (has_some(n, i))
			stock_lock((int)locks, &stocks[i].key);
	pid = host_syscall5(__NR_clone, 0, 0, 0, 0, 0);
	if (!pid)
		write_alone(n, store, (int)locks);
	if (locks >= 0)
		host_syscall1(__NR_close, (u64)locks);
	return pid > 0;
}

/* last: this process ends now. */
static void save(bool last)
{
	struct news n = {.count = units_count() - units_unsaved};
	struct stock_store store;
	long owner;

	if (!stock_is_on() || !stock_count || !n.count)
		return;
	owner = pages(n.count);
	if (host_is_error(owner))
		return;
	find_owners((u8 *)owner);
	n.owner = (const u8 *)owner;
	add_up(&n);
	if (n.units && !stock_open_store(true, &store)) {
		if (!last || n.code <= STOCK_CODE_AT_ONCE || !hand_over(&n, &store))
			write_out(&n, &store);
		stock_close_store(&store);
	}
	stats_own.saved_blocks += n.units;
	host_munmap((u64)owner, page_ceil(n.count));
	units_unsaved = units_count();
}

void stock_save(bool last)
{
	u64 began = stats_clock();
	HOLD_LOCK;

	save(last);
	stats_own.save_ns += stats_clock() - began;
}
