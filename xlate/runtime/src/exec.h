/*
 * execve for the guest: the target is checked first, so that its errors return to the guest, then xlate-run executes
 * itself with the same run options. Scripts are followed to their interpreter here.
 */
#ifndef XLATE_EXEC_H
#define XLATE_EXEC_H

#include "rooted.h"
#include "types.h"

struct thread;

/*
 * execveat(dirfd, path, argv, envp, flags). path is a host path already mapped by path_in(), guest_name what the
 * guest called it (AT_EXECFN, script argument). argv and envp are guest arrays of guest pointers (0: empty). Returns
 * -errno only.
 */
long exec_guest(struct thread *t, int dirfd, const char *path, const char *guest_name, gaddr argv, gaddr envp,
		int flags);

/* A program found and opened: an ARM ELF, after following #! lines. */
#define SCRIPT_DEPTH_MAX 5
#define SCRIPT_LINE_MAX 256

struct program {
	int fd;
	s32 carried;		/* which of the files that we carry it is; -1: none */
	bool closes;		/* its name is relative to a descriptor that the execution closes */
	const char *path;	/* host path of the ELF file */
	const char *name;	/* and what the guest calls it */
	u32 prefix_count; /* a script's words before argv[1...]: interpreter, its argument, script; 0: no script */
	const char *prefix[2 * SCRIPT_DEPTH_MAX + 2];
	u32 lines;		/* how many of text[] are used */
	char text[SCRIPT_DEPTH_MAX][2 * SCRIPT_LINE_MAX];
	char mapped[4096];	/* interpreter's path under the sysroot */
	struct host_path rooted;/* or in a root whose paths are translated */
};

/* Is this open file a program of the host's kind? */
bool host_program(int fd);
/* Execute it as it is, if --host-exec allows it; else one line, and EACCES. Returns -errno only. */
long exec_host(struct thread *t, const struct program *p, gaddr argv, gaddr envp);

/*
 * The host's execveat, once everything is judged: other threads wait meanwhile. An empty path means dirfd itself; kept
 * are INHERITED_COUNT descriptors that stay open, or NULL. -errno.
 */
long exec_now(struct thread *t, int dirfd, const char *path, const char **words, const char **env, const int *kept);

/*
 * Memory for the words of an execution, with a size in bytes; an address, or -errno. Where memory is shared it stays
 * behind when the execution succeeds: then the parent calls exec_room_end(), as whoever failed does.
 */
long exec_room(struct thread *t, u64 size);
void exec_room_end(struct thread *t);

/* Length of a guest array of pointers; -EFAULT, -E2BIG. Address 0 is an empty array, as Linux has it. */
long exec_count_words(gaddr array);
/* Entries from..count of one as host pointers, and a NULL. */
long exec_add_words(const char **to, gaddr array, long from, long count);

/* A flag beside AT_EMPTY_PATH and AT_SYMLINK_NOFOLLOW: every file on the way must be executable for this process. */
#define PROGRAM_CHECK_X 0x40000000

/*
 * Open path (relative to dirfd) for execution, following scripts. name is what a script's interpreter gets for it.
 * After an error p->lines and p->path say how far it came. 0 or -errno (ENOEXEC: no ELF and no script). The ELF header
 * itself is not judged here.
 */
long program_open(struct program *p, int dirfd, const char *path, const char *name, int flags);
/* Before it, for a path of the guest's: p->path is its host path, or -errno. p->rooted.pin is -1, at the latest now. */
long program_find(struct program *p, const char *name);
/* What to call it in a message. */
static inline const char *program_shown(const struct program *p)
{
	return rooted_on() ? p->name : p->path;
}

#endif
