/*
 * Whose turn it is (turns.h). The thread that has the turn runs; all others stand in this file, each at a futex word of
 * its own, so all of the guest's execution is in one order. The order's random numbers are drawn only where the guest's
 * execution brings us: not while everybody waits for something outside, and not for threads that ask the host in vain.
 */
#include "turns.h"

#include "fatal.h"
#include "host.h"
#include "memory.h"
#include "monitor.h"
#include "signal.h"
#include "string.h"
#include "thread.h"
#include "world.h"

enum { FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129 };

static u64 order;	    /* state of the random numbers */
static u64 child_seed;	    /* of the fork under way */
static s32 child_id;
static struct thread *holder; /* NULL: everybody is outside */
static u64 progress = 1;    /* moves on when a thread has run */
static u32 bell;	    /* futex word, moves on with turns_ring() */
static bool others;	    /* processes or timers, which no turn orders */
static bool timers;	    /* that send signals, which may end all */
static u64 idle_since;	    /* real time since when nobody runs; 0: somebody does */
static u64 probe_pause;

bool turns_on(void)
{
	return process.opt.deterministic;
}

u64 turns_draw(u64 n)
{
	return virtual_mix(&order) % n;
}

u64 turns_draw_seed(void)
{
	return virtual_mix(&order);
}

static s32 draw_length(void)
{
	u64 most = 1ull << (turns_draw(TURN_BITS) + 1);

	return (s32)(1 + turns_draw(most));
}

static u64 real_now(void)
{
	u64 time[2] = {0, 0};

	host_syscall2(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, (u64)time);
	return time[0] * 1000000000 + time[1];
}

/* --- whose turn is next ------------------------------------------------------------------------------ */

/* Would it run if it had the turn? */
static bool is_due(const struct thread *t)
{
	const struct turn *n = &t->turn;

	if (n->state == TURN_READY)
		return true;
	if (n->state == TURN_OUT || n->state == TURN_GONE)
		return false;
	return n->woken || n->asked || n->until <= virtual_base() || signal_is_due(t);
}

static bool may_look(const struct thread *t)
{
	return t->turn.state == TURN_PROBES && t->turn.probed != progress;
}

/* With the lock. Threads that only ask the host compete with those that are due; among themselves nothing is drawn. */
static struct thread *choose(void)
{
	struct thread *first = NULL;
	u64 due = 0, look = 0, which;

	for (struct thread *t = world_next(NULL); t; t = world_next(t)) {
		due += is_due(t);
		look += !is_due(t) && may_look(t);
		if (!first && may_look(t))
			first = t;
	}
	if (!due)
		return first;
	which = due + look > 1 ? turns_draw(due + look) : 0;
	for (struct thread *t = world_next(NULL); t; t = world_next(t))
		if ((is_due(t) || may_look(t)) && !which--)
			return t;
	return NULL;
}

/* With the lock: somebody who can see to it that time goes on. */
static struct thread *anybody(void)
{
	struct thread *t = world_next(NULL);

	while (t && (t->turn.state == TURN_OUT || t->turn.state == TURN_GONE))
		t = world_next(t);
	return t;
}

static void hand_to(struct thread *t)
{
	holder = t;
	if (!t)
		return;
	__atomic_store_n(&t->turn.go, 1, __ATOMIC_SEQ_CST);
	host_syscall3(__NR_futex, (u64)&t->turn.go, FUTEX_WAKE_PRIVATE, 1);
}

/* In the end a system call in any case: signals that were sent to this thread have reached its handlers. */
static void wait_for_go(struct thread *t)
{
	while (!__atomic_load_n(&t->turn.go, __ATOMIC_SEQ_CST))
		host_syscall4(__NR_futex, (u64)&t->turn.go, FUTEX_WAIT_PRIVATE, 0, 0);
	t->turn.go = 0;
	host_syscall0(__NR_getppid);
}

/* --- nobody can run ---------------------------------------------------------------------------------- */

struct waits {
	u64 until; /* the earliest of all */
	bool probes, out;
};

/* Somebody who is ready has come in since nobody was found who could run. */
static struct waits look_around(void)
{
	struct waits w = {.until = TURNS_NEVER};
	HOLD_LOCK;

