/*
 * Guest signals: dispositions, masks, recording and delivery.
 *
 * Dispositions are mirrored: default and ignored signals are left to the host kernel, so stopping, dumping core and
 * dying need no poll. A guest handler becomes host_handler(), which records the one signal, blocks all others until it
 * is delivered (so the kernel keeps every queue), and sets the poll word. Delivery happens between guest instructions,
 * in signal_deliver(). The host's SA_RESTART is the guest's: then the kernel itself decides what restarts, see
 * host/x86_64/syscall.S. Frames: guest/arm32/sigframe.c. Faults: fault.c.
 */
#include "signal.h"

#include "chaos.h"
#include "cpu.h"
#include "fatal.h"
#include "fault.h"
#include "guest/arm32/sigframe.h"
#include "kept.h"
#include "optimised.h"
#include "robust.h"
#include "stats.h"
#include "stock.h"
#include "string.h"
#include "thread.h"
#include "trace.h"
#include "turns.h"
#include "world.h"

#define ALL_SIGNALS (~0ull)
#define UNBLOCKABLE (SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))
#define HOST_SA_FLAGS (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_RESTART)

#define SI_KERNEL 0x80

static const struct frame_fault NO_FAULT;

static bool is_sync(int sig)
{
	return sig <= SIGNAL_MAX && (SYNC_SIGNALS & SIG_BIT(sig));
}

static struct host_siginfo *sent_slot(struct thread *t, int sig)
{
	int place = sig == SIGSEGV ? 0 : sig == SIGBUS ? 1 : sig == SIGFPE ? 2 : 3;

	return &t->sig.sent_sync_info[place];
}

u64 signal_host_mask(u64 guest_mask)
{
	return guest_mask & ~SYNC_SIGNALS;
}

static void set_host_mask(u64 mask)
{
	host_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (u64)&mask, 0, sizeof(mask));
}

/* --- recording -------------------------------------------------------------------------------------- */

/* Send to this thread again, as it came: to itself a process may send any code. async-signal-safe */
static void requeue(struct thread *t, int sig, const struct host_siginfo *info)
{
	host_syscall4(__NR_rt_tgsigqueueinfo, (u64)t->group->pid, (u64)t->tid, (u64)sig, (u64)info);
}

/* async-signal-safe */
void signal_record(struct thread *t, int sig, const struct host_siginfo *info, struct host_ucontext *uc)
{
	u64 pc = uc->mc.rip;

	if (is_sync(sig)) {
		if (!(t->sig.sent_sync & SIG_BIT(sig)))
			*sent_slot(t, sig) = *info;
		t->sig.sent_sync |= SIG_BIT(sig);
		if (t->sig.blocked & SIG_BIT(sig))
			return;
	} else {
		uc->uc_sigmask = signal_host_mask(ALL_SIGNALS);
		if (t->sig.recorded) { /* the mask was being opened when the first one came: let the kernel keep it */
			requeue(t, sig, info);
		} else {
			t->sig.recorded_info = *info;
			t->sig.recorded_pid = (int)host_syscall0(__NR_getpid);
			t->sig.recorded = (u32)sig;
		}
	}
	poll_request(t);
	if (turns_on())
		turns_ring();
	if (pc >= (u64)blocking_begin && pc <= (u64)blocking_insn)
		uc->mc.rip = (u64)blocking_abort;
}

/* async-signal-safe */
static void host_handler(int sig, struct host_siginfo *info, struct host_ucontext *uc)
{
	signal_record(thread_self(), sig, info, uc);
}

/* --- dispositions ----------------------------------------------------------------------------------- */

static long set_host_action(int sig, u64 handler, u64 flags)
{
	struct host_sigaction sa = {
		.handler = handler,
		.flags = flags | SA_RESTORER | SA_SIGINFO | SA_ONSTACK,
		.restorer = (u64)host_sigreturn,
		.mask = signal_host_mask(ALL_SIGNALS),
	};

	return host_syscall4(__NR_rt_sigaction, (u64)sig, (u64)&sa, 0, sizeof(sa.mask));
}

