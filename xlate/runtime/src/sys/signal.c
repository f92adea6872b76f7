/*
 * Signal calls: arguments and layouts. Dispositions, masks, delivery and frames are signal.c's beside this folder. Calls
 * without "rt" know the first 32 signals only.
 */
#include "sys/sys.h"

#define SIGSET_SIZE 8u

long sys_rt_sigaction(struct thread *t, s32 sig, gaddr in, gaddr out, u32 size)
{
	struct guest_sigaction_rt g;
	struct guest_sigaction new, old;
	long err;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (in.va) {
		err = copy_in(&g, in, sizeof(g));
		if (err)
			return err;
		new = (struct guest_sigaction){g.handler, g.flags, g.restorer, (u64)g.mask[0] | (u64)g.mask[1] << 32};
	}
	err = signal_action(t, sig, in.va ? &new : NULL, &old);
	if (err || !out.va)
		return err;
	g = (struct guest_sigaction_rt){old.handler, old.flags, old.restorer, {(u32)old.mask, (u32)(old.mask >> 32)}};
	return copy_out(out, &g, sizeof(g));
}

long sys_sigaction(struct thread *t, s32 sig, gaddr in, gaddr out)
{
	struct guest_sigaction_old g;
	struct guest_sigaction new, old;
	long err;

	if (in.va) {
		err = copy_in(&g, in, sizeof(g));
		if (err)
			return err;
		new = (struct guest_sigaction){g.handler, g.flags, g.restorer, g.mask};
	}
	err = signal_action(t, sig, in.va ? &new : NULL, &old);
	if (err || !out.va)
		return err;
	g = (struct guest_sigaction_old){old.handler, (u32)old.mask, old.flags, old.restorer};
	return copy_out(out, &g, sizeof(g));
}

long sys_rt_sigprocmask(struct thread *t, s32 how, gaddr in, gaddr out, u32 size)
{
	u64 set, old;
	long err;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	err = in.va ? copy_in(&set, in, sizeof(set)) : 0;
	if (!err)
		err = signal_mask(t, how, in.va ? &set : NULL, &old);
	if (err || !out.va)
		return err;
	return copy_out(out, &old, sizeof(old));
}

long sys_sigprocmask(struct thread *t, s32 how, gaddr in, gaddr out)
{
	u32 low;
	u64 set, old;
	long err = signal_mask(t, 0, NULL, &old);

	if (!err && in.va) {
		err = copy_in(&low, in, sizeof(low));
		if (err)
			return err;
		set = how == SIG_SETMASK ? (old & ~0xffffffffull) | low : low;
		err = signal_mask(t, how, &set, &old);
	}
	if (err || !out.va)
		return err;
	low = (u32)old;
	return copy_out(out, &low, sizeof(low));
}

long sys_rt_sigpending(struct thread *t, gaddr out, u32 size)
{
	u64 set = signal_pending(t);

	if (size > SIGSET_SIZE)
		return -EINVAL;
	return copy_out(out, &set, size);
}

long sys_sigpending(struct thread *t, gaddr out)
{
	u32 set = (u32)signal_pending(t);

	return copy_out(out, &set, sizeof(set));
}

static long suspend(struct thread *t, u64 mask)
{
	u64 host = signal_temporary_mask(t, mask);

	return guest_blocking_syscall(t, __NR_rt_sigsuspend, (u64)&host, SIGSET_SIZE, 0, 0, 0, 0);
}

long sys_rt_sigsuspend(struct thread *t, gaddr in, u32 size)
{
	u64 mask;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	return copy_in(&mask, in, sizeof(mask)) ? -EFAULT : suspend(t, mask);
}

/* The mask is the third argument; two unused ones stand before it. */
long sys_sigsuspend(struct thread *t, s32 unused, u32 unused2, u32 mask)
{
	(void)unused;
	(void)unused2;
	return suspend(t, mask);
}

