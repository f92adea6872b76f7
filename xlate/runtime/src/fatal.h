/* The messages xlate-run ends with: exactly one line on standard error each, and the exit status that goes with it. */
#ifndef XLATE_FATAL_H
#define XLATE_FATAL_H

#include "types.h"

enum {
	EXIT_USAGE = 2,
	EXIT_OWN_FAILURE = 125, /* xlate itself could not go on */
	EXIT_NOT_STARTABLE = 126,
	EXIT_NOT_FOUND = 127,
};

/* `xlate-run: PROG: what (why); try: ...`; why and hint may be NULL. */
_Noreturn void refuse(int status, const char *prog, const char *what, const char *why, const char *hint);

/* Cannot happen: our own bug. Status 125. async-signal-safe */
_Noreturn void fatal(const char *what);
_Noreturn void fatal_at(const char *what, u64 host_pc, u64 addr);

/* "No such file or directory" for 2, and so on; "error N" for what is not in the table. */
const char *error_text(long err);

#endif