	for (struct thread *t = world_next(NULL); t; t = world_next(t)) {
		u8 state = t->turn.state;

		w.probes |= state == TURN_PROBES;
		w.out |= state == TURN_OUT || state == TURN_READY;
		if ((state == TURN_PROBES || state == TURN_WAITS) && t->turn.until < w.until)
			w.until = t->turn.until;
	}
	return w;
}

/* A handler of the guest's that a signal from outside could call. 32 to 34 are libraries' own. */
static bool has_handlers(const struct thread *t)
{
	for (int sig = 1; sig <= SIGNAL_MAX; sig++)
		if ((sig < 32 || sig > 34) && t->group->actions[sig].handler > SIG_IGN)
			return true;
	return false;
}

/* Nobody waits for a time or asks the host, and no signal brings anybody back; other processes cannot either. */
static bool stands_still(const struct thread *t, const struct waits *w)
{
	return !w->probes && !w->out && !timers && w->until == TURNS_NEVER && !has_handlers(t);
}

_Noreturn static void say_deadlock(struct thread *t)
{
	char buf[160];
	struct text b = text_begin(buf, sizeof(buf));

	text_str(&b, "xlate-run: deadlock: every thread waits for another, with --deterministic=");
	text_u64(&b, process.opt.seed_of_turns);
	text_str(&b, "; --strace shows where\n");
	text_write(&b, 2);
	signal_die(t, SIGABRT);
}

static void sleep_for(u64 ns, u32 rung)
{
	u64 time[2] = {ns / 1000000000, ns % 1000000000};

	host_syscall4(__NR_futex, (u64)&bell, FUTEX_WAIT_PRIVATE, rung, ns == TURNS_NEVER ? 0 : (u64)time);
}

/*
 * Virtual time goes to where the first wait ends, at once when all of the world is here. Where something outside may
 * happen first, the wait takes its time; it is asked for every now and then, or rings.
 */
static void idle(struct thread *t, u32 rung)
{
	struct waits w = look_around();
	u64 span = w.until == TURNS_NEVER ? TURNS_NEVER : w.until - virtual_base(), passed;
	bool outside = w.probes || w.out || others;

	if (stands_still(t, &w))
		say_deadlock(t);
	if (!idle_since) {
		idle_since = real_now();
		probe_pause = PROBE_FIRST_NS;
	}
	passed = real_now() - idle_since;
	if (w.until != TURNS_NEVER && (!outside || passed >= span)) {
		virtual_reach(w.until);
		idle_since = 0;
		return;
	}
	if (span != TURNS_NEVER)
		span -= passed;
	sleep_for(w.probes && probe_pause < span ? probe_pause : span, rung);
	probe_pause = 2 * probe_pause < PROBE_LAST_NS ? 2 * probe_pause : PROBE_LAST_NS;
	progress += w.probes;
}

void turns_ring(void)
{
	__atomic_add_fetch(&bell, 1, __ATOMIC_SEQ_CST);
	host_syscall3(__NR_futex, (u64)&bell, FUTEX_WAKE_PRIVATE, 1);
}

/* --- turns ------------------------------------------------------------------------------------------- */

/* Its state says whether and when it may go on; the turn comes back to t. */
static void pass(struct thread *t)
{
	for (;;) {
		u32 rung = __atomic_load_n(&bell, __ATOMIC_SEQ_CST);
		struct thread *next;

		{
			HOLD_LOCK;

			next = choose();
			if (next && next != t)
				hand_to(next);
		}
		if (next == t)
			return;
		if (next) {
			wait_for_go(t);
			return;
		}
		idle(t, rung);
	}
}

/* What it ran is counted; the next turn's length is drawn when it needs one. */
static void settle(struct thread *t)
{
	virtual_add(t, (u64)(t->turn.length - t->turn.left) * PLACE_NS);
	t->turn.left = t->turn.length = 0;
	progress++;
	idle_since = 0;
}

void turns_end(struct thread *t)
{
	if (t->turn.length) {
		settle(t);
		if (process.opt.chaos)
			monitor_disturb(virtual_mix(&order) & virtual_mix(&order));
		if (world_is_threaded())
			pass(t);
	}
	t->turn.length = t->turn.left = draw_length();
}

