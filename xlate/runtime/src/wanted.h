/*
 * Wishes: guest files that ran without a package of use, told to whoever converts in the background.
 */
#ifndef XLATE_WANTED_H
#define XLATE_WANTED_H

#include "store.h"

/* The file open as fd was looked for and not found, or not of use: `state` says why, as package_find() does. */
void wanted_note(int fd, const u8 quick[QUICK_SIZE], const char *state);

#endif
