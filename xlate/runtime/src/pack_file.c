/*
 * Packs: xlate/package/pack.py makes them, and checks all their hashes. At a start the index is only searched: a row can
 * lead to nothing but a package, and package_file.c judges that as it judges any other.
 */
#include "pack_file.h"

#include "host.h"
#include "string.h"

#define ROWS_MAX (1u << 20)

static const u8 MAGIC[] = PACK_MAGIC;

bool pack_is_one(const void *start)
{
	return !memcmp(start, MAGIC, sizeof(MAGIC));
}

static bool read_at(const struct file_part *pack, u64 at, void *to, u64 size)
{
	return host_syscall4(__NR_pread64, (u64)pack->fd, (u64)to, size, pack->at + at) == (long)size;
}

static bool is_whole(const struct pack_header *h)
{
	u8 hash[BLAKE2_SIZE];

	blake2_of(h, offsetof(struct pack_header, header_hash), hash);
	return !memcmp(hash, h->header_hash, BLAKE2_SIZE);
}

const char *pack_begin(const struct file_part *pack, struct pack_header *h)
{
	if (pack->size < sizeof(*h) || !read_at(pack, 0, h, sizeof(*h)) || !pack_is_one(h))
		return "refused: not a pack";
	if (h->format != PACK_FORMAT)
		return "stale: another format of packs";
	if (!is_whole(h))
		return "refused: damaged header of the pack";
	if (h->file_size != pack->size || h->count > ROWS_MAX || h->rows_at > pack->size ||
	    h->count * sizeof(struct pack_row) > pack->size - h->rows_at)
		return "refused: truncated or damaged pack";
	return NULL;
}

bool pack_row_at(const struct file_part *pack, const struct pack_header *h, u32 number, struct pack_row *row)
{
	if (number >= h->count || !read_at(pack, h->rows_at + number * sizeof(*row), row, sizeof(*row)))
		return false;
	return row->offset % PAGE_SIZE == 0 && row->offset <= h->rows_at && row->size <= h->rows_at - row->offset;
}

u32 pack_first(const struct file_part *pack, const struct pack_header *h, const u8 quick[QUICK_SIZE])
{
	u32 low = 0, high = h->count;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		struct pack_row row;

		if (!pack_row_at(pack, h, mid, &row))
			return h->count;
		if (memcmp(row.quick, quick, QUICK_SIZE) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
