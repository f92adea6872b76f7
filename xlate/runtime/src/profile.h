/*
 * The profile of a file: guest addresses that had to be translated at run time although the file has a package, kept
 * in the store for the next conversion.
 */
#ifndef XLATE_PROFILE_H
#define XLATE_PROFILE_H

#include "guest.h"
#include "types.h"

/* A unit was made at this key (guest address | T). Nothing happens for code outside modules that have a package. */
void profile_record(gword key); /* package.c, which knows the modules */

struct profile_file;

/* Map the profile of the file with this quick key, made when it is not there; NULL where there can be none. */
struct profile_file *profile_open(const u8 quick[16]);
void profile_close(struct profile_file *p);
/* Insert a link key; lost when the profile is full. */
void profile_add(struct profile_file *p, u32 link_key);

#endif
