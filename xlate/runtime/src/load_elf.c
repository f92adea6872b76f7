/*
 * Maps a checked ELF file (elf_check.c) and its interpreter, and brings the guest to its first instruction.
 * Decides where images go and what a refusal says; the stack's contents are load_stack.c's.
 */
#include <asm/stat.h>

#include "cpu.h"
#include "exec.h"
#include "fatal.h"
#include "load.h"
#include "memory.h"
#include "optimised.h"
#include "payload.h"
#include "string.h"
#include "sysroot.h"
#include "thread.h"

enum { PT_LOAD = 1, PF_X = 1, PF_W = 2, PF_R = 4, O_CLOEXEC = 02000000, PR_SET_NAME = 15, PR_GET_NO_NEW_PRIVS = 39 };
enum { S_ISUID = 04000, S_ISGID_EXECUTABLE = 02010, ST_NOSUID = 2 };

static int segment_prot(u32 flags)
{
	return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}

/* File bytes, then zeros to the end of their last page: that page is written once even in a read-only segment. */
static long map_file_part(struct thread *t, const struct elf_file *f, const struct elf_phdr *p, u64 start)
{
	u64 page = page_floor(start), file_end = start + p->filesz, map_end = page_ceil(file_end);
	int prot = segment_prot(p->flags);
	bool tail = p->memsz > p->filesz && map_end > file_end;
	bool lend_write = tail && !(prot & PROT_WRITE);
	long err = mem_map(t, GADDR(page), map_end - page, lend_write ? prot | PROT_WRITE : prot,
			   MAP_PRIVATE | MAP_FIXED, f->fd, page_floor(p->offset));

	if (host_is_error(err))
		return err;
	if (tail) {
		static const u8 zeros[PAGE_SIZE];

		err = copy_out(GADDR(file_end), zeros, map_end - file_end);
		if (err)
			return err;
	}
	return lend_write ? mem_protect(t, GADDR(page), map_end - page, prot) : 0;
}

