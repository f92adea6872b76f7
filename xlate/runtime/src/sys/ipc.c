/*
 * System V semaphores, messages and shared memory. Status structures have 32-bit members and split times on ARM; a message
 * begins with a 32-bit type. Libraries set the IPC_64 bit in commands; structures from before it are refused.
 */
#include <asm/msgbuf.h>
#include <asm/sembuf.h>
#include <asm/shmbuf.h>

#include "sys/sys.h"

enum {
	IPC_64 = 0x100,
	IPC_SET = 1,
	IPC_STAT = 2,
	IPC_INFO = 3,
	MSG_STAT = 11,
	MSG_INFO = 12,
	MSG_STAT_ANY = 13,
	SHM_STAT = 13,
	SHM_INFO = 14,
	SHM_STAT_ANY = 15,
	GETALL = 13,
	SETALL = 17,
	SEM_STAT = 18,
	SEM_INFO = 19,
	SEM_STAT_ANY = 20,
};

/* Largest message: eight times the kernel's default limit. */
#define MESSAGE_MAX 65536u

static void perm_to_guest(struct guest_ipc_perm *g, const struct ipc64_perm *h)
{
	g->key = h->key;
	g->uid = h->uid;
	g->gid = h->gid;
	g->cuid = h->cuid;
	g->cgid = h->cgid;
	g->mode = (u16)h->mode;
	g->seq = h->seq;
}

/* What IPC_SET may change. */
static void perm_to_host(struct ipc64_perm *h, const struct guest_ipc_perm *g)
{
	memset(h, 0, sizeof(*h));
	h->uid = g->uid;
	h->gid = g->gid;
	h->mode = g->mode;
}

static long sem_stat(s32 id, u32 cmd, gaddr arg)
{
	struct semid64_ds h;
	struct guest_semid_ds g = {0};
	long ret = host_syscall4(__NR_semctl, (u64)id, 0, cmd, (u64)&h);

	if (ret < 0)
		return ret;
	perm_to_guest(&g.perm, &h.sem_perm);
	g.otime = (u32)h.sem_otime;
	g.otime_high = (u32)((u64)h.sem_otime >> 32);
	g.ctime = (u32)h.sem_ctime;
	g.ctime_high = (u32)((u64)h.sem_ctime >> 32);
	g.nsems = (u32)h.sem_nsems;
	return copy_out(arg, &g, sizeof(g)) ? -EFAULT : ret;
}

static long sem_set(s32 id, gaddr arg)
{
	struct guest_semid_ds g;
	struct semid64_ds h = {0};

	if (copy_in(&g, arg, sizeof(g)))
		return -EFAULT;
	perm_to_host(&h.sem_perm, &g.perm);
	return host_syscall4(__NR_semctl, (u64)id, 0, IPC_SET, (u64)&h);
}

/* All values of a set: its size is asked first, so that the buffer can be checked. */
static long sem_all(s32 id, u32 cmd, gaddr arg)
{
	struct semid64_ds h;
	long err = host_syscall4(__NR_semctl, (u64)id, 0, IPC_STAT, (u64)&h);

	if (err)
		return err;
	return host_syscall4(__NR_semctl, (u64)id, 0, cmd, buf_inout(arg, h.sem_nsems * 2));
}

static bool has_version(u32 cmd)
{
	return cmd & IPC_64;
}

long sys_semctl(struct thread *t, s32 id, s32 n, u32 versioned, u32 arg)
{
	u32 cmd = versioned & ~(u32)IPC_64;

	(void)t;
	switch (cmd) {
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return has_version(versioned) ? sem_stat(id, cmd, GADDR(arg)) : -EINVAL;
	case IPC_SET:
		return has_version(versioned) ? sem_set(id, GADDR(arg)) : -EINVAL;
	case GETALL:
	case SETALL:
		return sem_all(id, cmd, GADDR(arg));
	case IPC_INFO:
	case SEM_INFO:
		return host_syscall4(__NR_semctl, (u64)id, (u64)n, cmd, buf_out(GADDR(arg), 40));
	default: /* a number, or nothing */
		return host_syscall4(__NR_semctl, (u64)id, (u64)n, cmd, (u64)(s64)(s32)arg);
	}
}

