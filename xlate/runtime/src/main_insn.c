/*
 * xlate-insn: the runtime as a test engine. Reads cases (state and pages) from standard input, runs each to its first
 * stop and writes what came of it. A case may say which file its code is mapped from: then the file's package, found
 * in the folder given by --packages, is used as it is for any program. The record format is described in
 * xlate/verify/stencil_engine.py.
 */
#include "case_state.h"
#include "case_stream.h"
#include "ciphers.h"
#include "cpu.h"
#include "dispatch.h"
#include "fatal.h"
#include "host.h"
#include "memory.h"
#include "optimised.h"
#include "package.h"
#include "signal.h"
#include "stats.h"
#include "string.h"
#include "thread.h"
#include "world.h"

#define CASE_MAGIC 0x31434958u
#define RESULT_MAGIC 0x31525958u
#define PAGES_MAX 64u
#define CASE_HAS_MODULE 1u
#define CASE_SAME	2u /* pages and module of the case before, as they were before it ran: none are sent */

struct insn_page {
	u32 addr, prot;
	u8 bytes[PAGE_SIZE];
};

struct insn_case {
	u32 magic, id, npages, flags;
	struct insn_state in;
};

/* Behind the pages with CASE_HAS_MODULE: a segment of a file is mapped at an address. The file's bytes come next. */
struct insn_module {
	u32 address, length, offset;
	u32 file_size; /* 0: the file of the module before */
};

struct insn_result {
	u32 magic, id, stop, fault_addr, fault_write, npages;
	u32 package; /* one was used */
	u32 entered; /* times that optimised code was entered from outside */
	struct insn_state out;
};

_Static_assert(sizeof(struct insn_case) == 408 && sizeof(struct insn_result) == 424, "record layout");

void start_c(u64 *initial_stack);

static struct insn_page case_pages[PAGES_MAX];

/* Pages mapped at present, as left by the cases so far. */
static struct {
	u32 addr, prot;
} mapped[PAGES_MAX];
static u32 mapped_count;

static int module_file = -1;
static u32 pages_count;
static struct insn_module module;
static bool attached; /* the module of the last case has its package */

static bool same_layout(u32 npages)
{
	if (npages != mapped_count)
		return false;
	for (u32 i = 0; i < npages; i++)
		if (mapped[i].addr != case_pages[i].addr || mapped[i].prot != case_pages[i].prot)
			return false;
	return true;
}

/* What the case before has written is undone; code was not, since it stands on pages that are not writable. */
static void restore_case(void)
{
	for (u32 i = 0; i < pages_count; i++)
		if (case_pages[i].prot & PROT_WRITE)
			memcpy(g2h(GADDR(case_pages[i].addr)), case_pages[i].bytes, PAGE_SIZE);
}

/* Make the case's pages all of guest memory; contents through a writable moment of each page. */
static void map_case(struct thread *t, u32 npages)
{
	if (!same_layout(npages)) {
		for (u32 i = 0; i < mapped_count; i++)
			mem_unmap(t, GADDR(mapped[i].addr), PAGE_SIZE);
		for (u32 i = 0; i < npages; i++) {
			if (mem_map(t, GADDR(case_pages[i].addr), PAGE_SIZE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) < 0)
				fatal("cannot map a page of a case");
			mapped[i].addr = case_pages[i].addr;
			mapped[i].prot = case_pages[i].prot;
		}
		mapped_count = npages;
	}
	for (u32 i = 0; i < npages; i++) {
		gaddr a = GADDR(case_pages[i].addr);

		mem_protect(t, a, PAGE_SIZE, PROT_READ | PROT_WRITE);
		memcpy(g2h(a), case_pages[i].bytes, PAGE_SIZE);
		mem_protect(t, a, PAGE_SIZE, (int)case_pages[i].prot);
		if (case_pages[i].prot & PROT_EXEC)
			cpu_invalidate(t, a, PAGE_SIZE);
	}
}

/* Instead of run.c's, for nested dispatchers: a case is over at its first stop, however deep in calls that is. */
void thread_serve(struct thread *t, u32 reason)
{
	if (reason == STOP_SIGNAL) {
		poll_clear(t);
		return;
	}
	if (reason == STOP_MODE) {
		fpscr_becomes_modal(t);
		return;
	}
	optimised_forget_frames(t);
	cpu_leave(t, reason);
}

/* Instead of optimised.c's: the next case may use its package. */
void optimised_leave(struct thread *t, const char *why)
{
	HOLD_LOCK;

	world_stop(t);
	if (package_forget(t, 0, ~0ull, why))
		world_drop_frames();
	attached = false;
	world_start(t);
}

static void read_module_file(u32 size)
{
	static u8 piece[64 << 10];
	long fd = memory_file("module", size, 0);

	if (module_file >= 0)
		host_syscall1(__NR_close, (u64)module_file);
	module_file = (int)fd;
	for (u32 at = 0; fd >= 0 && at < size;) {
		u32 n = size - at < sizeof(piece) ? size - at : sizeof(piece);

		if (!read_all(piece, n))
			fatal("a case is malformed");
		if (host_syscall4(__NR_pwrite64, (u64)fd, (u64)piece, n, at) != n)
			fatal("no memory for a module");
		at += n;
	}
}

