/* The host handlers of faults: a guest's access ends translated code, a copy ends as -EFAULT, the rest is our bug. */
#include "cpu.h"
#include "fatal.h"
#include "guest/arm64/program.h"
#include "thread.h"

enum { SA_FLAGS = 0x4 | 0x04000000 | 0x08000000 | 0x40000000 }; /* SIGINFO, RESTORER, ONSTACK, NODEFER */

/* An address that is none (not a sign-extended one of 48 bits) is not told by the host: it counts as 0. */
static void host_fault(int sig, struct host_siginfo *info, struct host_ucontext *uc)
{
	struct thread *t = thread_self();
	u64 pc = uc->mc.rip;

	if (pc >= (u64)copy_code_begin && pc < (u64)copy_code_end) {
		uc->mc.rip = (u64)copy_fixup;
		return;
	}
	if (!cpu_owns_pc(pc))
		fatal_at("a fault", pc, info->fault.addr);
	t->fault.sig = sig;
	t->fault.code = info->code;
	t->fault.addr = GADDR(info->fault.addr);
	t->fault.write = uc->mc.err & 2;
	cpu_fault(t, uc);
}

void fault_init(void)
{
	static const u8 signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};

	for (u32 i = 0; i < ARRAY_LEN(signals); i++) {
		struct host_sigaction sa = {
			.handler = (u64)host_fault,
			.flags = SA_FLAGS,
			.restorer = (u64)host_sigreturn,
		};

		if (host_syscall4(__NR_rt_sigaction, signals[i], (u64)&sa, 0, sizeof(sa.mask)))
			fatal("a handler is refused");
	}
}
