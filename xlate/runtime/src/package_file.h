/* One package file, opened and judged: structure, versions, whom it belongs to. package.c maps it. */
#ifndef XLATE_PACKAGE_FILE_H
#define XLATE_PACKAGE_FILE_H

#include "gen/package.h"
#include "store.h"

/* Room for a package's name in a folder. */
#define PACKAGE_NAME_SIZE (QUICK_TEXT + 8)

/* What is known of the guest file that a package is looked for. */
struct guest_file {
	int fd;
	struct stat st;
	u8 quick[QUICK_SIZE];
	u64 low, high;	/* pages of its link addresses */
	u64 run_low;	/* where low is mapped */
};

struct package_file {
	int fd;
	struct package_header h;
};

/*
 * Look for the guest's package: in -p, in the user's store, in the system's. True: p is open (the caller closes it) and
 * sound; *state begins with "hit". False: *state says why the likeliest one is refused, or "none". name: of the file that state is about.
 */
bool package_find(const struct guest_file *g, struct package_file *p, const char **state, char name[PACKAGE_NAME_SIZE]);

/* Why a file's code cannot be mapped, from what mmap said: a file system without execution, a rule of the host's. */
const char *package_unmappable(int fd, long err);

#endif
