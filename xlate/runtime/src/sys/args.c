/*
 * One argument at a time: guest registers as the host kernel wants them. Bad guest pointers are not judged here: they
 * become an address no user process has, so that the kernel finds them in its own order of checks and says EFAULT.
 */
#include "sys/sys.h"

/* Never a user address, so the kernel's own check refuses it. */
#define BAD_ADDRESS 0xffff800000000000ull

s64 fd_to_host(struct thread *t, s32 fd)
{
	(void)t;
	return fd_is_own(fd) ? -1 : fd;
}

/* Lengths that a 32-bit kernel takes for negative ones are never right. */
static bool in_guest(gaddr a, u64 len)
{
	return a.va <= 1ull << 32 && len <= (1ull << 32) - a.va && len <= 0x7fffffff;
}

u64 buf_in(gaddr a, u64 len)
{
	if (!a.va)
		return 0;
	return in_guest(a, len) ? (u64)g2h(a) : BAD_ADDRESS;
}

u64 buf_out(gaddr a, u64 len)
{
	u64 host = buf_in(a, len);

	if (host && host != BAD_ADDRESS && len)
		mem_will_write(a, len);
	return host;
}

u64 buf_inout(gaddr a, u64 len)
{
	return buf_out(a, len);
}

u32 length_at(gaddr a)
{
	u32 len;

	return a.va && copy_in(&len, a, sizeof(len)) == 0 ? len : 0;
}

long result_id16(long result)
{
	return host_is_error(result) ? result : id16_to_guest((u32)result);
}
