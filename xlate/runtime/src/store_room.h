/* Room in the store for what runs leave there: its cap, held by whoever writes. */
#ifndef XLATE_STORE_ROOM_H
#define XLATE_STORE_ROOM_H

#include "types.h"

/*
 * May a new file of that size be made in the store? Above the cap what runs left longest ago goes for it; never a
 * package, so where packages fill the store the answer is no. Looks at all files now and then only, the more often the
 * larger the new ones are.
 */
bool store_room(int root, u64 size);

#endif
