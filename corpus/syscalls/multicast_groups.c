/*
 * Multicast: joining by the forms of the options, source filters, options of an interface; structures of two alignments.
 * qemu-arm 7.2 does not pass: it does not know the options with whole addresses.
 */
#include "check.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

int main(void)
{
	struct ip_mreqn old = {.imr_multiaddr.s_addr = htonl(0xefc00001), .imr_address.s_addr = htonl(INADDR_LOOPBACK)};
	struct group_req req = {.gr_interface = if_nametoindex("lo")};
	struct group_source_req source = {.gsr_interface = if_nametoindex("lo")};
	struct sockaddr_in *group = (struct sockaddr_in *)&req.gr_group, bound = {.sin_family = AF_INET};
	struct sockaddr_in *sender;
	socklen_t len = sizeof(bound);
	unsigned char ttl = 9, loop = 1;
	char text[8];
	int s = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0);

	old.imr_ifindex = (int)req.gr_interface;
	CHECK(sizeof(req) == (sizeof(long) == 8 ? 136 : 132));
	if (setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &old, sizeof(old)) != 0) {
		leave_out("multicast on lo");
		puts("ok multicast_groups");
		return 0;
	}
	CHECK_FAILS(setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &old, sizeof(old)), EADDRINUSE);
	*group = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xefc00002)};
	CHECK(setsockopt(s, IPPROTO_IP, MCAST_JOIN_GROUP, &req, sizeof(req)) == 0);
	CHECK_FAILS(setsockopt(s, IPPROTO_IP, MCAST_JOIN_GROUP, &req, sizeof(req)), EADDRINUSE);
	CHECK_FAILS(setsockopt(s, IPPROTO_IP, MCAST_JOIN_GROUP, &req, 20), EINVAL);
	CHECK_FAILS(setsockopt(s, IPPROTO_IP, MCAST_JOIN_GROUP, (void *)8, sizeof(req)), EFAULT);
	CHECK(bind(s, (struct sockaddr *)&bound, len) == 0 && getsockname(s, (struct sockaddr *)&bound, &len) == 0);
	CHECK(setsockopt(c, IPPROTO_IP, IP_MULTICAST_IF, &old, sizeof(old)) == 0);
	CHECK(setsockopt(c, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, 1) == 0);
	CHECK(setsockopt(c, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, 1) == 0);
	ttl = 0;
	len = 1;
	CHECK(getsockopt(c, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, &len) == 0 && ttl == 9 && len == 1);
	group->sin_port = bound.sin_port;
	CHECK(sendto(c, "many", 4, 0, (struct sockaddr *)group, sizeof(*group)) == 4);
	CHECK(recv(s, text, sizeof(text), 0) == 4 && !memcmp(text, "many", 4));
	group->sin_port = 0;
	CHECK(setsockopt(s, IPPROTO_IP, MCAST_LEAVE_GROUP, &req, sizeof(req)) == 0);
	CHECK_FAILS(setsockopt(s, IPPROTO_IP, MCAST_LEAVE_GROUP, &req, sizeof(req)), EADDRNOTAVAIL);
	/* Only from one sender. */
	source.gsr_group = req.gr_group;
	sender = (struct sockaddr_in *)&source.gsr_source;
	*sender = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	CHECK(setsockopt(s, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &source, sizeof(source)) == 0);
	CHECK(setsockopt(s, IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, &source, sizeof(source)) == 0);
	CHECK(setsockopt(s, IPPROTO_IP, IP_DROP_MEMBERSHIP, &old, sizeof(old)) == 0);
	puts("ok multicast_groups");
	return 0;
}
