/* clone3: of a process and of a thread, pid descriptor, sizes and flags it must refuse. */
#include "check.h"

#include <linux/sched.h>
#include <poll.h>
#include <sys/mman.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif

struct args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

static long clone3(struct args *a, size_t size)
{
	return syscall(SYS_clone3, a, size);
}

static uint64_t address(volatile void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void handler(int sig)
{
	(void)sig;
}

int main(void)
{
	struct args a = {.exit_signal = SIGCHLD};
	struct { struct args a; uint64_t more; } longer = {.more = 0};
	struct sigaction sa;
	int pidfd = -1, status;
	volatile int tid = 0;
	long pid = clone3(&a, sizeof(a));

	if (pid < 0 && errno == ENOSYS) {
		leave_out("clone3");
		puts("ok thread_clone3");
		return 0;
	}
	if (!pid)
		_exit(11);
	CHECK(waitpid((pid_t)pid, &status, 0) == pid && status == 11 << 8);
	signal(SIGUSR1, handler);
	a.flags = CLONE_PIDFD | CLONE_CHILD_SETTID | CLONE_CLEAR_SIGHAND;
	a.pidfd = address(&pidfd);
	a.child_tid = address(&tid);
	pid = clone3(&a, sizeof(a));
	if (!pid) {
		sigaction(SIGUSR1, NULL, &sa);
		_exit(sa.sa_handler == SIG_DFL && tid == getpid() ? 12 : 13);
	}
	CHECK(pid > 0 && poll(&(struct pollfd){pidfd, POLLIN, 0}, 1, 5000) == 1);
	CHECK(waitpid((pid_t)pid, &status, 0) == pid && status == 12 << 8);
	longer.a = (struct args){.exit_signal = SIGCHLD};
	pid = clone3(&longer.a, sizeof(longer));
	if (!pid)
		_exit(14);
	CHECK(waitpid((pid_t)pid, &status, 0) == pid && status == 14 << 8);
	longer.more = 1;
	CHECK_FAILS(clone3(&longer.a, sizeof(longer)), E2BIG);
	CHECK_FAILS(clone3(&a, 16), EINVAL);
	a = (struct args){.flags = CLONE_THREAD};
	CHECK_FAILS(clone3(&a, sizeof(a)), EINVAL);
	a = (struct args){.exit_signal = 200};
	CHECK_FAILS(clone3(&a, sizeof(a)), EINVAL);
	puts("ok thread_clone3");
	return 0;
}
