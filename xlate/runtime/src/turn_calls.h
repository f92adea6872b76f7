/* What turn_calls.c and turn_descriptors.c share: ways to make a guest's blocking call, with its six arguments. */
#ifndef XLATE_TURN_CALLS_H
#define XLATE_TURN_CALLS_H

#include "types.h"

struct thread;

/* As it is, with the turn in hand. */
long turn_call(struct thread *t, long nr, const u64 *a);
/* While other threads have their turns. */
long turn_call_outside(struct thread *t, long nr, const u64 *a);
/* By the only thread there is. */
long turn_call_alone(struct thread *t, long nr, const u64 *a);
/* One that reads or writes a descriptor; any that nobody else knows. */
long turn_call_descriptor(struct thread *t, long nr, const u64 *a);
/* connect. */
long turn_call_connect(struct thread *t, long nr, const u64 *a);

/* A call in a form that does not wait, made again after others ran. */
struct asking {
	u64 until;
	long not_yet; /* its result then */
	bool may_restart;
};
/* An interrupted wait is answered as the kernel does; the call's own errors are final. */
long turn_call_ask(struct thread *t, long nr, const u64 *a, const struct asking *q);

/* --- descriptors (turn_descriptors.c), writing to them (turn_writes.c) -------------------------------- */

enum { POLLIN = 1, POLLOUT = 4 };
enum { FILE_TYPE = 0170000, FILE_FIFO = 0010000, FILE_CHARACTERS = 0020000, FILE_BLOCKS = 0060000,
       FILE_REGULAR = 0100000, FILE_SOCKET = 0140000 };
enum { MSG_OOB = 1, MSG_PEEK = 2, MSG_DONTWAIT = 0x40, MSG_WAITALL = 0x100, MSG_ERRQUEUE = 0x2000 };

/* The call itself says that it shall not wait: the descriptor's flags. Also when there is no such descriptor. */
bool descriptor_never_waits(u64 fd);
/* What kind of file it is; FILE_REGULAR when there is none. */
u32 descriptor_type(u64 fd);
/* How long a socket waits for that event, as virtual time. */
u64 descriptor_limit(struct thread *t, u64 fd, s16 events);
/* Wait until the descriptor is ready, then make the call, which then does not wait. */
long turn_call_when_ready(struct thread *t, long nr, const u64 *a, s16 events);
/* write, writev, pwritev2 at the current position; sendto and sendmsg. */
long turn_call_write(struct thread *t, long nr, const u64 *a);
long turn_call_send(struct thread *t, long nr, const u64 *a);

/* --- random bytes (turn_descriptors.c) --------------------------------------------------------------- */

/* getrandom, and reading /dev/random and /dev/urandom, however they were opened. */
long turn_call_random(u64 at, u64 size, u64 flags);
bool turn_call_is_random(u64 fd);
long turn_call_read_random(struct thread *t, long nr, const u64 *a);

#endif
