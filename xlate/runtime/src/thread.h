/*
 * A guest thread and the process it belongs to: every piece of state the Linux personality keeps.
 *
 * A thread lives in one aligned block of host memory: this struct at its base, then the alternate signal stack, then
 * the host stack that C code runs on. So thread_self() is a mask on the stack pointer, in handlers too, without %fs.
 */
#ifndef XLATE_THREAD_H
#define XLATE_THREAD_H

#include "guest.h"
#include "host.h"
#include "limits.h"
#include "options.h"
#include "signal.h"
#include "tunables.h"
#include "turns.h"
#include "types.h"
#include "world.h"

/*
 * What a process has for itself, though other processes may share its memory (vfork, CLONE_VM without CLONE_THREAD).
 * It stands in the block of its first thread, which is kept as long as somebody refers to it.
 */
struct group {
	int pid;
	u32 threads;
	bool lent; /* its actions are, or may be, another process's as well: this block stays */
	struct guest_sigaction *actions; /* by signal number; [0] unused. CLONE_SIGHAND shares them */
	struct guest_sigaction own_actions[SIGNAL_MAX + 1];
	/* Host descriptors that are this runtime's and that the guest must not see or close. -1: unused */
	int own_fds[OWN_FD_COUNT];
	u32 bound; /* which of the host's folders are in the root whose paths are translated (rooted.h) */
	struct kept_limit limits[KEPT_LIMITS];
};

struct kept;

struct thread {
	struct guest_state cpu; /* first: translated code's state pointer is the thread pointer */

	struct {
		int sig;	/* SIGSEGV, SIGBUS, SIGFPE, SIGILL */
		int code;	/* si_code */
		gaddr addr;	/* si_addr */
		bool write;	/* the access was a write */
		u64 retry_pc, retry_addr; /* of the last host fault that was retried, and how often in a row */
		u32 retries;
	} fault;		/* filled before cpu_run() returns STOP_FAULT */

	struct thread_signals sig;

	struct thread *next_thread; /* world.c's */
	bool inside;		    /* world.h */
	bool ending;		    /* somebody still stands on this block, which is not in the list any more */
	struct group *group;	    /* its process */
	struct group own_group;	    /* of the first thread of a process */
	u64 exec_words, exec_size;  /* memory of an execve under way */
	u64 start_flags;	    /* of the clone that made it; 0: started by execve or fork */

	int tid;
	gaddr clear_child_tid;	/* set_tid_address; the kernel knows it too */
	gaddr robust_list;	/* set_robust_list */
	u32 robust_list_len;

	struct turn turn; /* with --deterministic */

	u32 nests;	/* nested dispatchers on the host stack (optimised.c) */
	struct kept *kept, *resumed; /* host contexts of faults (kept.h): the innermost, and one to go on in */
	bool drop;	/* all host frames of optimised code must go before any is returned into */
	u32 held[HELD_MAX];	/* descriptors that paths are resolved through, plus 1 (held.h); 0: none */
	bool held_changes;	/* between an open and its note there */
};

/* Guest auxv as it was put on the stack, for /proc/self/auxv. */
#define AUXV_MAX 24

struct process {
	struct options opt;
	const char *exe_path;		/* absolute host path of the guest program: /proc/self/exe */
	const char *exec_name;		/* AT_EXECFN as the guest sees it */
	u64 *host_auxv;			/* pairs, ended by AT_NULL */

	gaddr brk_start, brk_end;	/* brk_end is what brk(0) returns */
	gaddr stack_low, stack_top;	/* mapped stack area */
	gaddr arg_start, arg_end;	/* bytes of the argv strings: /proc/self/cmdline */
	gaddr env_start, env_end;
	gaddr entry;			/* AT_ENTRY, Thumb bit included */
	u32 auxv[AUXV_MAX][2];
	u32 auxv_count;
	bool read_implies_exec;		/* no PT_GNU_STACK, or an executable one */
};

/* Meaning of the places in group.own_fds. */
enum own_fd {
	OWN_FD_EXE,	/* xlate-run itself, to re-enter it at execve */
	OWN_FD_STATS,	/* where statistics are written */
	OWN_FD_TOTALS,	/* shared counters of a process tree */
	OWN_FD_PROGRAM,	/* the program of an execve under way */
	OWN_FD_TRACE,	/* --strace's file */
	OWN_FD_STORE,	/* the store's folder, which has no path inside --root */
	OWN_FD_PACKAGE,	/* and the folder of -p */
	OWN_FD_LINES,	/* who is in the middle of a line there, shared by a process tree */
	OWN_FD_SYSROOT,	/* the folder of -L */
	OWN_FD_IDS,	/* numbers of processes (turn_ids.c) */
	OWN_FD_ROOT,	/* the root, where paths are translated (rooted.h) */
	OWN_FD_RECORD,	/* --record's file */
	OWN_FD_SYSTEM,	/* the system's store */
};

