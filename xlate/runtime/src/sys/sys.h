/*
 * What the files of sys/ share: values of registers and pointers as the host kernel wants them, and the structures of the
 * host that several families use. Each system call is one function, named and typed by its row (gen/syscalls_arm32.h);
 * it returns a value or -errno, as the kernel does.
 */
#ifndef XLATE_SYS_H
#define XLATE_SYS_H

#include "gen/syscalls_arm32.h"
#include "guest/arm32/structs.h"
#include "host.h"
#include "memory.h"
#include "rooted.h"
#include "signal.h"
#include "string.h"
#include "thread.h"
#include "types.h"

#define PATH_MAX 4096
#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_EMPTY_PATH 0x1000
/* Longest array of buffers in one call, as in the kernel. */
#define IOV_MAX 1024

struct syscall_row;

struct host_timespec {
	s64 sec;
	s64 nsec;
};

struct host_timeval {
	s64 sec;
	s64 usec;
};

/* Ends the guest's system call in t->cpu: r7 is the number, r0-r6 the arguments (dispatch.c). */
void syscall_dispatch(struct thread *t);
/* The table, for those who want to see all of it: NULL in places that no call has. */
const struct syscall_row *syscall_row_at(u32 place);
u32 syscall_places(void);

/* --- one argument (args.c) --- */

/* A 64-bit argument in two registers, low word first. */
static inline s64 reg_pair(const u32 *r)
{
	return (s64)((u64)r[0] | (u64)r[1] << 32);
}

/* NULL stays NULL at any guest base. */
static inline u64 ptr_to_host(gaddr a)
{
	return a.va ? (u64)g2h(a) : 0;
}

/* 16-bit ids of old calls: 65535 is "no change". */
static inline u32 id16_to_host(u32 id)
{
	return (u16)id == 0xffff ? 0xffffffff : (u16)id;
}

static inline u16 id16_to_guest(u32 id)
{
	return id > 0xffff ? 65534 : (u16)id; /* the kernel's overflow id */
}

/* The descriptor, or -1 (hence EBADF) for one of our own. */
s64 fd_to_host(struct thread *t, s32 fd);
/* A buffer for the host kernel: an address it answers EFAULT to when the range leaves the guest's 4 GiB. */
u64 buf_in(gaddr a, u64 len);
/* The same for what the kernel will write: translations of code there are forgotten first. */
u64 buf_out(gaddr a, u64 len);
u64 buf_inout(gaddr a, u64 len);
/* Of a length, what the kernel touches. */
static inline u64 at_most(u64 len, u64 most)
{
	return len < most ? len : most;
}

/* The u32 at a, 0 when it cannot be read. */
u32 length_at(gaddr a);
long result_id16(long result);

/* --- paths (path.c) --- */

struct guest_path {
	const char *host;	/* what to give the host kernel; 0 for a null pointer */
	char name[PATH_MAX];	/* as the guest wrote it */
	char mapped[PATH_MAX];
	s64 dirfd;		/* for calls that take them: a folder, a name in it, and AT_EMPTY_PATH where that is */
	const char *in_it;	/* empty because the descriptor itself is meant. Cheaper than host */
	u32 empty;
	struct host_path rooted; /* what host is, where paths are translated */
};

/* On the stack, given back at the end of the block. */
#define GUEST_PATH(p)                                             \
	struct guest_path p __attribute__((cleanup(path_done)));  \
	p.rooted.pin = -1

/*
 * Read the guest's path, relative to the host's descriptor dirfd, and map it: /proc/self/exe is the guest's program
 * (unless the link itself is meant), absolute names that are read are looked for under the sysroot; in a root whose paths
 * are translated all are. use: enum path_use. 0 or -errno. Once for each GUEST_PATH.
 */
long path_in(struct guest_path *p, s64 dirfd, gaddr path, int use);
/* In such a root: the name that is meant, which is another than p->name for links to programs of guests. */
const char *rooted_meant(struct guest_path *p, int use);
static inline void path_done(struct guest_path *p)
{
	if (rooted_on())
		rooted_release(&p->rooted);
}

/* --- SAME rows where paths are translated (rooted_calls.c) --- */

struct path_arg {
	u8 at;		/* which argument */
	u8 dirfd;	/* the argument before it, if that is its folder; else NO_ARG */
	u8 use;		/* enum path_use */
	u8 flags;	/* the argument that may change that, or NO_ARG */
	u32 nofollow, follow; /* by these bits */
};

#define NO_ARG 0xff

