/*
 * Two forms of the look-up table. Flat: an entry of 4 bytes for every guest address | T, relative to the code window at
 * 8 bytes an address, 16 GiB of address space of which only touched pages exist; slices of packages are mapped over it.
 * Where so much address space is refused: a hash table, direct-mapped, without packages.
 *
 * Hooks are kept beside the table, with what they hide. Whom they lead to is optimised.c's business.
 */
#include "look_up.h"

#include "code_cache.h"
#include "dispatch.h"
#include "fatal.h"
#include "host.h"
#include "thread.h"
#include "world.h"

#define TABLE_SIZE (1ull << 34)
#define TABLE_CHUNK (64u << 10) /* made writable at a time: 32 KiB of guest code */
#define HASH_ENTRIES (1u << HASH_BITS)

struct hash_entry {
	gword key;
	u64 host;
};

enum hook_state { HOOK_FREE, HOOK_SET, HOOK_OFF }; /* off: its place in the set is kept */

struct hook {
	gword key;
	u32 state;
	u64 behind; /* host code the hook hides, 0: none */
};

static bool flat;
static u8 *table;
static u8 chunk_writable[TABLE_SIZE / TABLE_CHUNK / 8];
static struct hook *hooks;
static u32 hook_count; /* places in use */

bool look_up_is_flat(void)
{
	return flat;
}

static void *pages(u64 size)
{
	long at = host_mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (host_is_error(at))
		fatal("no memory for the look-up table");
	return (void *)at;
}

/* --- the two tables --------------------------------------------------------------------------------- */

static u32 hash_key(gword key)
{
	return ((u32)key * 0x9e3779b9u) >> (32 - HASH_BITS);
}

/* An empty entry's key is a legal target all the same (T32 at 0xfffffffe), as in no_landing. */
static const struct hash_entry no_entry = {.key = NO_KEY, .host = (u64)entry_miss};

static u64 flat_offset(gword key)
{
	return (u64)((u32)key >> 1 | (u32)key << 31) * 4;
}

static u64 flat_get(gword key)
{
	s32 distance = *(const s32 *)(table + flat_offset(key));

	return distance ? cache_window() + 8ull * key + (u64)(s64)distance : 0;
}

static void flat_set(gword key, u64 host)
{
	u64 offset = flat_offset(key), chunk = offset / TABLE_CHUNK;

	if (!(chunk_writable[chunk / 8] >> (chunk % 8) & 1)) {
		if (host_mprotect((u64)table + chunk * TABLE_CHUNK, TABLE_CHUNK, PROT_READ | PROT_WRITE))
			fatal("no memory for the look-up table");
		chunk_writable[chunk / 8] |= 1 << (chunk % 8);
	}
	*(s32 *)(table + offset) = host ? (s32)(host - (cache_window() + 8ull * key)) : 0;
}

/*
 * Translated code compares the key, then loads the address. So that both belong together in other threads, an entry that
 * has a key keeps it while there are any, and of two keys for one place the second is left to the dispatcher.
 */
static void hash_set(gword key, u64 host)
{
	struct hash_entry *e = (struct hash_entry *)table + hash_key(key);

	if (host && e->key != key && !world_is_threaded())
		*e = no_entry;
	if (e->key == key)
		__atomic_store_n(&e->host, host ? host : no_entry.host, __ATOMIC_RELEASE);
	if (!host || e->key != no_entry.key)
		return;
	__atomic_store_n(&e->host, host, __ATOMIC_RELEASE);
	__atomic_store_n(&e->key, key, __ATOMIC_RELEASE);
}

/* --- hooks ------------------------------------------------------------------------------------------ */

/* The key's place in the set, or the free one where it would stand. */
static struct hook *hook_place(gword key)
{
	u32 i = (u32)key * 0x9e3779b9u >> 12 & (HOOKS_MAX - 1);

	while (hooks[i].state != HOOK_FREE && hooks[i].key != key)
		i = (i + 1) & (HOOKS_MAX - 1);
	return &hooks[i];
}

static struct hook *hook_find(gword key)
{
	struct hook *h = hook_count ? hook_place(key) : NULL;

