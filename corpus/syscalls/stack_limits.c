/*
 * The stack: grows on use, deep frames, its end is SIGSEGV on the alternate stack, RLIMIT_STACK of a new program.
 * qemu-arm 7.2 does not pass: the end of the stack is not a signal for the program.
 */
#include "check.h"

#include <setjmp.h>
#include <sys/resource.h>

static char other_stack[65536];
static sigjmp_buf back;
static char *volatile deepest;
static volatile int sink;

static void on_fault(int sig)
{
	siglongjmp(back, sig);
}

static int __attribute__((noinline)) dig(int depth)
{
	volatile char frame[8192];

	frame[0] = (char)depth;
	deepest = (char *)frame;
	sink += frame[0];
	return depth ? dig(depth - 1) + frame[0] : 0;
}

static void endless(void)
{
	stack_t ss = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
	struct sigaction sa = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};
	char here;

	CHECK(sigaltstack(&ss, NULL) == 0 && sigaction(SIGSEGV, &sa, NULL) == 0);
	if (sigsetjmp(back, 1) == 0)
		sink = dig(10000000);
	else
		CHECK(&here - deepest > 1 << 20); /* it had room, and came back to tell */
	CHECK(dig(10) == 55);
}

static void without_handler(void)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGSEGV, SIG_DFL);
	sink = dig(10000000);
}

int main(int argc, char **argv)
{
	struct rlimit r;
	int status;
	pid_t pid;

	CHECK(getrlimit(RLIMIT_STACK, &r) == 0);
	if (argc > 1) {
		CHECK(r.rlim_cur == 2 << 20);
		CHECK(dig(200) >= 0 || 1); /* 1.6 MB of the two there are */
		endless();
		return 44;
	}
	CHECK(dig(700) || 1);
	endless();
	CHECK(WTERMSIG(in_child(without_handler)) == SIGSEGV);
	r.rlim_cur = 2 << 20;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		CHECK(setrlimit(RLIMIT_STACK, &r) == 0);
		execl(argv[0], argv[0], "limited", (char *)NULL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 44);
	puts("ok stack_limits");
	return 0;
}
