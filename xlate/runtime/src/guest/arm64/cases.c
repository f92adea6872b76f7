/*
 * xlate-arm64 --cases: the runtime as a test engine, as xlate-insn is for 32-bit ARM. Reads cases (state and pages)
 * from standard input, runs each to its first stop and writes what came of it. The format is described in
 * xlate/verify/a64_engines.py.
 */
#include "case_stream.h"
#include "cpu.h"
#include "fatal.h"
#include "guest/arm64/program.h"
#include "host.h"
#include "memory.h"
#include "string.h"
#include "thread.h"

#define CASE_MAGIC 0x36434958u
#define RESULT_MAGIC 0x36525958u
#define PAGES_MAX 16u

struct case_state {
	u64 x[32], pc; /* x[31]: sp */
	u32 nzcv, svc_imm;
};

struct case_page {
	u64 addr;
	u32 prot, zero;
	u8 bytes[PAGE_SIZE];
};

struct case_head {
	u32 magic, id, npages, zero;
};

struct result_head {
	u32 magic, id, stop, npages;
	u64 fault_addr;
};

_Static_assert(sizeof(struct case_state) == 272 && sizeof(struct case_page) == 16 + PAGE_SIZE, "record layout");

static struct case_page pages[PAGES_MAX];

static void load_state(struct thread *t, const struct case_state *s)
{
	struct guest_state *c = &t->cpu;

	memcpy(c->r, s->x, sizeof(s->x));
	guest_set_key(c, s->pc);
	c->nf = s->nzcv >> 3 & 1, c->zf = s->nzcv >> 2 & 1, c->cf = s->nzcv >> 1 & 1, c->vf = s->nzcv & 1;
	poll_clear(t);
}

static void save_state(const struct thread *t, struct case_state *s)
{
	const struct guest_state *c = &t->cpu;

	memcpy(s->x, c->r, sizeof(s->x));
	s->pc = guest_key(c);
	s->nzcv = (u32)(c->nf << 3 | c->zf << 2 | c->cf << 1 | c->vf);
	s->svc_imm = c->svc_imm;
}

static void map_pages(struct thread *t, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		gaddr a = GADDR(pages[i].addr);

		if (space_place(a.va, PAGE_SIZE, PROT_READ | PROT_WRITE))
			fatal("cannot map a page of a case");
		memcpy(g2h(a), pages[i].bytes, PAGE_SIZE);
		if (mem_protect(t, a, PAGE_SIZE, (int)pages[i].prot))
			fatal("cannot protect a page of a case");
	}
}

static void answer(struct thread *t, struct result_head *result, u32 count)
{
	struct case_state out;
	bool changed[PAGES_MAX];

	save_state(t, &out);
	for (u32 i = 0; i < count; i++) {
		changed[i] = memcmp(g2h(GADDR(pages[i].addr)), pages[i].bytes, PAGE_SIZE);
		result->npages += changed[i];
	}
	write_all(result, sizeof(*result));
	write_all(&out, sizeof(out));
	for (u32 i = 0; i < count; i++) {
		if (changed[i]) {
			memcpy(pages[i].bytes, g2h(GADDR(pages[i].addr)), PAGE_SIZE);
			write_all(&pages[i], sizeof(pages[i]));
		}
		mem_unmap(t, GADDR(pages[i].addr), PAGE_SIZE);
	}
}

_Noreturn void cases_run(struct thread *t)
{
	struct case_head c;
	struct case_state in;

	while (read_all(&c, sizeof(c))) {
		struct result_head result = {.magic = RESULT_MAGIC, .id = c.id};

		if (c.magic != CASE_MAGIC || c.npages > PAGES_MAX || !read_all(&in, sizeof(in)) ||
		    !read_all(pages, c.npages * sizeof(struct case_page)))
			fatal("a case is malformed");
		map_pages(t, c.npages);
		load_state(t, &in);
		while ((result.stop = cpu_run(t)) == STOP_SIGNAL)
			poll_clear(t);
		if (result.stop == STOP_FAULT)
			result.fault_addr = t->fault.addr.va;
		answer(t, &result, c.npages);
	}
	for (;;)
		host_syscall1(__NR_exit_group, 0);
}
