/*
 * fork and its kin. A child with memory of its own is a host fork. One that shares the guest's memory, a thread or the
 * child of vfork, shares this runtime as well: it gets a block (thread.h) and a host stack of its own, whatever stack the
 * guest gives it. The host kernel does everything else that the flags ask for; what it writes for the guest are host
 * addresses of the guest's words.
 */
#include "cpu.h"
#include "exec.h"
#include "held.h"
#include "monitor.h"
#include "optimised.h"
#include "stats.h"
#include "sys/sys.h"
#include "world.h"

#define EXIT_SIGNAL 0xffu

struct clone_call {
	u64 flags;	/* exit signal included */
	u32 stack;	/* stack pointer of the child, 0: go on with the parent's */
	gaddr parent_tid, child_tid, pidfd;
	u32 tls;
};

/* --- what the child is ------------------------------------------------------------------------------- */

static void set_registers(struct thread *t, const struct clone_call *c)
{
	t->cpu.r[0] = 0;
	if (c->stack)
		t->cpu.r[13] = c->stack;
	if (c->flags & CLONE_SETTLS)
		t->cpu.tpidruro = c->tls;
	t->cpu.excl_valid = 0;
	t->clear_child_tid = c->flags & CLONE_CHILD_CLEARTID ? c->child_tid : GADDR(0);
	t->robust_list = GADDR(0);
	t->robust_list_len = 0;
}

/* Handlers become default actions; what is ignored stays so. */
static void clear_handlers(struct thread *t)
{
	for (int sig = 1; sig <= SIGNAL_MAX; sig++) {
		struct guest_sigaction none = {.handler = SIG_DFL};

		if (t->group->actions[sig].handler > SIG_IGN)
			signal_action(t, sig, &none, NULL);
	}
}

/* The host's flags: what only this runtime knows about is left out. */
static u64 host_flags(const struct clone_call *c)
{
	u64 flags = c->flags & ~(u64)(CLONE_SETTLS | CLONE_DETACHED | CLONE_CLEAR_SIGHAND | CLONE_PIDFD |
				      CLONE_PARENT_SETTID) & 0xffffffff;

	return turns_on() ? flags & ~(u64)CLONE_CHILD_SETTID : flags; /* the kernel does not know the number */
}

/* What the kernel writes into the parent's word. */
static u64 parent_flag(const struct clone_call *c)
{
	return turns_on() ? 0 : c->flags & CLONE_PARENT_SETTID;
}

static void tell(gaddr at, u32 value)
{
	mem_will_write(at, sizeof(value));
	copy_out(at, &value, sizeof(value)); /* the kernel does not mind either when it cannot be written */
}

/* --- a child with memory of its own ------------------------------------------------------------------ */

static void become_child(struct thread *t, const struct clone_call *c)
{
	process_after_fork(t);
	cpu_after_fork(t);
	turns_after_fork(t);
	set_registers(t, c);
	if (c->flags & CLONE_CLEAR_SIGHAND)
		clear_handlers(t);
	if (turns_on() && c->flags & CLONE_CHILD_SETTID)
		tell(c->child_tid, (u32)t->turn.id);
}

static long clone_memory(struct thread *t, const struct clone_call *c)
{
	u64 child_tid = c->flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID) ? buf_out(c->child_tid, 4) : 0;
	u64 parent_word = c->flags & CLONE_PIDFD ? buf_out(c->pidfd, 4)
			  : parent_flag(c)	 ? buf_out(c->parent_tid, 4)
						 : 0;
	bool kernel_tells = parent_flag(c) && !(c->flags & CLONE_PIDFD); /* it has one word for them */
	u64 flags = host_flags(c) | (c->flags & CLONE_PIDFD) | (kernel_tells ? CLONE_PARENT_SETTID : 0);
	struct thread *held;
	long pid;

	if (turns_on() && !turns_before_fork())
		return -EAGAIN;
	held = world_lock(); /* so that the tables are whole in the child */
	held_before_fork();
	/* Argument order of x86-64: flags, stack, parent_tid, child_tid, tls. */
	pid = host_syscall5(__NR_clone, flags, 0, parent_word, child_tid, 0);
	held_fork_done();
	if (pid == 0)
		become_child(t, c);
	world_unlock(&held);
	if (turns_on())
		turns_forked(pid);
	if (pid > 0 && c->flags & CLONE_PARENT_SETTID && !kernel_tells)
		tell(c->parent_tid, (u32)id_out(pid));
	return pid;
}

