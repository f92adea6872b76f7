/*
 * Code written at run time: flushed with __clear_cache in a writable page, patched again and again, published
 * by mprotect alone, replaced by munmap and mmap at one address, written through a second mapping.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef int function(void);

/* "return value" for value < 256, in the instruction set this file is compiled to; returns its length. */
static size_t emit(unsigned char *at, unsigned value)
{
#if defined(__thumb__)
	uint16_t code[2] = { (uint16_t)(0x2000 | value), 0x4770 };
#elif defined(__arm__)
	uint32_t code[2] = { 0xe3a00000 | value, 0xe12fff1e };
#else
	unsigned char code[6] = { 0xb8, (unsigned char)value, 0, 0, 0, 0xc3 };
#endif
	memcpy(at, code, sizeof(code));
	return sizeof(code);
}

static function *entry(unsigned char *at)
{
#if defined(__thumb__)
	at += 1;
#endif
	return (function *)at;
}

static void flush(unsigned char *at, size_t length)
{
	__builtin___clear_cache((char *)at, (char *)at + length);
}

static unsigned char *map(void *at, int prot, int flags, int fd)
{
	unsigned char *p = mmap(at, 4096, prot, flags, fd, 0);

	if (p == MAP_FAILED) {
		puts("mmap refused");
		exit(1);
	}
	return p;
}

static void flushed(void)
{
	unsigned char *page = map(NULL, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	unsigned sum = 0;

	for (unsigned i = 0; i < 2000; i++) {
		flush(page + 64, emit(page + 64, i & 255));
		sum += (unsigned)entry(page + 64)() * (i & 7);
	}
	printf("flushed: %u\n", sum);
}

/* The page is data while written and code while run: mprotect is the only call in between. */
static void by_mprotect(void)
{
	unsigned char *page = map(NULL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	unsigned sum = 0;

	for (unsigned i = 0; i < 200; i++) {
		mprotect(page, 4096, PROT_READ | PROT_WRITE);
		emit(page + 128, i);
		mprotect(page, 4096, PROT_READ | PROT_EXEC);
		sum += (unsigned)entry(page + 128)() ^ i;
		sum = sum * 3 + (unsigned)entry(page + 128)();
	}
	printf("by mprotect: %u\n", sum);
}

static void remapped(void)
{
	unsigned char *at = NULL;
	unsigned sum = 0;

	for (unsigned i = 0; i < 50; i++) {
		int flags = MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0);

		at = map(at, PROT_READ | PROT_WRITE, flags, -1);
		emit(at + 32, 255 - i);
		mprotect(at, 4096, PROT_READ | PROT_EXEC);
		sum = sum * 5 + (unsigned)entry(at + 32)();
		munmap(at, 4096);
	}
	printf("remapped: %u\n", sum);
}

static void second_mapping(void)
{
	int fd = memfd_create("code", 0);
	unsigned char *write_here, *run_here;
	unsigned sum = 0;

	if (fd < 0 || ftruncate(fd, 4096))
		exit(1);
	write_here = map(NULL, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	run_here = map(NULL, PROT_READ | PROT_EXEC, MAP_SHARED, fd);
	for (unsigned i = 0; i < 100; i++) {
		flush(run_here + 16, emit(write_here + 16, i));
		sum = sum * 7 + (unsigned)entry(run_here + 16)();
	}
	printf("second mapping: %u\n", sum);
}

/* Data beside code in one page: writes to it must neither fault nor lose the code. */
static void data_beside_code(void)
{
	unsigned char *page = map(NULL, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	volatile uint32_t *counter = (volatile uint32_t *)(page + 2048);

	flush(page, emit(page, 3));
	for (unsigned i = 0; i < 500; i++)
		*counter += (unsigned)entry(page)();
	printf("data beside code: %u\n", *counter);
}

int main(void)
{
	flushed();
	by_mprotect();
	remapped();
	second_mapping();
	data_beside_code();
	return 0;
}