static long semtimedop(struct thread *t, s32 id, gaddr ops, u32 n, gaddr timeout, enum time_width width)
{
	struct host_timespec ts, *ts_host;
	long err = timespec_in_opt(&ts, &ts_host, timeout, width);

	if (err)
		return err;
	return guest_blocking_syscall(t, __NR_semtimedop, (u64)id, buf_in(ops, (u64)n * 6), n, (u64)ts_host, 0, 0);
}

long sys_semtimedop(struct thread *t, s32 id, gaddr ops, u32 n, gaddr timeout)
{
	return semtimedop(t, id, ops, n, timeout, TIME32);
}

long sys_semtimedop_time64(struct thread *t, s32 id, gaddr ops, u32 n, gaddr timeout)
{
	return semtimedop(t, id, ops, n, timeout, TIME64);
}

struct host_message {
	s64 type;
	u8 text[MESSAGE_MAX];
};

long sys_msgsnd(struct thread *t, s32 id, gaddr msg, u32 size, u32 flags)
{
	struct host_message h;
	s32 type;

	if (size > MESSAGE_MAX)
		return -EINVAL;
	if (copy_in(&type, msg, sizeof(type)) || copy_in(h.text, GADDR(msg.va + 4), size))
		return -EFAULT;
	h.type = type;
	return guest_blocking_syscall(t, __NR_msgsnd, (u64)id, (u64)&h, size, flags, 0, 0);
}

long sys_msgrcv(struct thread *t, s32 id, gaddr msg, u32 size, s32 type, u32 flags)
{
	struct host_message h;
	s32 got_type;
	long ret;

	if ((s32)size < 0)
		return -EINVAL;
	ret = guest_blocking_syscall(t, __NR_msgrcv, (u64)id, (u64)&h, size > MESSAGE_MAX ? MESSAGE_MAX : size, (u64)type, flags, 0);
	if (ret < 0)
		return ret;
	got_type = (s32)h.type;
	if (copy_out(msg, &got_type, sizeof(got_type)) || copy_out(GADDR(msg.va + 4), h.text, (u64)ret))
		return -EFAULT;
	return ret;
}

static long msg_stat(s32 id, u32 cmd, gaddr arg)
{
	struct msqid64_ds h;
	struct guest_msqid_ds g = {0};
	long ret = host_syscall3(__NR_msgctl, (u64)id, cmd, (u64)&h);

	if (ret < 0)
		return ret;
	perm_to_guest(&g.perm, &h.msg_perm);
	g.stime = (u32)h.msg_stime;
	g.stime_high = (u32)((u64)h.msg_stime >> 32);
	g.rtime = (u32)h.msg_rtime;
	g.rtime_high = (u32)((u64)h.msg_rtime >> 32);
	g.ctime = (u32)h.msg_ctime;
	g.ctime_high = (u32)((u64)h.msg_ctime >> 32);
	g.cbytes = (u32)h.msg_cbytes;
	g.qnum = (u32)h.msg_qnum;
	g.qbytes = (u32)h.msg_qbytes;
	g.lspid = id_known(h.msg_lspid);
	g.lrpid = id_known(h.msg_lrpid);
	return copy_out(arg, &g, sizeof(g)) ? -EFAULT : ret;
}

static long msg_set(s32 id, gaddr arg)
{
	struct guest_msqid_ds g;
	struct msqid64_ds h = {0};

	if (copy_in(&g, arg, sizeof(g)))
		return -EFAULT;
	perm_to_host(&h.msg_perm, &g.perm);
	h.msg_qbytes = g.qbytes;
	return host_syscall3(__NR_msgctl, (u64)id, IPC_SET, (u64)&h);
}