static void read_module(void)
{
	if (!read_all(&module, sizeof(module)))
		fatal("a case is malformed");
	if (module.file_size)
		read_module_file(module.file_size);
}

/* The case's code becomes code of a file, which has a package: true; or has none that can be used. */
static bool attach_module(struct thread *t)
{
	const struct package *k = package_mapped(t, module_file, module.address, module.length, module.offset);

	if (!k && package_program_state() && !str_starts(package_program_state(), "hit"))
		fatal(package_program_state());
	return k;
}

/* CASE_SAME: pages and module of the case before; what that has given up when it set FZ or DN is as it was. */
static void prepare_case(struct thread *t, const struct insn_case *c)
{
	static bool has_module;

	if (c->flags & CASE_SAME && !fpscr_is_modal()) {
		restore_case();
		return;
	}
	if (attached)
		package_forget(t, 0, ~0ull, "the case is over");
	fpscr_forget_modal();
	if (!(c->flags & CASE_SAME)) {
		pages_count = c->npages;
		has_module = c->flags & CASE_HAS_MODULE;
		if (has_module)
			read_module();
	}
	map_case(t, pages_count);
	attached = has_module && attach_module(t);
}

static void run_case(struct thread *t, const struct insn_case *c)
{
	struct insn_result result = {.magic = RESULT_MAGIC, .id = c->id};
	static struct insn_page changed[PAGES_MAX];
	u64 entered = stats_own.enters;

	prepare_case(t, c);
	result.package = attached;
	case_load_state(t, &c->in);
	while ((result.stop = cpu_run(t)) == STOP_SIGNAL || result.stop == STOP_MODE) {
		thread_serve(t, result.stop);
		t->drop = false;
	}
	if (result.stop == STOP_LEAVE) /* a jump to page 0, which is never mapped */
		result.stop = STOP_FETCH;
	if (result.stop == STOP_FAULT) {
		result.fault_addr = (u32)t->fault.addr.va;
		result.fault_write = t->fault.write;
	}
	case_save_state(t, &result.out);
	result.entered = (u32)(stats_own.enters - entered);
	for (u32 i = 0; i < pages_count; i++) {
		const void *now = g2h(GADDR(case_pages[i].addr));

		if (case_pages[i].prot & PROT_WRITE && memcmp(now, case_pages[i].bytes, PAGE_SIZE)) {
			struct insn_page *out = &changed[result.npages++];

			out->addr = case_pages[i].addr;
			out->prot = case_pages[i].prot;
			memcpy(out->bytes, now, PAGE_SIZE);
		}
	}
	write_all(&result, sizeof(result));
	write_all(changed, result.npages * sizeof(struct insn_page));
}

static void take_option(const char *name, const char *value)
{
	if (!strcmp(name, "--packages") && value) {
		process.opt.package = value;
	} else if (!strcmp(name, "--host") && value && !strcmp(value, "plain")) {
		ciphers_withhold();
	} else if (!strcmp(name, "--store") && value) {
		process.opt.store = *value == '/' ? value : NULL;
	} else if (!strcmp(name, "--guest-base") && value) {
		process.opt.guest_base_forced = true;
		if (!str_to_u64(value, &process.opt.guest_base))
			refuse(EXIT_USAGE, NULL, "not a guest base", value, NULL);
	} else {
		refuse(EXIT_USAGE, NULL,
		       "usage: xlate-insn [--guest-base N] [--packages FOLDER] [--store FOLDER] [--host plain]", NULL, NULL);
	}
}

static void run(void *thread, void *initial_stack)
{
	struct thread *t = thread;
	u64 *words = initial_stack;
	char **argv = (char **)(words + 1);
	struct insn_case c;

	thread_first(t);
	thread_attach(t);
	for (u32 i = 0; i < INHERITED_COUNT; i++)
		process.opt.inherited[i] = -1;
	for (u64 i = 1; i < words[0]; i += 2)
		take_option(argv[i], i + 1 < words[0] ? argv[i + 1] : NULL);
	signal_init(t);
	if (mem_init(t, MEM_ANYWHERE) || cpu_init(t))
		fatal("the engine cannot start");
	while (read_all(&c, sizeof(c))) {
		if (c.magic != CASE_MAGIC || c.npages > PAGES_MAX || !read_all(case_pages, c.npages * sizeof(struct insn_page)))
			fatal("a case is malformed");
		run_case(t, &c);
	}
	host_syscall1(__NR_exit_group, 0);
	__builtin_unreachable();
}

void start_c(u64 *initial_stack)
{
	u64 *p = initial_stack + 1 + initial_stack[0] + 1;
	struct thread *t;

	while (*p++)
		continue;
	process.host_auxv = p;
	t = thread_create();
	if (!t)
		fatal("no memory for a thread");
	host_switch_stack(thread_stack_top(t), run, t, initial_stack);
}
