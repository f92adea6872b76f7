/*
 * Calls that only old programs make, by number: 16-bit ids, 32-bit times, signal sets of one word; beside the new calls
 * for the same facts. On other machines the new ones alone are looked at.
 * qemu-arm 7.2 does not pass: it takes the mask of the old sigsuspend for an address.
 */
#include "check.h"

#include <sys/resource.h>
#include <sys/time.h>

static volatile sig_atomic_t count;

static void on_signal(int sig)
{
	(void)sig;
	count++;
}

#ifdef __arm__
#define NR_OLD_SIGACTION 67
#define NR_OLD_SIGSUSPEND 72
#define NR_OLD_SIGPENDING 73
#define NR_OLD_SIGPROCMASK 126
#define NR_OLD_FSTAT 108
#define NR_OLD_STAT 106
#define NR_OLD_LSTAT 107
#define NR_OLD_SELECT 142
#define NR_UGETRLIMIT 191
#define NR_OLD_FCNTL 55
#define NR_OLD_LCHOWN 16
#define NR_OLD_SIGRETURN_FLAG 0x04000000u

struct old_action {
	void (*handler)(int);
	uint32_t mask, flags;
	void (*restorer)(void);
};

struct old_stat {
	uint32_t dev, ino;
	uint16_t mode, nlink, uid, gid;
	uint32_t rdev, size, blksize, blocks, atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec, unused[2];
};

static void old_signals(void)
{
	struct old_action a = {on_signal, 0, 0, NULL}, b;
	uint32_t set = 1u << (SIGUSR1 - 1), old = ~0u, none = 0;

	CHECK(syscall(NR_OLD_SIGACTION, SIGUSR1, &a, NULL) == 0 && syscall(NR_OLD_SIGACTION, SIGUSR1, NULL, &b) == 0);
	CHECK(b.handler == on_signal && b.mask == 0);
	raise(SIGUSR1);
	CHECK(count == 1);
	CHECK(syscall(NR_OLD_SIGPROCMASK, SIG_BLOCK, &set, &old) == 0 && old == 0);
	raise(SIGUSR1);
	CHECK(count == 1 && syscall(NR_OLD_SIGPENDING, &old) == 0 && old == set);
	CHECK_FAILS(syscall(NR_OLD_SIGSUSPEND, 0, 0, none), EINTR);
	CHECK(count == 2);
	CHECK(syscall(NR_OLD_SIGPROCMASK, SIG_SETMASK, &none, &old) == 0 && old == set);
	CHECK_FAILS(syscall(NR_OLD_SIGACTION, SIGKILL, &a, NULL), EINVAL);
	CHECK_FAILS(syscall(NR_OLD_SIGACTION, SIGUSR1, 8, NULL), EFAULT);
	CHECK_FAILS(syscall(NR_OLD_SIGPROCMASK, 9, &set, NULL), EINVAL);
}

static void old_files(void)
{
	struct old_stat s, l;
	struct stat64 st;
	int fd = open("file", O_RDWR);

	CHECK(sizeof(s) == 64 && stat64("file", &st) == 0 && symlink("file", "link") == 0);
	if (st.st_ino >> 32)
		return;
	CHECK(syscall(NR_OLD_STAT, "link", &s) == 0 && s.ino == st.st_ino && s.size == 4 && s.mode == st.st_mode);
	CHECK(s.mtime == (uint32_t)st.st_mtim.tv_sec && s.mtime_nsec == (uint32_t)st.st_mtim.tv_nsec && s.nlink == 1);
	CHECK(syscall(NR_OLD_LSTAT, "link", &l) == 0 && l.ino != s.ino && (l.mode & 0170000) == 0120000);
	CHECK(syscall(NR_OLD_FSTAT, fd, &l) == 0 && l.ino == s.ino);
	CHECK(ftruncate64(fd, 0x80000000ll) == 0);
	CHECK_FAILS(syscall(NR_OLD_FSTAT, fd, &l), EOVERFLOW);
	CHECK(syscall(NR_OLD_FCNTL, fd, F_GETFL) >= 0);
	CHECK(syscall(NR_OLD_LCHOWN, "link", 0xffff, 0xffff) == 0); /* no change */
	CHECK(syscall(SYS_nice, 0) == 0);
}

static void old_select(void)
{
	struct {
		int32_t sec, usec;
	} tv = {0, 20000};
	uint32_t set[2] = {0, 0};
	int ends[2];

	CHECK(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
	set[0] = 1u << ends[0];
	CHECK(syscall(NR_OLD_SELECT, 32, set, NULL, NULL, &tv) == 1 && set[0] == 1u << ends[0]);
	CHECK(tv.sec == 0 && tv.usec > 0 && tv.usec <= 20000); /* the time left */
	CHECK(syscall(NR_OLD_SELECT, 0, NULL, NULL, NULL, &tv) == 0 && tv.usec == 0);
}

static void old_limits(void)
{
	uint32_t r[2];

	CHECK(syscall(NR_UGETRLIMIT, RLIMIT_CORE, r) == 0 && r[0] <= r[1]);
	CHECK(syscall(NR_UGETRLIMIT, RLIMIT_FSIZE, r) == 0 && r[0] == 0xffffffffu);
	CHECK_FAILS(syscall(NR_UGETRLIMIT, 99, r), EINVAL);
}
#else
static void old_signals(void)
{
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	CHECK(count == 1);
}

static void old_files(void)
{
	struct stat st;

	CHECK(stat("file", &st) == 0 && st.st_size == 4);
}

static void old_select(void)
{
	struct timeval tv = {0, 20000};

	CHECK(syscall(SYS_select, 0, NULL, NULL, NULL, &tv) == 0 && tv.tv_usec == 0);
}

static void old_limits(void)
{
	struct rlimit r;

	CHECK(getrlimit(RLIMIT_FSIZE, &r) == 0);
}
#endif

int main(void)
{
	enter_scratch_folder();
	make_file("file", "text");
	old_signals();
	old_files();
	old_select();
	old_limits();
	puts("ok old_calls");
	return 0;
}
