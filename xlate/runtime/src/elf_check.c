/*
 * Judges an ELF file before anything is mapped: every field that is used later is checked here, so that load_elf.c can
 * trust them. Decides what is refused and in which words; the exit status is load_guest()'s and exec.c's.
 */
#include <asm/stat.h>

#include "host.h"
#include "load.h"
#include "string.h"
#include "tunables.h"

enum { ET_REL = 1, ET_EXEC = 2, ET_DYN = 3, ET_CORE = 4 };
enum { PT_LOAD = 1, PT_INTERP = 3, PT_GNU_STACK = 0x6474e551, PF_X = 1, PF_R = 4 };
enum { EM_ARM = 40, EM_X86_64 = 62, EM_AARCH64 = 183, CLASS64 = 2, DATA_BIG = 2 };
#define EABI_VERSION(flags) ((flags) >> 24)

struct elf_header {
	u8 ident[16];
	u16 type, machine;
	u32 version, entry, phoff, shoff, flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

_Static_assert(sizeof(struct elf_header) == 52, "Elf32_Ehdr");
_Static_assert(sizeof(struct elf_phdr) == 32, "Elf32_Phdr");

static const struct {
	u16 machine;
	const char *name;
} MACHINES[] = {
	{2, "SPARC"}, {3, "i386"}, {4, "m68k"}, {8, "MIPS"}, {20, "PowerPC"}, {21, "64-bit PowerPC"}, {22, "s390"},
	{42, "SuperH"}, {43, "64-bit SPARC"}, {50, "IA-64"}, {EM_X86_64, "x86-64"}, {93, "ARC"}, {94, "Xtensa"},
	{EM_AARCH64, "AArch64"}, {195, "ARCv2"}, {243, "RISC-V"}, {247, "BPF"}, {252, "C-SKY"}, {258, "LoongArch"},
};

static bool no(struct elf_error *e, const char *what, const char *why, const char *hint)
{
	e->what = what;
	e->why = why;
	e->hint = hint;
	return false;
}

/* "before N between M after" in the error's own room. */
static const char *phrase(struct elf_error *e, const char *before, u64 n, const char *between, u64 m, const char *after)
{
	struct text b = text_begin(e->text, sizeof(e->text));

	text_str(&b, before);
	text_hex(&b, n);
	text_str(&b, between);
	text_hex(&b, m);
	text_str(&b, after);
	return e->text;
}

static const char *counted(struct elf_error *e, const char *before, u64 n, const char *after)
{
	struct text b = text_begin(e->text, sizeof(e->text));

	text_str(&b, before);
	text_u64(&b, n);
	text_str(&b, after);
	return e->text;
}

static const char COPY_HINT[] = "a fresh copy of the file";

static bool wrong_machine(struct elf_error *e, u16 machine)
{
	const char *hint = machine == EM_X86_64 ? "running it directly" : "an ARM (armhf, armel) build of it";
	struct text b = text_begin(e->text, sizeof(e->text));

	text_str(&b, "it is for ");
	for (size_t i = 0; i < ARRAY_LEN(MACHINES); i++) {
		if (MACHINES[i].machine == machine) {
			text_str(&b, MACHINES[i].name);
			return no(e, "not a 32-bit ARM program", e->text, hint);
		}
	}
	text_str(&b, "ELF machine number ");
	text_u64(&b, machine);
	return no(e, "not a 32-bit ARM program", e->text, hint);
}

static bool check_ident(const struct elf_header *h, long got, struct elf_error *e)
{
	static const u8 MAGIC[4] = {0x7f, 'E', 'L', 'F'};
	bool big = h->ident[5] == DATA_BIG;
	u16 machine = big ? (u16)(h->machine << 8 | h->machine >> 8) : h->machine;

	if (got < 4 || memcmp(h->ident, MAGIC, 4))
		return no(e, "not a program", "neither an ELF file nor a script with #!", "an ARM Linux program");
	if (got < (long)sizeof(*h))
		return no(e, "ELF header is truncated", counted(e, "the file has ", (u64)got, " bytes, the header 52"),
			  COPY_HINT);
	if (machine != EM_ARM)
		return wrong_machine(e, machine);
	if (h->ident[4] == CLASS64)
		return no(e, "damaged ELF header", "a 64-bit file that claims to be 32-bit ARM", COPY_HINT);
	if (big)
		return no(e, "a big-endian ARM program", "only little-endian ARM is translated",
			  "a little-endian (armel, armhf) build of it");
	return true;
}

static bool check_header(const struct elf_header *h, u64 size, struct elf_error *e)
{
	u64 table_end = (u64)h->phoff + (u64)h->phnum * sizeof(struct elf_phdr);

	if (h->type == ET_REL)
		return no(e, "an object file, not a program", "it was never linked", "linking it first");
	if (h->type == ET_CORE)
		return no(e, "a core dump, not a program", "ELF type ET_CORE", "the program that dumped it");
	if (h->type != ET_EXEC && h->type != ET_DYN)
		return no(e, "not a program", counted(e, "ELF type ", h->type, " is neither executable nor shared"),
			  COPY_HINT);
	if (EABI_VERSION(h->flags) < 4)
		return no(e, "uses the old ARM ABI",
			  counted(e, "EABI version ", EABI_VERSION(h->flags), ", not 4 or 5"), "an EABI build of it");
	if (!h->phnum)
		return no(e, "has no program headers", "nothing says what to load", "linking it first");
	if (h->phnum > ELF_PHDRS_MAX)
		return no(e, "absurd number of program headers", counted(e, "", h->phnum, ", at most 256 are believed"),
			  COPY_HINT);
	if (h->phentsize != sizeof(struct elf_phdr))
		return no(e, "damaged ELF header", counted(e, "a program header of ", h->phentsize, " bytes, not 32"),
			  COPY_HINT);
	if (table_end > size)
		return no(e, "program headers are truncated",
			  phrase(e, "they end at ", table_end, ", the file at ", size, ""), COPY_HINT);
	return true;
}

/* A PT_LOAD row by itself. */
static bool check_segment(const struct elf_phdr *p, u64 size, struct elf_error *e)
{
	u64 end = (u64)p->vaddr + p->memsz;

	if (p->filesz > p->memsz)
		return no(e, "absurd segment",
			  phrase(e, "", p->filesz, " bytes of file in ", p->memsz, " bytes of memory"), COPY_HINT);
	if ((u64)p->offset + p->filesz > size)
		return no(e, "a segment is truncated",
			  phrase(e, "it ends at ", (u64)p->offset + p->filesz, ", the file at ", size, ""), COPY_HINT);
	if (end > GUEST_IMAGE_END)
		return no(e, "absurd segment",
			  phrase(e, "", p->memsz, " bytes at ", p->vaddr, " do not fit a 32-bit ARM process"),
			  COPY_HINT);
	if ((p->vaddr - p->offset) % PAGE_SIZE && p->filesz)
		return no(e, "unaligned segment",
			  phrase(e, "address ", p->vaddr, " and file offset ", p->offset, " differ within a page"),
			  COPY_HINT);
	if (p->align & (p->align - 1))
		return no(e, "unaligned segment",
			  phrase(e, "alignment ", p->align, " of the segment at ", p->vaddr, " is no power of two"),
			  COPY_HINT);
	return true;
}

static bool check_overlap(const struct elf_file *f, u32 i, struct elf_error *e)
{
	const struct elf_phdr *p = &f->phdrs[i];

	for (u32 j = 0; j < i; j++) {
		const struct elf_phdr *q = &f->phdrs[j];

		if (q->type == PT_LOAD && p->memsz && q->memsz && p->vaddr < (u64)q->vaddr + q->memsz &&
		    q->vaddr < (u64)p->vaddr + p->memsz)
			return no(e, "overlapping segments", phrase(e, "at ", q->vaddr, " and ", p->vaddr, ""),
				  COPY_HINT);
	}
	return true;
}

static bool check_segments(struct elf_file *f, u64 size, struct elf_error *e)
{
	u64 low = ~0ull, high = 0;

	f->align = PAGE_SIZE;
	for (u32 i = 0; i < f->phnum; i++) {
		const struct elf_phdr *p = &f->phdrs[i];

		if (p->type != PT_LOAD)
			continue;
		if (!check_segment(p, size, e) || !check_overlap(f, i, e))
			return false;
		if (p->vaddr < low)
			low = p->vaddr;
		if ((u64)p->vaddr + p->memsz > high)
			high = (u64)p->vaddr + p->memsz;
		if (p->align > f->align)
			f->align = p->align;
	}
	if (high <= low)
		return no(e, "nothing to load", "no segment has any memory", COPY_HINT);
	if (f->pie && f->align > 1u << 24)
		return no(e, "unaligned segment",
			  phrase(e, "alignment ", f->align, " is more than ", 1u << 24, " bytes"), COPY_HINT);
	f->low = (u32)low;
	f->high = (u32)high;
	return true;
}

static bool check_entry(const struct elf_file *f, struct elf_error *e)
{
	u32 pc = f->entry & ~1u;

	if (!(f->entry & 1) && (f->entry & 3))
		return no(e, "unaligned entry point",
			  phrase(e, "", f->entry, " is neither ARM nor Thumb code; the program starts at ", f->low, ""),
			  COPY_HINT);
	for (u32 i = 0; i < f->phnum; i++) {
		const struct elf_phdr *p = &f->phdrs[i];
		bool runs = (p->flags & PF_X) ||
			    (f->exec_stack && (p->flags & PF_R)); /* no PT_GNU_STACK: reading is executing */

		if (p->type == PT_LOAD && runs && pc >= p->vaddr && pc < (u64)p->vaddr + p->memsz)
			return true;
	}
	return no(e, "entry point outside its code",
		  phrase(e, "", f->entry, " is in no executable segment; the program starts at ", f->low, ""),
		  COPY_HINT);
}

static bool read_interp(struct elf_file *f, const struct elf_phdr *p, struct elf_error *e)
{
	if (p->filesz < 2 || p->filesz > ELF_INTERP_MAX)
		return no(e, "absurd name of the dynamic loader", counted(e, "", p->filesz, " bytes long"), COPY_HINT);
	if (host_syscall4(__NR_pread64, (u64)f->fd, (u64)f->interp, p->filesz, p->offset) != (long)p->filesz ||
	    f->interp[p->filesz - 1])
		return no(e, "damaged name of the dynamic loader", "PT_INTERP is truncated or has no end", COPY_HINT);
	return true;
}

static bool read_file(int fd, struct elf_header *h, u64 *size, long *got, struct elf_error *e)
{
	struct stat st;

	if (host_syscall2(__NR_fstat, (u64)fd, (u64)&st))
		return no(e, "cannot be examined", "fstat fails on it", "a program on a local file system");
	if ((st.st_mode & 0170000) == 0040000)
		return no(e, "is a directory", "a program is needed", "a file in it");
	if ((st.st_mode & 0170000) != 0100000)
		return no(e, "is not a regular file", "a device, pipe or socket cannot be mapped", "a copy in a file");
	*size = (u64)st.st_size;
	memset(h, 0, sizeof(*h));
	*got = host_syscall4(__NR_pread64, (u64)fd, (u64)h, sizeof(*h), 0);
	if (*got < 0)
		return no(e, "cannot be read", "input/output error", COPY_HINT);
	if (!*got)
		return no(e, "is an empty file", "0 bytes", COPY_HINT);
	return true;
}

bool elf_read(struct elf_file *f, int fd, struct elf_error *e)
{
	struct elf_header h;
	u64 size = 0;
	long got = 0, want;

	e->what = e->why = e->hint = NULL;
	f->fd = fd;
	f->interp[0] = 0;
	f->exec_stack = true;
	if (!read_file(fd, &h, &size, &got, e) || !check_ident(&h, got, e) || !check_header(&h, size, e))
		return false;
	f->pie = h.type == ET_DYN;
	f->entry = h.entry;
	f->phoff = h.phoff;
	f->phnum = h.phnum;
	want = (long)(h.phnum * sizeof(struct elf_phdr));
	if (host_syscall4(__NR_pread64, (u64)fd, (u64)f->phdrs, (u64)want, h.phoff) != want)
		return no(e, "program headers cannot be read", "input/output error", COPY_HINT);
	for (u32 i = 0; i < f->phnum; i++) {
		if (f->phdrs[i].type == PT_GNU_STACK)
			f->exec_stack = f->phdrs[i].flags & PF_X;
		if (f->phdrs[i].type == PT_INTERP && !read_interp(f, &f->phdrs[i], e))
			return false;
	}
	return check_segments(f, size, e) && check_entry(f, e);
}
