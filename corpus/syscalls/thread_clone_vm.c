/* A process that shares its parent's memory and nothing else: pid, descriptors and dispositions are its own. */
#include "check.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>

static volatile int shared, child_pid, child_fd, parent_pid;

static void handler(int sig)
{
	(void)sig;
}

static int body(void *arg)
{
	struct sigaction sa;

	(void)arg;
	child_pid = getpid();
	parent_pid = getppid();
	child_fd = open("/dev/null", O_RDONLY);
	sigaction(SIGUSR1, NULL, &sa);
	shared = sa.sa_handler == handler ? 42 : 41;
	signal(SIGUSR1, SIG_IGN);
	_exit(6);
}

static void check_with(int flags, char *stack)
{
	struct sigaction sa = {.sa_handler = handler};
	int status;
	pid_t pid;

	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	shared = 0;
	pid = clone(body, stack, flags | SIGCHLD, NULL);
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 6 << 8);
	CHECK(shared == 42 && child_pid == pid && parent_pid == getpid());
	CHECK(sigaction(SIGUSR1, NULL, &sa) == 0);
	CHECK((sa.sa_handler == handler) == !(flags & CLONE_SIGHAND));
	if (flags & CLONE_FILES)
		CHECK(close(child_fd) == 0);
	else
		CHECK_FAILS(fcntl(child_fd, F_GETFD), EBADF);
}

static volatile int word;

static int wait_while(volatile int *at, int value)
{
#ifdef SYS_futex_time64
	return (int)syscall(SYS_futex_time64, at, FUTEX_WAIT, value, NULL, NULL, 0);
#else
	return (int)syscall(SYS_futex, at, FUTEX_WAIT, value, NULL, NULL, 0);
#endif
}

static int leaves_word(void *arg)
{
	CHECK(word == getpid());
	sched_yield();
	_exit(arg ? 7 : 0); /* exit_group */
}

/* The kernel clears the word of one that ends in whichever way, and wakes who waits there. */
static void check_word(char *stack)
{
	const int flags = CLONE_VM | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
	int status;
	pid_t pid;

	word = -1;
	pid = clone(leaves_word, stack, flags, &status, NULL, NULL, &word);
	CHECK(pid > 0);
	for (int seen = word; seen; seen = word)
		CHECK(wait_while(&word, seen) == 0 || errno == EAGAIN);
	CHECK(waitpid(pid, &status, 0) == pid && status == 7 << 8);
}

int main(void)
{
	char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 20; i++) {
		check_with(CLONE_VM, stack + 65536 - 64);
		check_with(CLONE_VM | CLONE_VFORK, stack + 65536 - 64);
		check_with(CLONE_VM | CLONE_SIGHAND | CLONE_FILES | CLONE_FS, stack + 65536 - 64);
		check_word(stack + 65536 - 64);
	}
	puts("ok thread_clone_vm");
	return 0;
}
