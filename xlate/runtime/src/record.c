/*
 * Writes down states at the entries of functions that have optimised code, chosen by a hash of their link address, and
 * the memory that the guest goes on to touch. For that a child is forked at the entry: all guest memory is closed to
 * it, and what it touches is written down as it was before and opened. It ends at the first stop: the function's return,
 * since its link register leads to an address that is never mapped, a system call, or a fault. The guest itself goes on
 * undisturbed, in the baseline tier; the child is none of its children.
 *
 * What cannot be written down is a row with the reason: memory shared with others (the child would write to it), more
 * pages than a case has room for, and what does not end.
 */
#include "record.h"

#include <asm/stat.h>

#include "blake2.h"
#include "case_state.h"
#include "cpu.h"
#include "fatal.h"
#include "host.h"
#include "memory.h"
#include "string.h"
#include "thread.h"
#include "world.h"

enum { O_WRONLY = 1, O_CREAT = 0100, O_TRUNC = 01000, O_APPEND = 02000, O_NONBLOCK = 04000, O_CLOEXEC = 02000000 };
enum { FILE_TYPE = 0170000, FILE_REGULAR = 0100000 };
enum { SEEK_END = 2, WALL = 0x40000000, ITIMER_VIRTUAL = 1 };
enum chunk { CHUNK_MODULE = 1, CHUNK_CASE, CHUNK_PAGE, CHUNK_END, CHUNK_SKIPPED };
/* Exit statuses of the child and other reasons for a row without a case. */
enum skipped { WHOLE, TOO_MANY_PAGES, SHARED_MEMORY, NOT_WRITTEN, TOO_LONG, NO_CHILD, THREADS };

#define CHUNK_MAGIC 0x43525958u /* "XYRC" */
#define MODULES 256u /* a library that is mapped again is another one */
#define NAME_SIZE 512
/* An address that is never mapped, behind the kernel's page. */
#define RETURN_TO 0xffff8000u

struct chunk_head {
	u32 magic, kind, size, pad;
};

struct module_chunk {
	u32 number, bias, address, length, offset, pad[3];
	char path[NAME_SIZE];
};

struct case_chunk {
	u32 module, key, arrivals, pad; /* key: link address | T */
	struct insn_state state;
};

struct end_chunk {
	u32 stop, fault_addr, fault_write, pad;
	struct insn_state state;
};

struct skipped_chunk {
	u32 module, key, why, pad;
};

struct known_module {
	struct record_module at;
	const struct package_entry *entries;
	u8 *arrivals; /* of each entry; RECORD_ARRIVALS_MAX: no more */
	u32 count;
};

static struct {
	bool on, is_child, told_threads;
	u64 share, of, first, left;
	struct known_module modules[MODULES];
	u32 module_count;
	u64 touched[(1u << 20) / 64]; /* pages, in the child */
	u32 pages;
} rec;

/* --- beginning -------------------------------------------------------------------------------------- */

static bool number_to(const char **at, char end, u64 *out)
{
	char digits[24];
	u32 n = 0;

	while ((*at)[n] && (*at)[n] != end && n < sizeof(digits) - 1)
		digits[n] = (*at)[n], n++;
	digits[n] = 0;
	if ((*at)[n] != end || !str_to_u64(digits, out))
		return false;
	*at += n + 1;
	return true;
}

/* Kept where the guest does not see it, and moved when the guest wants that number. */
static u64 out_fd(void)
{
	return (u64)group_self()->own_fds[OWN_FD_RECORD];
}

/* Something that what failed can be taken back from. 0 or -errno. */
static long open_output(const char *name)
{
	struct stat st;
	long fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)name,
				O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd < 0)
		return fd;
	fd = fd_adopt(OWN_FD_RECORD, (int)fd);
	if (fd < 0)
		return fd;
	if (host_syscall2(__NR_fstat, (u64)fd, (u64)&st) || (st.st_mode & FILE_TYPE) != FILE_REGULAR)
		return -ESPIPE;
	return 0;
}

bool record_start(const char *what)
{
	long err;

	if (!number_to(&what, '/', &rec.share) || !number_to(&what, ':', &rec.of) || !rec.of ||
	    !number_to(&what, ':', &rec.first) || !number_to(&what, ':', &rec.left) || !*what)
		return false;
	err = open_output(what);
	if (err)
		refuse(EXIT_OWN_FAILURE, what, "cannot be recorded to",
		       err == -ESPIPE ? "it is not a regular file" : error_text(-err), "--record with another file");
	rec.on = true;
	return true;
}

void record_after_fork(void)
{
	rec.on = false;
}

bool record_is_on(void)
{
	return rec.on;
}

/* 0 or -errno. async-signal-safe */
static long write_all(const void *from, u64 size)
{
	const u8 *at = from;

	while (size) {
		long n = host_syscall3(__NR_write, out_fd(), (u64)at, size);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n ? n : -ENOSPC;
		at += n;
		size -= (u64)n;
	}
	return 0;
}

