/*
 * ARM Linux signal frames: struct sigframe (uc, return code) and struct rt_sigframe (siginfo before it), with the VFP
 * registers in uc_regspace. Layout facts are those of the kernel's arch/arm user interface.
 */
#include "guest/arm32/sigframe.h"

#include "host.h"
#include "kept.h"
#include "memory.h"
#include "string.h"
#include "thread.h"

struct arm_sigcontext {
	u32 trap_no, error_code, oldmask;
	u32 r[16]; /* r0-r10, fp, ip, sp, lr, pc */
	u32 cpsr;
	u32 fault_address;
};

struct arm_vfp_frame {
	u32 magic, size;
	u64 d[32];
	u32 fpscr;
	u32 pad;
	u32 fpexc, fpinst, fpinst2;
	u32 pad2;
};

struct arm_ucontext {
	u32 flags, link;
	struct guest_stack stack;
	struct arm_sigcontext mc;
	u32 sigmask[2];
	u32 unused[30];
	struct arm_vfp_frame vfp; /* first record of uc_regspace; a zero magic ends the list */
	u32 regspace[54];
	u32 mark, own_address; /* ours: of a frame whose registers are not all known */
};

struct arm_sigframe {
	struct arm_ucontext uc;
	u32 retcode[4];
};

struct arm_rt_sigframe {
	struct guest_siginfo info;
	struct arm_sigframe sig;
};

_Static_assert(sizeof(struct arm_sigcontext) == 84, "struct sigcontext");
_Static_assert(offsetof(struct arm_ucontext, mc) == 20, "struct ucontext");
_Static_assert(offsetof(struct arm_ucontext, sigmask) == 104, "struct ucontext");
_Static_assert(offsetof(struct arm_ucontext, vfp) == 232, "uc_regspace");
_Static_assert(sizeof(struct arm_vfp_frame) == 288, "struct vfp_sigframe");
_Static_assert(sizeof(struct arm_ucontext) == 232 + 512, "struct ucontext");
_Static_assert(sizeof(struct arm_rt_sigframe) == 128 + 744 + 16, "struct rt_sigframe");
_Static_assert(128 + sizeof(struct arm_ucontext) == SIGFRAME_SIZE, "what sigframe_look() reads");

/* In frames of faults in optimised code, with the address that they were pushed at. */
#define INEXACT_MARK 0x6b657074u
#define VFP_MAGIC 0x56465001u
#define FPEXC_EN (1u << 30)
/* What a frame without siginfo says in uc_flags, so that unwinders can tell the two apart. */
#define OLD_FRAME_FLAGS 0x5ac3c35au

u32 cpsr_read(const struct thread *t)
{
	const struct arm32_state *s = &t->cpu;
	u32 it = s->itstate;
	u32 ge = (s->ge & 1) | (s->ge >> 7 & 2) | (s->ge >> 14 & 4) | (s->ge >> 21 & 8);

	return (u32)s->nf << 31 | (u32)s->zf << 30 | (u32)s->cf << 29 | (u32)s->vf << 28 | (u32)s->qf << 27 |
	       (it & 3) << 25 | ge << 16 | (it & 0xfc) << 8 | (s->thumb ? CPSR_T : 0) | CPSR_USER;
}

void cpsr_write(struct thread *t, u32 cpsr)
{
	struct arm32_state *s = &t->cpu;
	u32 ge = cpsr >> 16 & 15;

	s->nf = cpsr >> 31;
	s->zf = cpsr >> 30 & 1;
	s->cf = cpsr >> 29 & 1;
	s->vf = cpsr >> 28 & 1;
	s->qf = cpsr >> 27 & 1;
	s->thumb = (cpsr & CPSR_T) != 0;
	s->itstate = s->thumb ? (u8)((cpsr >> 25 & 3) | (cpsr >> 8 & 0xfc)) : 0;
	s->ge = (ge & 1) | (ge & 2) << 7 | (ge & 4) << 14 | (ge & 8) << 21;
}

static bool on_altstack(const struct thread *t, u32 sp)
{
	return sp - t->sig.altstack.sp - 1 < t->sig.altstack.size; /* sp may be one past its end, never its start */
}

static u32 frame_address(const struct thread *t, const struct guest_sigaction *action, u32 size)
{
	u32 sp = t->cpu.r[13];

	if ((action->flags & SA_ONSTACK) && t->sig.altstack.size && !on_altstack(t, sp))
		sp = t->sig.altstack.sp + t->sig.altstack.size;
	return (sp - size) & ~7u;
}

static void fill_ucontext(struct thread *t, struct arm_ucontext *uc, const struct frame_fault *fault, u64 saved_mask)
{
	memset(uc, 0, sizeof(*uc));
	memcpy(uc->mc.r, t->cpu.r, sizeof(uc->mc.r));
	uc->mc.cpsr = cpsr_read(t);
	uc->mc.trap_no = fault->trap_no;
	uc->mc.error_code = fault->error_code;
	uc->mc.fault_address = fault->address;
	uc->mc.oldmask = (u32)saved_mask;
	uc->sigmask[0] = (u32)saved_mask;
	uc->sigmask[1] = (u32)(saved_mask >> 32);
	uc->vfp.magic = VFP_MAGIC;
	uc->vfp.size = sizeof(uc->vfp);
	memcpy(uc->vfp.d, t->cpu.d, sizeof(uc->vfp.d));
	uc->vfp.fpscr = fpscr_read(t);
	uc->vfp.fpexc = FPEXC_EN;
}

