/* Futexes between threads: bit sets, requeue, wake with an operation, absolute times, several at once. */
#include "check.h"

#include <linux/futex.h>
#include <pthread.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

static volatile int word, other, woken;

static long futex(volatile int *w, int op, int val, void *fourth, volatile int *w2, int val3)
{
	return syscall(SYS_futex, w, op, val, fourth, w2, val3);
}

static void *waits(void *arg)
{
	int bits = (int)(long)arg;

	while (!word)
		futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, bits);
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *waits_once(void *arg)
{
	CHECK(futex(arg, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) == 0);
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Wake by this call until n were woken in all: somebody may not have gone to sleep yet. */
static void until(int n, volatile int *w, int op, int bits)
{
	while (woken < n) {
		CHECK(futex(w, op, 10, NULL, NULL, bits) >= 0);
		usleep(2000);
	}
	CHECK(woken == n);
}

/* Sleepers on a word that nothing has been done to. */
static int sleepers(volatile int *w)
{
	return (int)futex(w, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)100L, w, *w);
}

static void bit_sets(void)
{
	pthread_t t[2];

	CHECK(pthread_create(&t[0], NULL, waits, (void *)1L) == 0);
	CHECK(pthread_create(&t[1], NULL, waits, (void *)2L) == 0);
	while (sleepers(&word) < 2)
		usleep(2000);
	word = 1;
	CHECK(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 4) == 0);
	until(1, &word, FUTEX_WAKE_BITSET_PRIVATE, 1);
	until(2, &word, FUTEX_WAKE_BITSET_PRIVATE, 2);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

static void moved(void)
{
	pthread_t t[3];

	word = other = woken = 0;
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, waits_once, (void *)&word) == 0);
	while (sleepers(&word) < 3)
		usleep(2000);
	CHECK_FAILS(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2L, &other, 5), EAGAIN);
	CHECK(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2L, &other, 0) == 3);
	until(1, &word, FUTEX_WAKE_PRIVATE, 0);
	CHECK(futex(&word, FUTEX_WAKE_PRIVATE, 5, NULL, NULL, 0) == 0);
	CHECK(futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)5L, &other, FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 0)) == 2);
	until(3, &other, FUTEX_WAKE_PRIVATE, 0);
	CHECK(other == 3);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
}

static void several(void)
{
	struct { uint64_t val, addr; uint32_t flags, reserved; } v[2] = {
		{0, (uintptr_t)&word, 2 | FUTEX_PRIVATE_FLAG, 0}, {0, (uintptr_t)&other, 2 | FUTEX_PRIVATE_FLAG, 0}};

	word = 0;
	other = 1;
	if (syscall(SYS_futex_waitv, v, 2, 0, NULL, CLOCK_MONOTONIC) == -1 && errno == ENOSYS) {
		leave_out("futex_waitv");
		return;
	}
	CHECK_FAILS(syscall(SYS_futex_waitv, v, 2, 0, NULL, CLOCK_MONOTONIC), EAGAIN);
	CHECK_FAILS(syscall(SYS_futex_waitv, v, 0, 0, NULL, CLOCK_MONOTONIC), EINVAL);
}

int main(void)
{
	bit_sets();
	moved();
	several();
	puts("ok thread_futex");
	return 0;
}
