/* Positions and ranges of files whose arguments are ordered or sized otherwise on ARM. */
#include "sys/sys.h"

long sys_lseek(struct thread *t, s32 fd, s32 offset, u32 whence)
{
	s64 pos = seek_host(fd_to_host(t, fd), offset, whence);

	return pos > 0x7fffffff ? -EOVERFLOW : pos;
}

long sys_llseek(struct thread *t, s32 fd, u32 high, u32 low, gaddr result, u32 whence)
{
	s64 pos = seek_host(fd_to_host(t, fd), (s64)((u64)high << 32 | low), whence);

	if (host_is_error(pos))
		return pos;
	return copy_out(result, &pos, sizeof(pos));
}

/* off_t is 32 bits in this one; sendfile64 is a row. */
long sys_sendfile(struct thread *t, s32 out, s32 in, gaddr offset, u32 count)
{
	s32 off32;
	s64 off;
	long ret;

	if (!offset.va)
		return guest_blocking_syscall(t, __NR_sendfile, (u64)fd_to_host(t, out), (u64)fd_to_host(t, in), 0, count, 0, 0);
	ret = copy_in(&off32, offset, sizeof(off32));
	if (ret)
		return ret;
	off = off32;
	ret = guest_blocking_syscall(t, __NR_sendfile, (u64)fd_to_host(t, out), (u64)fd_to_host(t, in), (u64)&off, count, 0, 0);
	off32 = (s32)off;
	if (ret >= 0 && copy_out(offset, &off32, sizeof(off32)))
		return -EFAULT;
	return ret;
}

/* ARM puts the advice before the offsets, so that each pair starts at an even register. */
long sys_arm_fadvise64_64(struct thread *t, s32 fd, s32 advice, s64 offset, s64 len)
{
	return host_syscall4(__NR_fadvise64, (u64)fd_to_host(t, fd), (u64)offset, (u64)len, (u64)advice);
}

long sys_arm_sync_file_range(struct thread *t, s32 fd, u32 flags, s64 offset, s64 len)
{
	return guest_blocking_syscall(t, __NR_sync_file_range, (u64)fd_to_host(t, fd), (u64)offset, (u64)len, flags, 0, 0);
}
