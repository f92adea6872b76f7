/* --strace: one line a system call on standard error. All of its formatting is trace.c's; formats come from the rows. */
#ifndef XLATE_TRACE_H
#define XLATE_TRACE_H

#include "types.h"

struct thread;

struct syscall_row {
	const char *name;
	const char *format;	/* one letter an argument, see trace.c */
	long (*call)(struct thread *t, const u32 *r);	/* NULL: refused */
	u16 refused;		/* errno */
	bool ends;		/* does not return when it succeeds: traced before the call as well */
	const char *reason;	/* of a refusal */
};

void trace_call(const struct syscall_row *row, const u32 *r);
void trace_return(const struct syscall_row *row, const u32 *r, long result);
void trace_unknown(u32 nr, const char *why);

#endif
