/*
 * Prints what run options change about a program's world, one `name value` a line: its name, the kernel's release, the
 * start's random bytes, variables A and B. With an argument N it uses N MiB of stack first.
 */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/utsname.h>

static void use_stack(size_t bytes)
{
	volatile char *at = alloca(bytes);

	for (size_t i = 0; i < bytes; i += 1024)
		at[bytes - 1 - i] = 1;
}

int main(int argc, char **argv)
{
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
	const char *names[] = {"A", "B"};
	struct utsname u;

	if (argc > 1)
		use_stack((size_t)atoi(argv[1]) << 20);
	uname(&u);
	printf("argv0 %s\nrelease %s\nmachine %s\nrandom ", argv[0], u.release, u.machine);
	for (int i = 0; i < 16; i++)
		printf("%02x", random[i]);
	printf("\n");
	for (int i = 0; i < 2; i++)
		if (getenv(names[i]))
			printf("%s %s\n", names[i], getenv(names[i]));
	return 0;
}