	return h && h->state == HOOK_SET ? h : NULL;
}

bool look_up_is_hooked(gword key)
{
	return hook_find(key) != NULL;
}

void look_up_hook(gword key)
{
	struct hook *h;
	u64 entry;
	HOLD_LOCK;

	if (!flat || hook_find(key))
		return;
	if (!hooks)
		hooks = pages(HOOKS_MAX * sizeof(struct hook));
	if (hook_count >= HOOKS_MAX / 4 * 3)
		look_up_unhook_all();
	entry = cache_hook(key);
	if (!entry)
		return;
	h = hook_place(key);
	hook_count += h->state == HOOK_FREE;
	*h = (struct hook){.key = key, .state = HOOK_SET, .behind = flat_get(key)};
	flat_set(key, entry);
}

void look_up_unhook(gword key)
{
	struct hook *h = hook_find(key);

	if (!h)
		return;
	h->state = HOOK_OFF;
	flat_set(key, h->behind);
}

void look_up_unhook_all(void)
{
	for (u32 i = 0; hook_count && i < HOOKS_MAX; i++) {
		if (hooks[i].state == HOOK_SET)
			flat_set(hooks[i].key, hooks[i].behind);
		hooks[i] = (struct hook){0};
	}
	hook_count = 0;
}

/* --- entries ---------------------------------------------------------------------------------------- */

u64 look_up(gword key)
{
	const struct hash_entry *e;
	struct hook *h;

	if (flat) {
		h = hook_find(key);
		return h ? h->behind : flat_get(key);
	}
	e = (const struct hash_entry *)table + hash_key(key);
	return e->key == key && e->host != no_entry.host ? e->host : 0;
}

void look_up_set(gword key, u64 host)
{
	struct hook *h = flat ? hook_find(key) : NULL;

	if (h)
		h->behind = host;
	else if (flat)
		flat_set(key, host);
	else
		hash_set(key, host);
}

void look_up_clear(gword key, u64 host)
{
	if (look_up(key) == host)
		look_up_set(key, 0);
}

/* --- slices of packages ----------------------------------------------------------------------------- */

/* Entries of T32 addresses stand behind those of all A32 addresses. */
static u64 slice_address(u64 low, bool thumb)
{
	return (u64)table + (thumb ? TABLE_SIZE / 2 : 0) + 2 * low;
}

/* Private and writable: what changes later is this process's own copy of a page. */
static bool map_slice(u64 address, u64 size, int fd, u64 offset)
{
	int file = fd < 0 ? MAP_ANONYMOUS : 0;
	long at = host_mmap(address, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED | file, fd,
			    offset);

	return !host_is_error(at);
}

bool look_up_map(u64 low, u64 high, int fd, u64 a32_at, u64 t32_at)
{
	u64 size = 2 * (high - low);

	if (!flat)
		return false;
	look_up_unhook_all(); /* nests that end there now end late, which is as right */
	if (a32_at && !map_slice(slice_address(low, false), size, fd, a32_at))
		return false;
	if (!t32_at || map_slice(slice_address(low, true), size, fd, t32_at))
		return true;
	if (a32_at)
		look_up_unmap(low, high);
	return false;
}

void look_up_unmap(u64 low, u64 high)
{
	u64 size = 2 * (high - low);

	look_up_unhook_all();
	if (!map_slice(slice_address(low, false), size, -1, 0) || !map_slice(slice_address(low, true), size, -1, 0))
		fatal("the look-up table cannot be emptied");
}

void look_up_init(struct thread *t)
{
	long at = -ENOMEM;

	if (GUEST_HAS_FLAT)
		at = host_mmap(0, TABLE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	flat = !host_is_error(at) && cache_reserve_window();
	if (!flat && !host_is_error(at))
		host_munmap((u64)at, TABLE_SIZE);
	if (flat) {
		table = (u8 *)at;
	} else {
		table = pages(HASH_ENTRIES * sizeof(struct hash_entry));
		for (u32 i = 0; i < HASH_ENTRIES; i++)
			((struct hash_entry *)table)[i] = no_entry;
	}
	t->cpu.table = (u64)table;
	t->cpu.arena = cache_window();
}
