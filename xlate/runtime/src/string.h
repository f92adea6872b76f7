/*
 * The few memory and text functions a freestanding program needs (the compiler itself calls the first four), and a
 * bounded text buffer: the only formatting in the runtime.
 */
#ifndef XLATE_STRING_H
#define XLATE_STRING_H

#include "types.h"

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
bool str_starts(const char *s, const char *prefix);
/* The whole of s fits the `len` bytes of pattern, in which * is any text and ? any character. */
bool str_matches(const char *s, const char *pattern, size_t len);
/* Decimal, or hexadecimal after 0x; false unless the whole text is a number that fits. */
bool str_to_u64(const char *s, u64 *value);

/* Text built in a caller's buffer: always NUL-terminated, cut when full, never overrun. */
struct text {
	char *at;
	char *end; /* the last byte, kept for the NUL */
	char *start;
};

struct text text_begin(char *buf, size_t size);
void text_char(struct text *b, char c);
void text_str(struct text *b, const char *s);
/* At most n bytes; control characters and DEL become '?', so that a message stays one line. */
void text_printable(struct text *b, const char *s, size_t n);
void text_u64(struct text *b, u64 v);
void text_s64(struct text *b, s64 v);
void text_hex(struct text *b, u64 v);			/* with 0x */
void text_hex_digits(struct text *b, u64 v, int digits);/* fixed width, no 0x */
size_t text_len(const struct text *b);
/* Write it to a host descriptor, all of it. 0, or -errno for those whom that concerns. */
long text_write(const struct text *b, int fd);

#endif
