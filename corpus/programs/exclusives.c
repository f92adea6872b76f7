/* LDREX and STREX by hand: success, failure after CLREX, wrong address, other sizes, the returned status. */
#include <stdint.h>
#include <stdio.h>

static uint32_t words[4] = { 10, 20, 30, 40 };
static uint64_t wide = 0x1111111122222222ull;

static uint32_t store_after(const char *what, int clear, uint32_t *load_at, uint32_t *store_at)
{
	uint32_t value, status;

	if (clear)
		__asm__ volatile("ldrex %0, [%2]\n\tclrex\n\tadd %0, %0, #1\n\tstrex %1, %0, [%3]"
				 : "=&r"(value), "=&r"(status) : "r"(load_at), "r"(store_at) : "memory");
	else
		__asm__ volatile("ldrex %0, [%2]\n\tadd %0, %0, #1\n\tstrex %1, %0, [%3]"
				 : "=&r"(value), "=&r"(status) : "r"(load_at), "r"(store_at) : "memory");
	printf("%s: status %u, word %u\n", what, (unsigned)status, (unsigned)*store_at);
	return status;
}

static void without_load(void)
{
	uint32_t status;

	__asm__ volatile("clrex\n\tstrex %0, %1, [%2]" : "=&r"(status) : "r"(99), "r"(&words[2]) : "memory");
	printf("no load: status %u, word %u\n", (unsigned)status, (unsigned)words[2]);
}

static void second_store(void)
{
	uint32_t value, first, second;

	__asm__ volatile("ldrex %0, [%3]\n\tstrex %1, %4, [%3]\n\tstrex %2, %5, [%3]"
			 : "=&r"(value), "=&r"(first), "=&r"(second) : "r"(&words[3]), "r"(50), "r"(60) : "memory");
	printf("two stores: %u %u, word %u, loaded %u\n", (unsigned)first, (unsigned)second, (unsigned)words[3],
	       (unsigned)value);
}

static void other_sizes(void)
{
	register uint32_t lo __asm__("r4"), hi __asm__("r5");
	uint32_t value, status;
	uint8_t byte = 200;
	uint16_t half = 60000;

	__asm__ volatile("ldrexb %0, [%2]\n\tadd %0, %0, #100\n\tstrexb %1, %0, [%2]"
			 : "=&r"(value), "=&r"(status) : "r"(&byte) : "memory");
	printf("byte: status %u, %u\n", (unsigned)status, byte);
	__asm__ volatile("ldrexh %0, [%2]\n\tadd %0, %0, #0x1000\n\tstrexh %1, %0, [%2]"
			 : "=&r"(value), "=&r"(status) : "r"(&half) : "memory");
	printf("half: status %u, %u\n", (unsigned)status, half);
	__asm__ volatile("ldrexd %0, %1, [%3]\n\tadd %0, %0, #1\n\tstrexd %2, %0, %1, [%3]"
			 : "=&r"(lo), "=&r"(hi), "=&r"(status) : "r"(&wide) : "memory");
	printf("wide: status %u, %llx\n", (unsigned)status, (unsigned long long)wide);
}

int main(void)
{
	uint32_t old;

	store_after("plain", 0, &words[0], &words[0]);
	store_after("cleared", 1, &words[0], &words[0]);
	store_after("again", 0, &words[1], &words[1]);
	without_load();
	second_store();
	other_sizes();
	/* A hundred thousand increments through the loop every libc uses. */
	for (int i = 0; i < 100000; i++) {
		uint32_t status;

		do
			__asm__ volatile("dmb ish\n\tldrex %0, [%2]\n\tadd %0, %0, #1\n\tstrex %1, %0, [%2]\n\tdmb ish"
					 : "=&r"(old), "=&r"(status) : "r"(&words[0]) : "memory");
		while (status);
	}
	printf("counter %u\n", (unsigned)words[0]);
	return 0;
}
