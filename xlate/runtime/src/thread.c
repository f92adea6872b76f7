/*
 * A thread's block of host memory: struct thread, guard, alternate signal stack, guard, host stack. How threads are
 * cloned and ended is the system calls' business (sys/).
 */
#include "thread.h"

#include "host.h"
#include "memory.h"
#include "string.h"
#include "world.h"

_Static_assert(sizeof(struct thread) <= THREAD_HEAD, "the head of the block is too small");

#define ALT_STACK_AT (THREAD_HEAD + PAGE_SIZE)
#define GUARD_AT (ALT_STACK_AT + THREAD_ALT_STACK)
#define MADV_NOHUGEPAGE 15

_Static_assert(GUARD_AT + PAGE_SIZE + (256u << 10) <= STACK_FLOOR, "C code called at the floor has room");
_Static_assert(GUARD_AT + PAGE_SIZE + (128u << 10) <= KEPT_STACK_FLOOR, "C code below a handler of a fault has room");
_Static_assert(KEPT_STACK_FLOOR < KEPT_FLOOR && KEPT_FLOOR < STACK_FLOOR, "order of floors");
_Static_assert(STACK_FLOOR < ENTER_FLOOR && ENTER_FLOOR < NEST_FLOOR && NEST_FLOOR < THREAD_BLOCK, "order of floors");

/* Blocks of threads that ended, for new ones: making one costs five system calls. Under the lock. */
static struct thread *spare;
static u32 spare_count;

/* Its thread may still be standing on it: it says so with its last instruction. */
static struct thread *take_spare(void)
{
	struct thread **at = &spare, *t;
	HOLD_LOCK;

	while (*at && __atomic_load_n(&(*at)->ending, __ATOMIC_ACQUIRE))
		at = &(*at)->next_thread;
	t = *at;
	if (!t)
		return NULL;
	*at = t->next_thread;
	spare_count--;
	memset(t, 0, sizeof(*t));
	return t;
}

static bool keep(struct thread *t)
{
	HOLD_LOCK;

	if (spare_count == SPARE_BLOCKS)
		return false;
	t->next_thread = spare;
	spare = t;
	spare_count++;
	return true;
}

static struct thread *new_block(void)
{
	long ret = host_mmap(0, 2 * THREAD_BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			     -1, 0);
	u64 start = (u64)ret, block = (start + THREAD_BLOCK - 1) & ~((u64)THREAD_BLOCK - 1);

	if (host_is_error(ret))
		return NULL;
	if (block > start)
		host_munmap(start, block - start);
	host_munmap(block + THREAD_BLOCK, start + THREAD_BLOCK - block);
	host_syscall3(__NR_madvise, block, THREAD_BLOCK, MADV_NOHUGEPAGE); /* most threads touch a few pages of it */
	if (host_mprotect(block + THREAD_HEAD, PAGE_SIZE, 0) || host_mprotect(block + GUARD_AT, PAGE_SIZE, 0)) {
		host_munmap(block, THREAD_BLOCK);
		return NULL;
	}
	return (struct thread *)block;
}

struct thread *thread_create(void)
{
	struct thread *t = spare ? take_spare() : NULL; /* the first one has no block to look for the lock's owner in */

	return t ? t : new_block();
}

void thread_first(struct thread *t)
{
	struct group *g = &t->own_group;

	t->group = g;
	g->pid = (int)host_syscall0(__NR_getpid);
	g->threads = 1;
	g->actions = g->own_actions;
	for (u32 i = 0; i < ARRAY_LEN(g->own_fds); i++)
		g->own_fds[i] = -1;
	g->own_count = OWN_FD_COUNT;
	world_add(t);
}

void thread_free(struct thread *t)
{
	host_munmap((u64)t, THREAD_BLOCK);
}

_Noreturn void thread_leave(struct thread *t, int status)
{
	t->ending = true;
	if (keep(t))
		host_thread_exit(t, 0, status, &t->ending);
	host_thread_exit(t, THREAD_BLOCK, status, NULL);
}

void *thread_stack_top(struct thread *t)
{
	return (char *)t + THREAD_BLOCK;
}

void thread_attach(struct thread *t)
{
	u64 stack[3] = {(u64)t + ALT_STACK_AT, 0, THREAD_ALT_STACK}; /* stack_t */

	host_syscall2(__NR_sigaltstack, (u64)stack, 0);
	t->tid = (int)host_syscall0(__NR_gettid);
}

/* A handler may come between any two of these: what it set must be there in the end, and the limit must follow. */
void poll_clear(struct thread *t)
{
	__atomic_store_n(&t->cpu.pending, 0, __ATOMIC_SEQ_CST);
	poll_limit(t);
}

void poll_limit(struct thread *t)
{
	__atomic_store_n(&t->cpu.stack_limit, (u64)t + stack_floor(t), __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&t->cpu.pending, __ATOMIC_SEQ_CST))
		poll_request(t);
}
