/*
 * Guest signals. Dispositions and masks are mirrored to the host kernel, which keeps the queues; a host handler only
 * records one signal, blocks the rest, and sets the poll word. Frames are guest/arm32/sigframe.c; host faults fault.c.
 */
#ifndef XLATE_SIGNAL_H
#define XLATE_SIGNAL_H

#include "host.h"
#include "types.h"

struct thread;

#define SIGNAL_MAX 64
#define SIG_BIT(sig) (1ull << ((sig)-1))

/* Numbers are the same on ARM and x86-64. */
enum {
	SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGILL = 4, SIGTRAP = 5, SIGABRT = 6, SIGBUS = 7, SIGFPE = 8, SIGKILL = 9,
	SIGUSR1 = 10, SIGSEGV = 11, SIGUSR2 = 12, SIGPIPE = 13, SIGALRM = 14, SIGTERM = 15, SIGSTKFLT = 16,
	SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22, SIGURG = 23, SIGXCPU = 24,
	SIGXFSZ = 25, SIGVTALRM = 26, SIGPROF = 27, SIGWINCH = 28, SIGIO = 29, SIGPWR = 30, SIGSYS = 31,
};

enum { SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2 };
enum { SIG_DFL = 0, SIG_IGN = 1 };

#define SA_NOCLDSTOP 0x00000001u
#define SA_NOCLDWAIT 0x00000002u
#define SA_SIGINFO 0x00000004u
#define SA_RESTORER 0x04000000u
#define SA_ONSTACK 0x08000000u
#define SA_RESTART 0x10000000u
#define SA_NODEFER 0x40000000u
#define SA_RESETHAND 0x80000000u

#define SS_ONSTACK 1
#define SS_DISABLE 2
#define SS_AUTODISARM (1u << 31)
#define MINSIGSTKSZ 2048

/* A guest disposition, as rt_sigaction gives it (the handler keeps its Thumb bit). */
struct guest_sigaction {
	u32 handler;
	u32 flags;
	u32 restorer;
	u64 mask;
};

/* stack_t of ARM. */
struct guest_stack {
	u32 sp;
	s32 flags;
	u32 size;
};

/* siginfo of ARM: three words, then the union in words. */
struct guest_siginfo {
	s32 signo;
	s32 err;
	s32 code;
	u32 data[29];
};

_Static_assert(sizeof(struct guest_siginfo) == 128, "ARM siginfo");

/* Signals raised by the processor: never blocked on the host, so the host handler can always see our own faults. */
#define SYNC_SIGNALS (SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS) | SIG_BIT(SIGFPE) | SIG_BIT(SIGILL))

struct thread_signals {
	u64 blocked;			/* the guest's mask */
	u64 temporary;			/* mask of a running sigsuspend, ppoll, pselect, epoll_pwait ... */
	bool has_temporary;
	struct guest_stack altstack;	/* size 0: none */
	u32 recorded; /* asynchronous signal recorded by the handler, 0: none; the rest waits in the kernel */
	u32 entered;			/* handlers entered since optimised.c last reset this */
	bool inexact;			/* the frame of a fault in optimised code is pushed */
	bool frame_rt;			/* the last frame that was pushed has siginfo */
	u32 interrupted;		/* guest address | T that the first of them will return to */
	int recorded_pid;		/* which process it came to: the child of fork inherits the record, not the signal */
	struct host_siginfo recorded_info;
	u64 sent_sync; /* SIGSEGV, SIGBUS ... sent by kill, recorded since the host cannot block them */
	struct host_siginfo sent_sync_info[4];
};

/* --- results of system calls ------------------------------------------------------------------------ */

/* A handler's private results besides -errno; the dispatcher hands all results to signal_finish_syscall(). */
#define RESTART_NOINTR 513	/* -513: run the call again after signals were delivered */
#define RESULT_KEEP 1023	/* -1023: registers are final (sigreturn); leave r0 alone */

/*
 * End of every guest system call: result into r0, or pc back to the SVC for -RESTART_NOINTR (r0 still holds the
 * argument, so do not write it before), or nothing for -RESULT_KEEP; then deliver what is pending.
 */
void signal_finish_syscall(struct thread *t, long result);

/*
 * A host call that may sleep, made for the guest. A signal that comes before or during it either makes it return
 * -EINTR (final: the kernel said so) or -RESTART_NOINTR; return both unchanged to the dispatcher. Never use a plain
 * host_syscall for a call that can sleep: with SA_RESTART the kernel would restart it without running the guest's
 * handler.
 */
long guest_blocking_syscall(struct thread *t, long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);
/* Has a signal been recorded that the mask in force lets through? Then: does its handler have SA_RESTART? */
bool signal_is_due(const struct thread *t);
bool signal_restarts(const struct thread *t);

/* --- for sys/signal.c ------------------------------------------------------------------------------- */

/* rt_sigaction: either pointer may be NULL. 0 or -errno. */
long signal_action(struct thread *t, int sig, const struct guest_sigaction *action, struct guest_sigaction *old);
/* rt_sigprocmask. set NULL: only read. */
long signal_mask(struct thread *t, int how, const u64 *set, u64 *old);
/* Signals pending for the guest. */
u64 signal_pending(struct thread *t);
long signal_altstack(struct thread *t, const struct guest_stack *stack, struct guest_stack *old);
/*
 * For calls that take a mask for their duration (rt_sigsuspend, ppoll, pselect6, epoll_pwait): call this with the
 * guest's mask, pass the returned host mask to the host call (8 bytes) made with guest_blocking_syscall. It ends by
 * itself.
 */
u64 signal_temporary_mask(struct thread *t, u64 guest_mask);
/* Host mask that stands for a guest mask outside such calls (signalfd, sigtimedwait take the guest's set as it is). */
u64 signal_host_mask(u64 guest_mask);

/* sys_sigreturn and sys_rt_sigreturn: restore t->cpu from the frame at sp. Always -RESULT_KEEP. */
long signal_return(struct thread *t, bool rt);

void siginfo_to_guest(const struct host_siginfo *host, struct guest_siginfo *guest);
/* For rt_sigqueueinfo: what a process may send. */
void siginfo_from_guest(const struct guest_siginfo *guest, struct host_siginfo *host);

/* --- for main.c, exec.c, fault.c -------------------------------------------------------------------- */

/* Take over inherited dispositions and mask; install the handlers that are always there. */
void signal_init(struct thread *t);
/* Deliver what is recorded and unblocked; clears the poll word. */
void signal_deliver(struct thread *t);
/* Has the guest a handler that this signal would enter now? */
bool signal_is_caught(struct thread *t, int sig);
/* A fault of the guest itself: its handler, or death when blocked, ignored or default. */
void signal_force(struct thread *t, int sig, int code, u32 addr);
/* Die by this signal as the kernel would have killed the guest. */
_Noreturn void signal_die(struct thread *t, int sig);
/* Record a signal from a host handler. async-signal-safe */
void signal_record(struct thread *t, int sig, const struct host_siginfo *info, struct host_ucontext *uc);
/* Give the host the guest's exact mask and ignored signals before execve; undo when execve failed. */
void signal_before_exec(struct thread *t);
void signal_exec_failed(struct thread *t);

#endif
