/*
 * Memory and text functions; see string.h. The rep forms keep the compiler from turning a loop into a call to itself.
 */
#include "string.h"

#include "host.h"

void *memcpy(void *dst, const void *src, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n) : : "memory");
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if ((u64)d - (u64)s >= n)
		return memcpy(dst, src, n);
	while (n--) {
		d[n] = s[n];
		__asm__ volatile("" : : : "memory"); /* stay a loop */
	}
	return dst;
}

void *memset(void *dst, int byte, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(byte) : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
		__asm__ volatile("" : : : "memory"); /* stay a loop */
	}
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i] || !a[i])
			return (u8)a[i] - (u8)b[i];
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s; s++)
		if (*s == (char)c)
			return (char *)s;
	return c ? NULL : (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (; *s; s++)
		if (*s == (char)c)
			last = s;
	return (char *)(c ? last : s);
}

bool str_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool str_matches(const char *s, const char *pattern, size_t len)
{
	const char *end = pattern + len, *star = NULL, *again = s;

	while (*s || pattern < end) {
		if (pattern < end && *pattern == '*') {
			star = pattern++;
			again = s;
		} else if (*s && pattern < end && (*pattern == '?' || *pattern == *s)) {
			pattern++;
			s++;
		} else if (star && *again) { /* the last * takes one more */
			pattern = star + 1;
			s = ++again;
		} else {
			return false;
		}
	}
	return true;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

bool str_to_u64(const char *s, u64 *value)
{
	u64 base = 10, v = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (!*s)
		return false;
	for (; *s; s++) {
		u64 digit = (u64)digit_value(*s);

		if (digit >= base || v > (~0ull - digit) / base)
			return false;
		v = v * base + digit;
	}
	*value = v;
	return true;
}

struct text text_begin(char *buf, size_t size)
{
	buf[0] = 0;
	return (struct text){.at = buf, .end = buf + size - 1, .start = buf};
}

void text_char(struct text *b, char c)
{
	if (b->at < b->end) {
		*b->at++ = c;
		*b->at = 0;
	}
}

void text_str(struct text *b, const char *s)
{
	while (*s)
		text_char(b, *s++);
}

void text_printable(struct text *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n && s[i]; i++)
		text_char(b, (u8)s[i] < ' ' || s[i] == 0x7f ? '?' : s[i]);
}

void text_u64(struct text *b, u64 v)
{
	char digits[20];
	int n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (n)
		text_char(b, digits[--n]);
}

void text_s64(struct text *b, s64 v)
{
	if (v < 0)
		text_char(b, '-');
	text_u64(b, v < 0 ? -(u64)v : (u64)v);
}

void text_hex_digits(struct text *b, u64 v, int digits)
{
	while (digits--)
		text_char(b, "0123456789abcdef"[v >> (4 * digits) & 15]);
}

void text_hex(struct text *b, u64 v)
{
	int digits = 1;

	while (digits < 16 && v >> (4 * digits))
		digits++;
	text_str(b, "0x");
	text_hex_digits(b, v, digits);
}

size_t text_len(const struct text *b)
{
	return (size_t)(b->at - b->start);
}

long text_write(const struct text *b, int fd)
{
	size_t done = 0;

	while (done < text_len(b)) {
		long n = host_syscall3(__NR_write, (u64)fd, (u64)(b->start + done), text_len(b) - done);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n;
		done += (size_t)n;
	}
	return 0;
}
