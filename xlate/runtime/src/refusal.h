/* The user's store is not used, since others may have written it: that is told, once for each store and hour. */
#ifndef XLATE_REFUSAL_H
#define XLATE_REFUSAL_H

#include <asm/stat.h>

#include "types.h"

/* This folder or file is not trusted, that is all that is kept: the last one counts. */
void refusal_note(int fd, const struct stat *st);
/* The store's packages are not used for what was noted last. Says nothing once the guest runs. */
void refusal_tell(void);

#endif
