/*
 * Ids that are in memory: of users and groups, with 16 bits; of the process that capget asks about. Those in registers
 * are rows.
 */
#include "sys/sys.h"

/* Limit of the kernel. */
#define GROUPS_MAX 65536
/* Groups handled at a time; a process has rarely more than a few. */
#define GROUPS_HERE 4096

long sys_getgroups(struct thread *t, s32 n, gaddr out)
{
	u32 groups[GROUPS_HERE];
	u16 id;
	long got;

	(void)t;
	got = host_syscall2(__NR_getgroups, (u64)(n > GROUPS_HERE ? GROUPS_HERE : n), (u64)groups);
	for (long i = 0; n > 0 && i < got; i++) {
		id = id16_to_guest(groups[i]);
		if (copy_out(GADDR(out.va + (u64)i * 2), &id, sizeof(id)))
			return -EFAULT;
	}
	return got;
}

long sys_setgroups(struct thread *t, s32 n, gaddr in)
{
	u32 groups[GROUPS_HERE];
	u16 id;

	(void)t;
	if (n < 0 || n > GROUPS_MAX)
		return -EINVAL;
	if (n > GROUPS_HERE)
		return -ENOMEM;
	for (s32 i = 0; i < n; i++) {
		if (copy_in(&id, GADDR(in.va + (u64)i * 2), sizeof(id)))
			return -EFAULT;
		groups[i] = id;
	}
	return host_syscall2(__NR_setgroups, (u64)n, (u64)groups);
}

static long three_ids(long nr, const gaddr out[3])
{
	u32 ids[3];
	u16 id;
	long err = host_syscall3(nr, (u64)&ids[0], (u64)&ids[1], (u64)&ids[2]);

	for (u32 i = 0; i < 3 && !err; i++) {
		id = id16_to_guest(ids[i]);
		err = copy_out(out[i], &id, sizeof(id));
	}
	return err;
}

long sys_getresuid16(struct thread *t, gaddr real, gaddr effective, gaddr saved)
{
	gaddr out[3] = {real, effective, saved};

	(void)t;
	return three_ids(__NR_getresuid, out);
}

long sys_getresgid16(struct thread *t, gaddr real, gaddr effective, gaddr saved)
{
	gaddr out[3] = {real, effective, saved};

	(void)t;
	return three_ids(__NR_getresgid, out);
}

struct cap_header {
	u32 version;
	s32 pid;
};

#define CAP_DATA 24u /* two of three words, or one of an old version */

/* The kernel writes to the header, too: the version it has when it does not know the guest's. */
static long capabilities(long nr, gaddr header, u64 data)
{
	struct cap_header h, host;
	long ret;

	if (!turns_on())
		return host_syscall2(nr, buf_inout(header, sizeof(h)), data);
	if (copy_in(&h, header, sizeof(h)))
		return -EFAULT;
	host = (struct cap_header){h.version, id_in(h.pid)};
	ret = host_syscall2(nr, (u64)&host, data);
	return host.version != h.version && copy_out(header, &host.version, sizeof(u32)) ? -EFAULT : ret;
}

long sys_capget(struct thread *t, gaddr header, gaddr data)
{
	(void)t;
	return capabilities(__NR_capget, header, buf_out(data, CAP_DATA));
}

long sys_capset(struct thread *t, gaddr header, gaddr data)
{
	(void)t;
	return capabilities(__NR_capset, header, buf_in(data, CAP_DATA));
}
