/*
 * prctl: names, dumpability, new privileges, timer slack, secure bits, names of memory, capabilities kept, wrong options.
 * qemu-arm 7.2 does not pass: it does not know PR_SET_THP_DISABLE.
 */
#include "check.h"

#include <sys/mman.h>
#include <sys/prctl.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

static void privileges(void)
{
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	CHECK_FAILS(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	CHECK_FAILS(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0 || errno == EINVAL);
}

int main(void)
{
	char name[16], *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long slack;

	memset(name, 'x', sizeof(name));
	CHECK(prctl(PR_SET_NAME, "a name that is longer than fifteen", 0, 0, 0) == 0);
	CHECK(prctl(PR_GET_NAME, name, 0, 0, 0) == 0 && !strcmp(name, "a name that is "));
	CHECK(prctl(PR_SET_NAME, "", 0, 0, 0) == 0 && prctl(PR_GET_NAME, name, 0, 0, 0) == 0 && !name[0]);
	CHECK_FAILS(prctl(PR_SET_NAME, 8, 0, 0, 0), EFAULT);
	CHECK_FAILS(prctl(PR_GET_NAME, 8, 0, 0, 0), EFAULT);
	CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
	CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
	CHECK_FAILS(prctl(PR_SET_DUMPABLE, 2, 0, 0, 0), EINVAL);
	slack = (unsigned long)prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
	CHECK(slack > 0 && prctl(PR_SET_TIMERSLACK, 77777, 0, 0, 0) == 0);
	CHECK(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) == 77777);
	CHECK(prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0) == 0);
	CHECK((unsigned long)prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) == slack);
	CHECK_FAILS(prctl(PR_SET_PDEATHSIG, 100, 0, 0, 0), EINVAL);
	CHECK(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) == 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) == 1 && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == 0);
	CHECK_FAILS(prctl(PR_SET_KEEPCAPS, 5, 0, 0, 0), EINVAL);
	CHECK(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == 0);
	CHECK(in_child(privileges) == 0);
	CHECK(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 0 && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1);
	CHECK(prctl(PR_SET_VMA, 0, p, 4096, "its name") == 0 || errno == EINVAL);
	CHECK_FAILS(prctl(987654, 0, 0, 0, 0), EINVAL);
	puts("ok process_control");
	return 0;
}
