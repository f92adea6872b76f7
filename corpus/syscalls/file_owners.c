/*
 * Who is told about a descriptor: F_SETOWN and its kin, signals of readiness with descriptor and band, leases, notices.
 * qemu-arm 7.2 does not pass: it gives signals of readiness the layout of queued ones.
 */
#include "check.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef F_SETSIG
#define F_SETSIG 10
#define F_GETSIG 11
#endif

static volatile int count, code, descriptor;
static volatile long band;

static void note(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	code = info->si_code;
	descriptor = info->si_fd;
	band = info->si_band;
	count++;
}

int main(void)
{
	struct sigaction sa = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
	struct f_owner_ex owner = {F_OWNER_PID, 0};
	int ends[2], fd, group = 0;
	char c;

	enter_scratch_folder();
	CHECK(sigaction(SIGRTMIN + 1, &sa, NULL) == 0 && sigaction(SIGIO, &sa, NULL) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	CHECK(fcntl(ends[0], F_GETOWN) == 0 && fcntl(ends[0], F_SETOWN, getpid()) == 0);
	CHECK(fcntl(ends[0], F_GETOWN) == getpid());
	CHECK(fcntl(ends[0], F_GETOWN_EX, &owner) == 0 && owner.type == F_OWNER_PID && owner.pid == getpid());
	owner = (struct f_owner_ex){F_OWNER_PGRP, getpgrp()};
	CHECK(fcntl(ends[1], F_SETOWN_EX, &owner) == 0 && fcntl(ends[1], F_GETOWN) == -getpgrp());
	CHECK(ioctl(ends[1], SIOCGPGRP, &group) == 0 && group == -getpgrp());
	owner.type = 9;
	CHECK_FAILS(fcntl(ends[1], F_SETOWN_EX, &owner), EINVAL);
	CHECK(fcntl(ends[0], F_SETSIG, SIGRTMIN + 1) == 0 && fcntl(ends[0], F_GETSIG) == SIGRTMIN + 1);
	CHECK(fcntl(ends[0], F_SETFL, O_ASYNC) == 0 && fcntl(ends[0], F_GETFL) & O_ASYNC);
	CHECK(write(ends[1], "x", 1) == 1);
	CHECK(count == 1 && descriptor == ends[0] && band != 0 && code > 0);
	CHECK(fcntl(ends[0], F_SETSIG, 0) == 0 && read(ends[0], &c, 1) == 1);
	CHECK(write(ends[1], "x", 1) == 1 && count >= 2);
	CHECK_FAILS(fcntl(ends[0], F_SETSIG, 100), EINVAL);
	CHECK_FAILS(fcntl(ends[0], F_SETOWN, 99999999), ESRCH);
	make_file("file", "");
	fd = open("file", O_RDONLY);
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
		CHECK(fcntl(fd, F_GETLEASE) == F_RDLCK);
		CHECK(fcntl(fd, F_SETSIG, SIGRTMIN + 1) == 0);
		count = 0;
		CHECK_FAILS(open("file", O_WRONLY | O_NONBLOCK), EWOULDBLOCK); /* and the holder is told */
		CHECK(count == 1 && descriptor == fd);
		CHECK(fcntl(fd, F_SETLEASE, F_UNLCK) == 0 && fcntl(fd, F_GETLEASE) == F_UNLCK);
	} else {
		leave_out("leases");
	}
	fd = open(".", O_RDONLY);
	if (fcntl(fd, F_NOTIFY, 4 /* DN_CREATE */) == 0) {
		count = 0;
		make_file("new", "");
		CHECK(count >= 1);
	} else {
		leave_out("F_NOTIFY");
	}
	puts("ok file_owners");
	return 0;
}
