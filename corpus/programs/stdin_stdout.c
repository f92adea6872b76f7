/* Buffered and unbuffered input and output: lines, seeks in a temporary file, scanf, large writes. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char line[256], word[64];
	unsigned lines = 0, letters = 0;
	int a, b;
	double c;
	FILE *f;

	while (fgets(line, sizeof(line), stdin)) {
		lines++;
		for (char *p = line; *p; p++)
			letters += isalpha((unsigned char)*p) != 0;
		if (sscanf(line, "%63s %d %x %lf", word, &a, (unsigned *)&b, &c) == 4)
			printf("%s %d %d %.3f\n", word, a, b, c);
	}
	printf("%u lines, %u letters\n", lines, letters);
	if (!(f = tmpfile()))
		return 1;
	for (int i = 0; i < 5000; i++)
		fprintf(f, "%d:", i);
	fseek(f, 1000, SEEK_SET);
	printf("%s", fgets(line, 12, f));
	printf(" at %ld", ftell(f));
	fseek(f, -5, SEEK_END);
	printf(" end %s\n", fgets(line, 12, f));
	fclose(f);
	for (int i = 0; i < 400; i++)
		fputs("abcdefghijklmnopqrstuvwxyz0123456789", stdout);
	putchar('\n');
	return 0;
}
