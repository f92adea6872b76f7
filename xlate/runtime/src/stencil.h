/*
 * The tables that the generator prints (gen/stencils_arm32.inc) and the micro-operations that the
 * generated decoder (gen/decode_arm32.inc) fills in. Field meanings are those of backends/stencil.
 */
#ifndef XLATE_STENCIL_H
#define XLATE_STENCIL_H

#include "guest.h"
#include "types.h"

enum { FLAG_N = 1, FLAG_Z = 2, FLAG_C = 4, FLAG_V = 8, FLAGS_ALL = 15 };
enum { COND_AL = 14 };

#define UOP_OPERANDS 4
#define UOP_IMMEDIATES 6
#define UOP_OFFSETS 4

enum uop_exit { EXIT_NONE, EXIT_JUMP, EXIT_INDIRECT, EXIT_BRANCH, EXIT_STOP };
enum jump_detail { JUMP_PLAIN, JUMP_CALL, JUMP_RETURN };
enum stop_detail { DETAIL_SVC = 1, DETAIL_UNDEFINED, DETAIL_BKPT, DETAIL_REFETCH };

/* One step of one guest instruction: a family of templates and what fills its holes. */
struct uop {
	u16 family;
	u8 exit;   /* enum uop_exit */
	u8 detail; /* jump_detail or stop_detail */
	u8 live;   /* flags that somebody reads afterwards */
	bool writes_pc; /* an operand that is written is the pc: an exit of its own kind */
	bool address;   /* the first immediate is an address of the guest's code */
	u8 reg[UOP_OPERANDS];
	gword target; /* of a jump or branch (bit 0: Thumb), or the pc to stop with */
	u32 off[UOP_OFFSETS];
	u64 imm[UOP_IMMEDIATES];
};

struct family {
	u16 plain; /* index into variants: [mask][partition] */
	u16 fused; /* [FUSED_MASKS][14 conditions][partition], or NO_VARIANT */
	u16 modal; /* its only template where FPSCR.FZ or DN may be set, or NO_VARIANT */
	u8 operands;
	u8 reads;  /* bit n: operand n is read */
	u8 writes; /* bit n: operand n is written */
	u8 flags_read;
	u8 flags_written;
	u8 partitions;
	u8 masks[5]; /* sets of live flags with code of their own, ascending; the last is repeated */
	u8 memory;   /* 1: it reads or writes guest memory */
};

#define NO_VARIANT 0xffff
#define FUSED_CONDITIONS 14

struct tmpl {
	u32 code;  /* into template_code */
	u32 holes; /* into template_holes: registers, then immediates, then jumps */
	u16 length;
	u8 regs, imms, jumps;
	u8 clobbers; /* bit n: scratch register n is not free; bit 6: jumps to its own end; bit 7: boxed */
};

#define TMPL_INNER 0x40
#define TMPL_BOXED 0x80

#endif
