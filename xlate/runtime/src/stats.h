/*
 * Counters for --stats. Each process counts privately and adds to the shared totals when it ends or executes another
 * program; the first process prints the totals when it ends.
 */
#ifndef XLATE_STATS_H
#define XLATE_STATS_H

#include "types.h"

/* Only u64 members: they are added up as an array. Add a name in stats.c too. */
struct stats {
	u64 runtime_blocks;	  /* blocks translated at run time */
	u64 runtime_instructions; /* guest instructions in them */
	u64 translate_ns;	  /* only measured when stats_on */
	u64 code_bytes;		  /* host code written */
	u64 links;		  /* exits linked to their target */
	u64 misses;		  /* look-ups that ended in the dispatcher */
	u64 invalidations;	  /* blocks forgotten because their bytes changed */
	u64 package_functions;	  /* optimised functions in the packages that were mapped */
	u64 map_blocks;		  /* guest addresses that have such code */
	u64 syscalls;
	u64 signals;
	u64 processes;
	u64 enters;		  /* baseline to optimised code */
	u64 nests;		  /* optimised code called code that has no optimised form */
	u64 outward;		  /* optimised functions left by another way than their return */
	u64 drops;		  /* all nesting given up */
	u64 kept_blocks;	  /* of map_blocks: blocks of earlier runs (stock.h) */
	u64 saved_blocks;	  /* blocks of this run that were handed over for later ones */
	u64 save_ns;		  /* how long that held the program up; only measured when stats_on */
};

extern struct stats stats_own;	/* this process, since start or fork */
extern bool stats_on;

/* Names of files in the list of packages are cut at this length. */
#define STATS_NAME_SIZE 208

/* Count a module of the guest: its file, its package's name or "", and what became of it. */
void stats_package(const char *file, const char *package, u32 functions, const char *state);

/* How --root was entered. */
void stats_root(const char *how);
/* Open the place to write to and the shared totals, or take over those of the parent. */
void stats_init(void);
/* Add this process's counters to the totals; in a fork's child forget the parent's first. */
void stats_flush(void);
void stats_after_fork(void);
/* At the end: flush, and print when this is the first process. */
void stats_finish(void);
/* Monotonic time, 0 when statistics are off. */
u64 stats_clock(void);

#endif
