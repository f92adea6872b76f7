/*
 * Names of local sockets in a root whose paths are translated. Whoever sends finds the socket through a descriptor. What
 * a socket is bound to is told to others, who may answer there: so it is the host's name of the place as long as that
 * fits an address, and is made the guest's again wherever an address comes back. Where it does not fit it is bound
 * through a descriptor as well, and others are told a name that means nothing.
 */
#include "sys/sys.h"

enum { AF_UNIX = 1, FAMILY_SIZE = 2, UNIX_NAME_MAX = 108, UNIX_ADDRESS_MAX = FAMILY_SIZE + UNIX_NAME_MAX };

static u16 family_of(const u8 *address)
{
	return (u16)(address[0] | address[1] << 8);
}

/* The host's name of what is to be made; false: it is too long. */
static bool real_name(const struct host_path *p, char *name, size_t size)
{
	const char *last = strrchr(p->text, '/');
	int folder = p->pin >= 0 ? p->pin : group_self()->own_fds[OWN_FD_ROOT];
	long n = fd_path(folder, name, size);
	struct text b;

	if (p->text[0] != '/' || n <= 0 || (size_t)n >= size - 1)
		return false;
	b = text_begin(name + n, size - (size_t)n);
	text_str(&b, last);
	return b.at < b.end;
}

long socket_name_in(struct host_path *p, u8 *out, u64 from, u32 len, bool bind)
{
	char name[UNIX_NAME_MAX + 1] = "";
	size_t size;
	long err;

	if (len <= FAMILY_SIZE || len > UNIX_ADDRESS_MAX || !h_is_guest(from) || copy_in(out, h2g(from), len))
		return 0;
	memcpy(name, out + FAMILY_SIZE, len - FAMILY_SIZE);
	if (family_of(out) != AF_UNIX || !name[0] || (bind && !strchr(name, '/')))
		return 0;
	err = rooted_path(AT_FDCWD, name, bind ? PATH_NAME : PATH_FOLLOW, p);
	if (err)
		return err;
	if (!bind || !real_name(p, name, sizeof(name) - 1)) {
		size = strlen(p->text);
		if (size >= sizeof(name))
			return -EINVAL;
		memcpy(name, p->text, size + 1);
	}
	size = strlen(name);
	memcpy(out + FAMILY_SIZE, name, size + 1);
	return (long)(FAMILY_SIZE + size + (size < UNIX_NAME_MAX));
}

u32 socket_name_out(u8 *address, u32 len)
{
	char name[UNIX_NAME_MAX + 1] = "";

	if (len <= FAMILY_SIZE || len > UNIX_ADDRESS_MAX + 1 || family_of(address) != AF_UNIX ||
	    address[FAMILY_SIZE] != '/')
		return len;
	memcpy(name, address + FAMILY_SIZE, len - FAMILY_SIZE > UNIX_NAME_MAX ? UNIX_NAME_MAX : len - FAMILY_SIZE);
	if (!rooted_name(name, sizeof(name)))
		return len;
	memcpy(address + FAMILY_SIZE, name, strlen(name) + 1);
	return FAMILY_SIZE + (u32)strlen(name) + 1;
}

long rooted_address_in(struct thread *t, long nr, const u64 *args, u32 at)
{
	HOST_PATH(p);
	u8 name[SOCKET_NAME_MAX];
	u64 a[6];
	long len;

	memcpy(a, args, sizeof(a));
	len = socket_name_in(&p, name, a[at], (u32)a[at + 1], nr == __NR_bind);
	if (len < 0)
		return len;
	if (len) {
		a[at] = (u64)name;
		a[at + 1] = (u64)len;
	}
	return guest_blocking_syscall(t, nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

long socket_name_give(u8 *name, u32 len, gaddr to, u32 room, gaddr length)
{
	len = socket_name_out(name, len);
	if (copy_out(to, name, room < len ? room : len))
		return -EFAULT;
	return length.va ? copy_out(length, &len, sizeof(len)) : (long)len;
}

long rooted_address_out(struct thread *t, long nr, const u64 *args, u32 at)
{
	u8 name[SOCKET_NAME_MAX + 1] = {0};
	u32 len = SOCKET_NAME_MAX;
	s32 room;
	u64 a[6];
	long ret, err;

	memcpy(a, args, sizeof(a));
	if (a[at] && h_is_guest(a[at]) && h_is_guest(a[at + 1])) {
		a[at] = (u64)name;
		a[at + 1] = (u64)&len;
	}
	if (a[at] == args[at] || copy_in(&room, h2g(args[at + 1]), sizeof(room)) || room < 0)
		return guest_blocking_syscall(t, nr, args[0], args[1], args[2], args[3], args[4], args[5]);
	ret = guest_blocking_syscall(t, nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (ret < 0)
		return ret;
	err = socket_name_give(name, len, h2g(args[at]), (u32)room, h2g(args[at + 1]));
	if (err && (nr == __NR_accept || nr == __NR_accept4)) /* nobody would know of it */
		host_syscall1(__NR_close, (u64)ret);
	return err ? err : ret;
}