/* async-signal-safe */
static long write_chunk(enum chunk kind, const void *body, u32 size)
{
	struct chunk_head h = {.magic = CHUNK_MAGIC, .kind = kind, .size = size};
	long err = write_all(&h, sizeof(h));

	return err ? err : write_all(body, size);
}

static long file_end(void)
{
	return host_syscall3(__NR_lseek, out_fd(), 0, SEEK_END);
}

/* A chunk of the guest's own process, whole or not at all; without room that is the end of it. */
static bool write_row(enum chunk kind, const void *body, u32 size)
{
	char line[200];
	struct text b = text_begin(line, sizeof(line));
	long end = file_end();
	long err = end < 0 ? end : write_chunk(kind, body, size);

	if (!err)
		return true;
	if (end >= 0)
		host_syscall2(__NR_ftruncate, out_fd(), (u64)end);
	rec.on = false;
	text_str(&b, "xlate-run: nothing more is recorded (");
	text_str(&b, error_text(-err));
	text_str(&b, ")\n");
	text_write(&b, 2);
	return false;
}

/* --- modules ---------------------------------------------------------------------------------------- */

static u64 room(u64 size)
{
	long at = host_mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return host_is_error(at) ? 0 : (u64)at;
}

static void give_back(u64 at, u64 size)
{
	if (at)
		host_munmap(at, size);
}

void record_add_module(const struct record_module *m, const struct package_file *p)
{
	u64 at = p->h.sections[2 * SECTION_ENTRIES], size = p->h.sections[2 * SECTION_ENTRIES + 1];
	struct known_module *k = &rec.modules[rec.module_count];
	struct module_chunk c = {.number = rec.module_count, .bias = m->bias};
	long map;

	if (!rec.on || rec.module_count == MODULES || !size)
		return;
	map = host_mmap(0, size, PROT_READ, MAP_PRIVATE, p->fd, at);
	*k = (struct known_module){.at = *m, .count = (u32)(size / sizeof(struct package_entry))};
	k->entries = host_is_error(map) ? NULL : (const struct package_entry *)map;
	k->arrivals = (u8 *)room(k->count);
	c.address = m->address, c.length = m->length, c.offset = m->offset;
	if (k->entries && k->arrivals && fd_path(m->fd, c.path, sizeof(c.path)) >= 0 &&
	    write_row(CHUNK_MODULE, &c, sizeof(c))) {
		rec.module_count++;
		return;
	}
	give_back((u64)k->entries, size);
	give_back((u64)k->arrivals, k->count);
}

void record_forget(u64 start, u64 end)
{
	for (u32 i = 0; i < rec.module_count; i++)
		if (rec.modules[i].at.low < end && rec.modules[i].at.high > start)
			rec.modules[i].at.high = rec.modules[i].at.low;
}

static bool in_share(u32 key)
{
	u8 hash[BLAKE2_SIZE];
	u64 value;

	blake2_of(&key, sizeof(key), hash);
	memcpy(&value, hash, sizeof(value));
	return value % rec.of < rec.share;
}

/* The arrivals of the function at a run address | T; NULL where none is to be recorded. */
static u8 *arrivals_at(u32 key, struct known_module **m)
{
	for (u32 i = 0; i < rec.module_count; i++) {
		struct known_module *k = &rec.modules[i];
		u32 low = 0, high = k->count, link = key - k->at.bias;

		if (key < k->at.low || key >= k->at.high)
			continue;
		while (low < high) {
			u32 mid = (low + high) / 2;

			if (k->entries[mid].key < link)
				low = mid + 1;
			else
				high = mid;
		}
		if (low == k->count || k->entries[low].key != link || k->entries[low].kind)
			return NULL;
		*m = k;
		return &k->arrivals[low];
	}
	return NULL;
}

bool record_wants(gword key)
{
	struct known_module *m;
	u8 *arrivals;

	if (!rec.on || !rec.left)
		return false;
	arrivals = arrivals_at(key, &m);
	if (!arrivals || *arrivals >= RECORD_ARRIVALS_MAX)
		return false;
	if (!*arrivals && !in_share(key - m->at.bias))
		*arrivals = RECORD_ARRIVALS_MAX;
	return *arrivals < RECORD_ARRIVALS_MAX;
}

/* --- the child -------------------------------------------------------------------------------------- */

_Noreturn static void child_exit(u32 why)
{
	for (;;)
		host_syscall1(__NR_exit_group, why);
}

/* Alone with the signals of its own making, and not for long. */
static void be_quiet(void)
{
	u64 mask = ~(SIG_BIT(SIGVTALRM) | SYNC_SIGNALS);
	u64 timer[4] = {0, 0, 0, RECORD_MICROSECONDS};
	struct host_sigaction sa = {0};

	host_syscall4(__NR_rt_sigaction, SIGVTALRM, (u64)&sa, 0, sizeof(sa.mask));
	host_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (u64)&mask, 0, sizeof(mask));
	host_syscall3(__NR_setitimer, ITIMER_VIRTUAL, (u64)timer, 0);
}

