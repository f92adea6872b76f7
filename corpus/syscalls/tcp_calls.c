/*
 * TCP: connecting without waiting, options and TCP_INFO, urgent data, lingering ends, accept's flags and errors.
 * qemu-arm 7.2 does not pass: it drops flag bits it does not know instead of refusing them.
 */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static volatile sig_atomic_t urgent;

static void on_urgent(int sig)
{
	(void)sig;
	urgent++;
}

static int listen_at(struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	*a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	CHECK(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
	CHECK(bind(s, (struct sockaddr *)a, len) == 0 && listen(s, 5) == 0);
	CHECK(getsockname(s, (struct sockaddr *)a, &len) == 0);
	return s;
}

static void options(int s)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	char name[16];
	int v = 0;

	memset(&info, 0xee, sizeof(info));
	CHECK(getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 && len >= 104 && info.tcpi_state == 1);
	len = sizeof(v);
	CHECK(getsockopt(s, IPPROTO_TCP, TCP_MAXSEG, &v, &len) == 0 && v > 500);
	v = 90;
	CHECK(setsockopt(s, IPPROTO_TCP, TCP_KEEPIDLE, &v, sizeof(v)) == 0);
	v = 0;
	CHECK(getsockopt(s, IPPROTO_TCP, TCP_KEEPIDLE, &v, &len) == 0 && v == 90);
	len = sizeof(name);
	CHECK(getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &len) == 0 && name[0]);
	len = 2;
	memset(name, 0x55, sizeof(name));
	CHECK(getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, name, &len) == 0 && len == 2 && name[2] == 0x55);
	len = sizeof(v);
	CHECK_FAILS(getsockopt(s, IPPROTO_TCP, 9999, &v, &len), ENOPROTOOPT);
	CHECK_FAILS(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &v, 1), EINVAL);
	CHECK_FAILS(getsockopt(s, SOL_SOCKET, SO_TYPE, &v, (socklen_t *)8), EFAULT);
}

static void out_of_band(int a, int b)
{
	char text[8];
	int at = 0;

	CHECK(fcntl(b, F_SETOWN, getpid()) == 0 && fcntl(b, F_GETOWN) == getpid());
	signal(SIGURG, on_urgent);
	CHECK(send(a, "ab!", 3, MSG_OOB) == 3);
	for (int i = 0; i < 400 && !urgent; i++)
		usleep(5000);
	CHECK(urgent >= 1);
	CHECK(recv(b, text, 8, 0) == 2 && !memcmp(text, "ab", 2));
	CHECK(ioctl(b, SIOCATMARK, &at) == 0 && at == 1);
	CHECK(recv(b, text, 1, MSG_OOB) == 1 && text[0] == '!');
}

int main(void)
{
	struct sockaddr_in a, peer;
	struct linger linger = {1, 0};
	struct pollfd p;
	socklen_t len = sizeof(peer);
	int s = listen_at(&a), c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), d, error = 0;
	char byte;

	CHECK(fcntl(s, F_SETFL, O_NONBLOCK) == 0);
	CHECK_FAILS(accept4(s, NULL, NULL, 0), EAGAIN);
	CHECK_FAILS(accept4(s, NULL, NULL, 0x40000000), EINVAL);
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) == 0 || errno == EINPROGRESS);
	p = (struct pollfd){c, POLLOUT, 0};
	CHECK(poll(&p, 1, 5000) == 1 && p.revents == POLLOUT);
	len = sizeof(error);
	CHECK(getsockopt(c, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0);
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) == 0 || errno == EISCONN);
	CHECK_FAILS(connect(c, (struct sockaddr *)&a, sizeof(a)), EISCONN);
	p = (struct pollfd){s, POLLIN, 0};
	CHECK(poll(&p, 1, 5000) == 1);
	len = sizeof(peer);
	d = accept4(s, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	CHECK(d >= 0 && len == sizeof(peer) && peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	CHECK(fcntl(d, F_GETFL) & O_NONBLOCK && fcntl(d, F_GETFD) == FD_CLOEXEC);
	CHECK_FAILS(recv(d, &byte, 1, 0), EAGAIN);
	options(c);
	out_of_band(c, d);
	/* With no lingering the end is a reset. */
	CHECK(setsockopt(c, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0 && close(c) == 0);
	p = (struct pollfd){d, POLLIN, 0};
	CHECK(poll(&p, 1, 5000) == 1);
	CHECK_FAILS(recv(d, &byte, 1, 0), ECONNRESET);
	signal(SIGPIPE, SIG_IGN);
	CHECK_FAILS(send(d, "x", 1, 0), EPIPE);
	close(s);
	c = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_FAILS(connect(c, (struct sockaddr *)&a, sizeof(a)), ECONNREFUSED);
	CHECK_FAILS(accept(c, NULL, NULL), EINVAL);
	CHECK_FAILS(listen(-1, 1), EBADF);
	puts("ok tcp_calls");
	return 0;
}
