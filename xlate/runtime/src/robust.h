/* What the kernel does for the locks of a thread that ends: see robust.c. */
#ifndef XLATE_ROBUST_H
#define XLATE_ROBUST_H

struct thread;

/* t ends or executes another program: hand its robust locks on. */
void robust_release(struct thread *t);
/* All threads of t's process end. */
void robust_release_all(struct thread *t);

#endif
