/*
 * The libc's string functions over all small alignments and lengths, against byte loops, each buffer ending
 * at a page that may not be touched: glibc's VFP and NEON variants read in large steps.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, LONGEST = 150 };

static unsigned char *source, *target;	/* both end where an unmapped page begins */
static unsigned wrong;

static unsigned char *guarded(void)
{
	unsigned char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(p + 2 * PAGE, PAGE, PROT_NONE);
	return p + 2 * PAGE;
}

static void check(int good)
{
	wrong += !good;
}

static void copies(unsigned gap, unsigned n)
{
	unsigned char *s = source - gap - n, *d = target - (gap * 7 & 15) - n;

	memset(target - LONGEST - 64, 0xee, LONGEST + 64);
	check(memcpy(d, s, n) == d && d[-1] == 0xee);
	for (unsigned i = 0; i < n; i++)
		check(d[i] == s[i]);
	check(memcmp(d, s, n) == 0);
	if (n) {
		d[n - 1] ^= 1;
		check((memcmp(d, s, n) > 0) == (d[n - 1] > s[n - 1]));
	}
	memset(d, (int)n, n);
	for (unsigned i = 0; i < n; i++)
		check(d[i] == (unsigned char)n);
}

static void overlaps(unsigned gap, unsigned n)
{
	unsigned char *d = target - 2 * LONGEST;

	for (unsigned i = 0; i < 2 * LONGEST; i++)
		d[i] = (unsigned char)(i * 13);
	memmove(d + gap, d, n);
	for (unsigned i = 0; i < n; i++)
		check(d[gap + i] == (unsigned char)(i * 13));
	memmove(d, d + gap, n);
	for (unsigned i = 0; i < n; i++)
		check(d[i] == (unsigned char)(i * 13));
}

static void strings(unsigned gap, unsigned n)
{
	char *s = (char *)source - gap - n - 1, *d = (char *)target - (gap & 3) - n - 1;
	char saved = s[n];

	s[n] = 0;
	check(strlen(s) == n && strnlen(s, n / 2) == n / 2);
	check(strcpy(d, s) == d && strcmp(s, d) == 0 && d[n] == 0);
	check(memchr(s, 0, n + 1) == s + n && strchr(s, 0) == s + n);
	if (n) {
		char last = s[n - 1];

		s[n - 1] = '!';
		check(strchr(s, '!') == s + n - 1 && strrchr(s, '!') == s + n - 1);
		check(memrchr(s, '!', n) == s + n - 1 && strstr(s, "!") == s + n - 1);
		check(strcmp(s, d) != 0 && strncmp(s, d, n - 1) == 0);
		check(strpbrk(s, "?!") == s + n - 1 && strcspn(s, "!") == n - 1);
		s[n - 1] = last;
	}
	s[n] = saved;
}

int main(void)
{
	source = guarded();
	target = guarded();
	/* No zero and no '!' among the data, so that the searches can only find what was planted. */
	for (int i = 1; i <= 2 * PAGE; i++)
		source[-i] = (unsigned char)('a' + i * 7 % 26);
	for (unsigned gap = 0; gap < 16; gap++)
		for (unsigned n = 0; n < LONGEST; n++) {
			copies(gap, n);
			overlaps(gap, n);
			strings(gap, n);
		}
	memset(target - PAGE, 'x', PAGE);
	memcpy(target - PAGE, source - PAGE, PAGE);
	check(memcmp(target - PAGE, source - PAGE, PAGE) == 0);
	printf("wrong %u\n", wrong);
	return 0;
}
