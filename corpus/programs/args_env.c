/* Arguments and environment arrive byte for byte: empty ones, options, `--`, non-ASCII. */
#include <stdio.h>
#include <stdlib.h>

static void show(const char *s)
{
	putchar('[');
	for (; *s; s++)
		if (*s >= ' ' && *s < 127)
			putchar(*s);
		else
			printf("\\x%02x", (unsigned char)*s);
	puts("]");
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "GREETING", "EMPTY", "ABSENT_VARIABLE" };

	printf("argc %d\n", argc);
	for (int i = 1; i < argc; i++)
		show(argv[i]);
	printf("argv ends in NULL: %d\n", argv[argc] == NULL);
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);

		printf("%s=", names[i]);
		if (value)
			show(value);
		else
			puts("(unset)");
	}
	return 0;
}
