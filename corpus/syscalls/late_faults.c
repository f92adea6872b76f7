/*
 * What a call has done when it finds that its answer cannot be written: setting comes before telling what was there,
 * and what could not be handed over is not kept.
 */
#include "check.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#define BAD ((char *)8)

static int descriptors(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

static void handler(int sig)
{
	(void)sig;
}

static void signals(void)
{
	struct sigaction sa = {.sa_handler = handler}, now;
	stack_t st = {.ss_sp = malloc(SIGSTKSZ), .ss_size = (size_t)SIGSTKSZ}, old;
	/* As the kernel has it: handler, flags, on x86-64 and ARM a restorer, mask. */
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		unsigned char mask[8];
	} raw = {handler, 0x04000000 /* SA_RESTORER */, NULL, {0}};
	unsigned char set[8] = {0};
	sigset_t blocked;

	CHECK_FAILS(syscall(SYS_rt_sigaction, SIGUSR1, &raw, BAD, 8), EFAULT);
	CHECK(sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_handler == handler);
	set[(SIGUSR2 - 1) / 8] = (unsigned char)(1 << (SIGUSR2 - 1) % 8);
	CHECK_FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, set, BAD, 8), EFAULT);
	CHECK(sigprocmask(SIG_BLOCK, NULL, &blocked) == 0 && sigismember(&blocked, SIGUSR2));
	CHECK_FAILS(syscall(SYS_sigaltstack, &st, BAD), EFAULT);
	CHECK(sigaltstack(NULL, &old) == 0 && old.ss_sp == st.ss_sp);
	st.ss_flags = SS_DISABLE;
	CHECK(sigaltstack(&st, NULL) == 0 && sigaction(SIGUSR1, &sa, NULL) == 0);
}

static void timers(void)
{
	struct itimerval it = {{0, 0}, {1000, 0}}, it_now;
	struct itimerspec ts = {{0, 0}, {1000, 0}}, ts_now;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	long words[4] = {0, 0, 1000, 0};
	timer_t id;

	CHECK_FAILS(syscall(SYS_setitimer, ITIMER_REAL, &it, BAD), EFAULT);
	CHECK(getitimer(ITIMER_REAL, &it_now) == 0 && it_now.it_value.tv_sec >= 900);
	it.it_value.tv_sec = 0;
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
	CHECK(timer_create(CLOCK_MONOTONIC, NULL, &id) == 0);
	CHECK_FAILS(syscall(SYS_timer_settime, id, 0, words, BAD), EFAULT);
	CHECK(timer_gettime(id, &ts_now) == 0 && ts_now.it_value.tv_sec >= 900);
	CHECK(timer_delete(id) == 0);
	CHECK_FAILS(syscall(SYS_timerfd_settime, fd, 0, words, BAD), EFAULT);
	CHECK(timerfd_gettime(fd, &ts_now) == 0 && ts_now.it_value.tv_sec >= 900);
	CHECK(timerfd_settime(fd, 0, &ts, NULL) == 0 && close(fd) == 0);
	for (int i = 0; i < 3; i++)
		CHECK_FAILS(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, BAD), EFAULT);
}

static void limits(void)
{
	unsigned long long now[2], set[2] = {0, 0};

	CHECK(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, now) == 0);
	set[1] = now[1];
	CHECK_FAILS(syscall(SYS_prlimit64, 0, RLIMIT_CORE, set, BAD), EFAULT);
	CHECK(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, now) == 0 && now[0] == 0);
	CHECK(syscall(SYS_prlimit64, 0, RLIMIT_AS, NULL, now) == 0);
	set[0] = 3000000000u < now[1] ? 3000000000u : now[1];
	set[1] = now[1];
	CHECK_FAILS(syscall(SYS_prlimit64, 0, RLIMIT_AS, set, BAD), EFAULT);
	CHECK(syscall(SYS_prlimit64, 0, RLIMIT_AS, NULL, now) == 0 && now[0] == set[0]);
}

static void made_and_not_told(void)
{
	int first = descriptors(), s[2];
	socklen_t size = 16;
	char c;

	CHECK_FAILS(syscall(SYS_pipe2, BAD, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, BAD), EFAULT);
	CHECK(descriptors() == first);
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0 && send(s[1], "ab", 2, 0) == 2 && send(s[1], "c", 1, 0) == 1);
	CHECK_FAILS(recvfrom(s[0], &c, 1, 0, (struct sockaddr *)&size, (socklen_t *)BAD), EFAULT);
	CHECK(recv(s[0], &c, 1, 0) == 1 && c == 'c'); /* the first is gone */
	CHECK(close(s[0]) == 0 && close(s[1]) == 0);
}

static void children(void)
{
	siginfo_t *none = (siginfo_t *)BAD;
	pid_t pid = fork();

	if (pid == 0)
		_exit(3);
	CHECK_FAILS(syscall(SYS_waitid, P_PID, pid, none, WEXITED, NULL), EFAULT);
	CHECK_FAILS(waitpid(pid, NULL, 0), ECHILD);
	pid = fork();
	if (pid == 0)
		_exit(3);
	CHECK_FAILS(syscall(SYS_waitid, P_PID, pid, NULL, WEXITED, BAD), EFAULT);
	CHECK_FAILS(waitpid(pid, NULL, 0), ECHILD);
}

/* Room that ends in the middle of what there is to tell: what fits whole is told. */
static void entries(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char name[32];
	long first, all = 0, n;
	int fd;

	CHECK(mkdir("folder", 0700) == 0 && munmap(page + 4096, 4096) == 0);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "folder/entry-%02d", i);
		make_file(name, "");
	}
	fd = open("folder", O_RDONLY | O_DIRECTORY);
	CHECK_FAILS(syscall(SYS_getdents64, fd, page + 4096, 4096), EFAULT);
	first = syscall(SYS_getdents64, fd, page + 4096 - 100, 4096);
	CHECK(first > 0 && first <= 100);
	all = first;
	while ((n = syscall(SYS_getdents64, fd, page, 4096)) > 0)
		all += n;
	CHECK(n == 0 && lseek(fd, 0, SEEK_SET) == 0);
	CHECK(syscall(SYS_getdents64, fd, page, 4096) == all);
	CHECK(close(fd) == 0 && munmap(page, 4096) == 0);
}

int main(void)
{
	enter_scratch_folder();
	signals();
	timers();
	limits();
	made_and_not_told();
	children();
	entries();
	puts("ok late_faults");
	return 0;
}
