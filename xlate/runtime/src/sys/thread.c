/* What a thread tells the kernel about itself: its tid word, its robust list, its thread pointer, its CPUs. */
#include "sys/sys.h"
#include "world.h"

#define ROBUST_LIST_SIZE 12u
/* Bytes of a CPU set, enough for 8192 CPUs. */
#define CPU_SET_MAX 1024u

long sys_set_tid_address(struct thread *t, gaddr a)
{
	t->clear_child_tid = a;
	host_syscall1(__NR_set_tid_address, ptr_to_host(a)); /* the kernel clears it and wakes who waits */
	return t->tid;
}

/* Kept for get_robust_list; the list holds guest addresses, so the host kernel must not be told. */
long sys_set_robust_list(struct thread *t, gaddr head, u32 size)
{
	if (size != ROBUST_LIST_SIZE)
		return -EINVAL;
	t->robust_list = head;
	t->robust_list_len = size;
	return 0;
}

long sys_get_robust_list(struct thread *t, s32 pid, gaddr head, gaddr size)
{
	u32 list, len = ROBUST_LIST_SIZE;
	const struct thread *whose = pid ? NULL : t;
	HOLD_LOCK;

	for (const struct thread *u = world_next(NULL); u && !whose; u = world_next(u))
		if (u->tid == pid)
			whose = u;
	if (!whose)
		return host_syscall2(__NR_kill, (u64)pid, 0) == -ESRCH ? -ESRCH : -EPERM; /* in a runtime of its own */
	list = (u32)whose->robust_list.va;
	if (copy_out(size, &len, sizeof(len)) || copy_out(head, &list, sizeof(list)))
		return -EFAULT;
	return 0;
}

/* A 64-bit kernel wants whole 8-byte words and reports as many; the guest's unit is 4 bytes. */
long sys_sched_getaffinity(struct thread *t, s32 pid, u32 size, gaddr out)
{
	u8 set[CPU_SET_MAX];
	u32 room = size < sizeof(set) ? size : (u32)sizeof(set);
	long len;

	(void)t;
	if (size & 3)
		return -EINVAL;
	memset(set, 0, sizeof(set));
	len = host_syscall3(__NR_sched_getaffinity, (u64)pid, (room + 7) & ~7u, (u64)set);
	if (len < 0)
		return len;
	if ((u32)len > room)
		len = room;
	return copy_out(out, set, (u64)len) ? -EFAULT : len;
}

long sys_sched_rr_get_interval(struct thread *t, s32 pid, gaddr out)
{
	struct host_timespec ts;
	long err = host_syscall2(__NR_sched_rr_get_interval, (u64)pid, (u64)&ts);

	(void)t;
	return err ? err : timespec32_out(out, &ts);
}
