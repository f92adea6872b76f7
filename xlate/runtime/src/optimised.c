/*
 * Nested dispatchers and the end of them. An optimised function that calls code without optimised form runs a
 * dispatcher on its own host stack, which ends when the guest returns to where the function expects it. Since host
 * frames hold no guest state, all of them can be dropped whenever that is simpler: the outermost dispatcher goes on
 * from the state.
 *
 * A dispatcher that is left late, because the guest jumped out of it, is right all the same: it ends when the guest
 * next comes to that place, or is dropped when the host stack gets deep.
 */
#include "optimised.h"

#include "cpu.h"
#include "dispatch.h"
#include "fatal.h"
#include "kept.h"
#include "look_up.h"
#include "package.h"
#include "record.h"
#include "stats.h"
#include "stock.h"
#include "string.h"
#include "world.h"

#define ENTRY_OF_CALLS 8 /* bytes before what the look-up table gives: where optimised code calls to */
#define NO_NEST 1u /* guest address | T that is never executed: page 0 is never mapped */

_Static_assert(STOP_LEAVE == 8 && STOP_REFETCH == 7 && STOP_SIGNAL == 4, "numbers used in optimised.S");
_Static_assert(offsetof(struct stats, enters) == 96 && offsetof(struct stats, outward) == 112, "in optimised.S");

static void no_nest(struct thread *t)
{
	t->nests = 0;
	t->drop = false;
	optimised_ends_nowhere(t);
}

void optimised_ends_nowhere(struct thread *t)
{
	t->cpu.nest_pc = NO_NEST;
	t->cpu.nest_sp = ~0u;
}

void optimised_init(struct thread *t)
{
	t->cpu.enter = (u64)entry_enter;
	t->cpu.nest = (u64)entry_nest;
	t->cpu.svc = (u64)entry_svc;
	t->cpu.safepoint = (u64)entry_safepoint;
	t->cpu.hand_back = (u64)entry_hand_back;
	no_nest(t);
	poll_clear(t);
}

/* --- frames ----------------------------------------------------------------------------------------- */

static void forget_frames(struct thread *t, bool deep)
{
	kept_forget(t, deep);
	stats_own.drops++;
	if (t->kept) {
		kept_back_to_loop(t);
		return;
	}
	if (t->nests)
		t->cpu.host_sp = t->cpu.base_sp;
	no_nest(t);
}

void optimised_forget_frames(struct thread *t)
{
	forget_frames(t, true);
}

/* There is too much of it on the host stack. */
_Noreturn static void drop(struct thread *t)
{
	optimised_forget_frames(t);
	cpu_leave(t, STOP_REFETCH);
}

/* They belong to code that went away. */
_Noreturn static void drop_void(struct thread *t)
{
	forget_frames(t, false);
	cpu_leave(t, STOP_REFETCH);
}

static u32 next_key(const struct thread *t)
{
	return t->cpu.r[15] | t->cpu.thumb;
}

static void go_to_target(struct thread *t)
{
	t->cpu.r[15] = t->cpu.target & ~1u;
	t->cpu.thumb = t->cpu.target & 1;
}

static bool is_deep(const struct thread *t, u64 floor)
{
	return (u64)__builtin_frame_address(0) < (u64)t + floor;
}

void optimised_after_serving(struct thread *t)
{
	if (t->resumed)
		kept_resume(t);
	if (t->drop)
		drop_void(t);
	if (t->kept && is_deep(t, NEST_FLOOR) && kept_forget(t, true))
		cpu_leave(t, STOP_REFETCH);
}

_Noreturn void optimised_too_deep(struct thread *t)
{
	go_to_target(t);
	drop(t);
}

/* Back to code of a package: its frames may have gone while others stopped the world. */
static void go_inside(struct thread *t)
{
	world_enter(t);
	if (t->drop)
		drop_void(t);
}

/* Run the guest from where the state is until it comes to `pc` (with T) with at least that sp. */
static u32 nested(struct thread *t, u32 pc, u32 sp)
{
	struct arm32_state *s = &t->cpu;
	u32 outer_pc = s->nest_pc, outer_sp = s->nest_sp, reason;
	u64 outer_host_sp = s->host_sp;

	kept_note(t);
	if (!t->nests++)
		s->base_sp = outer_host_sp;
	s->nest_pc = pc;
	s->nest_sp = sp;
	while ((reason = cpu_run(t)) != STOP_LEAVE) {
		thread_serve(t, reason);
		optimised_after_serving(t);
		if (optimised_ends(t, next_key(t))) /* a signal's frame was popped */
			break;
	}
	go_inside(t);
	t->nests--;
	s->nest_pc = outer_pc;
	s->nest_sp = outer_sp;
	s->host_sp = outer_host_sp;
	return next_key(t);
}

