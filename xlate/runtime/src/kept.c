/*
 * A fault in optimised code with a handler: the handler runs in a dispatcher of its own, on the host stack below the
 * function that faulted, whose context is kept there as the kernel saved it. sigreturn of that very frame, with the
 * registers as they were, lets the kernel restore the context. Of those registers pc, sp and lr are exact, the others
 * what the state had: a handler without siginfo that changed any would send the guest astray, and ends it instead.
 *
 * A handler that is left by a jump leaves its context behind. It is void for certain once a newer frame lies on its own;
 * before that, and only where the host stack has got deep, the guest's sp tells: above the frame, or not on the stack
 * for signals. Somebody who came back all the same (a coroutine) would find that nobody knows the registers, so frames
 * carry a mark, and the process ends with one line.
 */
#include "kept.h"

#include "cpu.h"
#include "fatal.h"
#include "guest/arm32/sigframe.h"
#include "host.h"
#include "memory.h"
#include "optimised.h"
#include "stats.h"
#include "string.h"
#include "world.h"

#define RED_ZONE 128
#define VECTOR_ALIGN 64
#define VECTOR_AT 464 /* offset of what the kernel tells of the saved vector state, behind fxsave's own */
#define VECTOR_MAGIC 0x46505853u
#define LEGACY_SIZE 512

struct vector_note {
	u32 magic, size;
};

struct kept {
	struct kept *outer;
	u32 frame;		    /* guest address; 0: void */
	bool rt;
	u32 sp; /* the state's at the fault, which the code counts from */
	struct guest_stack altstack;
	struct sigframe_registers registers;
	/* The dispatcher that it was called from: what the state and the thread said of it. */
	u32 nests, nest_pc, nest_sp;
	u64 host_sp, base_sp;
	u64 loop_sp; /* host_sp of its own loop, when a dispatcher was last nested in that */
	struct host_ucontext uc;
};

/* In host/x86_64/resume.S: let the kernel restore a context; the call that ends a host handler. */
_Noreturn void host_resume(struct host_ucontext *uc);

_Noreturn static void kept_run(struct thread *t, struct kept *k);

/* Nobody has the registers that the guest would go on with. */
_Noreturn static void lost(const char *why)
{
	stats_finish();
	refuse(EXIT_OWN_FAILURE, process.opt.prog, "the registers at a fault are not known", why, "--tier baseline");
}

/* --- keeping ---------------------------------------------------------------------------------------- */

static u32 vector_size(const struct host_fpstate *fp)
{
	const struct vector_note *note = (const void *)((const char *)fp + VECTOR_AT);

	return note->magic == VECTOR_MAGIC ? note->size : LEGACY_SIZE;
}

/* async-signal-safe */
void kept_fault(struct thread *t, struct host_ucontext *uc, u32 key, s32 distance)
{
	u32 size = vector_size(uc->mc.fpstate);
	u64 fp = (uc->mc.rsp - RED_ZONE - size) & ~(VECTOR_ALIGN - 1ull);
	struct kept *k = (struct kept *)((fp - sizeof(*k)) & ~15ull);

	if ((u64)k < (u64)t + KEPT_FLOOR)
		lost("too many handlers of faults, one within the other");
	memset(k, 0, sizeof(*k));
	memcpy((void *)fp, uc->mc.fpstate, size);
	k->uc = *uc;
	k->uc.mc.fpstate = (void *)fp;
	kept_note(t);
	k->outer = t->kept;
	k->sp = t->cpu.r[13];
	t->kept = k;
	t->cpu.r[13] += (u32)distance;
	t->cpu.r[15] = key & ~1u;
	t->cpu.thumb = key & 1;
	uc->mc.rdi = (u64)t;
	uc->mc.rsi = (u64)k;
	uc->mc.rsp = (u64)k - 8;
	uc->mc.rip = (u64)kept_run;
}

static void note_dispatcher(const struct thread *t, struct kept *k)
{
	k->nests = t->nests;
	k->nest_pc = t->cpu.nest_pc;
	k->nest_sp = t->cpu.nest_sp;
	k->host_sp = t->cpu.host_sp;
	k->base_sp = t->cpu.base_sp;
}