static long timedwait(struct thread *t, gaddr set_in, gaddr info_out, gaddr timeout, u32 size, enum time_width width)
{
	struct host_timespec ts, *ts_host;
	struct host_siginfo host;
	struct guest_siginfo guest;
	u64 set;
	long ret;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	ret = copy_in(&set, set_in, sizeof(set));
	if (!ret)
		ret = timespec_in_opt(&ts, &ts_host, timeout, width);
	if (ret)
		return ret;
	ret = guest_blocking_syscall(t, __NR_rt_sigtimedwait, (u64)&set, (u64)&host, (u64)ts_host, SIGSET_SIZE, 0, 0);
	if (ret <= 0 || !info_out.va)
		return ret;
	siginfo_to_guest(&host, &guest);
	return copy_out(info_out, &guest, sizeof(guest)) ? -EFAULT : ret;
}

long sys_rt_sigtimedwait(struct thread *t, gaddr set, gaddr info, gaddr timeout, u32 size)
{
	return timedwait(t, set, info, timeout, size, TIME32);
}

long sys_rt_sigtimedwait_time64(struct thread *t, gaddr set, gaddr info, gaddr timeout, u32 size)
{
	return timedwait(t, set, info, timeout, size, TIME64);
}

static long siginfo_in(struct host_siginfo *host, gaddr in)
{
	struct guest_siginfo guest;
	long err = copy_in(&guest, in, sizeof(guest));

	if (!err)
		siginfo_from_guest(&guest, host);
	return err;
}

long sys_rt_sigqueueinfo(struct thread *t, s32 pid, s32 sig, gaddr in)
{
	struct host_siginfo info;
	long err = siginfo_in(&info, in);

	(void)t;
	return err ? err : host_syscall3(__NR_rt_sigqueueinfo, (u64)pid, (u64)sig, (u64)&info);
}

long sys_rt_tgsigqueueinfo(struct thread *t, s32 pid, s32 tid, s32 sig, gaddr in)
{
	struct host_siginfo info;
	long err = siginfo_in(&info, in);

	(void)t;
	return err ? err : host_syscall4(__NR_rt_tgsigqueueinfo, (u64)pid, (u64)tid, (u64)sig, (u64)&info);
}

long sys_pidfd_send_signal(struct thread *t, s32 fd, s32 sig, gaddr in, u32 flags)
{
	struct host_siginfo info;
	long err = in.va ? siginfo_in(&info, in) : 0;

	if (err)
		return err;
	return host_syscall4(__NR_pidfd_send_signal, (u64)fd_to_host(t, fd), (u64)sig, in.va ? (u64)&info : 0, flags);
}

long sys_sigaltstack(struct thread *t, gaddr in, gaddr out)
{
	struct guest_stack new, old;
	long err;

	if (in.va && copy_in(&new, in, sizeof(new)))
		return -EFAULT;
	err = signal_altstack(t, in.va ? &new : NULL, &old);
	if (err || !out.va)
		return err;
	return copy_out(out, &old, sizeof(old));
}

long sys_sigreturn(struct thread *t)
{
	return signal_return(t, false);
}

long sys_rt_sigreturn(struct thread *t)
{
	return signal_return(t, true);
}

/* Only the kernel's own restart of a sleep leads here; ours restart at the original call. */
long sys_restart_syscall(struct thread *t)
{
	(void)t;
	return -EINTR;
}

static long signalfd(struct thread *t, s32 fd, gaddr in, u32 size, u32 flags)
{
	u64 set;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (copy_in(&set, in, sizeof(set)))
		return -EFAULT;
	if (fd_is_own(fd))
		return -EBADF;
	(void)t;
	return host_syscall4(__NR_signalfd4, (u64)fd, (u64)&set, SIGSET_SIZE, flags);
}

long sys_signalfd(struct thread *t, s32 fd, gaddr in, u32 size)
{
	return signalfd(t, fd, in, size, 0);
}

long sys_signalfd4(struct thread *t, s32 fd, gaddr in, u32 size, u32 flags)
{
	return signalfd(t, fd, in, size, flags);
}
