/* From a program's path to a guest ready to run: ELF segments, interpreter, stack and auxiliary vector. */
#ifndef XLATE_LOAD_H
#define XLATE_LOAD_H

#include "types.h"

struct thread;

#define ELF_PHDRS_MAX 256 /* ARM programs have about ten; more than this is damage */
#define ELF_INTERP_MAX 4096

/* Why a file is not startable: phrases for refuse(). what is NULL when nothing is wrong. */
struct elf_error {
	const char *what, *why, *hint;
	char text[160]; /* room that what or why may point into */
};

struct elf_phdr {
	u32 type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

/* The checked headers of an ARM ELF file (load_elf.c maps it, elf_check.c judges it). */
struct elf_file {
	int fd;
	bool pie;	/* ET_DYN */
	bool exec_stack;/* PT_GNU_STACK absent or executable */
	u32 entry;
	u32 phoff, phnum;
	u32 low, high;	/* link addresses: first byte, and after the last byte, of all segments */
	u32 align;	/* largest p_align */
	struct elf_phdr phdrs[ELF_PHDRS_MAX];
	char interp[ELF_INTERP_MAX]; /* PT_INTERP, empty: none */
};

/* Read and judge the headers. False: e says why. */
bool elf_read(struct elf_file *f, int fd, struct elf_error *e);

/* One ELF file as mapped. */
struct image {
	u32 entry;	/* run address, Thumb bit included */
	u32 bias;	/* run address = link address + bias */
	u32 end;	/* run address after the last byte */
	u32 phdr;	/* run address of the program headers, 0 when no segment holds them */
	u32 phnum;
};

/* Map the segments. 0 or -errno. */
long elf_map(struct thread *t, const struct elf_file *f, bool is_interpreter, struct image *im);

/* Load process.opt.prog, its interpreter if any, and the stack; t->cpu starts at its entry. Refuses with a message. */
void load_guest(struct thread *t);

/* The stack's area, as large as RLIMIT_STACK says or as memory allows. 0 or -errno. */
long stack_map(struct thread *t);

/* Stack with argv, envp and auxv; sets sp and process.{stack,arg,env,auxv}*. interpreter may be NULL. 0 or -errno. */
struct guest_args {
	const char *const *prefix; /* words before args: argv[0], or a script's interpreter and so on */
	u32 prefix_count;
	char *const *args;
	u32 arg_count;
	char *const *env;
	const char *exec_name;
};
long stack_build(struct thread *t, const struct guest_args *a, const struct image *program,
		 const struct image *interpreter);

#endif
