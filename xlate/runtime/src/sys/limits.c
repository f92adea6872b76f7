/*
 * Resource limits. Those of address space and of data are kept for each process and applied to the guest's own
 * mappings: the host would count the runtime's, which are many times larger, and refuse it memory for translations. A
 * new program is told of them by options, one of the host's by the host. All others are the host's.
 */
#include "limits.h"

#include "sys/sys.h"

enum { RLIMIT_DATA = 2, RLIMIT_AS = 9 };

static const s32 KEPT[KEPT_LIMITS] = {[KEPT_DATA] = RLIMIT_DATA, [KEPT_AS] = RLIMIT_AS};

static struct kept_limit *find(s32 which)
{
	for (u32 i = 0; i < KEPT_LIMITS; i++)
		if (KEPT[i] == which)
			return &group_self()->limits[i];
	return NULL;
}

long limit_get(s32 which, struct host_rlimit *out)
{
	const struct kept_limit *k = find(which);

	if (!k || !k->set)
		return host_syscall2(__NR_getrlimit, (u64)which, (u64)out);
	*out = (struct host_rlimit){k->cur, k->max};
	return 0;
}

long limit_set(s32 which, const struct host_rlimit *limit)
{
	struct kept_limit *k = find(which);
	struct host_rlimit old;
	long err;

	if (!k)
		return host_syscall2(__NR_setrlimit, (u64)which, (u64)limit);
	err = limit_get(which, &old);
	if (err)
		return err;
	if (limit->cur > limit->max)
		return -EINVAL;
	if (limit->max > old.max && host_syscall0(__NR_geteuid))
		return -EPERM;
	*k = (struct kept_limit){true, limit->cur, limit->max};
	return 0;
}

void limits_begin(void)
{
	memcpy(group_self()->limits, process.opt.limits, sizeof(process.opt.limits));
}

void limits_to_host(struct kept_limit before[KEPT_LIMITS])
{
	const struct kept_limit *k = group_self()->limits;

	for (u32 i = 0; i < KEPT_LIMITS; i++) {
		struct host_rlimit limit = {k[i].cur, k[i].max}, old;

		before[i].set = false;
		if (!k[i].set || host_syscall2(__NR_getrlimit, (u64)KEPT[i], (u64)&old))
			continue;
		before[i] = (struct kept_limit){true, old.cur, old.max};
		host_syscall2(__NR_setrlimit, (u64)KEPT[i], (u64)&limit);
	}
}

/* What was lowered for good without privileges stays: then as much as may be. */
void limits_from_host(const struct kept_limit before[KEPT_LIMITS])
{
	for (u32 i = 0; i < KEPT_LIMITS; i++) {
		struct host_rlimit limit = {before[i].cur, before[i].max}, now;

		if (!before[i].set || !host_syscall2(__NR_setrlimit, (u64)KEPT[i], (u64)&limit))
			continue;
		host_syscall2(__NR_getrlimit, (u64)KEPT[i], (u64)&now);
		limit = (struct host_rlimit){now.max, now.max};
		host_syscall2(__NR_setrlimit, (u64)KEPT[i], (u64)&limit);
	}
}

/* Bytes mapped outside [start, end): all of them, or those that count as data. */
static u64 mapped_outside(u64 start, u64 end, bool data)
{
	struct mem_region r;
	u64 cursor = 0, sum = 0;

	while (mem_next_region(&cursor, &r)) {
		u64 low = r.start > start ? r.start : start, high = r.end < end ? r.end : end;
		bool is_stack = r.end > process.stack_low.va && r.start < process.stack_top.va;

		if (!data || (r.prot & PROT_WRITE && !r.shared && !is_stack))
			sum += r.end - r.start - (low < high ? high - low : 0);
		cursor = r.end;
	}
	return sum;
}

bool limit_allows_mapping(u64 start, u64 len, bool data)
{
	for (u32 i = 0; i < KEPT_LIMITS; i++) {
		const struct kept_limit *k = &group_self()->limits[i];
		bool counts_data = KEPT[i] == RLIMIT_DATA;

		if (!k->set || k->cur == ~0ull || (counts_data && !data))
			continue;
		if (mapped_outside(start, start + len, counts_data) + len > k->cur)
			return false;
	}
	return true;
}

long sys_prlimit64(struct thread *t, s32 pid, s32 which, gaddr in, gaddr out)
{
	struct host_rlimit new, old;
	long err;

	(void)t;
	if (!find(which) || (pid && pid != group_self()->pid))
		return host_syscall4(__NR_prlimit64, (u64)pid, (u64)which, buf_in(in, sizeof(new)),
				     buf_out(out, sizeof(old)));
	if (in.va && copy_in(&new, in, sizeof(new)))
		return -EFAULT;
	err = limit_get(which, &old);
	if (!err && in.va)
		err = limit_set(which, &new);
	if (err || !out.va)
		return err;
	return copy_out(out, &old, sizeof(old)) ? -EFAULT : 0;
}
