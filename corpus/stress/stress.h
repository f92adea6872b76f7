/*
 * What the programs in this folder share: they run for as many seconds as their argument says, check themselves, look
 * at their memory and descriptors in the end, and print `ok NAME`.
 */
#ifndef STRESS_H
#define STRESS_H

#include "../syscalls/check.h"

#include <dirent.h>
#include <pthread.h>

static inline double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Until when to go on. */
static inline double deadline(int argc, char **argv)
{
	return now() + (argc > 1 ? atof(argv[1]) : 1);
}

static inline long resident_pages(void)
{
	long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	CHECK(f && fscanf(f, "%ld %ld", &size, &resident) == 2);
	fclose(f);
	return resident;
}

static inline int open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	CHECK(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Memory and descriptors as they were, give or take what a library keeps for later. */
struct level {
	long pages;
	int descriptors;
};

static inline struct level level_now(void)
{
	return (struct level){resident_pages(), open_descriptors()};
}

static inline void check_level(struct level before)
{
	CHECK(resident_pages() < before.pages + 2000);
	CHECK(open_descriptors() == before.descriptors);
}

#endif
