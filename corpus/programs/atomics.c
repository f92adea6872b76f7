/* Atomic built-ins of all sizes: on ARM, LDREX and STREX loops in every width with every ordering. */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

static _Atomic uint8_t a8;
static _Atomic uint16_t a16;
static _Atomic uint32_t a32;
static _Atomic uint64_t a64;

int main(void)
{
	uint32_t expected32 = 5;
	uint64_t expected64;
	uint8_t expected8 = 1;
	atomic_flag flag = ATOMIC_FLAG_INIT;

	for (unsigned i = 0; i < 1000; i++) {
		atomic_fetch_add(&a8, 3);
		atomic_fetch_sub_explicit(&a16, 7, memory_order_relaxed);
		atomic_fetch_xor_explicit(&a32, i * 0x10001, memory_order_acquire);
		atomic_fetch_add_explicit(&a64, 0x123456789abull, memory_order_release);
		atomic_fetch_or(&a32, i & 8);
		atomic_fetch_and(&a64, ~(uint64_t)(i & 16));
	}
	printf("%u %u %u %llu\n", a8, a16, (unsigned)a32, (unsigned long long)a64);
	printf("cas fails: %d", atomic_compare_exchange_strong(&a32, &expected32, 9));
	printf(" and tells %u\n", (unsigned)expected32);
	printf("cas: %d", atomic_compare_exchange_strong(&a32, &expected32, 9));
	printf(" %u\n", (unsigned)a32);
	expected64 = atomic_load(&a64);
	printf("cas64: %d\n", atomic_compare_exchange_strong(&a64, &expected64, 1ull << 40));
	printf("cas8: %d", atomic_compare_exchange_strong(&a8, &expected8, 2));
	printf(" %u\n", expected8);
	printf("swap: %llu", (unsigned long long)atomic_exchange(&a64, 77));
	printf(" %llu\n", (unsigned long long)a64);
	printf("flag: %d", atomic_flag_test_and_set(&flag));
	printf(" %d\n", atomic_flag_test_and_set(&flag));
	atomic_thread_fence(memory_order_seq_cst);
	return 0;
}
