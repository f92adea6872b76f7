/* The kernel's helpers at the top of the address space: version, thread pointer, compare-and-swap, barrier. */
#include <stdint.h>
#include <stdio.h>

typedef uint32_t get_tls_fn(void);
typedef int cmpxchg_fn(uint32_t expected, uint32_t wanted, volatile uint32_t *at);
typedef int cmpxchg64_fn(const uint64_t *expected, const uint64_t *wanted, volatile uint64_t *at);
typedef void barrier_fn(void);

static get_tls_fn *volatile get_tls = (get_tls_fn *)0xffff0fe0;
static cmpxchg_fn *volatile cmpxchg = (cmpxchg_fn *)0xffff0fc0;
static cmpxchg64_fn *volatile cmpxchg64 = (cmpxchg64_fn *)0xffff0f60;
static barrier_fn *volatile barrier = (barrier_fn *)0xffff0fa0;
static const volatile int32_t *volatile version = (const volatile int32_t *)0xffff0ffc;

static uint32_t thread_register(void)
{
	uint32_t tp;

	__asm__("mrc p15, 0, %0, c13, c0, 3" : "=r"(tp));
	return tp;
}

int main(void)
{
	volatile uint32_t word = 5;
	volatile uint64_t wide = 1ull << 40 | 7;
	uint64_t expected = wide, wanted = ~0ull << 20;
	unsigned swaps = 0;

	printf("version at least 5: %d\n", *version >= 5);
	printf("thread pointer: %d, libc's too: %d\n", get_tls() == thread_register(),
	       get_tls() == (uint32_t)(uintptr_t)__builtin_thread_pointer());
	printf("swap: %d", cmpxchg(5, 9, &word));
	printf(" %u\n", (unsigned)word);
	printf("no swap: %d", cmpxchg(5, 11, &word) != 0);
	printf(" %u\n", (unsigned)word);
	printf("wide swap: %d", cmpxchg64(&expected, &wanted, &wide));
	printf(" %llx\n", (unsigned long long)wide);
	printf("no wide swap: %d", cmpxchg64(&expected, &wanted, &wide) != 0);
	printf(" %llx\n", (unsigned long long)wide);
	for (uint32_t i = 0; i < 10000; i++) {
		barrier();
		word = i;
		swaps += cmpxchg(i, i + 1, &word) == 0 && word == i + 1;
	}
	printf("swaps %u\n", swaps);
	return 0;
}
