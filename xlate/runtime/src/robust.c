/*
 * Robust futexes: each thread tells a list of the locks it holds (set_robust_list(2)), and when it ends their words are
 * marked "owner died". The list is made of 32-bit addresses, which the host kernel cannot walk, so it is walked here.
 * A process that the host kernel ends by a default action marks nothing.
 */
#include "robust.h"

#include "host.h"
#include "memory.h"
#include "thread.h"
#include "world.h"

enum { FUTEX_WAKE = 1 };
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu
#define LIST_LIMIT 2048 /* as the kernel: a list in a circle must end */
#define IS_PI 1u	/* in the address of an entry */

/* struct robust_list_head of a 32-bit program. */
struct list_head {
	u32 next;
	s32 offset; /* from an entry to its futex word */
	u32 pending; /* an entry that is being locked or unlocked */
};

/* One word at a futex address, written as by the kernel: only where the guest could. */
static bool read_word(gaddr at, u32 *value)
{
	return at.va % 4 == 0 && !copy_in(value, at, sizeof(*value));
}

static void wake_one(gaddr at)
{
	if (turns_on())
		turns_wake(at, 1, ~0u);
	else
		host_syscall3(__NR_futex, (u64)g2h(at), FUTEX_WAKE, 1);
}

static void mark(struct thread *t, u32 entry, s32 offset, bool pending)
{
	gaddr at = GADDR((u32)((entry & ~IS_PI) + (u32)offset));
	u32 seen, *word = g2h(at);

	if (!read_word(at, &seen) || mem_prot(at) < 0 || !(mem_prot(at) & PROT_WRITE))
		return;
	mem_will_write(at, sizeof(seen));
	if (pending && !(entry & IS_PI) && !seen) { /* it was unlocked, and the waiter not woken yet */
		wake_one(at);
		return;
	}
	while ((seen & FUTEX_TID_MASK) == (u32)thread_id(t)) {
		u32 died = (seen & FUTEX_WAITERS) | FUTEX_OWNER_DIED;

		if (!__atomic_compare_exchange_n(word, &seen, died, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			continue;
		if ((!(entry & IS_PI) || turns_on()) && (seen & FUTEX_WAITERS))
			wake_one(at);
		return;
	}
}

void robust_release(struct thread *t)
{
	gaddr list = t->robust_list;
	struct list_head head;
	u32 entry;
	HOLD_LOCK;

	t->robust_list = GADDR(0);
	if (!list.va || copy_in(&head, list, sizeof(head)))
		return;
	entry = head.next;
	for (u32 i = 0; (entry & ~IS_PI) != (u32)list.va && i < LIST_LIMIT; i++) {
		u32 next;
		bool more = !copy_in(&next, GADDR(entry & ~IS_PI), sizeof(next));

		if (entry != head.pending)
			mark(t, entry, head.offset, false);
		if (!more)
			return;
		entry = next;
	}
	if (head.pending)
		mark(t, head.pending, head.offset, true);
}

void robust_release_all(struct thread *t)
{
	HOLD_LOCK;

	for (struct thread *u = world_next(NULL); u; u = world_next(u))
		if (u->group == t->group)
			robust_release(u);
}
