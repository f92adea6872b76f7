/* --chaos: make rare interleavings of threads frequent. */
#ifndef XLATE_CHAOS_H
#define XLATE_CHAOS_H

#include "types.h"

/* Start the thread that does it, if the option is given. */
void chaos_start(void);
/* At a poll: perhaps let another thread run. */
void chaos_yield(void);

#endif
