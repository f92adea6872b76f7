/*
 * Four threads on a lock-free stack of bare pointers, by LDREX and STREX where there are any, and on a lock-free queue:
 * nothing is lost and nothing comes twice. A compare-and-swap of bare pointers would not do: a node that was taken and
 * put back in between looks the same. Elsewhere than on ARM the stack counts its changes.
 */
#include "stress.h"

enum { NODES = 12, SLOTS = 64 };

struct node {
	struct node *next;
	int owners;
};

static struct node nodes[NODES];
static double end;

#ifdef __arm__
static struct node *top;

static struct node *pop(void)
{
	struct node *n, *next;
	int failed;

	do {
		__asm__ volatile("ldrex %0, [%1]" : "=&r"(n) : "r"(&top) : "memory");
		if (!n) {
			__asm__ volatile("clrex" : : : "memory");
			return NULL;
		}
		next = n->next;
		__asm__ volatile("strex %0, %1, [%2]" : "=&r"(failed) : "r"(next), "r"(&top) : "memory");
	} while (failed);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return n;
}

static void push(struct node *n)
{
	struct node *old;
	int failed;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	do {
		__asm__ volatile("ldrex %0, [%1]" : "=&r"(old) : "r"(&top) : "memory");
		n->next = old;
		__asm__ volatile("strex %0, %1, [%2]" : "=&r"(failed) : "r"(n), "r"(&top) : "memory");
	} while (failed);
}
#else
struct counted {
	uint32_t node, changes; /* node: index + 1 */
};

static struct counted top;

static struct node *pop(void)
{
	struct counted old, new;

	__atomic_load(&top, &old, __ATOMIC_SEQ_CST);
	do {
		if (!old.node)
			return NULL;
		new.node = nodes[old.node - 1].next ? (uint32_t)(nodes[old.node - 1].next - nodes) + 1 : 0;
		new.changes = old.changes + 1;
	} while (!__atomic_compare_exchange(&top, &old, &new, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return &nodes[old.node - 1];
}

static void push(struct node *n)
{
	struct counted old, new = {(uint32_t)(n - nodes) + 1, 0};

	__atomic_load(&top, &old, __ATOMIC_SEQ_CST);
	do {
		n->next = old.node ? &nodes[old.node - 1] : NULL;
		new.changes = old.changes + 1;
	} while (!__atomic_compare_exchange(&top, &old, &new, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
}
#endif

/* A bounded queue: each slot has a turn. */
static struct {
	unsigned turn, value;
} slots[SLOTS];
static unsigned head, tail, put_sum, got_sum;

static int put(unsigned value)
{
	unsigned at = __atomic_load_n(&tail, __ATOMIC_SEQ_CST);

	for (;;) {
		unsigned turn = __atomic_load_n(&slots[at % SLOTS].turn, __ATOMIC_ACQUIRE);

		if ((int)(turn - at) < 0)
			return 0;
		if (turn == at && __atomic_compare_exchange_n(&tail, &at, at + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			break;
		at = __atomic_load_n(&tail, __ATOMIC_SEQ_CST);
	}
	slots[at % SLOTS].value = value;
	__atomic_store_n(&slots[at % SLOTS].turn, at + 1, __ATOMIC_RELEASE);
	return 1;
}

static int get(unsigned *value)
{
	unsigned at = __atomic_load_n(&head, __ATOMIC_SEQ_CST);

	for (;;) {
		unsigned turn = __atomic_load_n(&slots[at % SLOTS].turn, __ATOMIC_ACQUIRE);

		if ((int)(turn - (at + 1)) < 0)
			return 0;
		if (turn == at + 1 && __atomic_compare_exchange_n(&head, &at, at + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			break;
		at = __atomic_load_n(&head, __ATOMIC_SEQ_CST);
	}
	*value = slots[at % SLOTS].value;
	__atomic_store_n(&slots[at % SLOTS].turn, at + SLOTS, __ATOMIC_RELEASE);
	return 1;
}

static void take_and_give_back(void)
{
	struct node *a = pop(), *b = pop();

	if (a)
		CHECK(__atomic_fetch_add(&a->owners, 1, __ATOMIC_SEQ_CST) == 0);
	if (b)
		CHECK(__atomic_fetch_add(&b->owners, 1, __ATOMIC_SEQ_CST) == 0);
	if (a) {
		__atomic_fetch_sub(&a->owners, 1, __ATOMIC_SEQ_CST);
		push(a);
	}
	if (b) {
		__atomic_fetch_sub(&b->owners, 1, __ATOMIC_SEQ_CST);
		push(b);
	}
}

static void *works(void *arg)
{
	unsigned value, x = (unsigned)(long)arg;

	while (now() < end)
		for (int i = 0; i < 1000; i++) {
			take_and_give_back();
			x = x * 1664525 + 1013904223;
			if (x & 0x8000) {
				if (put(x))
					__atomic_fetch_add(&put_sum, x, __ATOMIC_SEQ_CST);
			} else if (get(&value)) {
				__atomic_fetch_add(&got_sum, value, __ATOMIC_SEQ_CST);
			}
		}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned value;
	pthread_t t[4];
	int left = 0;

	end = deadline(argc, argv);
	for (unsigned i = 0; i < SLOTS; i++)
		slots[i].turn = i;
	for (int i = 0; i < NODES; i++)
		push(&nodes[i]);
	for (long i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, works, (void *)i) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	while (get(&value))
		got_sum += value;
	CHECK(put_sum == got_sum);
	while (pop())
		left++;
	CHECK(left == NODES);
	puts("ok lock_free");
	return 0;
}