long sys_msgctl(struct thread *t, s32 id, u32 versioned, gaddr arg)
{
	u32 cmd = versioned & ~(u32)IPC_64;

	(void)t;
	switch (cmd) {
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return has_version(versioned) ? msg_stat(id, cmd, arg) : -EINVAL;
	case IPC_SET:
		return has_version(versioned) ? msg_set(id, arg) : -EINVAL;
	case IPC_INFO:
	case MSG_INFO:
		return host_syscall3(__NR_msgctl, (u64)id, cmd, buf_out(arg, 32));
	default:
		return host_syscall3(__NR_msgctl, (u64)id, cmd, 0);
	}
}

long sys_shmat(struct thread *t, s32 id, gaddr addr, u32 flags)
{
	return mem_shmat(t, id, addr, (int)flags);
}

long sys_shmdt(struct thread *t, gaddr addr)
{
	return mem_shmdt(t, addr);
}

static long shm_stat(s32 id, u32 cmd, gaddr arg)
{
	struct shmid64_ds h;
	struct guest_shmid_ds g = {0};
	long ret = host_syscall3(__NR_shmctl, (u64)id, cmd, (u64)&h);

	if (ret < 0)
		return ret;
	perm_to_guest(&g.perm, &h.shm_perm);
	g.segsz = (u32)h.shm_segsz;
	g.atime = (u32)h.shm_atime;
	g.atime_high = (u32)((u64)h.shm_atime >> 32);
	g.dtime = (u32)h.shm_dtime;
	g.dtime_high = (u32)((u64)h.shm_dtime >> 32);
	g.ctime = (u32)h.shm_ctime;
	g.ctime_high = (u32)((u64)h.shm_ctime >> 32);
	g.cpid = (u32)id_known((s32)h.shm_cpid);
	g.lpid = (u32)id_known((s32)h.shm_lpid);
	g.nattch = (u32)h.shm_nattch;
	return copy_out(arg, &g, sizeof(g)) ? -EFAULT : ret;
}

static long shm_set(s32 id, gaddr arg)
{
	struct guest_shmid_ds g;
	struct shmid64_ds h = {0};

	if (copy_in(&g, arg, sizeof(g)))
		return -EFAULT;
	perm_to_host(&h.shm_perm, &g.perm);
	return host_syscall3(__NR_shmctl, (u64)id, IPC_SET, (u64)&h);
}

static u32 clamp32(u64 v)
{
	return v > 0xffffffff ? 0xffffffff : (u32)v;
}

/* Limits and totals: whole words of the host, clamped to the guest's. */
static long shm_info(s32 id, u32 cmd, gaddr arg)
{
	u64 h[9] = {0};
	struct guest_shminfo limits = {0};
	struct guest_shm_info totals;
	long ret = host_syscall3(__NR_shmctl, (u64)id, cmd, (u64)h);

	if (ret < 0)
		return ret;
	if (cmd == IPC_INFO) {
		limits = (struct guest_shminfo){clamp32(h[0]), clamp32(h[1]), clamp32(h[2]), clamp32(h[3]), clamp32(h[4]), {0}};
		return copy_out(arg, &limits, sizeof(limits)) ? -EFAULT : ret;
	}
	totals = (struct guest_shm_info){(s32)h[0], clamp32(h[1]), clamp32(h[2]), clamp32(h[3]), clamp32(h[4]), clamp32(h[5])};
	return copy_out(arg, &totals, sizeof(totals)) ? -EFAULT : ret;
}

long sys_shmctl(struct thread *t, s32 id, u32 versioned, gaddr arg)
{
	u32 cmd = versioned & ~(u32)IPC_64;

	(void)t;
	switch (cmd) {
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return has_version(versioned) ? shm_stat(id, cmd, arg) : -EINVAL;
	case IPC_SET:
		return has_version(versioned) ? shm_set(id, arg) : -EINVAL;
	case IPC_INFO:
	case SHM_INFO:
		return shm_info(id, cmd, arg);
	default:
		return host_syscall3(__NR_shmctl, (u64)id, cmd, 0);
	}
}
