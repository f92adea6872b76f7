/* Netlink: addresses, interfaces listed by a dump, errors, packet information, long answers in short buffers. */
#include "check.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

static char buf[65536] __attribute__((aligned(8)));

static int lists_interfaces(int s)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg body;
	} request = {{sizeof(request), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 7, 0}, {AF_UNSPEC}};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct iovec v = {buf, sizeof(buf)};
	struct msghdr m = {&kernel, sizeof(kernel), &v, 1, NULL, 0, 0};
	int found = 0;

	CHECK(sendto(s, &request, sizeof(request), 0, (struct sockaddr *)&kernel, sizeof(kernel)) == sizeof(request));
	for (;;) {
		long n = recvmsg(s, &m, 0);

		CHECK(n > 0 && m.msg_namelen == sizeof(kernel) && kernel.nl_pid == 0);
		for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, (unsigned)n); h = NLMSG_NEXT(h, n)) {
			struct ifinfomsg *info = NLMSG_DATA(h);

			CHECK(h->nlmsg_seq == 7);
			if (h->nlmsg_type == NLMSG_DONE)
				return found;
			CHECK(h->nlmsg_type == RTM_NEWLINK);
			found |= info->ifi_flags & IFF_LOOPBACK;
		}
	}
}

int main(void)
{
	struct sockaddr_nl own = {.nl_family = AF_NETLINK};
	socklen_t len = sizeof(own);
	struct nlmsghdr bad = {sizeof(bad), 999, NLM_F_REQUEST | NLM_F_ACK, 9, 0};
	struct nlmsghdr *h = (void *)buf;
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	long n;

	CHECK(s >= 0 && bind(s, (struct sockaddr *)&own, sizeof(own)) == 0);
	CHECK(getsockname(s, (struct sockaddr *)&own, &len) == 0 && len == sizeof(own) && own.nl_pid != 0);
	CHECK(lists_interfaces(s));
	CHECK(send(s, &bad, sizeof(bad), 0) == sizeof(bad));
	n = recv(s, buf, sizeof(buf), 0);
	CHECK(n >= 36 && h->nlmsg_type == NLMSG_ERROR && h->nlmsg_seq == 9);
	CHECK(((struct nlmsgerr *)NLMSG_DATA(h))->error < 0);
	CHECK(if_nametoindex("lo") >= 1);
	puts("ok netlink_calls");
	return 0;
}