static void fill_stack(const struct thread *t, struct guest_stack *stack)
{
	*stack = t->sig.altstack;
	if (!stack->size)
		stack->flags = SS_DISABLE;
	else if (on_altstack(t, t->cpu.r[13]))
		stack->flags |= SS_ONSTACK;
}

/* Address of the return code when the program gave no restorer; its bytes also go into the frame, for unwinders. */
static u32 return_code(u32 retcode[4], bool thumb, bool rt)
{
	static const u32 ARM_CODE[2][2] = {{0xe3a07077, 0xef000000}, {0xe3a070ad, 0xef000000}};
	static const u32 THUMB_CODE[2] = {0xdf002777, 0xdf0027ad};

	if (thumb) {
		retcode[0] = THUMB_CODE[rt];
		return GUEST_KUSER_PAGE + KUSER_SIGRETURN + 16 + 4 * rt + 1;
	}
	memcpy(retcode, ARM_CODE[rt], sizeof(ARM_CODE[rt]));
	return GUEST_KUSER_PAGE + KUSER_SIGRETURN + 8 * rt;
}

static void enter_handler(struct thread *t, int sig, const struct guest_sigaction *action, u32 frame, u32 lr)
{
	struct arm32_state *s = &t->cpu;

	s->r[0] = (u32)sig;
	s->r[13] = frame;
	s->r[14] = action->flags & SA_RESTORER ? action->restorer : lr;
	s->thumb = action->handler & 1;
	s->r[15] = action->handler & (s->thumb ? ~1u : ~3u);
	s->nf = s->zf = s->cf = s->vf = s->qf = 0;
	s->itstate = 0;
	s->excl_valid = 0; /* an exception return closes the monitor */
	if (t->sig.altstack.flags & (s32)SS_AUTODISARM)
		t->sig.altstack = (struct guest_stack){.flags = SS_DISABLE};
}

static long put(u32 address, const void *frame, size_t size)
{
	mem_will_write(GADDR(address), size);
	return copy_out(GADDR(address), frame, size);
}

long sigframe_push(struct thread *t, int sig, const struct guest_sigaction *action, const struct guest_siginfo *info,
		   const struct frame_fault *fault, u64 saved_mask)
{
	bool rt = action->flags & SA_SIGINFO;
	struct arm_rt_sigframe f = {0};
	u32 size = rt ? sizeof(f) : sizeof(f.sig);
	u32 at = frame_address(t, action, size);
	u32 lr = return_code(f.sig.retcode, action->handler & 1, rt);
	long err;

	fill_ucontext(t, &f.sig.uc, fault, saved_mask);
	if (rt) {
		f.info = *info;
		fill_stack(t, &f.sig.uc.stack);
	} else {
		f.sig.uc.flags = OLD_FRAME_FLAGS;
	}
	if (t->sig.inexact) {
		f.sig.uc.mark = INEXACT_MARK;
		f.sig.uc.own_address = at;
	}
	kept_overwritten(t, at, size);
	t->sig.frame_rt = rt;
	err = rt ? put(at, &f, size) : put(at, &f.sig, size);
	if (err)
		return err;
	if (rt) {
		t->cpu.r[1] = at;
		t->cpu.r[2] = at + (u32)offsetof(struct arm_rt_sigframe, sig);
	}
	enter_handler(t, sig, action, at, lr);
	return 0;
}

static long read_ucontext(u32 at, bool rt, struct arm_ucontext *uc)
{
	return copy_in(uc, GADDR(rt ? at + (u32)offsetof(struct arm_rt_sigframe, sig) : at), sizeof(*uc));
}

long sigframe_look(u32 at, bool rt, struct sigframe_registers *registers)
{
	struct arm_ucontext uc;

	if (read_ucontext(at, rt, &uc))
		return -EFAULT;
	memset(registers, 0, sizeof(*registers));
	memcpy(registers->r, uc.mc.r, sizeof(registers->r));
	memcpy(registers->d, uc.vfp.d, sizeof(registers->d));
	registers->cpsr = uc.mc.cpsr;
	registers->fpscr = uc.vfp.fpscr;
	registers->inexact = uc.mark == INEXACT_MARK && uc.own_address == at;
	return 0;
}

long sigframe_pop(struct thread *t, bool rt, u64 *mask)
{
	struct arm_ucontext uc;
	u32 at = t->cpu.r[13];
	const u32 never = CPSR_E | CPSR_J;

	if (at & 7)
		return -EFAULT;
	if (read_ucontext(at, rt, &uc))
		return -EFAULT;
	if ((uc.mc.cpsr & CPSR_MODE) != CPSR_USER || (uc.mc.cpsr & never))
		return -EFAULT;
	if (uc.vfp.magic != VFP_MAGIC || uc.vfp.size != sizeof(uc.vfp))
		return -EFAULT;
	memcpy(t->cpu.r, uc.mc.r, sizeof(uc.mc.r));
	cpsr_write(t, uc.mc.cpsr);
	t->cpu.r[15] &= t->cpu.thumb ? ~1u : ~3u;
	memcpy(t->cpu.d, uc.vfp.d, sizeof(uc.vfp.d));
	fpscr_write(t, uc.vfp.fpscr);
	t->cpu.excl_valid = 0;
	*mask = uc.sigmask[0] | (u64)uc.sigmask[1] << 32;
	if (rt) {
		uc.stack.flags &= ~SS_ONSTACK;
		signal_altstack(t, &uc.stack, NULL); /* as in the kernel, a bad one is ignored */
	}
	return 0;
}