static long map_segment(struct thread *t, const struct elf_file *f, const struct elf_phdr *p, u32 bias)
{
	u64 start = (u64)p->vaddr + bias, end = page_ceil(start + p->memsz);
	u64 zero_start = p->filesz ? page_ceil(start + p->filesz) : page_floor(start);
	long err = p->filesz ? map_file_part(t, f, p, start) : 0;

	if (err || zero_start >= end)
		return err;
	err = mem_map(t, GADDR(zero_start), end - zero_start, segment_prot(p->flags),
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	return host_is_error(err) ? err : 0;
}

/*
 * Where a position-independent image goes: programs low, so that the heap has room above; interpreters like any
 * mapping.
 */
static long choose_bias(struct thread *t, const struct elf_file *f, bool is_interpreter, u32 *bias)
{
	u64 low = page_floor(f->low), span = page_ceil(f->high) - low;
	u64 room = span + (f->align > PAGE_SIZE ? f->align : 0);
	gaddr hint = GADDR(is_interpreter ? 0 : GUEST_PIE_BASE);
	long at = mem_map(t, hint, room, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (host_is_error(at))
		return at;
	mem_unmap(t, GADDR(at), room);
	*bias = (u32)(((u64)at + f->align - 1) / f->align * f->align - low / f->align * f->align);
	if ((u64)*bias + low < (u64)at) /* low is not aligned itself */
		*bias += f->align;
	return 0;
}

/* Once all segments stand, optimised code may be mapped beside them. */
static void use_package(struct thread *t, const struct elf_file *f, u32 bias)
{
	for (u32 i = 0; i < f->phnum; i++) {
		const struct elf_phdr *p = &f->phdrs[i];
		u64 start = page_floor((u64)p->vaddr + bias);

		if (p->type == PT_LOAD && (p->flags & PF_X) && !(p->flags & PF_W) && p->filesz)
			optimised_mapped(t, f->fd, start, page_ceil((u64)p->vaddr + bias + p->filesz) - start,
					 page_floor(p->offset));
	}
}

long elf_map(struct thread *t, const struct elf_file *f, bool is_interpreter, struct image *im)
{
	long err;

	*im = (struct image){.phnum = f->phnum};
	if (f->pie) {
		err = choose_bias(t, f, is_interpreter, &im->bias);
		if (err)
			return err;
	}
	for (u32 i = 0; i < f->phnum; i++) {
		const struct elf_phdr *p = &f->phdrs[i];
		u32 table_end = f->phoff + f->phnum * (u32)sizeof(*p);

		if (p->type != PT_LOAD || !p->memsz)
			continue;
		err = map_segment(t, f, p, im->bias);
		if (err)
			return err;
		if (f->phoff >= p->offset && table_end <= p->offset + p->filesz)
			im->phdr = im->bias + p->vaddr + (f->phoff - p->offset);
	}
	use_package(t, f, im->bias);
	im->entry = f->entry + im->bias;
	im->end = f->high + im->bias;
	return 0;
}

/* --- the program and its interpreter, with messages ------------------------------------------------- */

static int status_of(long err)
{
	return err == -ENOENT || err == -ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_STARTABLE;
}

/* What to try when a program cannot be opened. */
static const char *open_hint(long err, const char *prog)
{
	switch (err) {
	case -EACCES:
		return "chmod +r, or another user";
	case -EISDIR:
		return "a program in it";
	case -ENOEXEC:
	case -ELOOP:
		return "a look at its first line";
	case -ENOENT:
		if (process.opt.root)
			return "the path it has below --root";
		return strchr(prog, '/') ? "the right path" : "its path (PATH is not searched)";
	}
	return "the right path";
}

_Noreturn static void refuse_open(const char *prog, long err)
{
	bool missing = status_of(err) == EXIT_NOT_FOUND;

	refuse(status_of(err), prog, missing ? "not found" : "cannot be opened",
	       err == -ENOEXEC ? "no interpreter after #!" : error_text(-err), open_hint(err, process.opt.prog));
}

/* The program, and the file it led to when that is another one: its interpreter or dynamic loader. */
static const char *name_chain(const char *path)
{
	static char buf[300];
	struct text b = text_begin(buf, sizeof(buf));

	if (!strcmp(path, process.opt.prog))
		return path;
	text_printable(&b, process.opt.prog, sizeof(buf) / 2 - 8);
	text_str(&b, ": ");
	text_printable(&b, path, sizeof(buf) / 2 - 8);
	return buf;
}

/* We carry it: its descriptor is given anew, or came from our parent and stands for the same file from here on. */
static void open_carried(struct program *p, u32 file)
{
	int given = process.opt.inherited[INHERIT_PROGRAM];
	const char *name = payload_name(file);
	long fd;

	if (given >= 0)
		payload_adopt(file, given);
	fd = given >= 0 ? given : payload_copy(file);
	if (fd < 0)
		refuse(EXIT_OWN_FAILURE, process.opt.prog, "the program in it cannot be opened", error_text(-fd),
		       "a higher ulimit -f, -n or -v");
	p->fd = (int)fd;
	p->carried = (s32)file;
	p->path = p->name = name && *name ? name : process.opt.prog;
}

static void open_program(struct program *p)
{
	const struct options *o = &process.opt;
	long err;

	p->carried = -1;
	if (o->carried && o->carried <= payload_files()) {
		open_carried(p, (u32)o->carried - 1);
		return;
	}
	if (o->inherited[INHERIT_PROGRAM] >= 0) { /* opened and checked by our parent, or by the kernel for binfmt_misc */
		p->fd = o->inherited[INHERIT_PROGRAM];
		p->path = p->name = o->prog;
		return;
	}
	p->path = o->prog;
	p->rooted.pin = -1;
	err = rooted_on() ? program_find(p, o->prog) : 0;
	if (!err)
		err = program_open(p, AT_FDCWD, p->path, o->prog, 0);
	if (!err)
		return;
	if (p->lines && (err == -ENOENT || err == -ENOTDIR))
		refuse(EXIT_NOT_FOUND, o->prog, "its #! interpreter is not found", program_shown(p),
		       "-L SYSROOT, the root of an ARM system");
	refuse_open(name_chain(program_shown(p)), err);
}

static void read_or_refuse(struct elf_file *f, int fd, const char *prog)
{
	struct elf_error e;

	if (!elf_read(f, fd, &e))
		refuse(EXIT_NOT_STARTABLE, prog, e.what, e.why, e.hint);
}

static void map_or_refuse(struct thread *t, const struct elf_file *f, bool is_interpreter, struct image *im,
			  const char *prog)
{
	long err = elf_map(t, f, is_interpreter, im);

	if (err == -EPERM)
		refuse(EXIT_NOT_STARTABLE, prog, "linked below the lowest address a process may use", error_text(-err),
		       "linking it at 0x1000 or above");
	if (err == -EEXIST)
		refuse(EXIT_NOT_STARTABLE, prog, "its addresses cannot be mapped", error_text(-err),
		       "--guest-base 0x1000000000");
	if (err)
		refuse(EXIT_NOT_STARTABLE, prog, "cannot be mapped", error_text(-err), "a higher ulimit -v");
}

static void load_interpreter(struct thread *t, const char *path, struct image *im, const char *prog)
{
	char mapped[ELF_INTERP_MAX];
	static struct elf_file f;
	HOST_PATH(rooted);
	const char *host = rooted_on() ? rooted.text : sysroot_path(path, mapped, sizeof(mapped));
	long fd = rooted_on() ? rooted_path(AT_FDCWD, path, PATH_FOLLOW, &rooted) : 0;
	s32 carried = payload_find(path);

	if (carried >= 0)
		fd = payload_copy((u32)carried);
	else if (!fd)
		fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64)host, O_CLOEXEC, 0);
	if (fd < 0) {
		char why[320];
		struct text b = text_begin(why, sizeof(why));

		text_str(&b, path);
		text_str(&b, ": ");
		text_str(&b, error_text(-fd));
		refuse(status_of(fd), prog, "its dynamic loader cannot be opened", why,
		       "-L SYSROOT, the root of an ARM system");
	}
	read_or_refuse(&f, (int)fd, name_chain(path));
	map_or_refuse(t, &f, true, im, name_chain(path));
	host_syscall1(__NR_close, (u64)fd);
}

