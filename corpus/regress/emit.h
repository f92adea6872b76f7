/*
 * Machine code for programs that make their own: a function that returns the sum of two immediates, in the
 * instruction set the program is compiled to. Its parts can be changed one by one.
 */
#ifndef EMIT_H
#define EMIT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef int function(void);

#define PAGE 4096u

#if defined(__thumb__)
enum { SECOND_AT = 2, EMITTED = 6, MODE_BIT = 1 };
#elif defined(__arm__)
enum { SECOND_AT = 4, EMITTED = 12, MODE_BIT = 0 };
#else
enum { SECOND_AT = 5, EMITTED = 11, MODE_BIT = 0 };
#endif

static inline void flush(unsigned char *at, size_t length)
{
	__builtin___clear_cache((char *)at, (char *)at + length);
}

/* First instruction: result = a. */
static inline void emit_first(unsigned char *at, unsigned a)
{
#if defined(__thumb__)
	uint16_t code = (uint16_t)(0x2000 | a);
#elif defined(__arm__)
	uint32_t code = 0xe3a00000 | a;
#else
	unsigned char code[5] = { 0xb8, (unsigned char)a, 0, 0, 0 };
#endif
	memcpy(at, &code, sizeof(code));
}

/* Second instruction: result += b. Third: return. */
static inline void emit_second(unsigned char *at, unsigned b)
{
#if defined(__thumb__)
	uint16_t code[2] = { (uint16_t)(0x3000 | b), 0x4770 };
#elif defined(__arm__)
	uint32_t code[2] = { 0xe2800000 | b, 0xe12fff1e };
#else
	unsigned char code[6] = { 0x05, (unsigned char)b, 0, 0, 0, 0xc3 };
#endif
	memcpy(at + SECOND_AT, code, sizeof(code));
}

/* "return a + b" for a, b < 256; not flushed. */
static inline void emit(unsigned char *at, unsigned a, unsigned b)
{
	emit_first(at, a);
	emit_second(at, b);
}

#if defined(__thumb__)
enum { LINK_SIZE = 6 };
#elif defined(__arm__)
enum { LINK_SIZE = 8 };
#else
enum { LINK_SIZE = 10 };
#endif

/* "result += b; go to target", which lies anywhere in reach of a direct jump; not flushed. */
static inline void emit_link(unsigned char *at, unsigned b, const unsigned char *target)
{
#if defined(__thumb__)
	int32_t d = (int32_t)(target - (at + 2)) - 4;
	uint32_t i1 = ~(((uint32_t)d >> 23) ^ ((uint32_t)d >> 31)) & 1, i2 = ~(((uint32_t)d >> 22) ^ ((uint32_t)d >> 31)) & 1;
	uint16_t code[3] = {
		(uint16_t)(0x3000 | b),
		(uint16_t)(0xf000 | ((uint32_t)d >> 31) << 10 | ((uint32_t)d >> 12 & 0x3ff)),
		(uint16_t)(0x9000 | i1 << 13 | i2 << 11 | ((uint32_t)d >> 1 & 0x7ff)),
	};
#elif defined(__arm__)
	int32_t d = (int32_t)(target - (at + 4)) - 8;
	uint32_t code[2] = { 0xe2800000 | b, 0xea000000 | ((uint32_t)d >> 2 & 0xffffff) };
#else
	int32_t d = (int32_t)(target - (at + 10));
	unsigned char code[10] = { 0x05, (unsigned char)b, 0, 0, 0, 0xe9 };

	memcpy(code + 6, &d, sizeof(d));
#endif
	memcpy(at, code, LINK_SIZE);
}

static inline int call(unsigned char *at)
{
	return ((function *)(at + MODE_BIT))();
}

static inline unsigned char *map_code(size_t pages)
{
	unsigned char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		puts("mmap refused");
		exit(1);
	}
	return p;
}

#endif
