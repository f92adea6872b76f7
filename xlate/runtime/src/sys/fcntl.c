/*
 * fcntl and fcntl64. Locks have 32-bit and 64-bit commands on ARM; x86-64 has one set, whose structure is the guest's
 * 64-bit one byte for byte. Status flags are open flags and differ.
 */
#include "sys/sys.h"

enum {
	F_GETFL = 3,
	F_SETFL = 4,
	F_GETLK = 5,
	F_SETLK = 6,
	F_SETLKW = 7,
	F_GETLK64 = 12,
	F_SETLK64 = 13,
	F_SETLKW64 = 14,
	F_SETOWN = 8,
	F_GETOWN = 9,
	F_SETOWN_EX = 15,
	F_GETOWN_EX = 16,
	F_GETOWNER_UIDS = 17,
	F_OFD_GETLK = 36,
	F_OFD_SETLK = 37,
	F_OFD_SETLKW = 38,
	F_GET_RW_HINT = 1035,
	F_SET_FILE_RW_HINT = 1038,
	F_OWNER_PGRP = 2,
};

static long fcntl_host(struct thread *t, s32 fd, s32 cmd, u64 arg)
{
	return guest_blocking_syscall(t, __NR_fcntl, (u64)fd_to_host(t, fd), (u64)cmd, arg, 0, 0, 0);
}

static long lock32_out(gaddr a, const struct guest_flock64 *lock)
{
	struct guest_flock out = {lock->type, lock->whence, (s32)lock->start, (s32)lock->len, lock->pid};

	if (lock->start > 0x7fffffff || lock->len > 0x7fffffff)
		return -EOVERFLOW;
	return copy_out(a, &out, sizeof(out));
}

static long fcntl_lock32(struct thread *t, s32 fd, s32 cmd, gaddr a)
{
	struct guest_flock in;
	struct guest_flock64 lock = {0};
	long ret = copy_in(&in, a, sizeof(in));

	if (ret)
		return ret;
	lock.type = in.type;
	lock.whence = in.whence;
	lock.start = in.start;
	lock.len = in.len;
	lock.pid = in.pid;
	ret = fcntl_host(t, fd, cmd, (u64)&lock);
	lock.pid = id_known(lock.pid);
	if (ret == 0 && (cmd == F_GETLK || cmd == F_OFD_GETLK))
		ret = lock32_out(a, &lock);
	return ret;
}

/* Type and number of who gets a descriptor's signals. */
static long owner_inout(struct thread *t, s32 fd, s32 cmd, gaddr a)
{
	s32 owner[2] = {0, 0};
	long ret = cmd == F_SETOWN_EX ? copy_in(owner, a, sizeof(owner)) : 0;

	owner[1] = id_in(owner[1]);
	if (!ret)
		ret = fcntl_host(t, fd, cmd, (u64)owner);
	owner[1] = (s32)id_out(owner[1]);
	return ret || cmd == F_SETOWN_EX ? ret : copy_out(a, owner, sizeof(owner));
}

static long get_owner(struct thread *t, s32 fd)
{
	s32 owner[2] = {0, 0};
	long err;

	if (!turns_on())
		return fcntl_host(t, fd, F_GETOWN, 0);
	err = fcntl_host(t, fd, F_GETOWN_EX, (u64)owner); /* whose answer no group looks like an error in */
	return err ? err : id_out_owner(owner[0] == F_OWNER_PGRP ? -owner[1] : owner[1]);
}

/* Commands that both calls treat alike. */
static long fcntl_common(struct thread *t, s32 fd, s32 cmd, u32 arg)
{
	long ret;

	switch (cmd) {
	case F_GETFL:
		ret = fcntl_host(t, fd, cmd, 0);
		return ret < 0 ? ret : (long)open_flags_to_guest((u32)ret);
	case F_SETFL:
		return fcntl_host(t, fd, cmd, open_flags_to_host(arg));
	case F_SETOWN:
		return fcntl_host(t, fd, cmd, (u64)(s64)id_in((s32)arg));
	case F_GETOWN:
		return get_owner(t, fd);
	case F_SETOWN_EX:
	case F_GETOWN_EX:
		return owner_inout(t, fd, cmd, GADDR(arg));
	case F_GETOWNER_UIDS:
		return fcntl_host(t, fd, cmd, buf_inout(GADDR(arg), 8));
	default:
		if (cmd >= F_GET_RW_HINT && cmd <= F_SET_FILE_RW_HINT)
			return fcntl_host(t, fd, cmd, buf_inout(GADDR(arg), 8));
		return fcntl_host(t, fd, cmd, (u64)(s64)(s32)arg);
	}
}

static bool is_lock64(s32 cmd)
{
	return cmd >= F_GETLK64 && cmd <= F_SETLKW64;
}

static bool is_ofd_lock(s32 cmd)
{
	return cmd >= F_OFD_GETLK && cmd <= F_OFD_SETLKW;
}

/* The same layout on both sides; only questions are answered in it. */
static long fcntl_lock64(struct thread *t, s32 fd, s32 cmd, gaddr a)
{
	struct guest_flock64 lock;
	bool asks = cmd == F_GETLK || cmd == F_OFD_GETLK;
	long ret = fcntl_host(t, fd, cmd, asks ? buf_inout(a, sizeof(lock)) : buf_in(a, sizeof(lock)));

	if (ret || !asks || !turns_on() || copy_in(&lock, a, sizeof(lock)))
		return ret;
	lock.pid = id_known(lock.pid);
	return copy_out(a, &lock, sizeof(lock));
}

long sys_fcntl(struct thread *t, s32 fd, s32 cmd, u32 arg)
{
	if (is_lock64(cmd))
		return fd_is_own(fd) ? -EBADF : -EINVAL;
	if ((cmd >= F_GETLK && cmd <= F_SETLKW) || is_ofd_lock(cmd))
		return fcntl_lock32(t, fd, cmd, GADDR(arg));
	return fcntl_common(t, fd, cmd, arg);
}

long sys_fcntl64(struct thread *t, s32 fd, s32 cmd, u32 arg)
{
	if (is_lock64(cmd))
		return fcntl_lock64(t, fd, cmd - F_GETLK64 + F_GETLK, GADDR(arg));
	if (is_ofd_lock(cmd))
		return fcntl_lock64(t, fd, cmd, GADDR(arg));
	if (cmd >= F_GETLK && cmd <= F_SETLKW)
		return fcntl_lock32(t, fd, cmd, GADDR(arg));
	return fcntl_common(t, fd, cmd, arg);
}
