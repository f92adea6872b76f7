/*
 * Structures as a 32-bit ARM EABI kernel reads and writes them, where x86-64 has another layout. Sizes and offsets were
 * taken from an ARM compiler and are asserted; C's rules for this host give the same alignments (u64 on 8). Which call
 * uses which structure, and when a value does not fit, is decided in sys/.
 */
#ifndef XLATE_GUEST_ARM32_STRUCTS_H
#define XLATE_GUEST_ARM32_STRUCTS_H

#include "types.h"

struct guest_timespec {
	s32 sec;
	s32 nsec;
};

struct guest_timeval {
	s32 sec;
	s32 usec;
};

struct guest_itimerspec {
	struct guest_timespec interval, value;
};

struct guest_itimerval {
	struct guest_timeval interval, value;
};

/* struct stat of the calls without "64" in their names. */
struct guest_stat {
	u32 dev;
	u32 ino;
	u16 mode, nlink, uid, gid;
	u32 rdev;
	u32 size, blksize, blocks;
	u32 atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
	u32 unused[2];
};
_Static_assert(sizeof(struct guest_stat) == 64, "ARM stat");
_Static_assert(offsetof(struct guest_stat, size) == 20, "ARM stat");

struct guest_stat64 {
	u64 dev;
	u32 pad0;
	u32 ino32; /* cut inode number; the whole one stands at the end */
	u32 mode, nlink, uid, gid;
	u64 rdev;
	u32 pad3;
	s64 size;
	u32 blksize;
	u64 blocks;
	u32 atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
	u64 ino;
};
_Static_assert(sizeof(struct guest_stat64) == 104, "ARM stat64");
_Static_assert(offsetof(struct guest_stat64, rdev) == 32, "ARM stat64");
_Static_assert(offsetof(struct guest_stat64, size) == 48, "ARM stat64");
_Static_assert(offsetof(struct guest_stat64, blocks) == 64, "ARM stat64");
_Static_assert(offsetof(struct guest_stat64, ino) == 96, "ARM stat64");

struct guest_statfs {
	u32 type, bsize, blocks, bfree, bavail, files, ffree;
	s32 fsid[2];
	u32 namelen, frsize, flags, spare[4];
};
_Static_assert(sizeof(struct guest_statfs) == 64, "ARM statfs");

/* Without tail padding: 84 bytes, though old EABI libraries pass 88 as its size. */
struct guest_statfs64 {
	u32 type, bsize;
	u64 blocks, bfree, bavail, files, ffree;
	s32 fsid[2];
	u32 namelen, frsize, flags, spare[4];
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct guest_statfs64) == 84, "ARM statfs64");
_Static_assert(offsetof(struct guest_statfs64, fsid) == 48, "ARM statfs64");

struct guest_flock {
	s16 type, whence;
	s32 start, len;
	s32 pid;
};
_Static_assert(sizeof(struct guest_flock) == 16, "ARM flock");

struct guest_flock64 {
	s16 type, whence;
	s64 start, len;
	s32 pid;
};
_Static_assert(sizeof(struct guest_flock64) == 32, "ARM flock64");
_Static_assert(offsetof(struct guest_flock64, pid) == 24, "ARM flock64");

struct guest_dirent {
	u32 ino;
	u32 off;
	u16 reclen;
	char name[]; /* the type is the record's last byte */
};
_Static_assert(offsetof(struct guest_dirent, name) == 10, "ARM dirent");

struct guest_iovec {
	u32 base;
	u32 len;
};

struct guest_msghdr {
	u32 name;
	s32 namelen;
	u32 iov;
	u32 iovlen;
	u32 control;
	u32 controllen;
	u32 flags;
};
_Static_assert(sizeof(struct guest_msghdr) == 28, "ARM msghdr");

struct guest_mmsghdr {
	struct guest_msghdr hdr;
	u32 len;
};

struct guest_cmsghdr {
	u32 len;
	s32 level;
	s32 type;
};

/* The 64-bit data is aligned, unlike on x86-64. */
struct guest_epoll_event {
	u32 events;
	u32 pad;
	u64 data;
};
_Static_assert(sizeof(struct guest_epoll_event) == 16, "ARM epoll_event");

struct guest_rlimit {
	u32 cur, max;
};

