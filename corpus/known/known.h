/*
 * What programs about libraries share: a library opened by name, drawn numbers, a hash of what came out. They are built
 * alike for the guest and for this machine, without headers of the libraries, so they need no development packages.
 */
#ifndef XLATE_KNOWN_H
#define XLATE_KNOWN_H

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void *library(const char *name)
{
	void *handle = dlopen(name, RTLD_NOW);

	if (!handle) {
		printf("%s\n", dlerror());
		exit(1);
	}
	return handle;
}

static inline void *function(void *handle, const char *name)
{
	void *found = dlsym(handle, name);

	if (!found) {
		printf("%s\n", dlerror());
		exit(1);
	}
	return found;
}

static inline uint64_t drawn(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

enum { HASH_PRIME = 0x1b3 };

static inline uint64_t hashed(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *p = data;

	while (size--)
		hash = (hash ^ *p++) * (1ull << 40 | HASH_PRIME);
	return hash;
}

#define HASH_START 0xcbf29ce484222325

#endif
