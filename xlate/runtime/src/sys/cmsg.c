/*
 * Control messages of sockets. A header is 12 bytes on ARM and 16 here, and old timestamps hold two words instead of two
 * longs; all other payloads are the same bytes. Descriptors that do not fit the guest's buffer are closed, as the kernel
 * would not have installed them.
 */
#include "sys/sys.h"

enum {
	SOL_SOCKET = 1,
	SCM_RIGHTS = 1,
	SCM_CREDENTIALS = 2,
	SCM_TIMESTAMP_OLD = 29,
	SCM_TIMESTAMPNS_OLD = 35,
	SCM_TIMESTAMPING_OLD = 37,
};

struct host_cmsghdr {
	u64 len;
	s32 level;
	s32 type;
};

/* Longest payload that has to be rewritten: three timestamps. */
#define REWRITTEN_MAX 48

static u64 align(u64 len, u64 to)
{
	return (len + to - 1) & ~(to - 1);
}

static bool is_credentials(const struct host_cmsghdr *h)
{
	return h->level == SOL_SOCKET && h->type == SCM_CREDENTIALS && h->len >= sizeof(*h) + sizeof(s32);
}

/* The first member is the process, by the guest's number or the host's. */
static void name_sender(void *credentials, s32 (*translate)(s32))
{
	s32 pid;

	memcpy(&pid, credentials, sizeof(pid));
	pid = translate(pid);
	memcpy(credentials, &pid, sizeof(pid));
}

long cmsg_to_host(u8 *buf, u64 size, gaddr control, u32 len)
{
	struct guest_cmsghdr g;
	struct host_cmsghdr h;
	u64 used = 0;
	u32 at = 0;

	while (len - at >= sizeof(g)) {
		u32 payload;

		if (copy_in(&g, GADDR(control.va + at), sizeof(g)))
			return -EFAULT;
		if (g.len < sizeof(g) || g.len > len - at)
			return -EINVAL;
		payload = g.len - (u32)sizeof(g);
		h = (struct host_cmsghdr){sizeof(h) + payload, g.level, g.type};
		if (used + align(h.len, 8) > size)
			return -ENOBUFS;
		memset(buf + used, 0, align(h.len, 8));
		memcpy(buf + used, &h, sizeof(h));
		if (copy_in(buf + used + sizeof(h), GADDR(control.va + at + sizeof(g)), payload))
			return -EFAULT;
		if (is_credentials(&h))
			name_sender(buf + used + sizeof(h), id_in);
		used += align(h.len, 8);
		if (align(g.len, 4) > len - at)
			break;
		at += (u32)align(g.len, 4);
	}
	return (long)used;
}

/* True when the payload is pairs of longs that ARM has as pairs of words. */
static bool is_old_time(const struct host_cmsghdr *h)
{
	return h->level == SOL_SOCKET && (h->type == SCM_TIMESTAMP_OLD || h->type == SCM_TIMESTAMPNS_OLD ||
					  h->type == SCM_TIMESTAMPING_OLD);
}

static void close_rights(const u8 *payload, u64 from, u64 len)
{
	for (u64 at = align(from, 4); at + 4 <= len; at += 4) {
		s32 fd;

		memcpy(&fd, payload + at, sizeof(fd));
		host_syscall1(__NR_close, (u64)fd);
	}
}

/* One message; returns what it takes of the guest's buffer, or -EFAULT. */
static long put_cmsg(gaddr at, u32 room, const struct host_cmsghdr *h, const u8 *payload, bool *truncated)
{
	s32 words[REWRITTEN_MAX / 4];
	u64 len = h->len - sizeof(*h);
	u64 fit;
	struct guest_cmsghdr g;

	if (is_old_time(h) && len <= 2 * sizeof(words)) {
		for (u64 i = 0; i < len / 8; i++)
			memcpy(&words[i], payload + i * 8, 4);
		payload = (const u8 *)words;
		len /= 2;
	}
	if (is_credentials(h) && len <= sizeof(words)) {
		memcpy(words, payload, len);
		name_sender(words, id_known);
		payload = (const u8 *)words;
	}
	fit = room < sizeof(g) ? 0 : room - sizeof(g);
	if (fit < len)
		*truncated = true;
	else
		fit = len;
	if (h->level == SOL_SOCKET && h->type == SCM_RIGHTS) {
		fit &= ~3ull;
		close_rights(payload, fit, len);
	}
	if (room < sizeof(g))
		return 0;
	g = (struct guest_cmsghdr){(u32)(sizeof(g) + fit), h->level, h->type};
	if (copy_out(at, &g, sizeof(g)) || copy_out(GADDR(at.va + sizeof(g)), payload, fit))
		return -EFAULT;
	return (long)(sizeof(g) + fit);
}

long cmsg_to_guest(gaddr control, u32 room, const u8 *buf, u64 len, bool *truncated)
{
	struct host_cmsghdr h;
	u64 at = 0;
	u32 used = 0;

	*truncated = false;
	while (len - at >= sizeof(h)) {
		long put;

		memcpy(&h, buf + at, sizeof(h));
		if (h.len < sizeof(h) || h.len > len - at)
			break;
		put = put_cmsg(GADDR(control.va + used), room - used, &h, buf + at + sizeof(h), truncated);
		if (put < 0)
			return put;
		put = (long)align((u64)put, 4);
		used += (u32)put > room - used ? room - used : (u32)put;
		if (align(h.len, 8) > len - at)
			break;
		at += align(h.len, 8);
	}
	return used;
}
