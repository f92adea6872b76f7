/*
 * The memory of processes, one's own and others': process_vm_readv, process_vm_writev, process_madvise. Their addresses
 * are guest addresses of the process they are in, whose guest base is read out of its runtime. That is possible where the
 * other process runs this very xlate-run, whose variables lie at fixed addresses; any other process answers EPERM.
 */
#include <asm/stat.h>

#include "sys/sys.h"

enum { MADV_WILLNEED = 3, MADV_COLD = 20, MADV_PAGEOUT = 21, MADV_COLLAPSE = 25 };
enum { KCMP_EPOLL_TFD = 7 };

static bool runs_this_program(s32 pid)
{
	struct stat own, other;
	char link[40];
	struct text b = text_begin(link, sizeof(link));

	text_str(&b, "/proc/");
	text_s64(&b, pid);
	text_str(&b, "/exe");
	return !host_syscall4(__NR_newfstatat, (u64)group_self()->own_fds[OWN_FD_EXE], (u64) "", (u64)&own, AT_EMPTY_PATH) &&
	       !host_syscall4(__NR_newfstatat, (u64)AT_FDCWD, (u64)link, (u64)&other, 0) && own.st_dev == other.st_dev &&
	       own.st_ino == other.st_ino;
}

long process_read(s32 pid, u64 from, void *to, u64 len)
{
	struct host_iovec local = {(u64)to, len}, remote = {from, len};

	return host_syscall6(__NR_process_vm_readv, (u64)pid, (u64)&local, 1, (u64)&remote, 1, 0);
}

long process_base(s32 pid, u64 *base)
{
	long ret;

	*base = guest_base;
	if (pid == group_self()->pid)
		return 0;
	ret = host_syscall2(__NR_kill, (u64)pid, 0);
	if (ret && ret != -EPERM)
		return -ESRCH;
	if (!runs_this_program(pid))
		return -EPERM;
	ret = process_read(pid, (u64)&guest_base, base, sizeof(*base));
	return ret < 0 ? ret : 0;
}

/* Entries whose addresses belong to a process with that base. Sum of the lengths, or -errno. */
static long remote_iov_in(struct host_iovec *out, gaddr iov, u32 n, u64 base)
{
	struct guest_iovec in;
	u64 sum = 0;

	if (n > IOV_MAX)
		return -EINVAL;
	for (u32 i = 0; i < n; i++) {
		if (copy_in(&in, GADDR(iov.va + i * sizeof(in)), sizeof(in)))
			return -EFAULT;
		if ((s32)in.len < 0)
			return -EINVAL;
		out[i] = (struct host_iovec){base + in.base, in.len};
		sum += in.len;
	}
	return (long)sum;
}

struct transfer {
	long nr;
	s32 pid;
	gaddr local, remote;
	u32 local_count, remote_count;
};

/* Code of our own that is about to be written is forgotten first. */
static void will_write(const struct host_iovec *pieces, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (h_is_guest(pieces[i].base) && pieces[i].len)
			mem_will_write(h2g(pieces[i].base), pieces[i].len);
}

static long transfer(const struct transfer *m, u32 flags)
{
	struct host_iovec local[IOV_MAX], remote[IOV_MAX];
	bool writes = m->nr == __NR_process_vm_writev;
	u64 base = 0;
	long ret;

	if (flags)
		return -EINVAL;
	ret = iov_in(local, m->local, m->local_count, writes ? IOV_READ_BY_KERNEL : IOV_WRITTEN_BY_KERNEL);
	if (!ret && m->local_count)
		ret = process_base(m->pid, &base);
	if (!ret)
		ret = remote_iov_in(remote, m->remote, m->remote_count, base);
	if (ret < 0)
		return ret;
	if (writes && m->pid == group_self()->pid)
		will_write(remote, m->remote_count);
	return host_syscall6(m->nr, (u64)m->pid, (u64)local, m->local_count, (u64)remote, m->remote_count, 0);
}

long sys_process_vm_readv(struct thread *t, s32 pid, gaddr local, u32 local_count, gaddr remote, u32 remote_count,
			  u32 flags)
{
	struct transfer m = {__NR_process_vm_readv, pid, local, remote, local_count, remote_count};

	(void)t;
	return transfer(&m, flags);
}

long sys_process_vm_writev(struct thread *t, s32 pid, gaddr local, u32 local_count, gaddr remote, u32 remote_count,
			   u32 flags)
{
	struct transfer m = {__NR_process_vm_writev, pid, local, remote, local_count, remote_count};

	(void)t;
	return transfer(&m, flags);
}

/* The process that a descriptor stands for, by what /proc says of the descriptor. -EBADF when it is none. */
static long pid_of(s32 fd)
{
	char name[48], text[256];
	struct text b = text_begin(name, sizeof(name));
	const char *line;
	long file, n, pid = 0;

	text_str(&b, "/proc/self/fdinfo/");
	text_s64(&b, fd);
	file = host_syscall3(__NR_open, (u64)name, 0, 0);
	if (file < 0)
		return -EBADF;
	n = host_syscall3(__NR_read, (u64)file, (u64)text, sizeof(text) - 1);
	host_syscall1(__NR_close, (u64)file);
	text[n > 0 ? n : 0] = 0;
	for (line = text; *line && !str_starts(line, "Pid:\t"); line++)
		continue;
	if (!*line)
		return -EBADF;
	for (line += strlen("Pid:\t"); *line >= '0' && *line <= '9'; line++)
		pid = pid * 10 + (*line - '0');
	return pid ? pid : -ESRCH; /* it has ended */
}

/* Advice that changes no byte. What would, is not allowed across processes by Linux either. */
static bool is_harmless(s32 advice)
{
	return advice == MADV_WILLNEED || advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_COLLAPSE;
}

long sys_process_madvise(struct thread *t, s32 pidfd, gaddr iov, u32 n, s32 advice, u32 flags)
{
	struct host_iovec pieces[IOV_MAX];
	u64 base;
	long ret;

	if (flags)
		return -EINVAL;
	ret = fd_is_own(pidfd) ? -EBADF : pid_of(pidfd);
	if (ret >= 0)
		ret = process_base((s32)ret, &base);
	if (!ret && !is_harmless(advice))
		ret = -EINVAL;
	if (!ret)
		ret = remote_iov_in(pieces, iov, n, base);
	(void)t;
	return ret < 0 ? ret : host_syscall5(__NR_process_madvise, (u64)pidfd, (u64)pieces, n, (u64)advice, 0);
}

/* One kind of comparison takes a structure in place of the second number: a descriptor that an epoll watches. */
long sys_kcmp(struct thread *t, s32 a, s32 b, s32 kind, u32 first, u32 second)
{
	u64 host = kind == KCMP_EPOLL_TFD ? buf_in(GADDR(second), 12) : second;

	(void)t;
	return host_syscall5(__NR_kcmp, (u64)a, (u64)b, (u64)kind, first, host);
}
