/* The calls that only ARM has, numbered from 0x0f0000: caches and the thread pointer. */
#include "cpu.h"
#include "sys/sys.h"

long sys_arm_breakpoint(struct thread *t)
{
	signal_force(t, SIGTRAP, 1 /* TRAP_BRKPT */, t->cpu.r[15] - (t->cpu.thumb ? 2 : 4));
	return -RESULT_KEEP;
}

/* The range's instructions were written: translations of it are forgotten. Flags are reserved. */
long sys_arm_cacheflush(struct thread *t, gaddr start, gaddr end, u32 flags)
{
	if (end.va < start.va || flags)
		return -EINVAL;
	cpu_invalidate(t, start, end.va - start.va);
	return 0;
}

long sys_arm_set_tls(struct thread *t, gaddr tls)
{
	t->cpu.tpidruro = (u32)tls.va;
	return 0;
}

long sys_arm_get_tls(struct thread *t)
{
	return (long)t->cpu.tpidruro;
}