/* Threads share it: read as a whole. */
static struct guest_sigaction action_of(const struct thread *t, int sig)
{
	HOLD_LOCK;

	return t->group->actions[sig];
}

/* Make the host's disposition follow the guest's. The processor's own signals always come to fault.c. */
static long mirror(struct thread *t, int sig)
{
	const struct guest_sigaction *a = &t->group->actions[sig];

	if (is_sync(sig))
		return set_host_action(sig, (u64)host_fault, SA_NODEFER);
	return set_host_action(sig, a->handler > SIG_IGN ? (u64)host_handler : a->handler, a->flags & HOST_SA_FLAGS);
}

long signal_action(struct thread *t, int sig, const struct guest_sigaction *action, struct guest_sigaction *old)
{
	struct guest_sigaction before;
	HOLD_LOCK;

	if (sig < 1 || sig > SIGNAL_MAX || (action && (UNBLOCKABLE & SIG_BIT(sig))))
		return -EINVAL;
	before = t->group->actions[sig];
	if (action) {
		long err;

		t->group->actions[sig] = *action;
		t->group->actions[sig].mask &= ~UNBLOCKABLE;
		err = mirror(t, sig);
		if (err) {
			t->group->actions[sig] = before;
			return err;
		}
		if (is_sync(sig) && action->handler > SIG_IGN && (action->flags & SA_SIGINFO))
			optimised_leave(t, "a handler that is told the registers at a fault");
		if (is_sync(sig) && action->handler == SIG_IGN) /* as the kernel flushes its queue */
			t->sig.sent_sync &= ~SIG_BIT(sig);
	}
	if (old)
		*old = before;
	return 0;
}

void signal_init(struct thread *t)
{
	u64 mask = 0;

	host_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, 0, (u64)&mask, sizeof(mask));
	t->sig.blocked = mask;
	t->sig.altstack.flags = SS_DISABLE;
	for (int sig = 1; sig <= SIGNAL_MAX; sig++) {
		struct host_sigaction sa = {0};

		host_syscall4(__NR_rt_sigaction, (u64)sig, 0, (u64)&sa, sizeof(sa.mask));
		t->group->actions[sig].handler = sa.handler == SIG_IGN ? SIG_IGN : SIG_DFL;
		if (is_sync(sig))
			mirror(t, sig);
	}
	if (mask & SYNC_SIGNALS)
		set_host_mask(signal_host_mask(mask));
}

void signal_before_exec(struct thread *t)
{
	for (int sig = 1; sig <= SIGNAL_MAX; sig++)
		if (is_sync(sig))
			set_host_action(sig, t->group->actions[sig].handler == SIG_IGN ? SIG_IGN : SIG_DFL, 0);
	if (t->sig.blocked & SYNC_SIGNALS)
		set_host_mask(t->sig.blocked);
}

void signal_exec_failed(struct thread *t)
{
	for (int sig = 1; sig <= SIGNAL_MAX; sig++)
		if (is_sync(sig))
			mirror(t, sig);
	if (t->sig.blocked & SYNC_SIGNALS)
		set_host_mask(signal_host_mask(t->sig.blocked));
}

/* --- masks ------------------------------------------------------------------------------------------ */

/* Sent SIGSEGV and the like wait in our own set while blocked; opening the mask makes them due. */
static void set_blocked(struct thread *t, u64 mask)
{
	t->sig.blocked = mask & ~UNBLOCKABLE;
	if (t->sig.sent_sync & ~t->sig.blocked)
		poll_request(t);
	if (!t->sig.recorded) /* until a recorded one is delivered all stay blocked */
		set_host_mask(signal_host_mask(t->sig.blocked));
}

long signal_mask(struct thread *t, int how, const u64 *set, u64 *old)
{
	u64 before = t->sig.blocked;

	if (set && how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK)
		return -EINVAL;
	if (set)
		set_blocked(t, how == SIG_BLOCK ? before | *set : how == SIG_UNBLOCK ? before & ~*set : *set);
	if (old)
		*old = before;
	return 0;
}

