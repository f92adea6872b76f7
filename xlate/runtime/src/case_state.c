/* Between a thread's state and that of a case. */
#include "case_state.h"

#include "monitor.h"
#include "string.h"
#include "thread.h"

void case_load_state(struct thread *t, const struct insn_state *s)
{
	struct arm32_state *c = &t->cpu;

	memcpy(c->r, s->r, sizeof(c->r));
	c->nf = s->nf, c->zf = s->zf, c->cf = s->cf, c->vf = s->vf, c->qf = s->qf;
	c->thumb = s->thumb, c->itstate = s->itstate, c->excl_valid = s->excl_valid;
	c->ge = s->ge, c->svc_imm = s->svc_imm, c->excl_addr = s->excl_addr, c->excl_value = s->excl_value;
	c->excl_version = monitor_version(GADDR(s->excl_addr));
	memcpy(c->d, s->d, sizeof(c->d));
	c->tpidruro = s->tpidruro, c->tpidrurw = s->tpidrurw;
	fpscr_write(t, s->fpscr);
	poll_clear(t);
}

void case_save_state(struct thread *t, struct insn_state *s)
{
	const struct arm32_state *c = &t->cpu;

	*s = (struct insn_state){0};
	memcpy(s->r, c->r, sizeof(c->r));
	s->nf = c->nf, s->zf = c->zf, s->cf = c->cf, s->vf = c->vf, s->qf = c->qf;
	s->thumb = c->thumb, s->itstate = c->itstate, s->excl_valid = c->excl_valid;
	s->ge = c->ge, s->svc_imm = c->svc_imm, s->excl_addr = c->excl_addr, s->excl_value = c->excl_value;
	memcpy(s->d, c->d, sizeof(c->d));
	s->tpidruro = c->tpidruro, s->tpidrurw = c->tpidrurw;
	s->fpscr = fpscr_read(t);
}
