/* From bytes to a row: A64. Included by decode.c alone, behind the generated tables. */

const struct row *decode_find(bool thumb, u32 w, u8 size)
{
	(void)thumb, (void)size;
	return find_a64(w);
}

/* Reads the instruction at pc, of which `have` bytes can be fetched. Its size, or 0 when that is not enough. */
static u8 fetch(gword pc, bool thumb, u64 have, u32 *word)
{
	(void)thumb;
	if (have < 4 || pc & 3)
		return 0;
	*word = *(const u32 *)g2h(GADDR(pc));
	return 4;
}
