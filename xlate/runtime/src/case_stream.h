/* Cases from standard input and results to standard output, of the programs that run single cases. */
#ifndef XLATE_CASE_STREAM_H
#define XLATE_CASE_STREAM_H

#include "fatal.h"
#include "host.h"

/* False: the end, or less than so much. */
static inline bool read_all(void *to, u64 size)
{
	u8 *at = to;

	while (size) {
		long n = host_syscall3(__NR_read, 0, (u64)at, size);

		if (n <= 0)
			return false;
		at += n;
		size -= (u64)n;
	}
	return true;
}

static inline void write_all(const void *from, u64 size)
{
	const u8 *at = from;

	while (size) {
		long n = host_syscall3(__NR_write, 1, (u64)at, size);

		if (n <= 0)
			fatal("cannot write a result");
		at += n;
		size -= (u64)n;
	}
}

#endif
