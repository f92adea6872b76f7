/* See world.h. The lock is a futex word: 0 free, 1 held, 2 held and waited for. */
#include "world.h"

#include "host.h"
#include "thread.h"

enum { FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129 };
enum { LOCK_FREE, LOCK_HELD, LOCK_WAITED };
#define EVERYBODY 0x7fffffffu

static u32 lock_word;
static struct thread *lock_owner; /* compared with oneself only */
static u32 lock_depth;

static u32 stopping;		 /* nobody may go inside */
static struct thread *stopper;
static u32 stop_depth;
static bool stopper_was_inside;
static u32 leaves; /* counts threads that went outside while somebody waits for it */

static struct thread *threads;
static u32 thread_count;

static void wait_while(u32 *word, u32 value)
{
	host_syscall4(__NR_futex, (u64)word, FUTEX_WAIT_PRIVATE, value, 0);
}

static void wake(u32 *word, u32 count)
{
	host_syscall3(__NR_futex, (u64)word, FUTEX_WAKE_PRIVATE, count);
}

/* --- the lock --------------------------------------------------------------------------------------- */

static void take(void)
{
	u32 seen = LOCK_FREE;

	if (__atomic_compare_exchange_n(&lock_word, &seen, LOCK_HELD, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&lock_word, LOCK_WAITED, __ATOMIC_ACQUIRE) != LOCK_FREE)
		wait_while(&lock_word, LOCK_WAITED);
}

static void give(void)
{
	if (__atomic_exchange_n(&lock_word, LOCK_FREE, __ATOMIC_RELEASE) == LOCK_WAITED)
		wake(&lock_word, 1);
}

struct thread *world_lock(void)
{
	struct thread *t = thread_self();

	if (__atomic_load_n(&lock_owner, __ATOMIC_RELAXED) != t) {
		take();
		__atomic_store_n(&lock_owner, t, __ATOMIC_RELAXED);
	}
	lock_depth++;
	return t;
}

void world_unlock(struct thread **held)
{
	(void)held;
	if (--lock_depth)
		return;
	__atomic_store_n(&lock_owner, NULL, __ATOMIC_RELAXED);
	give();
}

/* Let the lock go whatever its depth, wait for a word to change, take it again. */
static void wait_without_lock(struct thread *t, u32 *word, u32 value)
{
	u32 depth = lock_depth;

	lock_depth = 0;
	__atomic_store_n(&lock_owner, NULL, __ATOMIC_RELAXED);
	give();
	wait_while(word, value);
	take();
	__atomic_store_n(&lock_owner, t, __ATOMIC_RELAXED);
	lock_depth = depth;
}

/* --- inside and outside ----------------------------------------------------------------------------- */

void world_leave(struct thread *t)
{
	if (!world_is_threaded()) {
		t->inside = false;
		return;
	}
	__atomic_store_n(&t->inside, false, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&stopping, __ATOMIC_SEQ_CST)) {
		__atomic_add_fetch(&leaves, 1, __ATOMIC_SEQ_CST);
		wake(&leaves, EVERYBODY);
	}
}

void world_enter(struct thread *t)
{
	if (!world_is_threaded()) {
		t->inside = true;
		return;
	}
	for (;;) {
		__atomic_store_n(&t->inside, true, __ATOMIC_SEQ_CST);
		if (!__atomic_load_n(&stopping, __ATOMIC_SEQ_CST))
			return;
		world_leave(t);
		wait_while(&stopping, true);
	}
}

static bool anybody_inside(const struct thread *but)
{
	for (struct thread *t = threads; t; t = t->next_thread)
		if (t != but && __atomic_load_n(&t->inside, __ATOMIC_SEQ_CST))
			return true;
	return false;
}

void world_stop(struct thread *t)
{
	bool was_inside = t->inside;

	if (stopper == t) {
		stop_depth++;
		return;
	}
	if (stopping)
		world_leave(t); /* the other one waits for us as well */
	while (stopping)
		wait_without_lock(t, &stopping, true);
	stopper = t;
	stop_depth = 1;
	stopper_was_inside = was_inside;
	t->inside = false;
	if (!world_is_threaded())
		return;
	__atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
	for (struct thread *u = threads; u; u = u->next_thread)
		if (u != t)
			poll_request(u);
	for (;;) {
		u32 seen = __atomic_load_n(&leaves, __ATOMIC_SEQ_CST);

		if (!anybody_inside(t))
			return;
		wait_without_lock(t, &leaves, seen);
	}
}

void world_start(struct thread *t)
{
	if (--stop_depth)
		return;
	t->inside = stopper_was_inside;
	stopper = NULL;
	if (!stopping)
		return;
	__atomic_store_n(&stopping, false, __ATOMIC_SEQ_CST);
	wake(&stopping, EVERYBODY);
}

/* --- the list --------------------------------------------------------------------------------------- */

void world_add(struct thread *t)
{
	HOLD_LOCK;

	t->next_thread = threads;
	threads = t;
	__atomic_store_n(&thread_count, thread_count + 1, __ATOMIC_SEQ_CST);
}

void world_remove(struct thread *t)
{
	struct thread **at = &threads;
	HOLD_LOCK;

	while (*at != t)
		at = &(*at)->next_thread;
	*at = t->next_thread;
	__atomic_store_n(&thread_count, thread_count - 1, __ATOMIC_SEQ_CST);
}

struct thread *world_next(const struct thread *before)
{
	return before ? before->next_thread : threads;
}

bool world_is_threaded(void)
{
	return __atomic_load_n(&thread_count, __ATOMIC_RELAXED) > 1;
}

void world_poll(void)
{
	for (struct thread *t = threads; t; t = t->next_thread) {
		poll_request(t);
		t->turn.left = 0; /* counted code looks at nothing else */
	}
}

void world_drop_frames(void)
{
	for (struct thread *t = threads; t; t = t->next_thread)
		t->drop = true;
}

struct thread *world_after_fork(struct thread *t)
{
	struct thread *others = threads, **at = &others;

	while (*at != t)
		at = &(*at)->next_thread;
	*at = t->next_thread;
	t->next_thread = NULL;
	threads = t;
	thread_count = 1;
	stopping = false;
	stopper = NULL;
	lock_word = lock_owner == t ? LOCK_HELD : LOCK_FREE; /* whoever waited is not here */
	return others;
}

void world_bury(struct thread *t)
{
	if (stopper == t) {
		stopper = NULL;
		__atomic_store_n(&stopping, false, __ATOMIC_SEQ_CST);
		wake(&stopping, EVERYBODY);
	}
	if (__atomic_load_n(&lock_owner, __ATOMIC_RELAXED) == t) {
		lock_depth = 0;
		__atomic_store_n(&lock_owner, NULL, __ATOMIC_RELAXED);
		give();
	}
	world_remove(t);
}