struct guest_rusage {
	struct guest_timeval utime, stime;
	u32 counts[14]; /* maxrss ... nivcsw */
};
_Static_assert(sizeof(struct guest_rusage) == 72, "ARM rusage");

struct guest_tms {
	u32 utime, stime, cutime, cstime;
};

struct guest_sysinfo {
	s32 uptime;
	u32 loads[3];
	u32 totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	u16 procs, pad;
	u32 totalhigh, freehigh;
	u32 mem_unit;
	u8 fill[8];
};
_Static_assert(sizeof(struct guest_sysinfo) == 64, "ARM sysinfo");
_Static_assert(offsetof(struct guest_sysinfo, totalhigh) == 44, "ARM sysinfo");

/* adjtimex: longs up to time, then time (two words), longs, and padding. */
struct guest_timex {
	u32 modes;
	s32 offset, freq, maxerror, esterror;
	s32 status;
	s32 constant, precision, tolerance;
	struct guest_timeval time;
	s32 tick, ppsfreq, jitter;
	s32 shift;
	s32 stabil, jitcnt, calcnt, errcnt, stbcnt;
	s32 tai;
	s32 fill[11];
};
_Static_assert(sizeof(struct guest_timex) == 128, "ARM timex");
_Static_assert(offsetof(struct guest_timex, time) == 36, "ARM timex");
_Static_assert(offsetof(struct guest_timex, tai) == 80, "ARM timex");

struct guest_sigaction_rt {
	u32 handler, flags, restorer;
	u32 mask[2];
};
_Static_assert(sizeof(struct guest_sigaction_rt) == 20, "ARM sigaction");

struct guest_sigaction_old {
	u32 handler, mask, flags, restorer;
};

struct guest_sigevent {
	u32 value;
	s32 signo;
	s32 notify;
	s32 tid;
	u32 pad[12];
};
_Static_assert(sizeof(struct guest_sigevent) == 64, "ARM sigevent");

struct guest_sigset_arg {
	u32 set;
	u32 size;
};

struct guest_mq_attr {
	s32 flags, maxmsg, msgsize, curmsgs;
	s32 reserved[4];
};
_Static_assert(sizeof(struct guest_mq_attr) == 32, "ARM mq_attr");

struct guest_ipc_perm {
	s32 key;
	u32 uid, gid, cuid, cgid;
	u16 mode, pad1;
	u16 seq, pad2;
	u32 unused[2];
};
_Static_assert(sizeof(struct guest_ipc_perm) == 36, "ARM ipc64_perm");

struct guest_semid_ds {
	struct guest_ipc_perm perm;
	u32 otime, otime_high, ctime, ctime_high;
	u32 nsems;
	u32 unused[2];
};
_Static_assert(sizeof(struct guest_semid_ds) == 64, "ARM semid64_ds");

struct guest_msqid_ds {
	struct guest_ipc_perm perm;
	u32 stime, stime_high, rtime, rtime_high, ctime, ctime_high;
	u32 cbytes, qnum, qbytes;
	s32 lspid, lrpid;
	u32 unused[2];
};
_Static_assert(sizeof(struct guest_msqid_ds) == 88, "ARM msqid64_ds");

struct guest_shmid_ds {
	struct guest_ipc_perm perm;
	u32 segsz;
	u32 atime, atime_high, dtime, dtime_high, ctime, ctime_high;
	s32 cpid, lpid;
	u32 nattch;
	u32 unused[2];
};
_Static_assert(sizeof(struct guest_shmid_ds) == 84, "ARM shmid64_ds");

struct guest_shminfo {
	u32 max, min, mni, seg, all;
	u32 unused[4];
};
_Static_assert(sizeof(struct guest_shminfo) == 36, "ARM shminfo64");

struct guest_shm_info {
	s32 used_ids;
	u32 tot, rss, swp, swap_attempts, swap_successes;
};
_Static_assert(sizeof(struct guest_shm_info) == 24, "ARM shm_info");

struct guest_sock_fprog {
	u16 len;
	u32 filter;
};

struct guest_ifconf {
	s32 len;
	u32 buf;
};

/* Interface requests: a name and 16 bytes, 24 on x86-64. */
#define GUEST_IFREQ_SIZE 32

#endif
