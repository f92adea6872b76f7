/*
 * A static PIE without libc: it finds its own dynamic section through AT_PHDR, applies its relative
 * relocations and prints through the relocated pointers. Debian's armhf glibc has no static-PIE start file, and
 * what matters to a loader is all here: load address, AT_ENTRY, AT_PHDR, AT_BASE, a writable RELRO segment.
 */
#include <stdint.h>

enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_PHDR = 6, DT_REL = 17, DT_RELSZ = 18, R_ARM_RELATIVE = 23 };
enum { AT_PHDR = 3, AT_PHNUM = 5, AT_BASE = 7, AT_ENTRY = 9 };

struct phdr {
	uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

__attribute__((used, visibility("hidden"))) void started(uint32_t *sp, uint32_t entry);

static int zero_at_start[40000];
static const char first[] = "relocated pointer one\n", second[] = "relocated pointer two\n";
static const char *const table[] = { second, first };
/* Volatile, so that the pointers really come from memory after relocation. */
static const char *const *volatile messages = table;

static long system_call(long number, long a, long b, long c)
{
	register long r7 __asm__("r7") = number;
	register long r0 __asm__("r0") = a;
	register long r1 __asm__("r1") = b;
	register long r2 __asm__("r2") = c;

	__asm__ volatile("svc #0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2) : "memory");
	return r0;
}

static void print(const char *s)
{
	unsigned n = 0;

	while (s[n])
		n++;
	system_call(4, 1, (long)s, n);
}

static void verdict(const char *what, int good)
{
	print(what);
	print(good ? " yes\n" : " no\n");
}

static uint32_t find(const uint32_t *aux, uint32_t type)
{
	for (; aux[0]; aux += 2)
		if (aux[0] == type)
			return aux[1];
	return 0;
}

/* Apply the relative relocations; returns how many there were. */
static unsigned relocate(uint32_t bias, const uint32_t *dynamic)
{
	const uint32_t *rel = 0;
	uint32_t size = 0;

	for (; dynamic[0]; dynamic += 2) {
		if (dynamic[0] == DT_REL)
			rel = (const uint32_t *)(uintptr_t)(bias + dynamic[1]);
		if (dynamic[0] == DT_RELSZ)
			size = dynamic[1];
	}
	for (uint32_t i = 0; i < size / 8; i++)
		if ((rel[2 * i + 1] & 0xff) == R_ARM_RELATIVE)
			*(uint32_t *)(uintptr_t)(bias + rel[2 * i]) += bias;
	return size / 8;
}

void started(uint32_t *sp, uint32_t entry)
{
	const uint32_t *aux = sp + sp[0] + 2, *dynamic = 0;
	const struct phdr *phdr;
	uint32_t bias = 0, count, sum = 0;

	while (*aux++)
		;
	phdr = (const struct phdr *)(uintptr_t)find(aux, AT_PHDR);
	count = find(aux, AT_PHNUM);
	for (uint32_t i = 0; i < count; i++)
		if (phdr[i].type == PT_LOAD && phdr[i].offset == 0)
			bias = ((uint32_t)(uintptr_t)phdr & ~0xfffu) - phdr[i].vaddr;
	for (uint32_t i = 0; i < count; i++)
		if (phdr[i].type == PT_DYNAMIC)
			dynamic = (const uint32_t *)(uintptr_t)(bias + phdr[i].vaddr);
	count = relocate(bias, dynamic);
	verdict("moved away from its link address", bias != 0);
	verdict("bias is whole pages", (bias & 0xfff) == 0);
	verdict("some relocations", count >= 2);
	verdict("entry", find(aux, AT_ENTRY) == entry);
	verdict("no interpreter base", find(aux, AT_BASE) == 0);
	for (unsigned i = 0; i < sizeof(zero_at_start) / sizeof(*zero_at_start); i++)
		sum |= (uint32_t)((volatile int *)zero_at_start)[i];
	verdict("bss is zero", sum == 0);
	print(messages[1]);
	print(messages[0]);
	system_call(248, 0, 0, 0);
}

/* The entry's own address, with the Thumb bit as the ELF header has it, is found relative to pc. */
__asm__(
"	.syntax unified\n"
"	.text\n"
"	.global _start\n"
"	.type _start, %function\n"
#if defined(__thumb__)
"	.thumb\n"
"	.thumb_func\n"
"_start:\n"
"	mov r0, sp\n"
"	adr r1, _start\n"
"	orr r1, r1, #1\n"
#else
"	.arm\n"
"_start:\n"
"	mov r0, sp\n"
"	adr r1, _start\n"
#endif
"	bl started\n"
"	udf #0\n"
);
