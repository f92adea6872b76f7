/*
 * System calls of xlate-arm64: numbers of AArch64. Pointers are the host's, and structures of the calls that are handed
 * on have one layout on both sides. What is not in the table is ENOSYS.
 */
#include "guest/arm64/program.h"
#include "host.h"
#include "memory.h"
#include "thread.h"

typedef long call_fn(struct thread *t, const u64 *args);

enum { HINT_FLAGS = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };

static long call_brk(struct thread *t, const u64 *args)
{
	return mem_brk(t, GADDR(args[0]));
}

static long call_munmap(struct thread *t, const u64 *args)
{
	return mem_unmap(t, GADDR(args[0]), args[1]);
}

static long call_mprotect(struct thread *t, const u64 *args)
{
	return args[2] > 7 ? -EINVAL : mem_protect(t, GADDR(args[0]), args[1], (int)args[2]);
}

/* Anonymous private memory; the address is a hint that is not taken. */
static long call_mmap(struct thread *t, const u64 *args)
{
	u64 flags = args[3];

	(void)t;
	if (!args[1] || args[1] > GUEST_SPAN || args[2] > 7)
		return -EINVAL;
	if ((flags | MAP_NORESERVE) != HINT_FLAGS)
		return -ENOSYS;
	return space_anywhere(page_ceil(args[1]), (int)args[2]);
}

static const struct call {
	u16 number;
	u16 host; /* handed on, unless there is a function */
	call_fn *fn;
} calls[] = {
	{62, __NR_lseek, NULL},		 {63, __NR_read, NULL},		{64, __NR_write, NULL},
	{66, __NR_writev, NULL},	 {93, __NR_exit, NULL},		{94, __NR_exit_group, NULL},
	{113, __NR_clock_gettime, NULL}, {172, __NR_getpid, NULL},	{214, 0, call_brk},
	{215, 0, call_munmap},		 {222, 0, call_mmap},		{226, 0, call_mprotect},
};

void system_call(struct thread *t)
{
	u64 *r = t->cpu.r;

	for (u32 i = 0; i < ARRAY_LEN(calls); i++) {
		const struct call *c = &calls[i];

		if (c->number != r[8])
			continue;
		r[0] = (u64)(c->fn ? c->fn(t, r) : host_syscall6(c->host, r[0], r[1], r[2], r[3], r[4], r[5]));
		return;
	}
	r[0] = (u64)-ENOSYS;
}
