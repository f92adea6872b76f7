/*
 * Descriptor numbers: duplication, pipes, ranges. The runtime's own descriptors are the reason these need C: the guest
 * may ask for their numbers, and then ours move away.
 */
#include "sys/sys.h"

#define CLOSE_RANGE_UNSHARE 2u

static long dup_onto(struct thread *t, long nr, s32 from, s32 to, u32 flags)
{
	long err;

	if (fd_is_own(from))
		return -EBADF;
	if (fd_is_own(to)) {
		err = fd_vacate(to);
		if (err < 0)
			return err;
	}
	return guest_blocking_syscall(t, nr, (u64)from, (u64)to, flags, 0, 0, 0);
}

long sys_dup2(struct thread *t, s32 from, s32 to)
{
	return dup_onto(t, __NR_dup2, from, to, 0);
}

long sys_dup3(struct thread *t, s32 from, s32 to, u32 flags)
{
	return dup_onto(t, __NR_dup3, from, to, flags);
}

/* O_DIRECT (packet mode) has another bit on ARM. */
long sys_pipe2(struct thread *t, gaddr fds, u32 flags)
{
	(void)t;
	return host_syscall2(__NR_pipe2, buf_out(fds, 8), open_flags_to_host(flags));
}

/* Close around our own descriptors: one host call for each run between them. */
long sys_close_range(struct thread *t, u32 first, u32 last, u32 flags)
{
	long ret;
	int own;

	(void)t;
	if (first > last)
		return -EINVAL;
	while ((own = fd_own_in_range(first, last)) >= 0) {
		if ((u32)own > first) {
			ret = host_syscall3(__NR_close_range, first, (u32)own - 1, flags);
			if (ret)
				return ret;
			flags &= ~CLOSE_RANGE_UNSHARE; /* once is enough */
		}
		if ((u32)own == last)
			return 0;
		first = (u32)own + 1;
	}
	return host_syscall3(__NR_close_range, first, last, flags);
}
