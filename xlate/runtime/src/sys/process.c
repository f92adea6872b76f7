/* Processes: execve, waiting, exit. A guest process is a host process. How they begin is clone.c. */
#include "exec.h"
#include "sys/sys.h"

enum { WNOWAIT = 0x01000000, CLD_DUMPED = 3 };

long sys_exit(struct thread *t, s32 status)
{
	thread_exit(t, status & 0xff);
}

long sys_exit_group(struct thread *t, s32 status)
{
	process_exit(t, status & 0xff);
}

static long exec_path(struct thread *t, s32 dirfd, gaddr path, gaddr argv, gaddr envp, u32 flags)
{
	GUEST_PATH(p);
	long err = path_in(&p, dirfd, path, flags & AT_SYMLINK_NOFOLLOW ? PATH_NOFOLLOW : PATH_FOLLOW);

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

/* Not stopped, not going on again: nobody waits for it any more. */
static bool has_ended(s32 wstatus)
{
	return (wstatus & 0x7f) != 0x7f;
}

long sys_wait4(struct thread *t, s32 pid, gaddr status, u32 options, gaddr usage)
{
	struct host_rusage ru;
	s32 wstatus = 0;
	long ret;

	ret = guest_blocking_syscall(t, __NR_wait4, (u64)pid, (u64)&wstatus, options, usage.va ? (u64)&ru : 0, 0, 0);
	if (ret <= 0)
		return ret;
	if (has_ended(wstatus))
		ids_end_process(id_known((s32)ret));
	if (status.va && copy_out(status, &wstatus, sizeof(wstatus)))
		return -EFAULT;
	if (turns_on())
		ru = (struct host_rusage){0}; /* another process's time is not one's own doing */
	if (usage.va && rusage_out(usage, &ru))
		return -EFAULT;
	return ret;
}

/* The kernel writes these members of siginfo and no others; all zero when no child was ready. */
static long waited_out(gaddr info, const struct host_siginfo *h)
{
	s32 words[6] = {h->signo, 0, h->code, id_known(h->chld.pid), (s32)h->chld.uid, h->chld.status};

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
	if (host.chld.pid && host.code <= CLD_DUMPED && !(options & WNOWAIT))
		ids_end_process(id_known(host.chld.pid));
	if (turns_on())
		ru = (struct host_rusage){0};
	if (usage.va && host.chld.pid && rusage_out(usage, &ru))
		return -EFAULT;
	return info.va ? waited_out(info, &host) : 0;
}
