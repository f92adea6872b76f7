/*
 * --deterministic: guest threads take turns, one running at a time, in an order that a number decides
 * (docs/decisions/0015). A turn ends at places that the guest's own execution counts, never at an instant of real time.
 *
 * All functions but turns_ring() are for the thread whose turn it is, without the lock of world.h.
 */
#ifndef XLATE_TURNS_H
#define XLATE_TURNS_H

#include "types.h"

struct thread;

#define TURNS_NEVER (~0ull)

enum turn_state {
	TURN_READY,  /* would run */
	TURN_WAITS,  /* for a wake, a time or a signal */
	TURN_PROBES, /* for the host: asks again after the others did something */
	TURN_OUT,    /* in a call of the host's that may take any time */
	TURN_GONE,   /* its process has ended, though others still share the memory: it never runs again */
};

enum turn_end { TURN_WOKEN, TURN_TIME, TURN_SIGNAL, TURN_LOOK };

/* A thread's part, in struct thread. */
struct turn {
	s32 id;	    /* its number as the guest sees it */
	s32 left;   /* counted places until the turn ends: translated code takes them off */
	s32 length; /* what `left` began with; 0: to be drawn */
	u32 go;	    /* futex word: the turn was handed over */
	u8 state;
	bool woken, asked; /* its wait is over; somebody sent signals */
	u64 spent;	   /* processor time, virtual */
	u64 until;	   /* virtual time, or TURNS_NEVER */
	u64 probed;	   /* when it last looked, by `progress` */
	gaddr word;	   /* futex it waits at; arrival 0: none */
	u64 arrival;
	u32 mask;
};

/* Is the option given? Then never the optimised tier. */
bool turns_on(void);
/* A range of numbers is given: run them one after the other; returns in each run. */
void turns_search(struct thread *t);
/* The first thread begins; a clone begins, on its own host thread. */
void turns_start(struct thread *t);
void turns_begin(struct thread *t);

/* At a counted place whose turn is used up. */
void turns_end(struct thread *t);
/* Before system call nr of the guest: perhaps another thread first. */
void turns_call(struct thread *t, u32 nr);
/* A blocking call of the guest's for the host, as guest_blocking_syscall(): its turn goes on meanwhile. */
long turns_blocking(struct thread *t, long nr, const u64 *a);

/* Wait in that state until a virtual time. */
enum turn_end turns_wait(struct thread *t, enum turn_state state, u64 until);
/* A call that was interrupted: -EINTR, or restarted where its handler has SA_RESTART and the call may be. */
long turns_interrupted(struct thread *t, bool may_restart);
/* Leave the order for a host call that may take any time, and come back. */
void turns_go_out(struct thread *t);
void turns_come_in(struct thread *t);
/* Hand the turn on for good; t is off the list of threads. */
void turns_leave(struct thread *t);
/* The same for t's process, which ends and may share its memory with another. */
void turns_end_process(struct thread *t);
/* Something may have changed that no turn brings about. async-signal-safe */
void turns_ring(void);

/* vfork: the child has its parent's turn until the parent's clone returns. */
void turns_lend(struct thread *t, struct thread *child);
void turns_take_back(struct thread *t, struct thread *child);
/* Before and after fork; the child has an order and random bytes of its own. False: there is no number for it. */
bool turns_before_fork(void);
void turns_forked(long pid); /* in the parent */
void turns_after_fork(struct thread *t);

/* Random numbers of the order: below n; what those of a new program begin with. */
u64 turns_draw(u64 n);
u64 turns_draw_seed(void);

/* Does a system call of the guest's send signals to its own threads; start what no turn orders (turn_calls.c)? */
bool turn_call_sends(u32 nr);
bool turn_call_leads_out(u32 nr);

/* --- futexes of this process (turn_futex.c) --------------------------------------------------------- */

/* One operation of futex(2) with valid times; until: virtual. */
struct turn_futex {
	gaddr word, word2;
	u32 op, val, val2, val3;
	u64 until;
	bool timed;
};
long turns_futex(struct thread *t, const struct turn_futex *f);
/* Wake n waiters of a word whose masks meet this one, here and in other processes: how many. */
long turns_wake(gaddr word, u32 n, u32 mask);
/* t ends: clear the word that tells of it, and wake who waits there. */
void turns_clear_tid(struct thread *t);

/* --- numbers of processes and threads (turn_ids.c) --------------------------------------------------- */

/* The guest's number of a process or thread and the host's (groups: negative). Without the option they are the same. */
long id_out(long real);
s32 id_in(s32 id);
/* Of what is a number or a group's, negative, and never an error. */
s32 id_out_owner(s32 real);
s32 thread_id(const struct thread *t);
/* The guest's number where it has been told one, else the host's; numbers in a path of /proc; in a clock. */
s32 id_known(s32 real);
void ids_in_path(char *path);
s32 id_in_clock(s32 clock);
void ids_start(struct thread *t);
/* A number for somebody who is about to be made; 0: there are no more. */
s32 ids_new(void);
void ids_begin_region(s32 id); /* in a new process: the numbers it gives follow from its own */
void ids_set(s32 id, s32 real);
/* The thread is gone: its number may be given again. The process was waited for: when no group has its number either. */
void ids_end_thread(s32 id);
void ids_end_process(s32 id);

/* --- virtual time and random bytes (virtual.c) ------------------------------------------------------ */

/* Nanoseconds: counted places and system calls, not an instant. */
u64 virtual_now(const struct thread *t);
/* For turns.c: the clock moves on, by what t did or to where a wait ends. */
void virtual_add(struct thread *t, u64 ns);
void virtual_reach(u64 ns);
u64 virtual_base(void);
/* What a clock says; its time as a point of virtual_now()'s; -EINVAL when there is no such clock. */
long virtual_clock(const struct thread *t, s32 clock, s64 *sec, s64 *nsec);
u64 virtual_until(const struct thread *t, s32 clock, bool absolute, s64 sec, s64 nsec);
/* Of a stream of its own. */
void virtual_random(void *bytes, u64 size);
void virtual_after_fork(void);
u64 virtual_mix(u64 *state);

#endif
