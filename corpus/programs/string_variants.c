/*
 * Each variant of memcpy and memchr that glibc for ARM chooses from by HWCAP, called by its own name: at every alignment
 * of both operands and every small length, and some large ones, against byte loops, each buffer beside a page that may not
 * be touched. A libc that has one variant only is tested under all names.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__arm__) && defined(__GLIBC__)
void *__memcpy_arm(void *, const void *, size_t);
void *__memcpy_vfp(void *, const void *, size_t);
void *__memcpy_neon(void *, const void *, size_t);
void *__memchr_neon(const void *, int, size_t);
void *__memchr_noneon(const void *, int, size_t);
#else
#define __memcpy_arm memcpy
#define __memcpy_vfp memcpy
#define __memcpy_neon memcpy
#define __memchr_neon memchr
#define __memchr_noneon memchr
#endif

enum { PAGE = 4096, ROOM = 4 * PAGE, MOST = 96, ALIGNMENTS = 8 };

typedef void *copy_fn(void *, const void *, size_t);
typedef void *find_fn(const void *, int, size_t);

static const unsigned LARGE[] = { 127, 128, 129, 200, 255, 256, 511, 600, 1023, 1024, 4095, 5000 };
static unsigned char *source, *target;	/* where an unmapped page begins; another lies ROOM before */
static unsigned wrong, tried;

static unsigned char *guarded(void)
{
	unsigned char *p = mmap(NULL, ROOM + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(p, PAGE, PROT_NONE);
	mprotect(p + PAGE + ROOM, PAGE, PROT_NONE);
	return p + PAGE + ROOM;
}

static void check(int good)
{
	wrong += !good;
	tried++;
}

/* A copy of n bytes between two places, and nothing of what lies around it. */
static void copies(copy_fn *copy, unsigned char *d, const unsigned char *s, unsigned n)
{
	unsigned before = d - (target - ROOM) < 16 ? 0 : 16, after = target - (d + n) < 16 ? 0 : 16;
	unsigned bad = 0;

	memset(d - before, 0xee, before + n + after);
	check(copy(d, s, n) == d);
	for (unsigned i = 0; i < n; i++)
		bad += d[i] != s[i];
	for (unsigned i = 0; i < before; i++)
		bad += d[-1 - (int)i] != 0xee;
	for (unsigned i = 0; i < after; i++)
		bad += d[n + i] != 0xee;
	check(bad == 0);
}

static void copy_everywhere(copy_fn *copy, unsigned n, unsigned step)
{
	for (unsigned to = 0; to < ALIGNMENTS; to += step)
		for (unsigned from = 0; from < ALIGNMENTS; from += step) {
			copies(copy, target - n - to, source - n - from, n);
			copies(copy, target - ROOM + to, source - ROOM + from, n);
		}
}

static void try_copy(const char *name, copy_fn *copy)
{
	wrong = tried = 0;
	for (unsigned n = 0; n <= MOST; n++)
		copy_everywhere(copy, n, 1);
	for (unsigned i = 0; i < sizeof(LARGE) / sizeof(*LARGE); i++)
		copy_everywhere(copy, LARGE[i], 3);
	printf("%s: %u of %u wrong\n", name, wrong, tried);
}

/* The byte at every position, twice, and nowhere; what stands before and behind the range does not count. */
static void finds(find_fn *find, unsigned gap, unsigned n)
{
	unsigned char *s = target - gap - n;

	memset(s, 'a', n);
	for (unsigned i = 0; i < gap; i++)
		s[n + i] = 'x';
	s[-1] = 'x';
	check(find(s, 'x', n) == NULL);
	for (unsigned at = 0; at < n; at += n > MOST / 2 ? 5 : 1) {
		s[at] = s[n - 1] = 'x';
		check(find(s, 'x' | 0x100, n) == s + at);
		s[at] = s[n - 1] = 'a';
	}
}

static void try_find(const char *name, find_fn *find)
{
	wrong = tried = 0;
	for (unsigned n = 0; n <= MOST; n++)
		for (unsigned gap = 0; gap < 2 * ALIGNMENTS; gap += n < 34 ? 1 : 5)
			finds(find, gap, n);
	printf("%s: %u of %u wrong\n", name, wrong, tried);
}

int main(void)
{
	source = guarded();
	target = guarded();
	for (unsigned i = 1; i <= ROOM; i++)
		*(source - i) = (unsigned char)(i * 37 + (i >> 8));
	try_copy("memcpy_arm", __memcpy_arm);
	try_copy("memcpy_vfp", __memcpy_vfp);
	try_copy("memcpy_neon", __memcpy_neon);
	try_find("memchr_neon", __memchr_neon);
	try_find("memchr_noneon", __memchr_noneon);
	return 0;
}