u64 signal_pending(struct thread *t)
{
	u64 set = 0;

	host_syscall2(__NR_rt_sigpending, (u64)&set, sizeof(set));
	return (set | t->sig.sent_sync) & t->sig.blocked;
}

u64 signal_temporary_mask(struct thread *t, u64 guest_mask)
{
	t->sig.temporary = guest_mask & ~UNBLOCKABLE;
	t->sig.has_temporary = true;
	if (t->sig.sent_sync & ~t->sig.temporary)
		poll_request(t);
	return signal_host_mask(t->sig.temporary);
}

long signal_altstack(struct thread *t, const struct guest_stack *stack, struct guest_stack *old)
{
	struct guest_stack *mine = &t->sig.altstack;
	bool on = t->cpu.r[13] - mine->sp - 1 < mine->size;

	if (old) {
		*old = *mine;
		old->flags |= mine->size ? (on ? SS_ONSTACK : 0) : SS_DISABLE;
	}
	if (!stack)
		return 0;
	if (on)
		return -EPERM;
	switch (stack->flags & (s32)~SS_AUTODISARM) {
	case SS_DISABLE:
		*mine = (struct guest_stack){.flags = SS_DISABLE};
		return 0;
	case 0:
	case SS_ONSTACK:
		if (stack->size < MINSIGSTKSZ)
			return -ENOMEM;
		*mine = (struct guest_stack){stack->sp, stack->flags & (s32)SS_AUTODISARM, stack->size};
		return 0;
	}
	return -EINVAL;
}

/* --- delivery --------------------------------------------------------------------------------------- */

_Noreturn void signal_die(struct thread *t, int sig)
{
	robust_release_all(t);
	stock_save(true);
	stats_finish();
	if (trace_is_on())
		trace_killed(sig);
	if (turns_on())
		turns_end_process(t);
	set_host_action(sig, SIG_DFL, 0);
	set_host_mask(~SIG_BIT(sig));
	host_syscall3(__NR_tgkill, (u64)t->group->pid, (u64)t->tid, (u64)sig);
	for (;;) /* the first process of a namespace survives default actions */
		host_syscall1(__NR_exit_group, 128 + (u64)sig);
}

/*
 * Enter the guest's handler. The mask it runs under replaces the current one; a stack that cannot hold the frame
 * kills.
 */
static void enter(struct thread *t, int sig, const struct guest_sigaction *a, const struct guest_siginfo *info,
		  const struct frame_fault *fault)
{
	u64 during = t->sig.has_temporary ? t->sig.temporary : t->sig.blocked;
	u64 saved = t->sig.blocked;

	t->sig.has_temporary = false;
	stats_own.signals++;
	if (trace_is_on())
		trace_signal(sig, info);
	if (!t->sig.entered++)
		t->sig.interrupted = t->cpu.r[15] | t->cpu.thumb;
	if (a->flags & SA_RESETHAND) {
		struct guest_sigaction reset = *a;

		reset.handler = SIG_DFL;
		signal_action(t, sig, &reset, NULL);
	}
	if (sigframe_push(t, sig, a, info, fault, saved)) {
		if (sig == SIGSEGV)
			signal_die(t, SIGSEGV);
		set_blocked(t, during);
		signal_force(t, SIGSEGV, SI_KERNEL, 0);
		return;
	}
	set_blocked(t, during | a->mask | (a->flags & SA_NODEFER ? 0 : SIG_BIT(sig)));
}

static void deliver_one(struct thread *t, int sig, const struct host_siginfo *info)
{
	struct guest_sigaction a = action_of(t, sig);
	u32 handler = a.handler;
	struct guest_siginfo guest;

	if (handler > SIG_IGN) {
		siginfo_to_guest(info, &guest);
		enter(t, sig, &a, &guest, &NO_FAULT);
		return;
	}
	t->sig.has_temporary = false;
	if (handler == SIG_DFL && is_sync(sig))
		signal_die(t, sig);
	if (handler == SIG_DFL) /* the handler was taken away after recording: now the kernel acts on it */
		requeue(t, sig, info);
	set_blocked(t, t->sig.blocked);
}

