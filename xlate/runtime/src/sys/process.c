/*
 * Processes: fork and its kin, execve, waiting, exit. A guest process is a host process; vfork is a fork whose parent is
 * held until the child executes or ends, so a child's writes are not seen by the parent. Threads (clone with a shared
 * address space) are refused with EAGAIN, which pthread_create passes on as "no resources".
 */
#include "cpu.h"
#include "exec.h"
#include "sys/sys.h"

enum {
	CLONE_VM = 0x00000100,
	CLONE_FILES = 0x00000400,
	CLONE_SIGHAND = 0x00000800,
	CLONE_PIDFD = 0x00001000,
	CLONE_VFORK = 0x00004000,
	CLONE_THREAD = 0x00010000,
	CLONE_SYSVSEM = 0x00040000,
	CLONE_SETTLS = 0x00080000,
	CLONE_PARENT_SETTID = 0x00100000,
	CLONE_CHILD_CLEARTID = 0x00200000,
	CLONE_CHILD_SETTID = 0x01000000,
};

struct clone_args {
	u32 flags;		/* exit signal included */
	gaddr stack;		/* 0: go on with the parent's */
	gaddr parent_tid, child_tid;
	u32 tls;
};

static void become_child(struct thread *t, const struct clone_args *c)
{
	process_after_fork(t);
	cpu_after_fork(t);
	if (c->stack.va)
		t->cpu.r[13] = (u32)c->stack.va;
	if (c->flags & CLONE_SETTLS)
		t->cpu.tpidruro = c->tls;
	t->clear_child_tid = c->flags & CLONE_CHILD_CLEARTID ? c->child_tid : GADDR(0);
	t->robust_list = GADDR(0);
	t->robust_list_len = 0;
}

/* What the child shares with nobody, or what only the guest's own registers need. */
#define CLONE_NOT_HOST (CLONE_VM | CLONE_SIGHAND | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_CHILD_CLEARTID)

static long clone_process(struct thread *t, const struct clone_args *c)
{
	u64 parent_tid = c->flags & (CLONE_PARENT_SETTID | CLONE_PIDFD) ? buf_out(c->parent_tid, 4) : 0;
	u64 child_tid = c->flags & CLONE_CHILD_SETTID ? buf_out(c->child_tid, 4) : 0;
	/* Argument order of x86-64: flags, stack, parent_tid, child_tid, tls. */
	long pid = host_syscall5(__NR_clone, c->flags & ~(u32)CLONE_NOT_HOST, 0, parent_tid, child_tid, 0);

	if (pid == 0)
		become_child(t, c);
	return pid;
}

/* A shared address space only for as long as the parent sleeps is a vfork; longer is a thread. */
static bool wants_thread(u32 flags)
{
	if (flags & (CLONE_THREAD | CLONE_FILES))
		return true;
	return (flags & CLONE_VM) && !(flags & CLONE_VFORK);
}

long sys_clone(struct thread *t, u32 flags, gaddr stack, gaddr parent_tid, gaddr tls, gaddr child_tid)
{
	struct clone_args c = {flags, stack, parent_tid, child_tid, (u32)tls.va};

	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	return wants_thread(flags) ? -EAGAIN : clone_process(t, &c);
}

long sys_fork(struct thread *t)
{
	struct clone_args c = {.flags = SIGCHLD};

	return clone_process(t, &c);
}

long sys_vfork(struct thread *t)
{
	struct clone_args c = {.flags = SIGCHLD | CLONE_VFORK};

	return clone_process(t, &c);
}

long sys_exit(struct thread *t, s32 status)
{
	process_exit(t, status & 0xff); /* one thread: its end is the process's */
}

long sys_exit_group(struct thread *t, s32 status)
{
	process_exit(t, status & 0xff);
}

static long exec_path(struct thread *t, s32 dirfd, gaddr path, gaddr argv, gaddr envp, u32 flags)
{
	struct guest_path p;
	long err = path_in(&p, path, flags & AT_SYMLINK_NOFOLLOW ? PATH_NOFOLLOW : PATH_FOLLOW);

	if (err)
		return err;
	if (!p.host)
		return -EFAULT;
	return exec_guest(t, dirfd, p.host, p.name, argv, envp, (int)flags);
}

long sys_execve(struct thread *t, gaddr path, gaddr argv, gaddr envp)
{
	return exec_path(t, AT_FDCWD, path, argv, envp, 0);
}

long sys_execveat(struct thread *t, s32 dirfd, gaddr path, gaddr argv, gaddr envp, u32 flags)
{
	return exec_path(t, (s32)fd_to_host(t, dirfd), path, argv, envp, flags);
}

long sys_wait4(struct thread *t, s32 pid, gaddr status, u32 options, gaddr usage)
{
	struct host_rusage ru;
	s32 wstatus = 0;
	long ret;

	ret = guest_blocking_syscall(t, __NR_wait4, (u64)pid, (u64)&wstatus, options, usage.va ? (u64)&ru : 0, 0, 0);
	if (ret <= 0)
		return ret;
	if (status.va && copy_out(status, &wstatus, sizeof(wstatus)))
		return -EFAULT;
	if (usage.va && rusage_out(usage, &ru))
		return -EFAULT;
	return ret;
}

/* The kernel writes these members of siginfo and no others; all zero when no child was ready. */
static long waited_out(gaddr info, const struct host_siginfo *h)
{
	s32 words[6] = {h->signo, 0, h->code, h->chld.pid, (s32)h->chld.uid, h->chld.status};

	return copy_out(info, words, sizeof(words));
}

long sys_waitid(struct thread *t, s32 which, s32 id, gaddr info, u32 options, gaddr usage)
{
	struct host_siginfo host = {0};
	struct host_rusage ru;
	s64 host_id = which == 3 /* P_PIDFD */ ? fd_to_host(t, id) : id;
	long ret;

	ret = guest_blocking_syscall(t, __NR_waitid, (u64)which, (u64)host_id, (u64)&host, options,
				     usage.va ? (u64)&ru : 0, 0);
	if (ret < 0)
		return ret;
	if (usage.va && host.chld.pid && rusage_out(usage, &ru))
		return -EFAULT;
	return info.va ? waited_out(info, &host) : 0;
}
