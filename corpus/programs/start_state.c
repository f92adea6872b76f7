/*
 * A program without libc: what the kernel hands to the first instruction. Argument block, auxiliary vector,
 * stack alignment; raw system calls. Its link address is chosen by the manifest, down to 0x8000.
 */
#include <stdint.h>

enum { AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_ENTRY = 9, AT_UID = 11, AT_PLATFORM = 15,
       AT_HWCAP = 16, AT_CLKTCK = 17, AT_SECURE = 23, AT_RANDOM = 25, AT_EXECFN = 31 };

enum { HWCAP_HALF = 1 << 1, HWCAP_THUMB = 1 << 2, HWCAP_VFP = 1 << 6, HWCAP_TLS = 1 << 15 };

void _start(void);
__attribute__((used)) void started(uint32_t *sp);

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

static void print_fact(const char *what, uint32_t x)
{
	char text[12];
	int i = 11;

	text[i] = 0;
	text[--i] = '\n';
	do
		text[--i] = (char)('0' + (x & 7));
	while (x >>= 3);
	print(what);
	print(text + i);
}

static uint32_t find(const uint32_t *aux, uint32_t type)
{
	for (; aux[0]; aux += 2)
		if (aux[0] == type)
			return aux[1];
	return 0;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Only things every ARMv7 Linux agrees about; octal, since that needs no division. */
void started(uint32_t *sp)
{
	uint32_t argc = sp[0], *envp = sp + argc + 2, *aux = envp, hwcap;
	const char *platform;

	while (*aux++)
		;
	hwcap = find(aux, AT_HWCAP);
	platform = (const char *)(uintptr_t)find(aux, AT_PLATFORM);
	print_fact("argc ", argc);
	for (uint32_t i = 1; i < argc; i++) {
		print((const char *)(uintptr_t)sp[1 + i]);
		print("\n");
	}
	print_fact("argv ends ", sp[1 + argc] == 0);
	print_fact("stack aligned ", ((uintptr_t)sp & 7) == 0);
	print_fact("page size ", find(aux, AT_PAGESZ));
	print_fact("clock ", find(aux, AT_CLKTCK));
	print_fact("entry ", (find(aux, AT_ENTRY) & ~1u) == ((uint32_t)(uintptr_t)_start & ~1u));
	print_fact("phent ", find(aux, AT_PHENT));
	print_fact("phdr readable ", find(aux, AT_PHNUM) > 0 &&
				     *(volatile uint32_t *)(uintptr_t)find(aux, AT_PHDR) <= 0x70000001);
	print_fact("hwcap ", (hwcap & (HWCAP_HALF | HWCAP_THUMB | HWCAP_VFP | HWCAP_TLS)) ==
				     (HWCAP_HALF | HWCAP_THUMB | HWCAP_VFP | HWCAP_TLS));
	print_fact("platform v7l ", platform && same(platform, "v7l"));
	print_fact("random ", find(aux, AT_RANDOM) != 0);
	print_fact("execfn ", find(aux, AT_EXECFN) != 0);
	print_fact("uid ", find(aux, AT_UID) == (uint32_t)system_call(199, 0, 0, 0));
	print_fact("secure ", find(aux, AT_SECURE));
	print_fact("unknown system call ", (uint32_t)-system_call(399 + 600, 0, 0, 0));
	system_call(248, 23, 0, 0);
}

__asm__(
"	.syntax unified\n"
"	.text\n"
"	.global _start\n"
"	.type _start, %function\n"
#if defined(__thumb__)
"	.thumb\n"
"	.thumb_func\n"
#else
"	.arm\n"
#endif
"_start:\n"
"	mov r0, sp\n"
"	bl started\n"
"	udf #0\n"
);
