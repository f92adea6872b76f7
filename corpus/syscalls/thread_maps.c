/* Four threads map, protect, grow and unmap at a time; what each put there it finds. */
#include "check.h"

#include <pthread.h>
#include <sys/mman.h>

static void *works(void *arg)
{
	unsigned seed = (unsigned)(long)arg;

	for (int i = 0; i < 1500; i++) {
		size_t len = (1 + (seed = seed * 1103515245 + 12345) / 65536 % 8) * 4096;
		char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;

		CHECK(p != MAP_FAILED && p[len - 1] == 0);
		memset(p, (int)seed, len);
		CHECK(mprotect(p, len, PROT_READ) == 0);
		q = mremap(p, len, len + 16384, MREMAP_MAYMOVE);
		CHECK(q != MAP_FAILED && q[0] == (char)seed && q[len - 1] == (char)seed);
		CHECK(mprotect(q, len + 16384, PROT_READ | PROT_WRITE) == 0);
		q[len + 16383] = 1;
		CHECK(munmap(q, len + 16384) == 0);
	}
	return NULL;
}

int main(void)
{
	pthread_t t[4];

	for (long i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, works, (void *)(i + 1)) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	puts("ok thread_maps");
	return 0;
}
