/* The guest's limits of memory, which the runtime keeps (sys/limits.c), at execve. */
#ifndef XLATE_LIMITS_H
#define XLATE_LIMITS_H

/* Give the host the limits that the new program is to find. */
void limits_before_exec(void);

#endif