static void back_to_dispatcher(struct thread *t, const struct kept *k)
{
	t->nests = k->nests;
	t->cpu.nest_pc = k->nest_pc;
	t->cpu.nest_sp = k->nest_sp;
	t->cpu.host_sp = k->host_sp;
	t->cpu.base_sp = k->base_sp;
	t->kept = k->outer;
}

/* Serve the fault, then run the guest until it resumes a context, or for ever. */
_Noreturn static void kept_run(struct thread *t, struct kept *k)
{
	note_dispatcher(t, k);
	world_leave(t);
	if (!t->nests++)
		t->cpu.base_sp = t->cpu.host_sp;
	optimised_ends_nowhere(t);
	poll_limit(t);
	k->altstack = t->sig.altstack;
	t->sig.inexact = true;
	thread_serve(t, STOP_FAULT); /* enters the handler */
	t->sig.inexact = false;
	k->frame = t->cpu.r[13];
	k->rt = t->sig.frame_rt;
	sigframe_look(k->frame, k->rt, &k->registers);
	for (;;) {
		optimised_after_serving(t);
		thread_serve(t, cpu_run(t));
	}
}

/* --- going on --------------------------------------------------------------------------------------- */

void kept_overwritten(struct thread *t, u32 start, u32 size)
{
	for (struct kept *k = t->kept; k; k = k->outer)
		if (k->frame && start < k->frame + SIGFRAME_SIZE && k->frame < start + size)
			k->frame = 0;
}

void kept_return(struct thread *t, bool rt)
{
	u32 frame = t->cpu.r[13];
	struct sigframe_registers now;
	struct kept *k = t->kept;

	if (sigframe_look(frame, rt, &now) || !now.inexact)
		return;
	while (k && (k->frame != frame || k->rt != rt))
		k = k->outer;
	if (!k)
		lost("its handler came back after it seemed to have been left by a jump");
	k->frame = 0;
	if (memcmp(&now, &k->registers, sizeof(now)))
		lost("its handler changed some, and was installed without SA_SIGINFO");
	t->resumed = k;
}

_Noreturn void kept_resume(struct thread *t)
{
	struct kept *k = t->resumed;
	u64 all = signal_host_mask(~0ull);

	host_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (u64)&all, 0, sizeof(all));
	world_enter(t); /* what it goes on in is still there: see kept_anywhere() */
	t->resumed = NULL;
	t->drop = false;
	back_to_dispatcher(t, k);
	poll_limit(t);
	t->cpu.r[13] = k->sp;
	k->uc.uc_sigmask = t->sig.recorded ? all : signal_host_mask(t->sig.blocked);
	host_resume(&k->uc);
}

/* --- giving up -------------------------------------------------------------------------------------- */

static bool on(const struct guest_stack *stack, u32 sp)
{
	return sp - stack->sp < stack->size;
}

/* The guest's sp is where no handler can be that the frame was pushed for. */
static bool seems_left(const struct thread *t, const struct kept *k)
{
	u32 sp = t->cpu.r[13];

	if (on(&k->altstack, k->frame))
		return !on(&k->altstack, sp) || sp > k->frame;
	return sp > k->frame && !on(&t->sig.altstack, sp);
}

bool kept_forget(struct thread *t, bool guess)
{
	bool any = false;

	while (t->kept && (!t->kept->frame || (guess && seems_left(t, t->kept)))) {
		back_to_dispatcher(t, t->kept);
		any = true;
	}
	if (any)
		poll_limit(t);
	return any;
}

void kept_note(struct thread *t)
{
	if (t->kept && t->nests == t->kept->nests + 1)
		t->kept->loop_sp = t->cpu.host_sp;
}

void kept_back_to_loop(struct thread *t)
{
	kept_note(t); /* it may stand there already */
	t->cpu.host_sp = t->kept->loop_sp;
	t->nests = t->kept->nests + 1;
	t->drop = false;
	optimised_ends_nowhere(t);
}

bool kept_anywhere(void)
{
	for (struct thread *t = world_next(NULL); t; t = world_next(t))
		if (t->kept)
			return true;
	return false;
}
