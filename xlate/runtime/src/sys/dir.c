/*
 * Listing folders. The old getdents has a 32-bit inode and offset, and the type as its records' last byte; getdents64 has
 * the host's layout. In a hashed folder of ext4 a position is a hash: 31 bits of it for 32-bit programs, 63 for 64-bit
 * ones, and libraries refuse what does not fit their long. So the guest is given the upper half, which is exactly the
 * 32-bit position, and seeking puts it back. In lists of descriptors under /proc the runtime's own ones are left out.
 */
#include <asm/stat.h>
#include <asm/statfs.h>

#include "sys/sys.h"

#define EXT4_MAGIC 0xef53
#define PROC_MAGIC 0x9fa0
#define EXT4_INDEXED 0x1000
#define FS_IOC_GETFLAGS 0x80086601
#define LARGEST_POSITION 0x7fffffff
#define S_IFMT 0170000
#define S_IFDIR 0040000
#define DT_REG 8
#define DT_LNK 10

struct host_dirent64 {
	u64 ino;
	s64 off;
	u16 reclen;
	u8 type;
	char name[];
};

/* A converted record is never longer than the host's, so a host buffer of the guest's size always fits. */
#define DIRENT_BUFFER 32768u

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

/* Has this process been given cut positions? Until then seeking needs no look at the file. */
static bool cut_positions;

static bool is_on(s64 fd, long file_system)
{
	struct statfs fs;

	return !host_syscall2(__NR_fstatfs, (u64)fd, (u64)&fs) && fs.f_type == file_system;
}

/* ext4 hashes a folder that has an index, or could get one without being rewritten. */
static bool is_hashed(s64 fd)
{
	struct stat st;
	u32 flags = 0;

	if (!is_on(fd, EXT4_MAGIC))
		return false;
	if (host_syscall2(__NR_fstat, (u64)fd, (u64)&st) || (st.st_mode & S_IFMT) != S_IFDIR)
		return false;
	host_syscall3(__NR_ioctl, (u64)fd, FS_IOC_GETFLAGS, (u64)&flags);
	return flags & EXT4_INDEXED || (u64)st.st_size <= (u64)st.st_blksize;
}

s64 seek_host(s64 fd, s64 offset, u32 whence)
{
	bool hashed = cut_positions && is_hashed(fd);
	s64 pos;

	if (hashed && whence == 0 /* SEEK_SET */ && offset > 0 && offset <= LARGEST_POSITION)
		offset = offset << 32 | (offset == LARGEST_POSITION ? 0xffffffff : 0);
	pos = host_syscall3(__NR_lseek, (u64)fd, (u64)offset, whence);
	return hashed && pos > LARGEST_POSITION ? pos >> 32 : pos;
}

/* Records of the host with positions as the guest is to see them. */
static void cut(s64 fd, char *records, long len)
{
	bool hashed = false, asked = false;

	for (long at = 0; at < len;) {
		struct host_dirent64 *d = (struct host_dirent64 *)(records + at);

		if (d->off > LARGEST_POSITION && !asked) {
			hashed = is_hashed(fd);
			asked = true;
		}
		if (d->off > LARGEST_POSITION && hashed) {
			d->off >>= 32;
			cut_positions = true;
		}
		at += d->reclen;
	}
}

/* An entry of /proc/PID/fd (links) or fdinfo (files) with the number of one of our own descriptors. */
static bool names_own_fd(s64 fd, const struct host_dirent64 *d)
{
	u64 number;

	if ((d->type != DT_LNK && d->type != DT_REG) || !str_to_u64(d->name, &number) || number > LARGEST_POSITION)
		return false;
	return fd_is_own((int)number) && is_on(fd, PROC_MAGIC);
}

/* The records without those; the new length. */
static long hide_own(s64 fd, char *records, long len)
{
	for (long at = 0; at < len;) {
		struct host_dirent64 *d = (struct host_dirent64 *)(records + at);
		long size = d->reclen;

		if (names_own_fd(fd, d)) {
			memmove(records + at, records + at + size, (u64)(len - at - size));
			len -= size;
		} else {
			at += size;
		}
	}
	return len;
}

/* Records in the host's layout, as the guest is to see them. 0 only at the end of the folder. */
static long read_records(s64 fd, char *records, u32 size)
{
	long got, len;

	do {
		got = host_syscall3(__NR_getdents64, (u64)fd, (u64)records, size);
		len = hide_own(fd, records, got);
	} while (got > 0 && len == 0);
	cut(fd, records, len);
	return len;
}

/* Bytes of a room that can be written. */
static u32 writable(gaddr out, u32 size)
{
	u32 n = 0;

	while (n < size) {
		u64 at = out.va + n;
		int prot = at >> 32 ? -1 : mem_prot(GADDR(at));

		if (prot < 0 || !(prot & PROT_WRITE))
			return n;
		n += PAGE_SIZE - (u32)(at % PAGE_SIZE);
	}
	return size;
}

/* What does not fit before memory ends is for the next call; only where nothing fits it is a fault. */
static long read_for(struct thread *t, s32 fd, char in[DIRENT_BUFFER], gaddr out, u32 size)
{
	u32 room = writable(out, size < DIRENT_BUFFER ? size : DIRENT_BUFFER);
	long len = read_records(fd_to_host(t, fd), in, room);

	return len == -EINVAL && room < size ? -EFAULT : len;
}

long sys_getdents64(struct thread *t, s32 fd, gaddr out, u32 size)
{
	char in[DIRENT_BUFFER] __attribute__((aligned(8)));
	long len = read_for(t, fd, in, out, size);

	if (len <= 0)
		return len;
	return copy_out(out, in, (u64)len) ? -EFAULT : len;
}

long sys_getdents(struct thread *t, s32 fd, gaddr out, u32 size)
{
	char in[DIRENT_BUFFER] __attribute__((aligned(8)));
	char record[PATH_MAX + 64]; /* names end within PATH_MAX */
	u32 used = 0;
	long len = read_for(t, fd, in, out, size), reclen;

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
