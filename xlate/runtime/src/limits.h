/* The guest's limits of memory, which the runtime keeps (sys/limits.c), at execve. */
#ifndef XLATE_LIMITS_H
#define XLATE_LIMITS_H

#include "types.h"

enum { KEPT_LIMITS = 2 }; /* RLIMIT_DATA, RLIMIT_AS */

/* One of them, of a process; not set: the host's. */
struct kept_limit {
	bool set;
	u64 cur, max; /* bytes */
};

/* Give the host the limits that the new program is to find. */
void limits_before_exec(void);

#endif
