/*
 * Sending more than fits while another thread takes it out, in every form: the sender waits, nothing is lost, and what
 * was under way goes on. Connecting waits for room in a backlog in the same way.
 */
#include "check.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

enum { SIZE = 500001, SMALL = 3000, ROUNDS = 40, MESSAGES = 60 };

static char data[SIZE];

static char byte_at(size_t i)
{
	return (char)(i * 31 + i / 251);
}

/* Take all there is until the end, a little at a time; the number of bytes. */
static void *drain(void *fd_at)
{
	static char got[SIZE];
	size_t have = 0;
	ssize_t n;

	while ((n = read(*(int *)fd_at, got + have, have + 7000 < SIZE ? 7000 : SIZE - have)) > 0)
		have += (size_t)n;
	CHECK(n == 0);
	for (size_t i = 0; i < have; i++)
		CHECK(got[i] == byte_at(i));
	return (void *)have;
}

static ssize_t by_write(int fd)
{
	return write(fd, data, SIZE);
}

static ssize_t by_writev(int fd)
{
	struct iovec v[4] = {{data, 1}, {data + 1, 9000}, {data, 0}, {data + 9001, SIZE - 9001}};

	return writev(fd, v, 4);
}

static ssize_t by_send(int fd)
{
	return send(fd, data, SIZE, 0);
}

static ssize_t by_sendto(int fd)
{
	return sendto(fd, data, SIZE, MSG_NOSIGNAL, NULL, 0);
}

static ssize_t by_sendmsg(int fd)
{
	struct iovec v[3] = {{data, 70000}, {data + 70000, 1}, {data + 70001, SIZE - 70001}};
	struct msghdr h = {.msg_iov = v, .msg_iovlen = 3};

	return sendmsg(fd, &h, 0);
}

static void whole(int is_pipe, ssize_t (*send_all)(int fd))
{
	pthread_t t;
	void *taken;
	int fds[2];

	CHECK((is_pipe ? pipe(fds) : socketpair(AF_UNIX, SOCK_STREAM, 0, fds)) == 0);
	CHECK(pthread_create(&t, NULL, drain, &fds[0]) == 0);
	CHECK(send_all(fds[1]) == SIZE);
	CHECK(close(fds[1]) == 0);
	CHECK(pthread_join(t, &taken) == 0 && (size_t)taken == SIZE);
	CHECK(close(fds[0]) == 0);
}

/* A buffer that holds hardly more than one of them. */
static void small_buffer(void)
{
	int fds[2], size = 1;
	pthread_t t;
	void *taken;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	CHECK(setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
	CHECK(pthread_create(&t, NULL, drain, &fds[0]) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		if (i % 2)
			CHECK(write(fds[1], data + i * SMALL, SMALL) == SMALL);
		else
			CHECK(send(fds[1], data + i * SMALL, SMALL, 0) == SMALL);
	}
	CHECK(close(fds[1]) == 0);
	CHECK(pthread_join(t, &taken) == 0 && (size_t)taken == ROUNDS * SMALL);
	CHECK(close(fds[0]) == 0);
}

/* The descriptor that goes with a long message arrives once. */
static void *receive_with_descriptor(void *fd_at)
{
	char control[CMSG_SPACE(4 * sizeof(int))];
	static char got[SIZE];
	size_t have = 0, descriptors = 0;
	ssize_t n;

	do {
		struct iovec v = {got, sizeof(got)};
		struct msghdr h = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};

		n = recvmsg(*(int *)fd_at, &h, 0);
		CHECK(n >= 0);
		have += (size_t)n;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c))
			descriptors += (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	} while (n);
	CHECK(descriptors == 1);
	return (void *)have;
}

static void with_descriptor(void)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec v[2] = {{data, 100000}, {data + 100000, SIZE - 100000}};
	struct msghdr h = {.msg_iov = v, .msg_iovlen = 2, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);
	pthread_t t;
	void *taken;
	int fds[2];

	*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memset(CMSG_DATA(c), 0, sizeof(int));
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	CHECK(pthread_create(&t, NULL, receive_with_descriptor, &fds[0]) == 0);
	CHECK(sendmsg(fds[1], &h, 0) == SIZE);
	CHECK(close(fds[1]) == 0);
	CHECK(pthread_join(t, &taken) == 0 && (size_t)taken == SIZE);
	CHECK(close(fds[0]) == 0);
}

/* Datagrams: the receiver's queue is short, and poll for writing does not know whom they are for. */
static void *receive_messages(void *fd_at)
{
	char got[16];

	for (int i = 0; i < MESSAGES; i++)
		CHECK(recv(*(int *)fd_at, got, sizeof(got), 0) == 4 && *(int *)(void *)got == i);
	return NULL;
}