static void write_case(struct thread *t, const struct known_module *m, u32 key, u32 arrivals)
{
	struct case_chunk c = {.module = (u32)(m - rec.modules), .key = key - m->at.bias, .arrivals = arrivals};

	t->cpu.r[14] = RETURN_TO | (t->cpu.r[14] & 1);
	t->cpu.r[15] = key & ~1u;
	t->cpu.thumb = key & 1;
	t->cpu.itstate = 0;
	case_save_state(t, &c.state);
	if (write_chunk(CHUNK_CASE, &c, sizeof(c)))
		child_exit(NOT_WRITTEN);
}

/* Parent: wait, and take back what a child that failed has written. */
static u32 wait_for(long pid, struct skipped_chunk *row, u64 from)
{
	int status = 0;
	long ret;

	do
		ret = host_syscall4(__NR_wait4, (u64)pid, (u64)&status, WALL, 0);
	while (ret == -EINTR);
	if (ret == pid && !status) {
		rec.left--;
		return WHOLE;
	}
	host_syscall2(__NR_ftruncate, out_fd(), from);
	row->why = NO_CHILD;
	if (ret == pid && (status & 0x7f) == SIGVTALRM)
		row->why = TOO_LONG;
	else if (ret == pid && !(status & 0x7f))
		row->why = (u32)status >> 8;
	write_row(CHUNK_SKIPPED, row, sizeof(*row));
	return row->why;
}

/* A child would have this thread alone, and its memory from the middle of what others do. One row says so. */
static bool refuse_threads(const struct known_module *m, u32 key)
{
	struct skipped_chunk row = {(u32)(m - rec.modules), key - m->at.bias, THREADS, 0};

	if (!world_is_threaded())
		return false;
	if (!rec.told_threads)
		rec.told_threads = write_row(CHUNK_SKIPPED, &row, sizeof(row));
	return true;
}

bool record_arrive(struct thread *t, gword key)
{
	struct known_module *m;
	u8 *arrivals = arrivals_at(key, &m);
	struct skipped_chunk row;
	long from, pid;

	if (!arrivals || refuse_threads(m, key))
		return false;
	++*arrivals;
	if (*arrivals & (*arrivals - 1)) /* the first, second, fourth ... */
		return false;
	if (rec.first) {
		rec.first--;
		return false;
	}
	from = file_end();
	row = (struct skipped_chunk){(u32)(m - rec.modules), key - m->at.bias, NO_CHILD, 0};
	pid = from < 0 ? from : host_syscall5(__NR_clone, 0, 0, 0, 0, 0);
	if (pid > 0 && wait_for(pid, &row, (u64)from) == TOO_LONG)
		*arrivals = RECORD_ARRIVALS_MAX; /* it will be the next time */
	if (pid)
		return false;
	rec.on = false;
	rec.is_child = true;
	be_quiet();
	write_case(t, m, key, *arrivals);
	return true;
}

void record_begin(struct thread *t)
{
	struct mem_region r;

	poll_clear(t);
	for (u64 at = 0; mem_next_region(&at, &r);)
		if (host_mprotect(guest_base + r.start, r.end - r.start, 0))
			child_exit(NOT_WRITTEN);
}

static bool is_shared(gaddr page)
{
	struct mem_region r;
	u64 at = page.va;

	return mem_next_region(&at, &r) && r.start <= page.va && r.shared && (r.prot & PROT_WRITE);
}

/* async-signal-safe */
bool record_touch(gaddr addr)
{
	gaddr page = GADDR(page_floor(addr.va));
	u64 n = page.va / PAGE_SIZE;
	struct { u32 addr, prot; } head;
	int prot;

	if (!rec.is_child || addr.va >> 32 || rec.touched[n / 64] >> (n % 64) & 1)
		return false;
	prot = mem_prot(page);
	if (prot < 0)
		return false;
	if (is_shared(page))
		child_exit(SHARED_MEMORY);
	if (++rec.pages > RECORD_PAGES_MAX)
		child_exit(TOO_MANY_PAGES);
	rec.touched[n / 64] |= 1ull << (n % 64);
	head.addr = page.va, head.prot = (u32)prot;
	host_mprotect(guest_base + page.va, PAGE_SIZE, PROT_READ);
	if (write_all(&(struct chunk_head){CHUNK_MAGIC, CHUNK_PAGE, sizeof(head) + PAGE_SIZE, 0},
		      sizeof(struct chunk_head)) ||
	    write_all(&head, sizeof(head)) || write_all(g2h(page), PAGE_SIZE))
		child_exit(NOT_WRITTEN);
	mem_open(page);
	return true;
}

/* Apart from its question, which every system call asks: a state is a lot to clear. */
static bool child_ended(struct thread *t, u32 reason)
{
	struct end_chunk c = {.stop = reason};

	if (reason == STOP_SIGNAL) {
		poll_clear(t);
		return true;
	}
	if (reason == STOP_FAULT) {
		c.fault_addr = (u32)t->fault.addr.va;
		c.fault_write = t->fault.write;
	}
	case_save_state(t, &c.state);
	child_exit(write_chunk(CHUNK_END, &c, sizeof(c)) ? NOT_WRITTEN : WHOLE);
}

bool record_ended(struct thread *t, u32 reason)
{
	return rec.is_child && child_ended(t, reason);
}
