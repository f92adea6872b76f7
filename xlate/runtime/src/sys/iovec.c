/* Vectors of buffers: readv, writev and their positioned forms, vmsplice. An ARM iovec is two 32-bit words. */
#include "sys/sys.h"

long iov_in(struct host_iovec *out, gaddr iov, u32 n, enum iov_use use)
{
	struct guest_iovec in;
	long err;

	if (n > IOV_MAX)
		return -EINVAL;
	for (u32 i = 0; i < n; i++) {
		err = copy_in(&in, GADDR(iov.va + i * sizeof(in)), sizeof(in));
		if (err)
			return err;
		if ((s32)in.len < 0)
			return -EINVAL;
		out[i].len = in.len;
		if (use == IOV_WRITTEN_BY_KERNEL)
			out[i].base = buf_out(GADDR(in.base), in.len);
		else
			out[i].base = buf_in(GADDR(in.base), in.len);
	}
	return 0;
}

static long vector_call(struct thread *t, long nr, enum iov_use use, s32 fd, gaddr iov, u32 n, u64 pos_low, u64 pos_high, u32 flags)
{
	struct host_iovec host[IOV_MAX];
	long err = iov_in(host, iov, n, use);

	if (err)
		return err;
	return guest_blocking_syscall(t, nr, (u64)fd_to_host(t, fd), (u64)host, n, pos_low, pos_high, flags);
}

long sys_readv(struct thread *t, s32 fd, gaddr iov, u32 n)
{
	return vector_call(t, __NR_readv, IOV_WRITTEN_BY_KERNEL, fd, iov, n, 0, 0, 0);
}

long sys_writev(struct thread *t, s32 fd, gaddr iov, u32 n)
{
	return vector_call(t, __NR_writev, IOV_READ_BY_KERNEL, fd, iov, n, 0, 0, 0);
}

/* The position comes in two registers; a 64-bit kernel takes it whole and ignores the high word. */
static u64 position(u32 low, u32 high)
{
	return (u64)low | (u64)high << 32;
}

long sys_preadv(struct thread *t, s32 fd, gaddr iov, u32 n, u32 low, u32 high)
{
	return vector_call(t, __NR_preadv, IOV_WRITTEN_BY_KERNEL, fd, iov, n, position(low, high), 0, 0);
}

long sys_pwritev(struct thread *t, s32 fd, gaddr iov, u32 n, u32 low, u32 high)
{
	return vector_call(t, __NR_pwritev, IOV_READ_BY_KERNEL, fd, iov, n, position(low, high), 0, 0);
}

long sys_preadv2(struct thread *t, s32 fd, gaddr iov, u32 n, u32 low, u32 high, u32 flags)
{
	return vector_call(t, __NR_preadv2, IOV_WRITTEN_BY_KERNEL, fd, iov, n, position(low, high), 0, flags);
}

long sys_pwritev2(struct thread *t, s32 fd, gaddr iov, u32 n, u32 low, u32 high, u32 flags)
{
	return vector_call(t, __NR_pwritev2, IOV_READ_BY_KERNEL, fd, iov, n, position(low, high), 0, flags);
}

long sys_vmsplice(struct thread *t, s32 fd, gaddr iov, u32 n, u32 flags)
{
	struct host_iovec host[IOV_MAX];
	long err = iov_in(host, iov, n, IOV_WRITTEN_BY_KERNEL); /* the pipe's end decides the direction */

	if (err)
		return err;
	return guest_blocking_syscall(t, __NR_vmsplice, (u64)fd_to_host(t, fd), (u64)host, n, flags, 0, 0);
}
