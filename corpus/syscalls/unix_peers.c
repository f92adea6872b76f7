/* Who is at the other end: SO_PEERCRED, SO_PEERPIDFD, whole messages by SOCK_SEQPACKET, half-closed streams, SIGPIPE. */
#include "check.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PEERPIDFD 77

static struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "listening"};

static void connects(void)
{
	int s = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	char c;

	CHECK(connect(s, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHECK(send(s, "whole", 5, 0) == 5 && send(s, "", 0, 0) == 0 && send(s, "again", 5, MSG_EOR) == 5);
	CHECK(recv(s, &c, 1, 0) == 1);
	_exit(0);
}

int main(void)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	char buf[16];
	struct iovec v = {buf, 3};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	int s = socket(AF_UNIX, SOCK_SEQPACKET, 0), c, status, fd = -1, n;
	pid_t pid;

	enter_scratch_folder();
	CHECK(bind(s, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(s, 1) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		connects();
	c = accept(s, NULL, NULL);
	CHECK(c >= 0 && getsockopt(c, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 && len == 12);
	CHECK(cred.pid == pid && cred.uid == geteuid() && cred.gid == getegid());
	len = sizeof(fd);
	if (getsockopt(c, SOL_SOCKET, PEERPIDFD, &fd, &len) == 0)
		CHECK(fd >= 0 && syscall(424 /* pidfd_send_signal */, fd, 0, NULL, 0) == 0);
	else
		leave_out("SO_PEERPIDFD");
	CHECK(recvmsg(c, &m, 0) == 3 && m.msg_flags & MSG_TRUNC && !memcmp(buf, "who", 3));
	v.iov_len = sizeof(buf);
	CHECK(recv(c, buf, sizeof(buf), 0) == 0);
	CHECK(recvmsg(c, &m, 0) == 5 && !memcmp(buf, "again", 5) && send(c, "x", 1, 0) == 1);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(recv(c, buf, sizeof(buf), 0) == 0);
	signal(SIGPIPE, SIG_IGN);
	CHECK_FAILS(send(c, "x", 1, 0), EPIPE);
	signal(SIGPIPE, SIG_DFL);
	CHECK_FAILS(send(c, "x", 1, MSG_NOSIGNAL), EPIPE);
	{
		int ends[2];

		CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
		CHECK(write(ends[0], "0123456789", 10) == 10 && ioctl(ends[1], FIONREAD, &n) == 0 && n == 10);
		CHECK(recv(ends[1], buf, 4, MSG_PEEK) == 4 && recv(ends[1], buf, 16, 0) == 10 && buf[9] == '9');
		CHECK(shutdown(ends[0], SHUT_WR) == 0 && read(ends[1], buf, 1) == 0 && write(ends[1], "b", 1) == 1);
		CHECK(read(ends[0], buf, 1) == 1);
		CHECK_FAILS(shutdown(ends[0], 9), EINVAL);
		CHECK_FAILS(read(ends[0], buf, 1), EAGAIN);
	}
	CHECK_FAILS(socketpair(AF_INET, SOCK_STREAM, 0, (int[2]){0, 0}), EOPNOTSUPP);
	CHECK(socket(AF_UNIX, 9, 0) == -1);
	CHECK_FAILS(socket(299, SOCK_STREAM, 0), EAFNOSUPPORT);
	puts("ok unix_peers");
	return 0;
}
