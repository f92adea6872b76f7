/*
 * Numbers of processes and threads under --deterministic: the guest sees them count up in the order they are made,
 * whoever else starts processes on this machine. They lie above the kernel's highest, so that one that is not
 * translated names nobody. Each process counts in a region of its own, which follows from its number, so that what
 * other processes of its tree do meanwhile changes nothing. The tables are a memory file that the tree shares.
 */
#include "host.h"
#include "string.h"
#include "thread.h"
#include "turns.h"

/* Above every pid_max, and small enough for the words of locks (FUTEX_TID_MASK). */
#define FIRST_ID 5000000
#define REAL_MAX (1u << 22) /* the kernel's PID_MAX_LIMIT */

enum { F_SETFD = 2, FD_CLOEXEC = 1 };

/* A number's host number, or one of these; with LEFT whoever had it is gone, though a group may still have its name. */
enum { FREE = 0, RESERVED = -1, LEFT = 1 << 30 };

struct ids {
	s32 real[IDS_MAX]; /* by number above FIRST_ID */
	s32 id[REAL_MAX];  /* by the host's number: the last that was told of it */
};

static struct ids *ids;
static u32 place; /* of the last number given here */

static void map_ids(void)
{
	long fd = process.opt.inherited[INHERIT_IDS], ret;

	if (fd < 0) {
		fd = memory_file("xlate-ids", sizeof(*ids), 0);
		if (fd >= 0)
			fd = fd_adopt(OWN_FD_IDS, (int)fd);
	} else {
		group_self()->own_fds[OWN_FD_IDS] = (int)fd;
		host_syscall3(__NR_fcntl, (u64)fd, F_SETFD, FD_CLOEXEC);
	}
	ret = host_mmap(0, sizeof(*ids), PROT_READ | PROT_WRITE, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), (int)fd, 0);
	ids = host_is_error(ret) ? NULL : (struct ids *)ret;
}

static bool replace(u32 at, s32 before, s32 after)
{
	return __atomic_compare_exchange_n(&ids->real[at], &before, after, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Neither one who was not waited for nor a group has that host number any more. */
static bool is_gone(s32 real)
{
	s64 host = real & ~LEFT;

	if (real <= 0 || (!(real & LEFT) && host_syscall2(__NR_tkill, (u64)host, 0) != -ESRCH))
		return false;
	return host_syscall2(__NR_kill, (u64)-host, 0) == -ESRCH;
}

/* When all are in use. Not before, so that which number is next does not depend on when others end. */
static bool take_back(void)
{
	bool any = false;

	for (u32 at = 0; at < IDS_MAX; at++) {
		s32 real = __atomic_load_n(&ids->real[at], __ATOMIC_SEQ_CST);

		if (is_gone(real))
			any |= replace(at, real, FREE);
	}
	return any;
}

static s32 find_new(void)
{
	for (u32 tries = 0; tries < IDS_MAX; tries++) {
		place = (place + 1) % IDS_MAX;
		if (replace(place, FREE, RESERVED))
			return (s32)(FIRST_ID + place);
	}
	return 0;
}

s32 ids_new(void)
{
	s32 id = ids ? find_new() : 0;

	return ids && !id && take_back() ? find_new() : id;
}

void ids_set(s32 id, s32 real)
{
	s32 before = 0;

	if (!id)
		return;
	__atomic_store_n(&ids->real[id - FIRST_ID], real, __ATOMIC_SEQ_CST);
	if (real > 0 && (u32)real < REAL_MAX)
		before = __atomic_exchange_n(&ids->id[real], id, __ATOMIC_SEQ_CST);
	if (before && before != id) { /* the host has given its number again */
		replace((u32)before - FIRST_ID, real, FREE);
		replace((u32)before - FIRST_ID, real | LEFT, FREE);
	}
}

/* What still comes from there (a SIGCHLD) names it all the same: ids->id stays until the host gives its number again. */
static void end(s32 id, bool is_process)
{
	u32 at = (u32)id - FIRST_ID;
	s32 real;

	if (!turns_on() || !ids || at >= IDS_MAX)
		return;
	real = __atomic_load_n(&ids->real[at], __ATOMIC_SEQ_CST);
	replace(at, real, is_process && real > 0 ? real | LEFT : FREE);
}

void ids_end_thread(s32 id)
{
	end(id, false);
}

void ids_end_process(s32 id)
{
	end(id, true);
}

void ids_begin_region(s32 id)
{
	u64 state = (u64)id;
	u32 regions = IDS_MAX / IDS_REGION;

	place = id == FIRST_ID ? 0 : (u32)(virtual_mix(&state) % (regions - 1) + 1) * IDS_REGION;
}

void ids_start(struct thread *t)
{
	map_ids();
	place = IDS_MAX - 1;
	t->turn.id = (s32)id_out(t->tid); /* known to the tree, or the first */
	ids_begin_region(t->turn.id);
}

s32 id_known(s32 real)
{
	s32 id = turns_on() && ids && real > 0 && (u32)real < REAL_MAX ? __atomic_load_n(&ids->id[real], __ATOMIC_SEQ_CST) : 0;

	return id ? id : real;
}

long id_out(long real)
{
	s32 id;

	if (!turns_on() || !ids || real <= 0)
		return real;
	id = id_known((s32)real);
	if (id != (s32)real)
		return id;
	id = ids_new(); /* somebody from before, or from outside */
	ids_set(id, (s32)real);
	return id ? id : real;
}

s32 id_out_owner(s32 real)
{
	return real < 0 ? -(s32)id_out(-(long)real) : (s32)id_out(real);
}

s32 id_in(s32 id)
{
	u32 at = (u32)(id < 0 ? -(s64)id : id) - FIRST_ID;
	s32 real;

	if (!turns_on() || !ids || at >= IDS_MAX)
		return id;
	real = __atomic_load_n(&ids->real[at], __ATOMIC_SEQ_CST);
	if (real <= 0)
		return id;
	real &= ~LEFT;
	return id < 0 ? -real : real;
}

/* The host's number has no more digits than the guest's. */
static char *replace_number(char *digits, char *end)
{
	s64 id = 0;
	s32 real;
	char number[16];
	struct text b = text_begin(number, sizeof(number));
	size_t n;

	for (char *s = digits; s < end && id < IDS_MAX + FIRST_ID; s++)
		id = *s >= '0' && *s <= '9' ? id * 10 + (*s - '0') : IDS_MAX + FIRST_ID;
	real = id < IDS_MAX + FIRST_ID ? id_in((s32)id) : 0;
	if (id < FIRST_ID || real <= 0 || real == id)
		return end;
	text_s64(&b, real);
	n = (size_t)(b.at - number);
	memcpy(digits, number, n);
	memmove(digits + n, end, strlen(end) + 1);
	return digits + n;
}

void ids_in_path(char *path)
{
	if (!turns_on() || strncmp(path, "/proc/", 6))
		return;
	for (char *s = path + 6; *s; s += *s == '/') {
		char *end = s;

		while (*end && *end != '/')
			end++;
		s = replace_number(s, end);
	}
}

/* The processor time of a process or thread: its number stands in the clock's, inverted, above three bits. */
s32 id_in_clock(s32 clock)
{
	if (clock >= 0 || (clock & 7) == 3 /* of a descriptor */)
		return clock;
	return (s32)((u32)~id_in(~(clock >> 3)) << 3) | (clock & 7);
}

s32 thread_id(const struct thread *t)
{
	return turns_on() && t->turn.id ? t->turn.id : t->tid;
}