/* --- a child that shares memory ---------------------------------------------------------------------- */

/* On the new host thread, with all signals blocked. */
static void begin(void *arg)
{
	struct thread *t = arg;
	u64 mask;

	thread_attach(t);
	ids_set(t->turn.id, t->tid);
	turns_begin(t);
	if (t->group == &t->own_group)
		t->group->pid = t->tid;
	if (t->start_flags & CLONE_CLEAR_SIGHAND)
		clear_handlers(t);
	mask = signal_host_mask(t->sig.blocked);
	host_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (u64)&mask, 0, sizeof(mask));
	thread_run(t);
}

static void inherit_group(struct thread *child, const struct thread *t, const struct clone_call *c)
{
	if (c->flags & CLONE_THREAD) {
		child->group = t->group;
		__atomic_add_fetch(&t->group->threads, 1, __ATOMIC_SEQ_CST);
		return;
	}
	child->own_group = *t->group;
	child->group = &child->own_group;
	child->group->threads = 1;
	child->group->lent = c->flags & CLONE_SIGHAND; /* its place could be anywhere in a chain of them */
	if (c->flags & CLONE_SIGHAND) {
		t->group->lent = true;
	} else {
		memcpy(child->own_group.own_actions, t->group->actions, sizeof(child->own_group.own_actions));
		child->own_group.actions = child->own_group.own_actions;
	}
}

static struct thread *make_child(struct thread *t, const struct clone_call *c)
{
	struct thread *child = thread_create();

	if (!child)
		return NULL;
	child->cpu = t->cpu;
	child->sig.blocked = t->sig.blocked;
	child->sig.altstack = t->sig.altstack;
	if (!(c->flags & CLONE_VFORK))
		child->sig.altstack = (struct guest_stack){.flags = SS_DISABLE};
	child->start_flags = c->flags;
	optimised_init(child);
	monitor_attach(child);
	set_registers(child, c);
	inherit_group(child, t, c);
	return child;
}

/* It never ran, or runs no more in this memory: execve, or the end of a vfork's child. */
static void drop_child(struct thread *child, bool ran)
{
	if (!ran && child->group != &child->own_group)
		__atomic_sub_fetch(&child->group->threads, 1, __ATOMIC_SEQ_CST);
	exec_room_end(child);
	world_bury(child);
	thread_free(child);
}

/* With --deterministic the child has a number before it is made; its words can be written at once. */
static bool number(struct thread *child, const struct clone_call *c)
{
	child->turn.id = ids_new();
	if (!child->turn.id)
		return false;
	if (c->flags & CLONE_CHILD_SETTID)
		tell(c->child_tid, (u32)child->turn.id);
	if (c->flags & CLONE_PARENT_SETTID)
		tell(c->parent_tid, (u32)child->turn.id);
	return true;
}

static long clone_thread(struct thread *t, const struct clone_call *c)
{
	u64 child_tid = c->flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID) ? buf_out(c->child_tid, 4) : 0;
	u64 parent_tid = c->flags & CLONE_PARENT_SETTID ? buf_out(c->parent_tid, 4) : 0;
	u64 all = ~0ull, mask, flags = host_flags(c) | parent_flag(c);
	struct thread *child;
	bool lends = turns_on() && c->flags & CLONE_VFORK;
	s32 pidfd = -1;
	long tid;

	if (c->flags & CLONE_PIDFD) { /* the kernel has one word for both */
		flags = (flags & ~(u64)CLONE_PARENT_SETTID) | CLONE_PIDFD;
		parent_tid = (u64)&pidfd;
	}
	child = make_child(t, c);
	if (!child)
		return -EAGAIN;
	world_add(child);
	if (turns_on() && !number(child, c)) {
		drop_child(child, false);
		return -EAGAIN;
	}
	if (lends)
		turns_lend(t, child);
	host_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (u64)&all, (u64)&mask, sizeof(mask));
	tid = host_clone(flags, thread_stack_top(child), parent_tid, child_tid, begin, child);
	host_syscall4(__NR_rt_sigprocmask, SIG_SETMASK, (u64)&mask, 0, sizeof(mask));
	if (turns_on() && tid > 0) /* else it may have ended, and its block be gone */
		ids_set(child->turn.id, (s32)tid);
	if (lends)
		turns_take_back(t, child);
	if (turns_on() && tid < 0)
		ids_end_thread(child->turn.id);
	if (tid < 0 || c->flags & CLONE_VFORK)
		drop_child(child, tid >= 0);
	if (tid >= 0 && c->flags & CLONE_PIDFD) {
		tell(c->pidfd, (u32)pidfd);
		if (c->flags & CLONE_PARENT_SETTID)
			tell(c->parent_tid, (u32)id_out(tid));
	}
	return tid;
}

