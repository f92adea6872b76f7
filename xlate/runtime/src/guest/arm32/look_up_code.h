/*
 * What translated code does with a key in edx that it has no prediction for. Included by emit.c alone.
 * Flat: entry = signed 32-bit distance from window + 8 * target. Hash: 16-byte entries {key, pad, host}.
 */
static const u8 lookup_flat[] = {
	0x89, 0xd0,				 /* mov eax, edx */
	0xd1, 0xc8,				 /* ror eax, 1 */
	0x49, 0x8b, 0x4c, 0x24, STATE_TABLE,	 /* mov rcx, [r12 + table] */
	0x48, 0x63, 0x04, 0x81,			 /* movsxd rax, [rcx + rax*4] */
	0x85, 0xc0,				 /* test eax, eax */
	0x74, 0x0b,				 /* jz miss */
	0x48, 0x8d, 0x04, 0xd0,			 /* lea rax, [rax + rdx*8] */
	0x49, 0x03, 0x44, 0x24, STATE_ARENA,	 /* add rax, [r12 + arena] */
	0xff, 0xe0,				 /* jmp rax */
	0x41, 0xff, 0x64, 0x24, STATE_MISS,	 /* miss: jmp [r12 + miss] */
};

static const u8 lookup_hash[] = {
	0x89, 0xd0,				 /* mov eax, edx */
	0x69, 0xc0, 0xb9, 0x79, 0x37, 0x9e,	 /* imul eax, eax, 0x9e3779b9 */
	0xc1, 0xe8, 32 - HASH_BITS,		 /* shr eax */
	0x48, 0xc1, 0xe0, 0x04,			 /* shl rax, 4 */
	0x49, 0x03, 0x44, 0x24, STATE_TABLE,	 /* add rax, [r12 + table] */
	0x39, 0x10,				 /* cmp [rax], edx */
	0x75, 0x03,				 /* jne miss */
	0xff, 0x60, 0x08,			 /* jmp [rax + 8] */
	0x41, 0xff, 0x64, 0x24, STATE_MISS,	 /* miss: jmp [r12 + miss] */
};

/* A prediction's landing at rax: is its key the target? */
static const u8 predict_compare[] = {
	0x39, 0x10, 0x75, 0x03, 0xff, 0x60, 0x08}; /* cmp [rax], edx; jne +3; jmp [rax+8] */
