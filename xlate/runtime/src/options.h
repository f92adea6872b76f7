/* Run options of xlate-run: options end at PROG; everything after it belongs to the guest, byte for byte. */
#ifndef XLATE_OPTIONS_H
#define XLATE_OPTIONS_H

#include "limits.h"
#include "types.h"

enum tier { TIER_AUTO, TIER_BASELINE, TIER_OPTIMISED };
/* Ways to enter --root; ROOT_AUTO is the first that the machine allows. */
enum root_by { ROOT_AUTO, ROOT_BY_NAMESPACE, ROOT_BY_PATHS, ROOT_BY_CHROOT, ROOT_WAYS };
enum stats_mode { STATS_OFF, STATS_TEXT, STATS_JSON };

/* Descriptors that a re-executed xlate-run is given. */
enum inherited {
	INHERIT_EXE,	/* xlate-run itself */
	INHERIT_STATS,	/* where statistics go */
	INHERIT_TOTALS,	/* counters of the process tree */
	INHERIT_PROGRAM,/* the program, already open and checked */
	INHERIT_TRACE,	/* --strace's file */
	INHERIT_LINES,	/* who is in the middle of a line there */
	INHERIT_STORE,	/* the store, and the folder of -p, for those inside --root */
	INHERIT_PACKAGE,
	INHERIT_IDS,	/* numbers of processes, with --deterministic */
	INHERIT_ROOT,	/* the root, where paths are translated */
	INHERIT_SYSTEM,	/* the system's store */
	INHERITED_COUNT,
};

struct options {
	enum stats_mode stats;
	const char *stats_file;		/* NULL: standard error */
	enum tier tier;
	const char *fp;			/* --fp fast: packages that were made so are wanted; NULL: the exact ones */
	bool guest_base_forced;
	u64 guest_base;
	const char *sysroot;		/* -L, NULL: none */
	const char *package;		/* -p, absolute: a package, or a folder of them; NULL: none */
	bool keep;			/* what the baseline tier makes, for later runs */
	const char *store;		/* absolute; from the host's environment; NULL: none */
	const char *store_cap;		/* XLATE_CACHE_MAX; NULL: the default */
	const char *system_store;	/* the system's, which is only read; NULL: none */
	bool privileged;		/* with the rights of another than the caller (AT_SECURE) */
	bool strace;
	const char *strace_only;	/* which calls: names, patterns, %classes, with ! before them none of those; NULL: all */
	const char *strace_file;	/* NULL: standard error */
	bool strace_refused;		/* calls that are refused are shown in any case */
	const char *root;		/* --root, absolute; NULL: the host's */
	enum root_by root_by;		/* how it shall be entered */
	u64 root_bound;			/* folders of the host's in the root that was inherited (rooted.h) */
	const char *package_held;	/* -p, when its folder is OWN_FD_PACKAGE: "." or a name in it */
	const char *host_exec;		/* host programs that may be executed: "allow" or patterns; NULL: none */
	u64 stack_size;			/* 0: the host's limit says */
	const char *uname_release;	/* NULL: the host's */
	bool singlestep;		/* blocks of one instruction */
	bool deterministic;		/* threads take turns, in an order that the next number decides */
	u64 seed_of_turns, last_seed;	/* the second of a range, else 0 */
	u64 order_seed;			/* the first of them, or what a parent drew for this program */
	u64 virtual_start;		/* virtual time when this program began */
	u64 chaos;			/* start of the random numbers that disturb threads; 0: off */
	bool seeded;			/* AT_RANDOM comes from seed */
	u64 seed;
	struct kept_limit limits[KEPT_LIMITS]; /* of memory, that a parent set */
	bool as_qemu;			/* started under the name of qemu-arm */
	const char *argv0;		/* -0, NULL: PROG */
	const char *prog;
	char **args;			/* what follows PROG in argv */
	u32 arg_count;
	char **env;			/* the guest's environment, -E and -U applied */
	/* Handed over by exec_guest() of the parent, see options.c; -1 or NULL when started by anybody else. */
	int inherited[INHERITED_COUNT];
	const char *exec_name;		/* AT_EXECFN */
};

/* Parse argv; prints and exits itself for --help, --version and usage errors (status 2). */
void options_parse(struct options *o, int argc, char **argv, char **envp, const u64 *auxv);

/*
 * Words that make a re-executed xlate-run run with the same options; storage in buf. Returns the number of words.
 */
#define OPTIONS_FORWARD_MAX 46
u32 options_forward(const struct options *o, const int fds[INHERITED_COUNT], const char *exec_name, const char **words,
		    char *buf, size_t size);

extern const char OPTIONS_HELP[]; /* option_help.c */

#endif
