/* From bytes to a row: A32 and T32. Included by decode.c alone, behind the generated tables. */

const struct row *decode_find(bool thumb, u32 w, u8 size)
{
	if (thumb)
		return size == 2 ? find_t16(w) : find_t32(w);
	return w >> 28 == 15 ? find_a32_uncond(w) : find_a32(w);
}

/* Reads the instruction at pc, of which `have` bytes can be fetched. Its size, or 0 when that is not enough. */
static u8 fetch(gword pc, bool thumb, u64 have, u32 *word)
{
	const u16 *half = g2h(GADDR(pc));

	if (!thumb) {
		if (have < 4)
			return 0;
		*word = *(const u32 *)half;
		return 4;
	}
	if (have < 2)
		return 0;
	*word = half[0];
	if (half[0] >> 11 < 0x1d)
		return 2;
	if (have < 4)
		return 0;
	*word = (u32)half[0] << 16 | half[1];
	return 4;
}