/* Absolute path of the program for /proc/self/exe; the path as given when the host has no /proc. */
static const char *absolute_path(const struct program *p)
{
	const char *path = p->path;
	static char buf[4096];
	char link[40];
	struct text b = text_begin(link, sizeof(link));
	long n;

	text_str(&b, "/proc/self/fd/");
	text_s64(&b, p->fd);
	n = host_syscall4(__NR_readlinkat, (u64)AT_FDCWD, (u64)link, (u64)buf, sizeof(buf) - 1);
	if (n > 0 && p->carried < 0) {
		buf[n] = 0;
		return buf;
	}
	if (path[0] == '/')
		return path;
	n = host_syscall2(__NR_getcwd, (u64)buf, sizeof(buf));
	b = text_begin(buf + (n > 0 ? n - 1 : 0), sizeof(buf) - (size_t)(n > 0 ? n - 1 : 0));
	text_char(&b, '/');
	text_str(&b, path);
	return buf;
}

/* ps and pkill show the guest's name. */
static void set_comm(const char *name)
{
	const char *slash = strrchr(name, '/');

	host_syscall2(__NR_prctl, PR_SET_NAME, (u64)(slash ? slash + 1 : name));
}

static void start_at(struct thread *t, u32 entry)
{
	t->cpu.thumb = entry & 1;
	t->cpu.r[15] = entry & ~1u;
}

