/*
 * prctl: each option is a row that says what its second argument is. What would act on the host side of the process
 * (memory layout, system-call filters, x86 features) is refused with EINVAL, as a kernel without the option would.
 */
#include "sys/sys.h"

enum use {
	NUMBER,		/* all arguments are numbers */
	WRITES_INT,	/* the second points to an int the kernel fills */
	READS_NAME,	/* 16 bytes */
	WRITES_NAME,
	NAMES_AREA,	/* third: address, fifth: text */
};

static const struct {
	u32 option;
	enum use use;
} options[] = {
	{1, NUMBER},			/* PR_SET_PDEATHSIG */
	{2, WRITES_INT},		/* PR_GET_PDEATHSIG */
	{3, NUMBER},			/* PR_GET_DUMPABLE */
	{4, NUMBER},			/* PR_SET_DUMPABLE */
	{7, NUMBER},			/* PR_GET_KEEPCAPS */
	{8, NUMBER},			/* PR_SET_KEEPCAPS */
	{13, NUMBER},			/* PR_GET_TIMING */
	{14, NUMBER},			/* PR_SET_TIMING */
	{15, READS_NAME},		/* PR_SET_NAME */
	{16, WRITES_NAME},		/* PR_GET_NAME */
	{21, NUMBER},			/* PR_GET_SECCOMP */
	{23, NUMBER},			/* PR_CAPBSET_READ */
	{24, NUMBER},			/* PR_CAPBSET_DROP */
	{27, NUMBER},			/* PR_GET_SECUREBITS */
	{28, NUMBER},			/* PR_SET_SECUREBITS */
	{29, NUMBER},			/* PR_SET_TIMERSLACK */
	{30, NUMBER},			/* PR_GET_TIMERSLACK */
	{33, NUMBER},			/* PR_MCE_KILL */
	{34, NUMBER},			/* PR_MCE_KILL_GET */
	{36, NUMBER},			/* PR_SET_CHILD_SUBREAPER */
	{37, WRITES_INT},		/* PR_GET_CHILD_SUBREAPER */
	{38, NUMBER},			/* PR_SET_NO_NEW_PRIVS */
	{39, NUMBER},			/* PR_GET_NO_NEW_PRIVS */
	{41, NUMBER},			/* PR_SET_THP_DISABLE */
	{42, NUMBER},			/* PR_GET_THP_DISABLE */
	{47, NUMBER},			/* PR_CAP_AMBIENT */
	{52, NUMBER},			/* PR_GET_SPECULATION_CTRL */
	{53, NUMBER},			/* PR_SET_SPECULATION_CTRL */
	{57, NUMBER},			/* PR_SET_IO_FLUSHER */
	{58, NUMBER},			/* PR_GET_IO_FLUSHER */
	{0x53564d41, NAMES_AREA},	/* PR_SET_VMA */
	{0x59616d61, NUMBER},		/* PR_SET_PTRACER */
};

static long call_with_use(enum use use, u32 option, u32 a, u32 b, u32 c, u32 d)
{
	switch (use) {
	case WRITES_INT:
		return host_syscall5(__NR_prctl, option, buf_out(GADDR(a), 4), b, c, d);
	case READS_NAME:
		return host_syscall5(__NR_prctl, option, buf_in(GADDR(a), 1), b, c, d);
	case WRITES_NAME:
		return host_syscall5(__NR_prctl, option, buf_out(GADDR(a), 16), b, c, d);
	case NAMES_AREA:
		return host_syscall5(__NR_prctl, option, a, (u64)g2h(GADDR(b)), c, ptr_to_host(GADDR(d)));
	default:
		/* -1 as a process id (PR_SET_PTRACER_ANY) is a whole long. */
		return host_syscall5(__NR_prctl, option, (u64)(s64)(s32)a, b, c, d);
	}
}

long sys_prctl(struct thread *t, s32 option, u32 a, u32 b, u32 c, u32 d)
{
	(void)t;
	for (u32 i = 0; i < ARRAY_LEN(options); i++)
		if (options[i].option == (u32)option)
			return call_with_use(options[i].use, (u32)option, a, b, c, d);
	return -EINVAL;
}