void turns_call(struct thread *t, u32 nr)
{
	settle(t);
	virtual_add(t, CALL_NS);
	if (world_is_threaded() && !turns_draw(CALLS_BETWEEN))
		pass(t);
	if (turn_call_sends(nr)) {
		HOLD_LOCK;

		for (struct thread *u = world_next(NULL); u; u = world_next(u))
			u->turn.asked = u != t;
	}
	timers |= turn_call_leads_out(nr);
	others |= timers;
}

enum turn_end turns_wait(struct thread *t, enum turn_state state, u64 until)
{
	struct turn *n = &t->turn;
	enum turn_end end;

	n->until = until;
	n->probed = progress;
	n->state = (u8)state;
	for (;;) {
		n->asked = false;
		pass(t);
		if (n->woken)
			end = TURN_WOKEN;
		else if (signal_is_due(t))
			end = TURN_SIGNAL;
		else if (n->until <= virtual_base())
			end = TURN_TIME;
		else if (state == TURN_PROBES)
			end = TURN_LOOK;
		else
			continue;
		n->state = TURN_READY;
		n->woken = n->asked = false;
		if (end != TURN_LOOK) /* how often it looks is a matter of real time */
			virtual_add(t, CALL_NS);
		return end;
	}
}

long turns_interrupted(struct thread *t, bool may_restart)
{
	return may_restart && signal_restarts(t) ? -RESTART_NOINTR : -EINTR;
}

/* --- out of the order and into it -------------------------------------------------------------------- */

void turns_go_out(struct thread *t)
{
	struct thread *next;
	HOLD_LOCK;

	settle(t);
	t->turn.state = TURN_OUT;
	next = choose();
	hand_to(next ? next : anybody());
}

void turns_come_in(struct thread *t)
{
	bool mine = false, gone;

	{
		HOLD_LOCK;

		gone = t->turn.state == TURN_GONE;
		if (!gone) {
			t->turn.state = TURN_READY;
			mine = !holder;
			if (mine)
				holder = t;
		}
	}
	while (gone) /* the kernel is about to end it with its process */
		host_syscall0(__NR_pause);
	if (mine)
		return;
	turns_ring();
	wait_for_go(t);
}

void turns_leave(struct thread *t)
{
	struct thread *next;
	HOLD_LOCK;

	settle(t);
	next = choose();
	hand_to(next ? next : anybody());
}

void turns_end_process(struct thread *t)
{
	bool alone = true;
	HOLD_LOCK;

	for (struct thread *u = world_next(NULL); u; u = world_next(u)) {
		if (u->group != t->group) {
			alone = false;
			continue;
		}
		u->turn.state = TURN_GONE;
		if (u->tid != u->group->pid)
			ids_end_thread(u->turn.id);
	}
	if (alone)
		return;
	turns_clear_tid(t);
	if (!(t->start_flags & CLONE_VFORK))
		turns_leave(t);
}

void turns_lend(struct thread *t, struct thread *child)
{
	HOLD_LOCK;

	settle(t);
	others = true;
	t->turn.state = TURN_OUT;
	hand_to(child);
}

void turns_take_back(struct thread *t, struct thread *child)
{
	{
		HOLD_LOCK;

		if (holder == child)
			holder = NULL;
	}
	turns_come_in(t);
}

void turns_start(struct thread *t)
{
	if (!turns_on())
		return;
	ids_start(t);
	order = process.opt.order_seed;
	holder = t;
}

void turns_begin(struct thread *t)
{
	if (turns_on())
		wait_for_go(t);
}

bool turns_before_fork(void)
{
	child_id = ids_new();
	others = true;
	child_seed = turns_draw_seed();
	return child_id;
}

void turns_forked(long pid)
{
	if (pid > 0)
		ids_set(child_id, (s32)pid);
	else if (pid < 0)
		ids_end_thread(child_id);
}

void turns_after_fork(struct thread *t)
{
	if (!turns_on())
		return;
	holder = t;
	timers = false;
	order = process.opt.order_seed = child_seed;
	t->turn.id = child_id;
	ids_begin_region(child_id);
	t->turn.spent = 0;
	ids_set(child_id, t->tid);
	virtual_after_fork();
}
