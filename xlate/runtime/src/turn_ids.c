/*
 * Numbers of processes and threads under --deterministic: the guest sees them count up in the order they are made,
 * whoever else starts processes on this machine. They lie above the kernel's highest, so that one that is not
 * translated names nobody. The table is a memory file, which the programs of a process tree share.
 */
#include "host.h"
#include "string.h"
#include "thread.h"
#include "turns.h"

/* Above every pid_max, and small enough for the words of locks (FUTEX_TID_MASK). */
#define FIRST_ID 5000000
#define IDS_MAX (1u << 20)

enum { F_SETFD = 2, FD_CLOEXEC = 1 };

struct ids {
	u32 count;
	s32 real[IDS_MAX]; /* by number; 0: to be filled in */
};

static struct ids *ids;

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

s32 ids_new(void)
{
	u32 place = ids ? __atomic_fetch_add(&ids->count, 1, __ATOMIC_SEQ_CST) : IDS_MAX;

	return place < IDS_MAX ? (s32)(FIRST_ID + place) : 0;
}

void ids_set(s32 id, s32 real)
{
	if (id)
		__atomic_store_n(&ids->real[id - FIRST_ID], real, __ATOMIC_SEQ_CST);
}

void ids_start(struct thread *t)
{
	map_ids();
	t->turn.id = (s32)id_out(t->tid);
}

s32 id_known(s32 real)
{
	u32 count = turns_on() && ids && real > 0 ? __atomic_load_n(&ids->count, __ATOMIC_SEQ_CST) : 0;

	for (u32 i = count < IDS_MAX ? count : IDS_MAX; i-- > 0;) /* a number may be used again: the newest is meant */
		if (__atomic_load_n(&ids->real[i], __ATOMIC_SEQ_CST) == real)
			return (s32)(FIRST_ID + i);
	return real;
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

s32 id_in(s32 id)
{
	u32 place = (u32)(id < 0 ? -(s64)id : id) - FIRST_ID;
	s32 real;

	if (!turns_on() || !ids || place >= IDS_MAX)
		return id;
	real = __atomic_load_n(&ids->real[place], __ATOMIC_SEQ_CST);
	if (!real)
		return id;
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
