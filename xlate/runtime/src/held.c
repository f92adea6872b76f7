/*
 * The descriptors that threads hold while they resolve paths (rooted_walk.c), so that a child forked by another thread
 * does not keep copies of them: each is noted in its thread, and the child closes what the others had noted. An open and
 * its note are one step to a fork, which waits for threads between them. It does not wait while a call is made by what
 * is held, which may take for ever.
 */
#include "held.h"

#include "host.h"
#include "thread.h"
#include "world.h"

enum { O_PATH = 010000000, F_GETFD = 1, F_GETFL = 3, FD_CLOEXEC = 1 };

static bool forking;

void held_begin(void)
{
	struct thread *t = thread_self();

	for (u32 i = 0;; i++) {
		__atomic_store_n(&t->held_changes, true, __ATOMIC_SEQ_CST);
		if (!__atomic_load_n(&forking, __ATOMIC_SEQ_CST) || i == HELD_PATIENCE)
			return;
		__atomic_store_n(&t->held_changes, false, __ATOMIC_SEQ_CST);
		host_syscall0(__NR_sched_yield);
	}
}

void held_end(void)
{
	__atomic_store_n(&thread_self()->held_changes, false, __ATOMIC_SEQ_CST);
}

void held_add(s64 fd)
{
	struct thread *t = thread_self();

	for (u32 i = 0; i < HELD_MAX; i++)
		if (!t->held[i]) {
			t->held[i] = (u32)fd + 1;
			return;
		}
}

void held_remove(s64 fd)
{
	struct thread *t = thread_self();

	for (u32 i = 0; i < HELD_MAX; i++)
		if (t->held[i] == (u32)fd + 1)
			t->held[i] = 0;
}

void held_close(s64 fd)
{
	held_remove(fd);
	host_syscall1(__NR_close, (u64)fd);
}

static bool changes(struct thread *t)
{
	return __atomic_load_n(&t->held_changes, __ATOMIC_SEQ_CST);
}

void held_before_fork(void)
{
	struct thread *self = thread_self();

	__atomic_store_n(&forking, true, __ATOMIC_SEQ_CST);
	for (struct thread *t = world_next(NULL); t; t = world_next(t))
		for (u32 i = 0; i < HELD_PATIENCE && t != self && changes(t); i++)
			host_syscall0(__NR_sched_yield);
}

void held_fork_done(void)
{
	__atomic_store_n(&forking, false, __ATOMIC_SEQ_CST);
}

void held_in_child(const struct thread *other)
{
	for (u32 i = 0; i < HELD_MAX; i++) {
		u64 fd = other->held[i] - 1u;
		long flags = other->held[i] ? host_syscall3(__NR_fcntl, fd, F_GETFL, 0) : 0;

		/* Where a thread has descriptors of its own, another file may have the number here. */
		if (flags > 0 && flags & O_PATH && host_syscall3(__NR_fcntl, fd, F_GETFD, 0) == FD_CLOEXEC)
			host_syscall1(__NR_close, fd);
	}
}
