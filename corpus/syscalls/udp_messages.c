/* Datagrams: cut ones, peeking, addresses and packet information in control messages, errors that come later. */
#include "check.h"

#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static union {
	char buf[512];
	struct cmsghdr align;
} control;

static void cut_and_peek(int s, int c)
{
	char text[16];
	struct iovec v[2] = {{text, 2}, {text + 8, 2}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
	int n;

	CHECK(send(c, "0123456789", 10, 0) == 10 && send(c, "", 0, 0) == 0);
	CHECK(ioctl(s, FIONREAD, &n) == 0 && n == 10);
	CHECK(recv(s, text, 4, MSG_PEEK | MSG_TRUNC) == 10 && !memcmp(text, "0123", 4));
	CHECK(recvmsg(s, &m, 0) == 4 && m.msg_flags == MSG_TRUNC && !memcmp(text, "01", 2));
	CHECK(!memcmp(text + 8, "23", 2));
	CHECK(recv(s, text, 4, 0) == 0); /* the empty one */
	CHECK_FAILS(recv(s, text, 4, MSG_DONTWAIT), EAGAIN);
}

static void information(int s, int c)
{
	struct sockaddr_in from;
	char byte = 'b';
	struct iovec v = {&byte, 1};
	struct msghdr m = {&from, sizeof(from), &v, 1, control.buf, sizeof(control), 0};
	struct cmsghdr *h;
	int on = 1, ttl = 33, seen = 0;

	CHECK(setsockopt(s, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0);
	CHECK(setsockopt(s, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on)) == 0);
	CHECK(setsockopt(c, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)) == 0);
	CHECK(send(c, "x", 1, 0) == 1 && recvmsg(s, &m, 0) == 1);
	CHECK(m.msg_namelen == sizeof(from) && from.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	for (h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		CHECK(h->cmsg_level == IPPROTO_IP);
		if (h->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(h), sizeof(info));
			CHECK(h->cmsg_len == CMSG_LEN(sizeof(info)) && info.ipi_addr.s_addr == htonl(INADDR_LOOPBACK));
			seen |= 1;
		} else if (h->cmsg_type == IP_TTL) {
			memcpy(&ttl, CMSG_DATA(h), sizeof(ttl));
			CHECK(ttl == 33);
			seen |= 2;
		}
	}
	CHECK(seen == 3);
	/* The other way: the ttl of one message. */
	m = (struct msghdr){.msg_iov = &v, .msg_iovlen = 1, .msg_control = control.buf};
	m.msg_controllen = CMSG_SPACE(sizeof(int));
	ttl = 44;
	h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = IPPROTO_IP;
	h->cmsg_type = IP_TTL;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &ttl, sizeof(ttl));
	CHECK(sendmsg(c, &m, 0) == 1);
	m.msg_controllen = sizeof(control);
	CHECK(recvmsg(s, &m, 0) == 1);
	for (h = CMSG_FIRSTHDR(&m), seen = 0; h; h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_type == IP_TTL)
			seen = *(int *)(void *)CMSG_DATA(h);
	CHECK(seen == 44);
}

/* Nobody listens there: the refusal comes with the next call, and as a record in the error queue. */
static void refusals(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_DGRAM, 0), on = 1, error = 0;
	char byte = 'e';
	struct iovec v = {&byte, 1};
	struct msghdr m = {&a, sizeof(a), &v, 1, control.buf, sizeof(control), 0};
	struct sock_extended_err e;
	struct cmsghdr *h;

	CHECK(bind(s, (struct sockaddr *)&a, len) == 0 && getsockname(s, (struct sockaddr *)&a, &len) == 0);
	close(s);
	s = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK(connect(s, (struct sockaddr *)&a, len) == 0);
	CHECK(setsockopt(s, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) == 0);
	CHECK(send(s, "x", 1, 0) == 1);
	CHECK_FAILS(recv(s, &byte, 1, 0), ECONNREFUSED);
	CHECK(recvmsg(s, &m, MSG_ERRQUEUE) == 1 && m.msg_flags & MSG_ERRQUEUE);
	h = CMSG_FIRSTHDR(&m);
	CHECK(h && h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_RECVERR);
	memcpy(&e, CMSG_DATA(h), sizeof(e));
	CHECK(e.ee_errno == ECONNREFUSED && e.ee_origin == SO_EE_ORIGIN_ICMP);
	len = sizeof(error);
	CHECK(getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0);
}

int main(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK(bind(s, (struct sockaddr *)&a, len) == 0 && getsockname(s, (struct sockaddr *)&a, &len) == 0);
	CHECK(connect(c, (struct sockaddr *)&a, len) == 0);
	cut_and_peek(s, c);
	information(s, c);
	refusals();
	puts("ok udp_messages");
	return 0;
}