static void datagrams(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "queue"};
	int in = socket(AF_UNIX, SOCK_DGRAM, 0), out = socket(AF_UNIX, SOCK_DGRAM, 0);
	pthread_t t;

	CHECK(bind(in, (struct sockaddr *)&name, sizeof(name)) == 0);
	CHECK(pthread_create(&t, NULL, receive_messages, &in) == 0);
	for (int i = 0; i < MESSAGES; i++)
		CHECK(sendto(out, &i, sizeof(i), 0, (struct sockaddr *)&name, sizeof(name)) == sizeof(i));
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(close(in) == 0 && close(out) == 0);
}

/* Whoever has nobody to send to any more is told what was taken; the signal comes with the next attempt. */
static void *close_after_some(void *fd_at)
{
	static char got[100000];

	CHECK(recv(*(int *)fd_at, got, sizeof(got), MSG_WAITALL) == sizeof(got));
	CHECK(close(*(int *)fd_at) == 0);
	return NULL;
}

static void cut_short(void)
{
	pthread_t t;
	ssize_t sent;
	int fds[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	CHECK(pthread_create(&t, NULL, close_after_some, &fds[0]) == 0);
	sent = send(fds[1], data, SIZE, 0); /* SIGPIPE would end us */
	CHECK(sent >= 100000 && sent < SIZE);
	CHECK_FAILS(send(fds[1], data, 1, MSG_NOSIGNAL), EPIPE);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(close(fds[1]) == 0);
}

static void limited(void)
{
	struct timeval tv = {0, 30000};
	int fds[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	CHECK(setsockopt(fds[1], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
	CHECK(send(fds[1], data, SIZE, 0) > 0); /* not all of it */
	CHECK_FAILS(send(fds[1], data, SIZE, 0), EAGAIN);
	CHECK(close(fds[0]) == 0 && close(fds[1]) == 0);
}

/* --- connecting -------------------------------------------------------------------------------------- */

static int listener;

static void *accept_all(void *count_at)
{
	for (int i = 0; i < *(int *)count_at; i++) {
		int fd = accept(listener, NULL, NULL);

		CHECK(fd >= 0);
		CHECK(close(fd) == 0);
	}
	return NULL;
}

static void full_backlog(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "door"};
	struct timeval tv = {0, 30000};
	int count = 8, fds[8];
	pthread_t t;

	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(bind(listener, (struct sockaddr *)&name, sizeof(name)) == 0 && listen(listener, 0) == 0);
	for (int i = 0; i < count; i++)
		fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(connect(fds[0], (struct sockaddr *)&name, sizeof(name)) == 0); /* one always fits */
	CHECK(setsockopt(fds[1], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
	CHECK_FAILS(connect(fds[1], (struct sockaddr *)&name, sizeof(name)), EAGAIN);
	tv = (struct timeval){0, 0};
	CHECK(setsockopt(fds[1], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
	CHECK(pthread_create(&t, NULL, accept_all, &count) == 0);
	for (int i = 1; i < count; i++)
		CHECK(connect(fds[i], (struct sockaddr *)&name, sizeof(name)) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	for (int i = 0; i < count; i++)
		CHECK(!(fcntl(fds[i], F_GETFL) & O_NONBLOCK) && close(fds[i]) == 0);
	CHECK(close(listener) == 0);
}

static void over_tcp(void)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(name);
	int count = 1, fd;
	pthread_t t;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(bind(listener, (struct sockaddr *)&name, sizeof(name)) == 0 && listen(listener, 5) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&name, &size) == 0);
	CHECK(pthread_create(&t, NULL, accept_all, &count) == 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(fd, (struct sockaddr *)&name, size) == 0);
	CHECK_FAILS(connect(fd, (struct sockaddr *)&name, size), EISCONN);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(close(fd) == 0 && close(listener) == 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_FAILS(connect(fd, (struct sockaddr *)&name, size), ECONNREFUSED);
	CHECK(close(fd) == 0);
}

/* Somebody else, so that nothing here waits as the only thread. */
static void *stand_by(void *fd_at)
{
	char byte;

	CHECK(read(*(int *)fd_at, &byte, 1) == 0);
	return NULL;
}

int main(void)
{
	static ssize_t (*const WAYS[])(int) = {by_write, by_writev, by_send, by_sendto, by_sendmsg};
	pthread_t t;
	int fds[2];

	enter_scratch_folder();
	for (size_t i = 0; i < SIZE; i++)
		data[i] = byte_at(i);
	CHECK(pipe(fds) == 0 && pthread_create(&t, NULL, stand_by, &fds[0]) == 0);
	for (int i = 0; i < 5; i++)
		whole(0, WAYS[i]);
	whole(1, by_write);
	whole(1, by_writev);
	small_buffer();
	with_descriptor();
	datagrams();
	cut_short();
	limited();
	full_backlog();
	over_tcp();
	CHECK(close(fds[1]) == 0 && pthread_join(t, NULL) == 0);
	puts("ok thread_sending");
	return 0;
}
