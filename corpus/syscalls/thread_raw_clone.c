/* clone(2) without a library: tid words set and cleared, a futex woken at the end, registers and stack as given. */
#include "check.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>

static volatile int parent_word, child_word, saw, result;

static int body(void *arg)
{
	saw = child_word == syscall(SYS_gettid) && getpid() != child_word;
	result = (int)(long)arg;
	syscall(SYS_exit, 0);
	return 0;
}

int main(void)
{
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
		    CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
	char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 200; i++) {
		int tid, now;

		saw = result = 0;
		child_word = -1;
		tid = clone(body, stack + 65536 - 64, flags, (void *)(long)(i + 1), &parent_word, NULL, &child_word);
		CHECK(tid > 0 && parent_word == tid);
		while ((now = child_word) != 0)
			syscall(SYS_futex, &child_word, FUTEX_WAIT, now, NULL, NULL, 0);
		CHECK(saw && result == i + 1);
	}
	CHECK_FAILS(clone(body, stack + 65536 - 64, CLONE_THREAD, NULL), EINVAL);
	CHECK_FAILS(clone(body, stack + 65536 - 64, CLONE_SIGHAND, NULL), EINVAL);
	puts("ok thread_raw_clone");
	return 0;
}
