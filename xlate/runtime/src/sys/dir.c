/*
 * getdents of the old shape (32-bit inode and offset, the type as the record's last byte); getdents64 is a row. An
 * offset is cut to 32 bits as a 32-bit kernel cuts it; getdents64 keeps all of it.
 */
#include "sys/sys.h"

struct host_dirent64 {
	u64 ino;
	s64 off;
	u16 reclen;
	u8 type;
	char name[];
};

/* A converted record is never longer than the host's, so a host buffer of the guest's size always fits. */
#define DIRENT_BUFFER 8192u

/* One record into out; its length, or -EOVERFLOW for an inode number that does not fit. */
static long convert_dirent(char *out, const struct host_dirent64 *in)
{
	struct guest_dirent head = {0};
	u32 name_len = (u32)strlen(in->name);
	u32 reclen = (u32)(offsetof(struct guest_dirent, name) + name_len + 2 + 3) & ~3u;

	if (in->ino > 0xffffffff)
		return -EOVERFLOW;
	head.ino = (u32)in->ino;
	head.off = (u32)in->off;
	head.reclen = (u16)reclen;
	memset(out, 0, reclen);
	memcpy(out, &head, offsetof(struct guest_dirent, name));
	memcpy(out + offsetof(struct guest_dirent, name), in->name, name_len);
	out[reclen - 1] = (char)in->type;
	return reclen;
}

long sys_getdents(struct thread *t, s32 fd, gaddr out, u32 size)
{
	char in[DIRENT_BUFFER] __attribute__((aligned(8)));
	char record[DIRENT_BUFFER];
	u32 room = size < sizeof(in) ? size : (u32)sizeof(in);
	u32 used = 0;
	long len, reclen;

	len = host_syscall3(__NR_getdents64, (u64)fd_to_host(t, fd), (u64)in, room);
	for (long at = 0; at < len;) {
		const struct host_dirent64 *d = (const struct host_dirent64 *)(in + at);

		reclen = convert_dirent(record, d);
		if (reclen < 0)
			return used ? (long)used : reclen;
		if (copy_out(GADDR(out.va + used), record, (u64)reclen))
			return -EFAULT;
		used += (u32)reclen;
		at += d->reclen;
	}
	return len < 0 ? len : (long)used;
}
