/* The guest's limits of memory, which the runtime keeps (sys/limits.c), at execve. */
#ifndef XLATE_LIMITS_H
#define XLATE_LIMITS_H

#include "types.h"

enum { KEPT_DATA, KEPT_AS, KEPT_LIMITS }; /* RLIMIT_DATA, RLIMIT_AS */

/* One of them, of a process; not set: the host's. */
struct kept_limit {
	bool set;
	u64 cur, max; /* bytes */
};

/* Those that the program before this one had. */
void limits_begin(void);
/* Give the host the limits that a program of the host's is to find; take them back when it was not executed. */
void limits_to_host(struct kept_limit before[KEPT_LIMITS]);
void limits_from_host(const struct kept_limit before[KEPT_LIMITS]);

#endif
