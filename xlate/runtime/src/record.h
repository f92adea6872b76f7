/*
 * --record: states at entries of functions, with the memory that each goes on to touch, for `xlate verify` to run again
 * in every engine. The format is described in xlate/verify/recording.py.
 */
#ifndef XLATE_RECORD_H
#define XLATE_RECORD_H

#include "guest.h"
#include "package_file.h"
#include "types.h"

struct thread;

/* A module as it is mapped: a segment of a file at a run address. */
struct record_module {
	int fd;
	u32 address, length, offset; /* of the mapping that the module is known by */
	u32 bias;
	u64 low, high; /* run addresses of its text */
};

/* Parse SHARE/OF:FIRST:COUNT:FILE; false when it makes no sense. Begins to record, or ends in one line. */
bool record_start(const char *what);
bool record_is_on(void);
/* A module has a package: the entries of functions in it are what is recorded. The package itself is not used. */
void record_add_module(const struct record_module *m, const struct package_file *p);
/* Guest pages [start, end) went away, changed or became writable: what stands there is no code of a package any more. */
void record_forget(u64 start, u64 end);
/* Is the next arrival at a key to be recorded? Then nothing may lead there without asking. */
bool record_wants(gword key);
/*
 * The guest is about to execute at a key. True in a child process that is made to run on from here alone, until it
 * stops; all translations must be forgotten there, then record_begin().
 */
bool record_arrive(struct thread *t, gword key);
void record_begin(struct thread *t);
/* A guest's child writes nothing down: its parent does, to the same file. */
void record_after_fork(void);
/* In that child: a page that was not touched before is open now, for the access to be retried. async-signal-safe */
bool record_touch(gaddr addr);
/* In that child the guest stopped: ends it, unless it was for a signal; else false. */
bool record_ended(struct thread *t, u32 reason);

#endif