/*
 * A setuid program runs with its caller's ids: more an unprivileged xlate-run cannot give. The user hears of it, unless
 * the kernel would not have changed them either, or has (binfmt_misc with its C flag).
 */
static void say_setuid(int fd, const char *prog)
{
	struct stat st;
	u64 fs[15] = {0}; /* struct statfs; f_flags is word 10 */
	char buf[400];
	struct text b = text_begin(buf, sizeof(buf));
	bool user, group;

	if (host_syscall2(__NR_fstat, (u64)fd, (u64)&st))
		return;
	user = (st.st_mode & S_ISUID) && st.st_uid != (u32)host_syscall0(__NR_geteuid);
	group = (st.st_mode & S_ISGID_EXECUTABLE) == S_ISGID_EXECUTABLE &&
		st.st_gid != (u32)host_syscall0(__NR_getegid);
	if (!user && !group)
		return;
	if (host_syscall5(__NR_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) > 0 ||
	    host_syscall2(__NR_fstatfs, (u64)fd, (u64)fs) || (fs[10] & ST_NOSUID))
		return;
	text_str(&b, "xlate-run: ");
	text_printable(&b, prog, 200);
	text_str(&b, ": runs with the caller's ids, though it is setuid or setgid; try: xlate binfmt install --help\n");
	text_write(&b, 2);
}

static void refuse_stack(long err)
{
	if (err)
		refuse(EXIT_OWN_FAILURE, process.opt.prog, "no stack for the program", error_text(-err),
		       err == -E2BIG ? "fewer arguments" : "a higher ulimit -v");
}

void load_guest(struct thread *t)
{
	static struct program program;
	static struct elf_file f;
	static char sysroot[4096];
	struct options *o = &process.opt;
	const char *argv0 = o->argv0 ? o->argv0 : o->prog;
	struct guest_args args = {.args = o->args, .arg_count = o->arg_count, .env = o->env};
	struct image image, interpreter;
	long err;

	open_program(&program);
	read_or_refuse(&f, program.fd, name_chain(program_shown(&program)));
	process.read_implies_exec = f.exec_stack;
	process.exe_path = absolute_path(&program);
	process.exe_carried = program.carried;
	say_setuid(program.fd, program_shown(&program));
	process.exec_name = args.exec_name = o->exec_name ? o->exec_name : o->prog;
	args.prefix = program.prefix_count ? program.prefix : &argv0;
	args.prefix_count = program.prefix_count ? program.prefix_count : 1;
	err = mem_init(t, f.pie ? MEM_ANYWHERE : f.low);
	if (err)
		refuse(EXIT_OWN_FAILURE, o->prog, "no address space for the guest", error_text(-err),
		       "another --guest-base, or a higher ulimit -v");
	refuse_stack(stack_map(t)); /* first: everything without an address goes below it */
	err = cpu_init(t);
	if (err)
		refuse(EXIT_OWN_FAILURE, o->prog, "the translator cannot start", error_text(-err),
		       "a higher ulimit -v");
	map_or_refuse(t, &f, false, &image, name_chain(program_shown(&program)));
	if (f.interp[0] && !o->sysroot && !rooted_on() && sysroot_above(program.fd, f.interp, sysroot, sizeof(sysroot)))
		o->sysroot = sysroot;
	host_syscall1(__NR_close, (u64)program.fd);
	if (f.interp[0])
		load_interpreter(t, f.interp, &interpreter, o->prog);
	process.brk_start = process.brk_end = GADDR(page_ceil(image.end));
	process.entry = GADDR(image.entry);
	set_comm(process.exec_name);
	refuse_stack(stack_build(t, &args, &image, f.interp[0] ? &interpreter : NULL));
	start_at(t, f.interp[0] ? interpreter.entry : image.entry);
}
