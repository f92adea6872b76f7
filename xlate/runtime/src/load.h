/* From a program's path to a guest ready to run: ELF segments, interpreter, stack and auxiliary vector. */
#ifndef XLATE_LOAD_H
#define XLATE_LOAD_H

#include "types.h"

struct thread;

/* One ELF file as mapped. */
struct image {
	u32 entry;	/* run address, Thumb bit included */
	u32 bias;	/* run address = link address + bias */
	u32 low, high;	/* run addresses of the first byte and after the last byte of all segments */
	u32 phdr;	/* run address of the program headers, 0 when no segment holds them */
	u32 phnum;
	bool exec_stack;/* PT_GNU_STACK absent or executable */
	char interp[4096]; /* PT_INTERP, empty: none */
};

/* Load process.opt.prog, its interpreter if any, and the stack; t->cpu starts at its entry. Refuses with a message. */
void load_guest(struct thread *t);

/* Is fd the start of an ARM ELF this runtime can load? NULL, or why not, in one phrase. Used before execve. */
const char *elf_reject_reason(int fd);

/* Map one image. `prog` is the name for messages. With dry set, only check and fill low, high and entry. */
void elf_load(struct image *im, int fd, const char *prog, bool is_interpreter);

/* Stack with argv, envp and auxv; sets sp and process.{stack,arg,env,auxv}*. */
void stack_build(struct thread *t, const struct image *program, const struct image *interpreter);

#endif
