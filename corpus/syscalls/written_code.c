/*
 * Code the program writes itself: run, rewritten and run again, through protections that change, copied with mremap and
 * fork, in shared memory, read from a file over the old.
 * qemu-arm 7.2 does not pass: a change by another process is not seen after a cache flush.
 */
#include "check.h"

#include <sys/mman.h>

#define PAGE 4096

/* A function that returns a byte. */
static size_t emit(unsigned char *p, int value)
{
#ifdef __arm__
	uint32_t code[2] = {0xe3a00000u | (uint32_t)(value & 0xff), 0xe12fff1eu}; /* mov r0, #value; bx lr */

	memcpy(p, code, sizeof(code));
	__builtin___clear_cache((char *)p, (char *)p + sizeof(code));
	return sizeof(code);
#else
	unsigned char code[6] = {0xb8, (unsigned char)value, 0, 0, 0, 0xc3};

	memcpy(p, code, sizeof(code));
	return sizeof(code);
#endif
}

static int call(void *p)
{
	return ((int (*)(void))p)();
}

static unsigned char *code;

static void child_rewrites(void)
{
	CHECK(call(code) == 200);
	emit(code, 7);
	CHECK(call(code) == 7);
}

int main(void)
{
	unsigned char image[16];
	size_t size;
	void *other;
	int fd;

	enter_scratch_folder();
	code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED) {
		leave_out("memory to write and execute");
		puts("ok written_code");
		return 0;
	}
	for (int i = 0; i < 200; i++) {
		size = emit(code, i);
		CHECK(call(code) == i);
	}
	emit(code + size, 1);
	CHECK(call(code) == 199 && call(code + size) == 1);
	CHECK(mprotect(code, PAGE, PROT_READ | PROT_WRITE) == 0);
	emit(code, 200);
	CHECK(mprotect(code, PAGE, PROT_READ | PROT_EXEC) == 0 && call(code) == 200);
	CHECK(mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
	CHECK(in_child(child_rewrites) == 0 && call(code) == 200);
	other = mremap(code, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
	CHECK(other != MAP_FAILED && call(other) == 200);
	emit(other, 201);
	CHECK(call(other) == 201);
	code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	emit(code, 50);
	CHECK(call(code) == 50);
	fflush(stdout);
	if (fork() == 0) {
		emit(code, 51);
		_exit(call(code));
	}
	CHECK(wait(NULL) > 0);
#ifdef __arm__
	__builtin___clear_cache((char *)code, (char *)code + 8);
#endif
	CHECK(call(code) == 51);
	/* The kernel writes it: read(2) over code that ran. */
	size = emit(image, 99);
	fd = open("image", O_RDWR | O_CREAT, 0600);
	CHECK(write(fd, image, size) == (ssize_t)size && pread(fd, code, size, 0) == (ssize_t)size);
#ifdef __arm__
	__builtin___clear_cache((char *)code, (char *)code + 8);
#endif
	CHECK(call(code) == 99);
	/* Mapped from a file, over the old place. */
	CHECK(mmap(code, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == code && call(code) == 99);
	CHECK(munmap(code, PAGE) == 0);
	puts("ok written_code");
	return 0;
}
