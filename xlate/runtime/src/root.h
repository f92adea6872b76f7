/* --root DIR: the guest's whole world is below DIR. */
#ifndef XLATE_ROOT_H
#define XLATE_ROOT_H

/* Make DIR the root of this process, if --root says so; ends with a message where the machine refuses. */
void root_enter(void);

#endif