/* --- the calls --------------------------------------------------------------------------------------- */

/* Combinations the kernel refuses are refused by it, unless this runtime would have acted on them before. */
static long serve(struct thread *t, const struct clone_call *c)
{
	if ((c->flags & CLONE_SIGHAND) && (!(c->flags & CLONE_VM) || (c->flags & CLONE_CLEAR_SIGHAND)))
		return -EINVAL;
	if ((c->flags & CLONE_THREAD) && !(c->flags & CLONE_SIGHAND))
		return -EINVAL;
	return c->flags & CLONE_VM ? clone_thread(t, c) : clone_memory(t, c);
}

long sys_clone(struct thread *t, u32 flags, gaddr stack, gaddr parent_tid, gaddr tls, gaddr child_tid)
{
	struct clone_call c = {flags, (u32)stack.va, parent_tid, child_tid, parent_tid, (u32)tls.va};

	if ((flags & CLONE_PIDFD) && (flags & (CLONE_PARENT_SETTID | CLONE_DETACHED)))
		return -EINVAL; /* one argument for two words */
	return serve(t, &c);
}

long sys_fork(struct thread *t)
{
	struct clone_call c = {.flags = SIGCHLD};

	return serve(t, &c);
}

long sys_vfork(struct thread *t)
{
	struct clone_call c = {.flags = SIGCHLD | CLONE_VFORK | CLONE_VM};

	return serve(t, &c);
}

/* struct clone_args: 64-bit members on every architecture. */
struct guest_clone_args {
	u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

#define CLONE_ARGS_SIZE_VER0 64u

/* A longer structure is one of a newer kernel: fine as long as what we do not know is zero. */
static long clone_args_in(struct guest_clone_args *a, gaddr at, u32 size)
{
	u8 rest;

	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	memset(a, 0, sizeof(*a));
	if (copy_in(a, at, size < sizeof(*a) ? size : sizeof(*a)))
		return -EFAULT;
	for (u32 i = sizeof(*a); i < size; i++) {
		if (copy_in(&rest, GADDR(at.va + i), 1))
			return -EFAULT;
		if (rest)
			return -E2BIG;
	}
	return 0;
}

static bool is_address(u64 a)
{
	return a >> 32 == 0;
}

long sys_clone3(struct thread *t, gaddr args, u32 size)
{
	struct guest_clone_args a;
	struct clone_call c;
	long err = clone_args_in(&a, args, size);

	if (err)
		return err;
	if (a.set_tid_size || (a.flags & CLONE_INTO_CGROUP))
		return -ENOSYS; /* as on kernels before 5.5 and 5.7 */
	if (a.flags & (EXIT_SIGNAL | CLONE_DETACHED) || a.flags >> 34 || a.exit_signal > SIGNAL_MAX)
		return -EINVAL;
	if ((a.flags & (CLONE_THREAD)) && a.exit_signal)
		return -EINVAL;
	if (!a.stack != !a.stack_size || !is_address(a.stack + a.stack_size) || !is_address(a.stack))
		return -EINVAL;
	if (!is_address(a.pidfd) || !is_address(a.child_tid) || !is_address(a.parent_tid) || !is_address(a.tls))
		return -EFAULT;
	c = (struct clone_call){
		.flags = a.flags | a.exit_signal,
		.stack = (u32)(a.stack + a.stack_size),
		.parent_tid = GADDR(a.parent_tid),
		.child_tid = GADDR(a.child_tid),
		.pidfd = GADDR(a.pidfd),
		.tls = (u32)a.tls,
	};
	return serve(t, &c);
}
