/* BLAKE2b-256 (RFC 7693) without a key: what packages and the store name contents by. */
#ifndef XLATE_BLAKE2_H
#define XLATE_BLAKE2_H

#include "types.h"

#define BLAKE2_SIZE 32

struct blake2 {
	u64 h[8];
	u64 count;  /* bytes so far, those in block included */
	u64 used;   /* bytes in block */
	u8 block[128];
};

void blake2_begin(struct blake2 *s);
void blake2_add(struct blake2 *s, const void *data, u64 len);
void blake2_end(struct blake2 *s, u8 out[BLAKE2_SIZE]);
/* Of something that is in memory as a whole. */
void blake2_of(const void *data, u64 len, u8 out[BLAKE2_SIZE]);

#endif
