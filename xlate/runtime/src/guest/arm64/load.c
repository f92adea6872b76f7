/*
 * Loads one kind of AArch64 program: static, linked at fixed addresses, no segment both writable and executable. The
 * headers are judged before anything is mapped; whatever else is there is refused in one line.
 */
#include "fatal.h"
#include "guest/arm64/program.h"
#include "host.h"
#include "memory.h"
#include "string.h"
#include "thread.h"

enum { ET_EXEC = 2, EM_AARCH64 = 183, PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3, PHDRS_MAX = 32 };
enum { AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_ENTRY = 9 };
#define STATIC_ONLY "this guest runs static programs only"
#define STACK_SIZE (8ul << 20)
#define STRINGS_MAX (128ul << 10)

struct header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct segment {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

_Static_assert(sizeof(struct header) == 64 && sizeof(struct segment) == 56, "Elf64_Ehdr, Elf64_Phdr");

struct file {
	const char *path;
	int fd;
	struct header h;
	struct segment segments[PHDRS_MAX];
	u64 phdrs, end; /* guest addresses of the program headers (0: not loaded) and behind the last segment */
};

_Noreturn static void no(const struct file *f, const char *what, const char *why)
{
	refuse(EXIT_NOT_STARTABLE, f->path, what, why, NULL);
}

static bool read_at(const struct file *f, void *to, u64 size, u64 offset)
{
	return host_syscall4(__NR_pread64, (u64)f->fd, (u64)to, size, offset) == (long)size;
}

static void read_headers(struct file *f)
{
	static const u8 ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
	const struct header *h = &f->h;

	if (!read_at(f, &f->h, sizeof(f->h), 0) || memcmp(h->ident, ident, sizeof(ident)) || h->machine != EM_AARCH64)
		no(f, "not a 64-bit little-endian ELF program for AArch64", NULL);
	if (h->type != ET_EXEC)
		no(f, "an AArch64 program that is not linked at fixed addresses", STATIC_ONLY);
	if (h->phentsize != sizeof(struct segment) || !h->phnum || h->phnum > PHDRS_MAX ||
	    !read_at(f, f->segments, h->phnum * sizeof(struct segment), h->phoff))
		no(f, "damaged program headers", NULL);
}

static int protection(const struct segment *s)
{
	return (s->flags & 4 ? PROT_READ : 0) | (s->flags & 2 ? PROT_WRITE : 0) | (s->flags & 1 ? PROT_EXEC : 0);
}

static void judge(const struct file *f, const struct segment *s)
{
	if (s->type == PT_INTERP || s->type == PT_DYNAMIC)
		no(f, "a dynamically linked AArch64 program", STATIC_ONLY);
	if (s->type != PT_LOAD)
		return;
	if ((s->flags & 3) == 3)
		no(f, "a segment both writable and executable", "not in this guest");
	if (s->filesz > s->memsz || s->memsz > GUEST_SPAN || s->vaddr > GUEST_SPAN - s->memsz)
		no(f, "a segment outside the address space", NULL);
}

static void map_segment(struct file *f, const struct segment *s)
{
	u64 low = page_floor(s->vaddr), high = page_ceil(s->vaddr + s->memsz);
	long err = space_place(low, high - low, PROT_READ | PROT_WRITE);

	if (err)
		no(f, "its addresses are not free on this host", error_text(-err));
	if (!read_at(f, g2h(GADDR(s->vaddr)), s->filesz, s->offset))
		no(f, "a segment outside the file", NULL);
	err = mem_protect(thread_self(), GADDR(low), high - low, protection(s));
	if (err)
		no(f, "a segment cannot be protected", error_text(-err));
	if (f->h.phoff >= s->offset && f->h.phoff < s->offset + s->filesz)
		f->phdrs = s->vaddr + (f->h.phoff - s->offset);
	if (high > f->end)
		f->end = high;
}

/* Strings from `top` down, their addresses into words; returns the lowest. The words end with a 0. */
static u64 push_strings(const struct file *f, u64 top, char **from, u64 *words, u64 *count, u64 limit)
{
	for (; *from; from++) {
		u64 size = strlen(*from) + 1;

		if (limit < size + sizeof(u64) || *count + 2 > STRINGS_MAX / sizeof(u64))
			no(f, "argument list too long", NULL);
		limit -= size;
		top -= size;
		memcpy((void *)top, *from, size);
		words[(*count)++] = top;
	}
	words[(*count)++] = 0;
	return top;
}

/* argc, argv, envp and the auxiliary vector, as the kernel leaves them. */
static u64 build_stack(const struct file *f, char **argv, char **envp)
{
	static u64 words[STRINGS_MAX / sizeof(u64) + 16];
	const u64 aux[] = {
		AT_PHDR, f->phdrs, AT_PHENT, sizeof(struct segment), AT_PHNUM, f->h.phnum,
		AT_PAGESZ, PAGE_SIZE, AT_ENTRY, f->h.entry, 0, 0,
	};
	long low = space_anywhere(STACK_SIZE, PROT_READ | PROT_WRITE);
	u64 count = 1, top = (u64)low + STACK_SIZE, argc;

	if (host_is_error(low))
		no(f, "no memory for its stack", error_text(-low));
	top = push_strings(f, top, argv, words, &count, STRINGS_MAX);
	argc = count - 2;
	top = push_strings(f, top, envp, words, &count, STRINGS_MAX);
	words[0] = argc;
	memcpy(words + count, aux, sizeof(aux));
	count += ARRAY_LEN(aux);
	top = (top - count * sizeof(u64)) & ~15ull;
	memcpy((void *)top, words, count * sizeof(u64));
	return top;
}

void load_program(struct thread *t, const char *path, char **argv, char **envp)
{
	static struct file f;
	long fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)path, 02000000 /* O_CLOEXEC */, 0);

	f.path = path;
	f.fd = (int)fd;
	if (fd < 0)
		refuse(EXIT_NOT_FOUND, path, "cannot be opened", error_text(-fd), NULL);
	read_headers(&f);
	for (u32 i = 0; i < f.h.phnum; i++)
		judge(&f, &f.segments[i]);
	for (u32 i = 0; i < f.h.phnum; i++)
		if (f.segments[i].type == PT_LOAD && f.segments[i].memsz)
			map_segment(&f, &f.segments[i]);
	host_syscall1(__NR_close, (u64)fd);
	space_set_heap(f.end);
	t->cpu.r[REG_SP] = build_stack(&f, argv, envp);
	guest_set_key(&t->cpu, f.h.entry);
}
