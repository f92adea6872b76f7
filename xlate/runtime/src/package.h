/*
 * Packages: optimised code of one ELF file, found in the store or given by -p, checked, and mapped beside the guest's
 * text. docs/package.md describes the file; what running its code means is the emulation manager's.
 */
#ifndef XLATE_PACKAGE_H
#define XLATE_PACKAGE_H

#include "types.h"

struct thread;

/* The package of a module as it is mapped. Addresses of the guest are run addresses. */
struct package {
	u64 low, high;		/* pages of the module, guest */
	u32 bias;		/* run address = link address + bias */
	u64 image, image_size;	/* host; the image's first page holds the bias */
	u64 faults, faults_size;/* host; rows of struct package_fault, then their streams */
	u32 fault_count;
	u32 functions, entries;
	bool a32, t32;		/* which slices of the table it brought */
};

/*
 * A private file mapping with PROT_EXEC stands at a guest address. When the file is an ARM ELF file: remember the
 * module, look for its package, map it. NULL: no package (the reason is counted). Never fails the mapping itself.
 */
const struct package *package_mapped(struct thread *t, int fd, u64 address, u64 length, u64 offset);

/* What became of the module that was mapped first, the program: "hit", "none", "stale: ..."; NULL before that. */
const char *package_program_state(void);

/* Does a package cover text in guest pages [start, end)? Then package_forget() needs the world stopped. */
bool package_covers(u64 start, u64 end);
/*
 * Guest pages [start, end) went away, changed or became writable: packages of modules with text there are detached and
 * their images unmapped. True when one was: no host frame may return into it.
 */
bool package_forget(struct thread *t, u64 start, u64 end, const char *why);
/* The same for all modules, for good: nothing is attached any more. */
bool package_leave(struct thread *t, const char *why);

/* Is this host address in an image? async-signal-safe */
bool package_owns(u64 host_pc);

/* An access of an image: guest address | T, and how far the guest's sp is from the state's. */
struct package_place {
	u32 key; /* 0: not known */
	s32 sp;
	bool exact; /* the host pc is that of an access; else the last one before it is told */
};

/* async-signal-safe */
struct package_place package_place(u64 host_pc);

#endif
