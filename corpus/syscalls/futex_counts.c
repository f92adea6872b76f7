/*
 * What futex answers about waiters that are woken and moved, at the edges of its counts; whom an unlock that hands over
 * may write to.
 */
#include "check.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>

enum { WAITERS = 3 };

static int words[2];
static int waiting;

static long futex(void *word, int op, unsigned val, unsigned long val2, void *word2, int val3)
{
#ifdef SYS_futex_time64
	return syscall(SYS_futex_time64, word, op, val, val2, word2, val3);
#else
	return syscall(SYS_futex, word, op, val, val2, word2, val3);
#endif
}

static void *waits(void *arg)
{
	__atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
	CHECK(futex(&words[0], FUTEX_WAIT_PRIVATE, 0, 0, NULL, 0) == 0);
	__atomic_sub_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
	return arg;
}

static void start(pthread_t t[WAITERS])
{
	for (int i = 0; i < WAITERS; i++)
		CHECK(pthread_create(&t[i], NULL, waits, NULL) == 0);
	while (__atomic_load_n(&waiting, __ATOMIC_SEQ_CST) < WAITERS)
		usleep(1000);
	usleep(50000); /* they are about to wait */
}

static void end(pthread_t t[WAITERS])
{
	for (int i = 0; i < WAITERS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(waiting == 0);
}

static long moved(int op, unsigned wake, unsigned move, int seen)
{
	return futex(&words[0], op, wake, move, &words[1], seen);
}

static void moving(int op)
{
	pthread_t t[WAITERS];

	start(t);
	CHECK(moved(op, 0, 0, 0) == 0);
	CHECK_FAILS(moved(op, (unsigned)-1, 1, 0), EINVAL);
	CHECK_FAILS(moved(op, 1, (unsigned)-1, 0), EINVAL);
	if (op == FUTEX_CMP_REQUEUE_PRIVATE)
		CHECK_FAILS(moved(op, 1, 1, 7), EAGAIN);
	CHECK(moved(op, 1, 1, 0) == 2); /* the manual says otherwise of FUTEX_REQUEUE */
	CHECK(moved(op, 1, INT_MAX, 0) == 1);
	CHECK(moved(op, 1, INT_MAX, 0) == 0);
	CHECK(futex(&words[1], FUTEX_WAKE_PRIVATE, INT_MAX, 0, NULL, 0) == 1);
	end(t);
}

/* Counts below one wake one. */
static void waking(void)
{
	const int op = FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0);
	pthread_t t[WAITERS];

	start(t);
	CHECK(futex(&words[0], FUTEX_WAKE_PRIVATE, 0, 0, NULL, 0) == 1);
	CHECK(futex(&words[0], FUTEX_WAKE_PRIVATE, (unsigned)-1, 0, NULL, 0) == 1);
	CHECK(futex(&words[1], FUTEX_WAKE_OP_PRIVATE, 0, 0, &words[0], op) == 1);
	CHECK(futex(&words[0], FUTEX_WAKE_PRIVATE, 0, 0, NULL, 0) == 0);
	end(t);
	start(t);
	CHECK(futex(&words[0], FUTEX_WAKE_BITSET_PRIVATE, (unsigned)-5, 0, NULL, 1) == 1);
	CHECK_FAILS(futex(&words[0], FUTEX_WAKE_BITSET_PRIVATE, 1, 0, NULL, 0), EINVAL);
	CHECK(futex(&words[0], FUTEX_WAKE_OP_PRIVATE, (unsigned)-1, INT_MAX, &words[1], op) == 1);
	CHECK(futex(&words[0], FUTEX_WAKE_PRIVATE, INT_MAX, 0, NULL, 0) == 1);
	end(t);
}

static void unlocking(void)
{
	int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK_FAILS(futex(word, FUTEX_UNLOCK_PI, 0, 0, NULL, 0), EPERM);
	*word = (int)syscall(SYS_gettid);
	CHECK(mprotect(word, 4096, PROT_READ) == 0);
	CHECK_FAILS(futex(word, FUTEX_UNLOCK_PI, 0, 0, NULL, 0), EFAULT);
	CHECK(*word == syscall(SYS_gettid));
	CHECK(mprotect(word, 4096, PROT_READ | PROT_WRITE) == 0);
	CHECK(futex(word, FUTEX_UNLOCK_PI, 0, 0, NULL, 0) == 0 && *word == 0);
	CHECK_FAILS(futex((void *)8, FUTEX_UNLOCK_PI, 0, 0, NULL, 0), EFAULT);
}

int main(void)
{
	moving(FUTEX_REQUEUE_PRIVATE);
	moving(FUTEX_CMP_REQUEUE_PRIVATE);
	waking();
	unlocking();
	puts("ok futex_counts");
	return 0;
}