_Static_assert(OWN_FD_SYSTEM == OWN_FD_COUNT - 1, "a place for each");

extern struct process process;

static inline struct thread *thread_self(void)
{
	return (struct thread *)((u64)__builtin_frame_address(0) & ~((u64)THREAD_BLOCK - 1));
}

static inline struct group *group_self(void)
{
	return thread_self()->group;
}

/* A block of its own, with nothing filled in but the entries of the emulation manager. NULL when memory is refused. */
struct thread *thread_create(void);
/* The first thread of this program: its process has t's group. */
void thread_first(struct thread *t);
/* On the thread itself, out of the list and with all signals blocked: end it and keep or give back its block. */
_Noreturn void thread_leave(struct thread *t, int status);
/* Its block, when nobody runs on it. */
void thread_free(struct thread *t);
/* Tell the kernel about the alternate stack of t; first thing on a new host thread. */
void thread_attach(struct thread *t);
void *thread_stack_top(struct thread *t);

/* Run the guest for ever: cpu_run, then system call, signal or fault. */
_Noreturn void thread_run(struct thread *t);
/* What a stop of cpu_run (cpu.h) asks for: system call, signal, fault. */
void thread_serve(struct thread *t, u32 reason);

/* exit(status): of this thread alone, and of the process with its last one. */
_Noreturn void thread_exit(struct thread *t, int status);
/* exit_group(status): statistics, then the end of the process. */
_Noreturn void process_exit(struct thread *t, int status);

/* In the child of a guest fork, before cpu_after_fork(): tid, counters, what is not inherited. */
void process_after_fork(struct thread *t);

/* Host clone: the child begins in fn(arg) on that stack. Returns the tid or -errno, in the parent only. */
long host_clone(u64 flags, void *stack_top, u64 parent_tid, u64 child_tid, void (*fn)(void *), void *arg);
/* End this thread, giving back the memory one stands on (size 0: not), and clear a byte. All signals are blocked. */
_Noreturn void host_thread_exit(void *block, u64 size, int status, bool *last);

/* --- descriptors (process.c) ---------------------------------------------------------------------- */

/* True when fd is this runtime's own: every guest call on it answers EBADF. */
bool fd_is_own(int fd);
/* Any own descriptor inside [first, last]? For close_range: the caller closes around it. Returns it or -1 (lowest). */
int fd_own_in_range(u32 first, u32 last);
/* The path of what is open as fd, whatever links led to it. Length (cut at size - 1), or -errno. */
long fd_path(long fd, char *buf, size_t size);
/* The guest wants number fd (dup2, dup3): move ours elsewhere. 0 or -errno. */
long fd_vacate(int fd);
/* A copy of fd at a high free number, close-on-exec; fd is closed. Number or -errno. */
long fd_raise(int fd);
/* Move fd to a high number with close-on-exec and remember it as `which`; the low one is closed. Number or -errno. */
long fd_adopt(enum own_fd which, int fd);
/* A new memory file of that size, closed at execve; extra memfd_create flags. Descriptor or -errno. */
long memory_file(const char *name, u64 size, u32 flags);

/* --- floating-point status: implemented beside cpu_run(), since the flags live in host registers ---- */

#define FPSCR_FZ (1u << 24)
#define FPSCR_DN (1u << 25)

u32 fpscr_read(struct thread *t);
void fpscr_write(struct thread *t, u32 value);
/* A thread is about to set FZ or DN: from here on translations look at them, and packages are not used. */
void fpscr_becomes_modal(struct thread *t);
bool fpscr_is_modal(void);
/* For who translates everything anew, with a thread that has neither. */
void fpscr_forget_modal(void);
/* The stop that a fault of translated code stands for. async-signal-safe */
u32 fpscr_stop_at(u64 host_pc);
/* What only this guest's code is told of in a new thread's state. */
void guest_attach(struct thread *t);

_Static_assert(offsetof(struct thread, cpu) == 0, "the state pointer is the thread pointer");

/* --- the poll word (thread.c) ----------------------------------------------------------------------- */

/* Translated code shall leave soon. async-signal-safe */
static inline void poll_request(struct thread *t)
{
	__atomic_store_n(&t->cpu.pending, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&t->cpu.stack_limit, ~0ull, __ATOMIC_SEQ_CST); /* one compare at function entries sees both */
}

/* Before looking at what was requested: a request that comes later stays. */
void poll_clear(struct thread *t);

/* How deep the host stack may get, and making optimised code know. */
static inline u64 stack_floor(const struct thread *t)
{
	return t->kept ? KEPT_STACK_FLOOR : STACK_FLOOR;
}

void poll_limit(struct thread *t);

#endif
