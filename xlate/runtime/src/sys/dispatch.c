/*
 * From the number in r7 to the row's function. The table and one adapter per row are generated from
 * frontends/arm32/linux_syscalls.py; what happens to the result (restart, sigreturn, delivery) is signal.c's.
 */
#include "stats.h"
#include "sys/sys.h"
#include "trace.h"

#include "gen/syscalls_arm32.inc"

/* First number that old-ABI calls carry in the instruction. An EABI kernel looks at no other immediate. */
#define OABI_BASE 0x900000u

static bool is_oabi(const struct thread *t)
{
	return t->cpu.svc_imm >= OABI_BASE;
}

static const struct syscall_row *find_row(u32 nr)
{
	const struct syscall_row *row = NULL;

	if (nr < ARRAY_LEN(syscall_rows))
		row = &syscall_rows[nr];
	else if (nr - PRIVATE_BASE < ARRAY_LEN(private_rows))
		row = &private_rows[nr - PRIVATE_BASE];
	return row && row->name ? row : NULL;
}

u32 syscall_places(void)
{
	return ARRAY_LEN(syscall_rows) + ARRAY_LEN(private_rows);
}

const struct syscall_row *syscall_row_at(u32 place)
{
	return find_row(place < ARRAY_LEN(syscall_rows) ? place : PRIVATE_BASE + place - (u32)ARRAY_LEN(syscall_rows));
}

static long call_row(struct thread *t, const struct syscall_row *row)
{
	u32 r[7];

	memcpy(r, t->cpu.r, sizeof(r));
	if (trace_is_on())
		return trace_and_call(t, row, r);
	return row->call ? row->call(t, r) : -(long)row->refused;
}

void syscall_dispatch(struct thread *t)
{
	const struct syscall_row *row = find_row(t->cpu.r[7]);

	stats_own.syscalls++;
	if (turns_on())
		turns_call(t, t->cpu.r[7]);
	if (is_oabi(t)) {
		if (trace_is_on())
			trace_unknown(t->cpu.svc_imm, "old-ABI call");
		signal_force(t, SIGILL, 4 /* ILL_ILLTRP */, t->cpu.r[15] - (t->cpu.thumb ? 2 : 4));
		return;
	}
	if (!row) {
		if (trace_is_on())
			trace_unknown(t->cpu.r[7], "no such call");
		signal_finish_syscall(t, -ENOSYS);
		return;
	}
	signal_finish_syscall(t, call_row(t, row));
}
