/*
 * select, poll and their forms with a mask. Sets of descriptors are bit strings of the same order; only their length is
 * rounded to words of another size, so they pass through a copy.
 */
#include "sys/sys.h"

enum { O_DIRECTORY = 0200000, O_CLOEXEC = 02000000 };

/* Descriptors a set may name here; more than any default limit. A set is 8 KiB. */
#define SELECT_MAX 65536

/* FD_SETSIZE: sets of libraries are as large. */
#define LIBRARY_MAX 1024

struct fd_sets {
	u64 bits[3][SELECT_MAX / 64];
	u64 *host[3];
	gaddr guest[3];
	u32 bytes;	/* of a guest set: whole 32-bit words */
};

/* The guest's descriptors of one piece of a listing: the highest, or `most` when that is higher. */
static s32 highest(const char *in, long len, s32 most)
{
	for (long at = 0; at < len; at += *(const u16 *)(in + at + 16)) { /* inode, position, length, type, name */
		const char *name = in + at + 19;
		s32 fd = 0;

		while (*name >= '0' && *name <= '9' && fd < SELECT_MAX)
			fd = fd * 10 + *name++ - '0';
		if (!*name && fd > most && !fd_is_own(fd))
			most = fd;
	}
	return most;
}

/*
 * How long the table of descriptors would be in a process without ours, which stand far up: the kernel ignores what a
 * set says beyond it, and programs count on that when they give select all of getdtablesize().
 */
static s32 table_length(void)
{
	char in[4096] __attribute__((aligned(8)));
	long fd = host_syscall4(__NR_openat, (u64)AT_FDCWD, (u64) "/proc/thread-self/fd", O_DIRECTORY | O_CLOEXEC, 0), len;
	s32 most = 0, length = 64;

	if (fd < 0)
		return SELECT_MAX;
	while ((len = host_syscall3(__NR_getdents64, (u64)fd, (u64)in, sizeof(in))) > 0)
		most = highest(in, len, most);
	host_syscall1(__NR_close, (u64)fd);
	while (length <= most && length < SELECT_MAX)
		length *= 2;
	return length;
}

static long sets_in(struct fd_sets *s, s32 *n, gaddr in, gaddr out, gaddr except)
{
	long err;

	if (*n < 0)
		return -EINVAL;
	if (*n > LIBRARY_MAX) {
		s32 length = table_length();

		*n = *n < length ? *n : length;
	}
	s->guest[0] = in;
	s->guest[1] = out;
	s->guest[2] = except;
	s->bytes = ((u32)*n + 31) / 32 * 4;
	for (u32 i = 0; i < 3; i++) {
		s->host[i] = s->guest[i].va ? s->bits[i] : NULL;
		if (!s->host[i])
			continue;
		if (s->bytes % 8)
			s->bits[i][s->bytes / 8] = 0; /* the half a 64-bit kernel reads in addition */
		err = copy_in(s->bits[i], s->guest[i], s->bytes);
		if (err)
			return err;
	}
	return 0;
}

static long sets_out(const struct fd_sets *s)
{
	long err = 0;

	for (u32 i = 0; i < 3 && !err; i++)
		if (s->host[i])
			err = copy_out(s->guest[i], s->bits[i], s->bytes);
	return err;
}

long sys_select(struct thread *t, s32 n, gaddr in, gaddr out, gaddr except, gaddr timeout)
{
	struct fd_sets s;
	struct host_timeval tv;
	long ret = sets_in(&s, &n, in, out, except);

	if (!ret && timeout.va)
		ret = timeval32_in(&tv, timeout);
	if (ret)
		return ret;
	ret = guest_blocking_syscall(t, __NR_select, (u64)n, (u64)s.host[0], (u64)s.host[1], (u64)s.host[2],
				     timeout.va ? (u64)&tv : 0, 0);
	/* The time left is written even when a signal ended the wait; a failure to do so is ignored, as in the kernel. */
	if (timeout.va && ret != -RESTART_NOINTR)
		(void)timeval32_out(timeout, &tv);
	if (ret >= 0 && sets_out(&s))
		return -EFAULT;
	return ret;
}

static long pselect(struct thread *t, s32 n, const gaddr sets[3], gaddr timeout, gaddr mask_arg, enum time_width width)
{
	struct {
		u64 *set;
		u64 size;
	} host_mask = {NULL, 8};
	struct guest_sigset_arg arg = {0, 8};
	struct fd_sets s;
	struct host_timespec ts, *ts_host;
	u64 mask;
	long ret = sets_in(&s, &n, sets[0], sets[1], sets[2]);

	if (!ret)
		ret = timespec_in_opt(&ts, &ts_host, timeout, width);
	if (!ret && mask_arg.va)
		ret = copy_in(&arg, mask_arg, sizeof(arg));
	if (!ret)
		ret = temporary_mask_in(t, GADDR(arg.set), arg.size, &mask, &host_mask.set);
	if (ret)
		return ret;
	ret = guest_blocking_syscall(t, __NR_pselect6, (u64)n, (u64)s.host[0], (u64)s.host[1], (u64)s.host[2],
				     (u64)ts_host, host_mask.set ? (u64)&host_mask : 0);
	if (timeout.va && ret != -RESTART_NOINTR)
		(void)timespec_out(timeout, &ts, width);
	if (ret >= 0 && sets_out(&s))
		return -EFAULT;
	return ret;
}

long sys_pselect6(struct thread *t, s32 n, gaddr in, gaddr out, gaddr except, gaddr timeout, gaddr mask)
{
	gaddr sets[3] = {in, out, except};

	return pselect(t, n, sets, timeout, mask, TIME32);
}

long sys_pselect6_time64(struct thread *t, s32 n, gaddr in, gaddr out, gaddr except, gaddr timeout, gaddr mask)
{
	gaddr sets[3] = {in, out, except};

	return pselect(t, n, sets, timeout, mask, TIME64);
}

static long ppoll(struct thread *t, gaddr fds, u32 n, gaddr timeout, gaddr set, u32 size, enum time_width width)
{
	struct host_timespec ts, *ts_host;
	u64 mask, *mask_host;
	long ret = timespec_in_opt(&ts, &ts_host, timeout, width);

	if (!ret)
		ret = temporary_mask_in(t, set, size, &mask, &mask_host);
	if (ret)
		return ret;
	ret = guest_blocking_syscall(t, __NR_ppoll, buf_inout(fds, (u64)n * 8), n, (u64)ts_host, (u64)mask_host, 8, 0);
	if (timeout.va && ret != -RESTART_NOINTR)
		(void)timespec_out(timeout, &ts, width);
	return ret;
}

long sys_ppoll(struct thread *t, gaddr fds, u32 n, gaddr timeout, gaddr set, u32 size)
{
	return ppoll(t, fds, n, timeout, set, size, TIME32);
}

long sys_ppoll_time64(struct thread *t, gaddr fds, u32 n, gaddr timeout, gaddr set, u32 size)
{
	return ppoll(t, fds, n, timeout, set, size, TIME64);
}
