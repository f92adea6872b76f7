/* Run options of xlate-run: options end at PROG; everything after it belongs to the guest, byte for byte. */
#ifndef XLATE_OPTIONS_H
#define XLATE_OPTIONS_H

#include "types.h"

enum tier { TIER_AUTO, TIER_BASELINE, TIER_OPTIMISED };
enum stats_mode { STATS_OFF, STATS_TEXT, STATS_JSON };

struct options {
	enum stats_mode stats;
	const char *stats_file;		/* NULL: standard error */
	enum tier tier;
	bool guest_base_forced;
	u64 guest_base;
	const char *sysroot;		/* -L, NULL: none */
	const char *package;		/* -p, absolute: a package, or a folder of them; NULL: none */
	const char *store;		/* absolute; from the host's environment; NULL: none */
	bool strace;
	const char *argv0;		/* -0, NULL: PROG */
	const char *prog;
	char **args;			/* what follows PROG in argv */
	u32 arg_count;
	char **env;			/* the guest's environment, -E and -U applied */
	/* Handed over by exec_guest() of the parent, see options.c; -1 or NULL when started by anybody else. */
	int exec_fd;			/* the program, already open and checked */
	int exe_fd;			/* xlate-run itself */
	int stats_fd, totals_fd;
	const char *exec_name;		/* AT_EXECFN */
};

/* Parse argv; prints and exits itself for --help, --version and usage errors (status 2). */
void options_parse(struct options *o, int argc, char **argv, char **envp, const u64 *auxv);

/*
 * Words that make a re-executed xlate-run run with the same options; storage in buf. fds: xlate-run itself, statistics,
 * totals, the program (-1: none). Returns the number of words.
 */
#define OPTIONS_FORWARD_MAX 16
u32 options_forward(const struct options *o, const int fds[4], const char *exec_name, const char **words, char *buf,
		    size_t size);

#endif
