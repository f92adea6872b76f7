/*
 * What translated code does with a key in rdx that it has no prediction for. Included by emit.c alone.
 * Hash: 16-byte entries {key, host}, found by the low half of the key.
 */
static const u8 lookup_hash[] = {
	0x89, 0xd0,				 /* mov eax, edx */
	0x69, 0xc0, 0xb9, 0x79, 0x37, 0x9e,	 /* imul eax, eax, 0x9e3779b9 */
	0xc1, 0xe8, 32 - HASH_BITS,		 /* shr eax */
	0x48, 0xc1, 0xe0, 0x04,			 /* shl rax, 4 */
	0x49, 0x03, 0x44, 0x24, STATE_TABLE,	 /* add rax, [r12 + table] */
	0x48, 0x39, 0x10,			 /* cmp [rax], rdx */
	0x75, 0x03,				 /* jne miss */
	0xff, 0x60, 0x08,			 /* jmp [rax + 8] */
	0x41, 0xff, 0x64, 0x24, STATE_MISS,	 /* miss: jmp [r12 + miss] */
};
#define lookup_flat lookup_hash /* there is no flat table */

/* A prediction's landing at rax: is its key the target? */
static const u8 predict_compare[] = {
	0x48, 0x39, 0x10, 0x75, 0x03, 0xff, 0x60, 0x08}; /* cmp [rax], rdx; jne +3; jmp [rax+8] */
