/*
 * What a program starts with: alignment of the stack, words, environment and auxiliary vector in one piece, contents of
 * the vector, descriptors 0 to 2; the same facts once more after execve with odd words.
 * qemu-arm 7.2 does not pass: AT_PLATFORM is not that of the processor it says it is.
 */
#include "check.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

extern char **environ;

static unsigned long in_vector(unsigned long *v, unsigned long type, int *seen)
{
	for (; v[0] != AT_NULL; v += 2)
		if (v[0] == type) {
			(*seen)++;
			return v[1];
		}
	return 0;
}

int main(int argc, char **argv)
{
	char **end = environ;
	unsigned long *vector, phdr;
	const ElfW(Phdr) *p;
	unsigned char *random;
	int seen = 0, loads = 0;

	CHECK(argv[argc] == NULL && environ == argv + argc + 1);
	CHECK((uintptr_t)(argv - 1) % (sizeof(long) == 8 ? 16 : 8) == 0);
	while (*end)
		end++;
	vector = (unsigned long *)(end + 1);
	CHECK(in_vector(vector, AT_PAGESZ, &seen) == 4096 && in_vector(vector, AT_CLKTCK, &seen) == 100);
	CHECK(in_vector(vector, AT_UID, &seen) == getuid() && in_vector(vector, AT_EUID, &seen) == geteuid());
	CHECK(in_vector(vector, AT_GID, &seen) == getgid() && in_vector(vector, AT_SECURE, &seen) == 0 && seen == 6);
	phdr = in_vector(vector, AT_PHDR, &seen);
	CHECK(phdr && in_vector(vector, AT_PHENT, &seen) == sizeof(*p));
	p = (const ElfW(Phdr) *)phdr;
	for (unsigned long i = 0; i < in_vector(vector, AT_PHNUM, &seen); i++)
		loads += p[i].p_type == PT_LOAD;
	CHECK(loads >= 1 && in_vector(vector, AT_ENTRY, &seen) != 0);
	random = (unsigned char *)in_vector(vector, AT_RANDOM, &seen);
	CHECK(random && (random[0] | random[5] | random[10] | random[15] | random[1] | random[2]) != 0);
	CHECK(in_vector(vector, AT_EXECFN, &seen) == getauxval(AT_EXECFN) && in_vector(vector, AT_PLATFORM, &seen));
#ifdef __arm__
	CHECK(!strcmp((char *)in_vector(vector, AT_PLATFORM, &seen), "v7l"));
	CHECK(in_vector(vector, AT_HWCAP, &seen) & (1 << 12 /* NEON */));
	CHECK(in_vector(vector, AT_HWCAP, &seen) & (1 << 6 /* VFP */));
	CHECK(in_vector(vector, AT_HWCAP2, &seen) == 0x1f /* AES, PMULL, SHA1, SHA2, CRC32 */);
#endif
	/* Strings lie above all that, words first. */
	CHECK((uintptr_t)argv[0] > (uintptr_t)vector && (argc < 2 || argv[1] == argv[0] + strlen(argv[0]) + 1));
	CHECK(!environ[0] || environ[0] > argv[argc - 1]);
	CHECK(fcntl(0, F_GETFD) == 0 && fcntl(1, F_GETFD) == 0 && fcntl(2, F_GETFD) == 0 && fcntl(3, F_GETFD) == -1);
	if (argc == 1) {
		execl("/proc/self/exe", "", "two", "", "a word that is longer", (char *)NULL);
		CHECK(!"execl");
	}
	CHECK(argc == 4 && !*argv[0] && !strcmp(argv[1], "two") && !*argv[2]);
	puts("ok initial_stack");
	return 0;
}