bool optimised_ends_nest(struct thread *t, gword target)
{
	if (!optimised_ends(t, target))
		return false;
	t->cpu.r[15] = target & ~1u;
	t->cpu.thumb = target & 1;
	return true;
}

u32 optimised_nest(struct thread *t)
{
	look_up_hook(t->cpu.r[14]);
	go_to_target(t);
	stats_own.nests++;
	return nested(t, t->cpu.r[14], t->cpu.r[13]);
}

/* --- signals ---------------------------------------------------------------------------------------- */

/*
 * Serve a stop. Handlers that it enters run at once, on top of the host frames, so that those can go on when the guest
 * comes back to where it was. It need not come back there, nor with the same registers: the key says where it is.
 */
static u32 serve_and_handle(struct thread *t, u32 reason)
{
	u32 sp = t->cpu.r[13];

	t->sig.entered = 0;
	world_leave(t);
	thread_serve(t, reason);
	optimised_after_serving(t);
	if (!t->sig.entered)
		return next_key(t);
	if (is_deep(t, NEST_FLOOR)) /* of handlers that were jumped out of, mostly */
		drop(t);
	stats_own.nests++;
	return nested(t, t->sig.interrupted, sp);
}

u32 optimised_svc(struct thread *t)
{
	u32 after = next_key(t), imm = t->cpu.svc_imm;
	u32 again = after - (t->cpu.thumb ? 2 : 4), key = serve_and_handle(t, STOP_SVC);

	while (key == again) { /* the call restarts behind its handler */
		t->cpu.r[15] = after & ~1u;
		t->cpu.svc_imm = imm;
		key = serve_and_handle(t, STOP_SVC);
	}
	go_inside(t);
	return key;
}

u64 optimised_safepoint(struct thread *t)
{
	u32 key = t->cpu.target, reached;
	u64 host;

	go_to_target(t);
	if (t->kept && t->cpu.pending) /* its loop may be that deep itself, and serves it as well */
		return 0;
	if (is_deep(t, t->cpu.pending ? NEST_FLOOR : stack_floor(t)))
		drop(t);
	/* Without a signal it is a jump nobody understands: a coroutine's would grow the host stack if it went on here. */
	if (!t->cpu.pending)
		return 0;
	reached = serve_and_handle(t, STOP_SIGNAL);
	go_inside(t);
	if (reached != key)
		return 0;
	host = look_up(key);
	if (!host || !package_owns(host))
		return 0;
	t->cpu.target = key;
	return host - ENTRY_OF_CALLS;
}

/* --- packages come and go --------------------------------------------------------------------------- */

__attribute__((weak)) void optimised_leave(struct thread *t, const char *why)
{
	HOLD_LOCK;

	world_stop(t);
	stock_without_packages();
	if (package_leave(t, why))
		world_drop_frames();
	world_start(t);
}

bool optimised_covers(gaddr start, u64 len)
{
	return package_covers(start.va, start.va + len) || stock_covers(start.va, start.va + len);
}

void optimised_forget(struct thread *t, gaddr start, u64 len)
{
	record_forget(start.va, start.va + len);
	if (package_forget(t, start.va, start.va + len, "the program's text changed"))
		world_drop_frames();
	stock_forget(t, start.va, start.va + len);
}

void optimised_mapped(struct thread *t, int fd, u64 address, u64 length, u64 offset)
{
	if (!turns_on()) /* packages do not count */
		package_mapped(t, fd, address, length, offset);
}

void optimised_say_missing(void)
{
	const char *state = package_program_state();
	char buf[400];
	struct text b = text_begin(buf, sizeof(buf));

	if (process.opt.tier != TIER_OPTIMISED || (state && str_starts(state, "hit")))
		return;
	text_str(&b, "xlate-run: ");
	text_printable(&b, process.opt.prog, 200);
	text_str(&b, ": no package is used (");
	text_str(&b, state ? state : "none");
	text_str(&b, "): it runs in the baseline tier\n");
	text_write(&b, 2);
}

/* --- faults ----------------------------------------------------------------------------------------- */

/*
 * Without a handler the guest dies of it: the registers, which are anywhere by now, are of no interest, and neither are
 * the frames.
 */
void optimised_fault(struct thread *t, struct host_ucontext *uc)
{
	struct package_place place = package_place(uc->mc.rip);

	if (signal_is_caught(t, t->fault.sig)) {
		if (!place.exact)
			fatal_at("a fault at a place that no access is known of", uc->mc.rip, t->fault.addr.va);
		kept_fault(t, uc, place.key, place.sp);
		return;
	}
	t->cpu.r[15] = place.key & ~1u;
	t->cpu.thumb = place.key & 1;
	t->kept = NULL;
	optimised_forget_frames(t);
	uc->mc.r12 = (u64)t;
	uc->mc.rdx = STOP_FAULT;
	uc->mc.rsp = t->cpu.host_sp;
	uc->mc.rip = (u64)entry_leave;
}