void signal_deliver(struct thread *t)
{
	u64 mask = t->sig.has_temporary ? t->sig.temporary : t->sig.blocked;
	u64 due = t->sig.sent_sync & ~mask;
	struct host_siginfo info;
	int sig;

	chaos_yield();
	poll_clear(t); /* before looking: what comes later sets it again */
	sig = (int)__atomic_load_n(&t->sig.recorded, __ATOMIC_SEQ_CST);
	if (sig) {
		info = t->sig.recorded_info;
		__atomic_store_n(&t->sig.recorded, 0, __ATOMIC_SEQ_CST);
		if (mask & SIG_BIT(sig)) { /* the guest blocked it after it came and before it could be delivered */
			requeue(t, sig, &info);
			set_blocked(t, t->sig.blocked);
		} else {
			deliver_one(t, sig, &info); /* opens the host mask: the next may set the poll word again */
		}
		due = t->sig.sent_sync & ~t->sig.blocked;
	}
	if (due) {
		sig = __builtin_ctzll(due) + 1;
		info = *sent_slot(t, sig);
		t->sig.sent_sync &= ~SIG_BIT(sig);
		deliver_one(t, sig, &info);
		if (t->sig.sent_sync & ~t->sig.blocked)
			poll_request(t);
	}
	t->sig.has_temporary = false;
}

bool signal_is_caught(struct thread *t, int sig)
{
	return action_of(t, sig).handler > SIG_IGN && !(t->sig.blocked & SIG_BIT(sig));
}

void signal_force(struct thread *t, int sig, int code, u32 addr)
{
	struct guest_siginfo info = {.signo = sig, .code = code, .data = {addr}};
	struct guest_sigaction a = action_of(t, sig);
	struct frame_fault fault = {0};

	if (a.handler <= SIG_IGN || (t->sig.blocked & SIG_BIT(sig))) {
		if (trace_is_on())
			trace_signal(sig, &info);
		signal_die(t, sig);
	}
	if (sig == SIGSEGV || sig == SIGBUS)
		fault = fault_for_frame(t, code, addr);
	enter(t, sig, &a, &info, &fault);
}

/* --- system calls ----------------------------------------------------------------------------------- */

bool signal_is_due(const struct thread *t)
{
	u64 mask = t->sig.has_temporary ? t->sig.temporary : t->sig.blocked;
	u32 recorded = __atomic_load_n(&t->sig.recorded, __ATOMIC_SEQ_CST);

	return (recorded && !(mask & SIG_BIT(recorded))) || (t->sig.sent_sync & ~mask);
}

bool signal_restarts(const struct thread *t)
{
	u32 recorded = t->sig.recorded;

	return recorded && (action_of(t, (int)recorded).flags & SA_RESTART);
}

long guest_blocking_syscall(struct thread *t, long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	if (turns_on()) {
		u64 arguments[6] = {a, b, c, d, e, f};

		return turns_blocking(t, nr, arguments);
	}
	return host_blocking_syscall(&t->cpu.pending, nr, a, b, c, d, e, f);
}

void signal_finish_syscall(struct thread *t, long result)
{
	if (result == -RESTART_NOINTR && t->sig.has_temporary) {
		if (t->sig.sent_sync & t->sig.blocked & ~t->sig.temporary)
			result = -EINTR; /* due only under the call's own mask */
		else
			t->sig.has_temporary = false; /* came before the call began */
	}
	if (result == -RESTART_NOINTR)
		t->cpu.r[15] -= t->cpu.thumb ? 2 : 4;
	else if (result != -RESULT_KEEP)
		t->cpu.r[0] = (u32)result;
	if (__atomic_load_n(&t->cpu.pending, __ATOMIC_ACQUIRE) && !t->resumed) /* that polls, too */
		signal_deliver(t);
	t->sig.has_temporary = false;
}

long signal_return(struct thread *t, bool rt)
{
	u64 mask;

	kept_return(t, rt);
	if (sigframe_pop(t, rt, &mask))
		signal_force(t, SIGSEGV, SI_KERNEL, 0);
	else
		set_blocked(t, mask);
	return -RESULT_KEEP;
}