/* Host call nr with its arguments as they would be made without a root. */
long rooted_call(struct thread *t, long nr, const u64 *args, const struct path_arg *paths, u32 count);
/* The same for a call with a socket's address: which argument; its length is the next one, or where that points. */
long rooted_address_in(struct thread *t, long nr, const u64 *args, u32 at);
long rooted_address_out(struct thread *t, long nr, const u64 *args, u32 at);
/* In a root whose paths are translated: the host's descriptor or -errno; how is as for openat2. */
long rooted_open(struct thread *t, s64 dirfd, const char *name, const u64 *how, bool openat2);

/* --- names of sockets (unix_names.c) --- */

#define SOCKET_NAME_MAX 128u /* sockaddr_storage: the longest that a kernel takes or gives */

/* A guest's address for the host, bind: one that is made. Its length; 0: as it stands in guest memory; or -errno. */
long socket_name_in(struct host_path *p, u8 *out, u64 from, u32 len, bool bind);
/* And back, in place: its length. */
u32 socket_name_out(u8 *name, u32 len);
/* To a guest, who has room for so much. Its length; 0 where that is written to an address instead; or -EFAULT. */
long socket_name_give(u8 *name, u32 len, gaddr to, u32 room, gaddr length);

/* --- vectors of buffers (iovec.c) --- */

enum iov_use { IOV_READ_BY_KERNEL, IOV_WRITTEN_BY_KERNEL };

/* n entries at iov for the host, at most IOV_MAX. 0 or -errno. */
long iov_in(struct host_iovec *out, gaddr iov, u32 n, enum iov_use use);

/* --- times (time_convert.c): each returns 0 or -EFAULT --- */

long timespec32_in(struct host_timespec *ts, gaddr a);
/* 64-bit times: the upper half of the nanoseconds is padding that libraries leave unset. */
long timespec64_in(struct host_timespec *ts, gaddr a);
long timespec32_out(gaddr a, const struct host_timespec *ts);
long timespec64_out(gaddr a, const struct host_timespec *ts);
long timeval32_in(struct host_timeval *tv, gaddr a);
long timeval32_out(gaddr a, const struct host_timeval *tv);

/* Both widths behind one name, for calls that exist twice. */
enum time_width { TIME32, TIME64 };

long timespec_in(struct host_timespec *ts, gaddr a, enum time_width width);
long timespec_out(gaddr a, const struct host_timespec *ts, enum time_width width);
/* *host is NULL for a null pointer, else ts filled from a. */
long timespec_in_opt(struct host_timespec *ts, struct host_timespec **host, gaddr a, enum time_width width);

/* --- limits (limits.c) --- */

struct host_rlimit {
	u64 cur, max;
};

long limit_get(s32 which, struct host_rlimit *out);
long limit_set(s32 which, const struct host_rlimit *limit);
/* May [start, start + len) be mapped besides what is mapped elsewhere? data: private and writable. */
bool limit_allows_mapping(u64 start, u64 len, bool data);

/* --- resource usage (resource.c) --- */

struct host_rusage {
	struct host_timeval utime, stime;
	s64 counts[14];
};

long rusage_out(gaddr a, const struct host_rusage *ru);

/* --- positions (dir.c) --- */

/* lseek, with positions in hashed folders as a 32-bit kernel counts them. */
s64 seek_host(s64 fd, s64 offset, u32 whence);

/* --- open flags (open.c) --- */

u32 open_flags_to_host(u32 guest);
u32 open_flags_to_guest(u32 host);

/* --- /proc files that describe the guest (proc_files.c) --- */

/* A descriptor with the guest's view of path, or -ENOENT when path is not one of these files. */
long proc_file_open(struct thread *t, const char *path, u32 host_flags);
/* True for /proc/self/exe and its other spellings. */
bool proc_is_own_exe(const char *path);

/* --- other processes (process_vm.c) --- */

/* Where guest address 0 of a process lies in its host memory; -EPERM: it does not run this program. 0 or -errno. */
long process_base(s32 pid, u64 *base);
/* Host memory of a process. Bytes read, or -errno. */
long process_read(s32 pid, u64 from, void *to, u64 len);

/* --- socket messages (cmsg.c) --- */

/* Control messages of a guest for the host, into buf. Length, or -errno. */
long cmsg_to_host(u8 *buf, u64 size, gaddr control, u32 len);
/* The other way; returns the guest's length and sets *truncated when they did not all fit. -EFAULT. */
long cmsg_to_guest(gaddr control, u32 room, const u8 *buf, u64 len, bool *truncated);

/* --- signals as arguments (sig_args.c) --- */

struct host_sigevent {
	u64 value;
	s32 signo;
	s32 notify;
	s32 tid;
	u8 pad[44];
};

long sigevent_in(struct host_sigevent *ev, gaddr a);

/*
 * The mask argument of ppoll and its kin: *host points to *mask, or is NULL when there is none. From here on the call
 * must be guest_blocking_syscall.
 */
long temporary_mask_in(struct thread *t, gaddr set, u32 size, u64 *mask, u64 **host);

#endif
