/* A pack: packages of many guest files in one file, or in a part of one, behind an index by quick key. */
#ifndef XLATE_PACK_FILE_H
#define XLATE_PACK_FILE_H

#include "gen/package.h"
#include "store.h"

/* A part of a file that is open. */
struct file_part {
	int fd;
	u64 at, size;
};

/* Does a file that begins like this want to be a pack? */
bool pack_is_one(const void *start);
/* Read and judge its header. NULL, or why it is refused. */
const char *pack_begin(const struct file_part *pack, struct pack_header *h);
/* Which row is the first with a quick key that is not below this one; the rows' count where none is. */
u32 pack_first(const struct file_part *pack, const struct pack_header *h, const u8 quick[QUICK_SIZE]);
/* A row whose package lies inside the pack. False: there is none of that number. */
bool pack_row_at(const struct file_part *pack, const struct pack_header *h, u32 number, struct pack_row *row);

#endif
