/*
 * EFAULT of each family once more, for structures that are converted on the way in or out.
 * qemu-arm 7.2 does not pass: clock_getres does not look at its pointer.
 */
#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#ifdef __arm__
#define NR_FCNTL SYS_fcntl64
#define VERSION 0x100 /* IPC_64: libraries set it on machines that have had an older layout */
#else
#define NR_FCNTL SYS_fcntl
#define VERSION 0
#endif

static char *bad;

static void sockets(void)
{
	struct msghdr m = {.msg_iov = (void *)bad, .msg_iovlen = 1};
	socklen_t len = 16;
	int s[2];
	char c;

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0 && send(s[1], "x", 1, 0) == 1);
	CHECK_FAILS(syscall(SYS_sendmsg, s[0], &m, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_recvmsg, s[0], &m, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_recvmsg, s[0], (struct msghdr *)bad, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_sendmmsg, s[0], bad, 1, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_getsockname, s[0], (struct sockaddr *)bad, &len), EFAULT);
	CHECK_FAILS(syscall(SYS_getsockname, s[0], (struct sockaddr *)&len, (socklen_t *)bad), EFAULT);
	CHECK_FAILS(syscall(SYS_getsockopt, s[0], SOL_SOCKET, SO_TYPE, bad, &len), EFAULT);
	len = 16;
	CHECK_FAILS(syscall(SYS_getsockopt, s[0], SOL_SOCKET, SO_RCVTIMEO, bad, &len), EFAULT);
	CHECK_FAILS(syscall(SYS_setsockopt, s[0], SOL_SOCKET, SO_KEEPALIVE, bad, 4), EFAULT);
	CHECK_FAILS(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_sendto, s[0], bad, 4, 0, NULL, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_recvfrom, s[0], bad, 4, 0, NULL, NULL), EFAULT);
	CHECK_FAILS(syscall(SYS_sendto, s[0], &c, 1, 0, bad, 16), EFAULT);
}

static void times(void)
{
	timer_t id;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	CHECK(timer_create(CLOCK_MONOTONIC, NULL, &id) == 0);
	CHECK_FAILS(syscall(SYS_timer_gettime, id, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_timer_settime, id, 0, bad, NULL), EFAULT);
	CHECK_FAILS(syscall(SYS_timerfd_gettime, fd, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_timerfd_settime, fd, 0, bad, NULL), EFAULT);
	CHECK_FAILS(syscall(SYS_setitimer, ITIMER_REAL, bad, NULL), EFAULT);
	CHECK_FAILS(syscall(SYS_getitimer, ITIMER_REAL, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_gettimeofday, bad, NULL), EFAULT);
	CHECK_FAILS(syscall(SYS_clock_getres, CLOCK_MONOTONIC, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, bad, NULL), EFAULT);
	CHECK_FAILS(syscall(SYS_utimensat, AT_FDCWD, ".", bad, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_adjtimex, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_times, bad), EFAULT);
}

static void signals(void)
{
	CHECK_FAILS(syscall(SYS_rt_sigsuspend, bad, 8), EFAULT);
	CHECK_FAILS(syscall(SYS_rt_sigpending, bad, 8), EFAULT);
	CHECK_FAILS(syscall(SYS_rt_sigtimedwait, bad, NULL, NULL, 8), EFAULT);
	CHECK_FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, bad, 8), EFAULT);
	CHECK_FAILS(syscall(SYS_rt_sigaction, SIGUSR1, NULL, bad, 8), EFAULT);
	CHECK_FAILS(syscall(SYS_sigaltstack, bad, NULL), EFAULT);
	CHECK_FAILS(syscall(SYS_signalfd4, -1, bad, 8, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_ppoll, NULL, 0, NULL, bad, 8), EFAULT);
	CHECK_FAILS(syscall(SYS_pselect6, 0, NULL, NULL, NULL, bad, NULL), EFAULT);
	CHECK_FAILS(syscall(SYS_pselect6, 0, NULL, NULL, NULL, NULL, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_epoll_pwait, epoll_create1(0), bad, 1, 0, bad, 8), EFAULT);
}

static void ipc(void)
{
	int q = msgget(IPC_PRIVATE, 0600), s = semget(IPC_PRIVATE, 1, 0600), m = shmget(IPC_PRIVATE, 4096, 0600);

	CHECK_FAILS(syscall(SYS_msgctl, q, IPC_STAT | VERSION, (struct msqid_ds *)bad), EFAULT);
	CHECK_FAILS(syscall(SYS_msgctl, q, IPC_SET | VERSION, (struct msqid_ds *)bad), EFAULT);
	CHECK_FAILS(syscall(SYS_semop, s, (struct sembuf *)bad, 1), EFAULT);
	CHECK_FAILS(syscall(SYS_semctl, s, 0, IPC_STAT | VERSION, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_semctl, s, 0, SETALL, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_shmctl, m, IPC_STAT | VERSION, (struct shmid_ds *)bad), EFAULT);
	CHECK_FAILS(syscall(SYS_shmctl, m, IPC_SET | VERSION, (struct shmid_ds *)bad), EFAULT);
	CHECK(msgctl(q, IPC_RMID, NULL) == 0 && semctl(s, 0, IPC_RMID) == 0 && shmctl(m, IPC_RMID, NULL) == 0);
}

static void files(void)
{
	int fd = open(".", O_RDONLY), ends[2];
	struct flock l;

	CHECK(pipe(ends) == 0);
	CHECK_FAILS(syscall(SYS_getdents64, fd, bad, 1000), EFAULT);
	CHECK_FAILS(syscall(NR_FCNTL, fd, F_GETLK, bad), EFAULT);
	CHECK_FAILS(syscall(NR_FCNTL, fd, F_SETLK, bad), EFAULT);
	CHECK_FAILS(syscall(NR_FCNTL, fd, F_OFD_GETLK, bad), EFAULT);
	CHECK_FAILS(syscall(NR_FCNTL, fd, F_GETOWN_EX, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_pipe2, bad, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_inotify_add_watch, inotify_init1(0), bad, IN_CREATE), EFAULT);
	CHECK_FAILS(syscall(SYS_statfs, ".", bad), EFAULT);
	CHECK_FAILS(syscall(SYS_statx, AT_FDCWD, bad, 0, 0, &l), EFAULT);
	CHECK_FAILS(syscall(SYS_poll, bad, 1, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_preadv, fd, bad, 1, 0, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_mincore, bad - 4096, 4096, bad), EFAULT);
}

int main(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	bad = page + 4096;
	CHECK(munmap(bad, 4096) == 0);
	enter_scratch_folder();
	sockets();
	times();
	signals();
	ipc();
	files();
	CHECK_FAILS(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_sched_getparam, 0, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_sched_rr_get_interval, 0, bad), EFAULT);
	CHECK_FAILS(syscall(SYS_getresuid, bad, bad, bad), EFAULT);
	puts("ok bad_pointers_more");
	return 0;
}
