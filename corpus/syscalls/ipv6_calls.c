/* IPv6 on the loopback: addresses with scopes, options, packet information, mapped IPv4, groups. */
#include "check.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

int main(void)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}, from;
	union {
		char buf[256];
		struct cmsghdr align;
	} control;
	socklen_t len = sizeof(a);
	char text[8];
	struct iovec v = {text, sizeof(text)};
	struct msghdr m = {&from, sizeof(from), &v, 1, control.buf, sizeof(control), 0};
	struct in6_pktinfo info;
	struct cmsghdr *h;
	int s = socket(AF_INET6, SOCK_DGRAM, 0), c, on = 1, hops = 17, seen = 0;

	if (s < 0 || bind(s, (struct sockaddr *)&a, len) != 0) {
		leave_out("IPv6");
		puts("ok ipv6_calls");
		return 0;
	}
	CHECK(getsockname(s, (struct sockaddr *)&a, &len) == 0 && len == 28 && a.sin6_port);
	CHECK(IN6_IS_ADDR_LOOPBACK(&a.sin6_addr));
	c = socket(AF_INET6, SOCK_DGRAM, 0);
	CHECK(setsockopt(s, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0);
	CHECK(setsockopt(s, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on)) == 0);
	CHECK(setsockopt(s, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on)) == 0);
	CHECK(setsockopt(c, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops)) == 0);
	CHECK(sendto(c, "six", 3, 0, (struct sockaddr *)&a, len) == 3 && recvmsg(s, &m, 0) == 3);
	CHECK(m.msg_namelen == sizeof(from) && IN6_IS_ADDR_LOOPBACK(&from.sin6_addr) && from.sin6_scope_id == 0);
	for (h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		CHECK(h->cmsg_level == IPPROTO_IPV6);
		if (h->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info, CMSG_DATA(h), sizeof(info));
			CHECK(h->cmsg_len == CMSG_LEN(sizeof(info)) && IN6_IS_ADDR_LOOPBACK(&info.ipi6_addr));
			CHECK(info.ipi6_ifindex == if_nametoindex("lo"));
			seen |= 1;
		} else if (h->cmsg_type == IPV6_TCLASS) {
			CHECK(*(int *)(void *)CMSG_DATA(h) == 0);
			seen |= 4;
		} else if (h->cmsg_type == IPV6_HOPLIMIT) {
			CHECK(*(int *)(void *)CMSG_DATA(h) == 17);
			seen |= 2;
		}
	}
	CHECK(seen == 7);
	on = 0;
	s = socket(AF_INET6, SOCK_DGRAM, 0);
	CHECK(setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0);
	a = (struct sockaddr_in6){.sin6_family = AF_INET6};
	CHECK(bind(s, (struct sockaddr *)&a, sizeof(a)) == 0 && getsockname(s, (struct sockaddr *)&a, &len) == 0);
	CHECK(inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.sin6_addr) == 1);
	CHECK(sendto(c, "four", 4, 0, (struct sockaddr *)&a, len) == 4);
	m.msg_namelen = sizeof(from);
	m.msg_controllen = 0;
	CHECK(recvmsg(s, &m, 0) == 4 && IN6_IS_ADDR_V4MAPPED(&from.sin6_addr));
	a.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
	CHECK_FAILS(bind(s, (struct sockaddr *)&a, sizeof(a)), EINVAL);
	CHECK_FAILS(bind(socket(AF_INET6, SOCK_DGRAM, 0), (struct sockaddr *)&a, 16), EINVAL);
	puts("ok ipv6_calls");
	return 0;
}
