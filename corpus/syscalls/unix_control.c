/*
 * Control messages: several in one call in both directions, credentials that are checked, descriptors that are many,
 * closed with the message, received with close-on-exec, refused when wrong.
 * qemu-arm 7.2 does not pass: it passes on control messages of wrong lengths.
 */
#include "check.h"

#include <sys/socket.h>

static union {
	char buf[4096];
	struct cmsghdr align;
} control;
static char byte;
static struct iovec v = {&byte, 1};

static struct msghdr header(size_t room)
{
	return (struct msghdr){.msg_iov = &v, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = room};
}

static void put(struct cmsghdr *c, int type, const void *data, size_t len)
{
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
}

static void both_kinds(int ends[2])
{
	struct ucred own = {getpid(), getuid(), getgid()}, other = {1, 1, 1}, got;
	struct msghdr m = header(CMSG_SPACE(sizeof(own)) + CMSG_SPACE(3 * sizeof(int)));
	struct cmsghdr *c;
	int fds[3] = {0, 1, 2}, n = 0, on = 1;

	memset(&control, 0, sizeof(control));
	c = CMSG_FIRSTHDR(&m);
	put(c, SCM_CREDENTIALS, &own, sizeof(own));
	c = CMSG_NXTHDR(&m, c);
	CHECK(c);
	put(c, SCM_RIGHTS, fds, sizeof(fds));
	CHECK(setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0);
	CHECK(sendmsg(ends[0], &m, 0) == 1);
	m = header(sizeof(control));
	CHECK(recvmsg(ends[1], &m, MSG_CMSG_CLOEXEC) == 1 && !(m.msg_flags & MSG_CTRUNC));
	CHECK(m.msg_flags & MSG_CMSG_CLOEXEC);
	CHECK(m.msg_controllen == CMSG_SPACE(sizeof(own)) + CMSG_SPACE(3 * sizeof(int)));
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_type == SCM_CREDENTIALS) {
			CHECK(c->cmsg_len == CMSG_LEN(sizeof(got)));
			memcpy(&got, CMSG_DATA(c), sizeof(got));
			CHECK(got.pid == own.pid && got.uid == own.uid && got.gid == own.gid);
			n |= 1;
		} else {
			CHECK(c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(fds)));
			memcpy(fds, CMSG_DATA(c), sizeof(fds));
			for (int i = 0; i < 3; i++)
				CHECK(fcntl(fds[i], F_GETFD) == FD_CLOEXEC && close(fds[i]) == 0);
			n |= 2;
		}
	}
	CHECK(n == 3);
	if (geteuid() != 0) {
		m = header(CMSG_SPACE(sizeof(other)));
		put(CMSG_FIRSTHDR(&m), SCM_CREDENTIALS, &other, sizeof(other));
		CHECK_FAILS(sendmsg(ends[0], &m, 0), EPERM);
	}
	on = 0;
	CHECK(setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0);
}

static void many_descriptors(int ends[2])
{
	struct msghdr m = header(CMSG_SPACE(253 * sizeof(int)));
	int fds[254];

	for (int i = 0; i < 254; i++)
		fds[i] = 0;
	put(CMSG_FIRSTHDR(&m), SCM_RIGHTS, fds, 253 * sizeof(int));
	CHECK(sendmsg(ends[0], &m, 0) == 1);
	m = header(sizeof(control));
	CHECK(recvmsg(ends[1], &m, 0) == 1 && CMSG_FIRSTHDR(&m)->cmsg_len == CMSG_LEN(253 * sizeof(int)));
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&m)), 253 * sizeof(int));
	for (int i = 0; i < 253; i++)
		CHECK(close(fds[i]) == 0);
	m = header(CMSG_SPACE(254 * sizeof(int)));
	put(CMSG_FIRSTHDR(&m), SCM_RIGHTS, fds, 254 * sizeof(int));
	CHECK_FAILS(sendmsg(ends[0], &m, 0), EINVAL);
	fds[0] = 9999;
	m = header(CMSG_SPACE(sizeof(int)));
	put(CMSG_FIRSTHDR(&m), SCM_RIGHTS, fds, sizeof(int));
	CHECK_FAILS(sendmsg(ends[0], &m, 0), EBADF);
}

/* A descriptor in a message nobody reads is closed with it: the other end of its pipe sees that. */
static void dropped(int ends[2])
{
	struct msghdr m = header(CMSG_SPACE(sizeof(int)));
	int p[2];
	char c;

	CHECK(pipe(p) == 0);
	put(CMSG_FIRSTHDR(&m), SCM_RIGHTS, &p[1], sizeof(int));
	CHECK(sendmsg(ends[0], &m, 0) == 1 && close(p[1]) == 0);
	m = header(0);
	m.msg_control = NULL;
	CHECK(recvmsg(ends[1], &m, 0) == 1 && m.msg_flags & MSG_CTRUNC);
	CHECK(read(p[0], &c, 1) == 0);
}

static void wrong(int ends[2])
{
	struct msghdr m = header(CMSG_SPACE(sizeof(int)));
	int fd = 0;

	put(CMSG_FIRSTHDR(&m), SCM_RIGHTS, &fd, sizeof(int));
	CMSG_FIRSTHDR(&m)->cmsg_len = 1;
	CHECK_FAILS(sendmsg(ends[0], &m, 0), EINVAL);
	CMSG_FIRSTHDR(&m)->cmsg_len = 5000;
	CHECK_FAILS(sendmsg(ends[0], &m, 0), EINVAL);
	put(CMSG_FIRSTHDR(&m), 77, &fd, sizeof(int));
	CHECK_FAILS(sendmsg(ends[0], &m, 0), EINVAL);
	m.msg_control = (void *)8;
	CHECK_FAILS(sendmsg(ends[0], &m, 0), EFAULT);
	m = header(0);
	m.msg_iovlen = 1025;
	CHECK_FAILS(sendmsg(ends[0], &m, 0), EMSGSIZE);
	m = header(0);
	m.msg_name = NULL;
	m.msg_namelen = (socklen_t)-1;
	CHECK_FAILS(syscall(SYS_sendmsg, -1, &m, 0), EBADF);
	CHECK_FAILS(recvmsg(0, &m, 0), fcntl(0, F_GETFD) < 0 ? EBADF : ENOTSOCK);
}

int main(void)
{
	int ends[2];

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
	both_kinds(ends);
	many_descriptors(ends);
	dropped(ends);
	wrong(ends);
	puts("ok unix_control");
	return 0;
}
