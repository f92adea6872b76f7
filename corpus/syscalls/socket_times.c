/*
 * Times on sockets: receive and send limits in old and new widths, time stamps of every kind in control messages.
 * qemu-arm 7.2 does not pass: it does not convert the options with times of 64 bits.
 */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
	RCVTIMEO_OLD = 20,
	RCVTIMEO_NEW = 66,
	SNDTIMEO_NEW = 67,
	TIMESTAMP_OLD = 29,
	TIMESTAMPNS_OLD = 35,
	TIMESTAMPING_OLD = 37,
	TIMESTAMP_NEW = 63,
	TIMESTAMPNS_NEW = 64,
	TIMESTAMPING_NEW = 65,
};

#define GSTAMP_OLD 0x8906
#define GSTAMP_NEW 0x80108906

struct two_longs {
	long sec, part;
};

struct two_64 {
	int64_t sec, part;
};

static void limits(int s)
{
	struct two_longs old = {2, 500000};
	struct two_64 new = {0, 0};
	socklen_t len = sizeof(new);
	struct timespec a, b;
	char c;

	CHECK(setsockopt(s, SOL_SOCKET, RCVTIMEO_OLD, &old, sizeof(old)) == 0);
	CHECK(getsockopt(s, SOL_SOCKET, RCVTIMEO_NEW, &new, &len) == 0 && len == sizeof(new));
	CHECK(new.sec == 2 && new.part >= 500000 && new.part < 520000);
	new = (struct two_64){0, 30000};
	CHECK(setsockopt(s, SOL_SOCKET, RCVTIMEO_NEW, &new, sizeof(new)) == 0);
	CHECK(setsockopt(s, SOL_SOCKET, SNDTIMEO_NEW, &new, sizeof(new)) == 0);
	len = sizeof(old);
	CHECK(getsockopt(s, SOL_SOCKET, RCVTIMEO_OLD, &old, &len) == 0 && len == sizeof(old));
	CHECK(old.sec == 0 && old.part >= 30000 && old.part < 50000);
	clock_gettime(CLOCK_MONOTONIC, &a);
	CHECK_FAILS(recv(s, &c, 1, 0), EAGAIN);
	clock_gettime(CLOCK_MONOTONIC, &b);
	CHECK((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 >= 29);
	old = (struct two_longs){1, 1000000};
	CHECK_FAILS(setsockopt(s, SOL_SOCKET, RCVTIMEO_OLD, &old, sizeof(old)), EDOM);
	CHECK_FAILS(setsockopt(s, SOL_SOCKET, RCVTIMEO_OLD, &old, 4), EINVAL);
	CHECK_FAILS(setsockopt(s, SOL_SOCKET, RCVTIMEO_OLD, (void *)8, sizeof(old)), EFAULT);
}

static int near_now(long long sec, long long part, long long parts_of_second)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return sec <= now.tv_sec && sec > now.tv_sec - 60 && part >= 0 && part < parts_of_second;
}

/* Receive one datagram with the stamp that option asks for; the payload of the control message into out. */
static size_t stamped(int s, int c, int option, int value, int expected_type, void *out)
{
	union {
		char buf[256];
		struct cmsghdr align;
	} control;
	char byte = 't';
	struct iovec v = {&byte, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control)};
	struct cmsghdr *h;
	size_t len;

	CHECK(setsockopt(s, SOL_SOCKET, option, &value, sizeof(value)) == 0);
	for (int i = 0; i < 200; i++) { /* the kernel begins to stamp packets a little later */
		CHECK(send(c, &byte, 1, 0) == 1);
		m.msg_controllen = sizeof(control);
		CHECK(recvmsg(s, &m, 0) == 1);
		h = CMSG_FIRSTHDR(&m);
		if (h)
			break;
		usleep(5000);
	}
	CHECK(h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == expected_type && !CMSG_NXTHDR(&m, h));
	len = h->cmsg_len - CMSG_LEN(0);
	CHECK(len <= 48);
	memcpy(out, CMSG_DATA(h), len);
	value = 0;
	CHECK(setsockopt(s, SOL_SOCKET, option, &value, sizeof(value)) == 0);
	return len;
}

static void stamps(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0);
	struct two_longs old[3];
	struct two_64 new[3];

	CHECK(bind(s, (struct sockaddr *)&a, len) == 0 && getsockname(s, (struct sockaddr *)&a, &len) == 0);
	CHECK(connect(c, (struct sockaddr *)&a, len) == 0);
	CHECK(stamped(s, c, TIMESTAMP_OLD, 1, TIMESTAMP_OLD, old) == sizeof(old[0]));
	CHECK(near_now(old[0].sec, old[0].part, 1000000));
	CHECK(stamped(s, c, TIMESTAMPNS_OLD, 1, TIMESTAMPNS_OLD, old) == sizeof(old[0]));
	CHECK(near_now(old[0].sec, old[0].part, 1000000000));
	CHECK(stamped(s, c, TIMESTAMP_NEW, 1, TIMESTAMP_NEW, new) == sizeof(new[0]));
	CHECK(near_now(new[0].sec, new[0].part, 1000000));
	CHECK(stamped(s, c, TIMESTAMPNS_NEW, 1, TIMESTAMPNS_NEW, new) == sizeof(new[0]));
	CHECK(near_now(new[0].sec, new[0].part, 1000000000));
	/* Software stamps of received packets: three times, of which the first is set. */
	CHECK(stamped(s, c, TIMESTAMPING_OLD, 1 << 3 | 1 << 4, TIMESTAMPING_OLD, old) == sizeof(old));
	CHECK(near_now(old[0].sec, old[0].part, 1000000000) && old[1].sec == 0 && old[2].sec == 0);
	CHECK(stamped(s, c, TIMESTAMPING_NEW, 1 << 3 | 1 << 4, TIMESTAMPING_NEW, new) == sizeof(new));
	CHECK(near_now(new[0].sec, new[0].part, 1000000000));
}

/* The stamp of the last packet, asked for by a request. */
static void last_stamp(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM, 0);
	struct two_longs old;
	struct two_64 new;
	char byte;

	CHECK(bind(s, (struct sockaddr *)&a, len) == 0 && getsockname(s, (struct sockaddr *)&a, &len) == 0);
	CHECK_FAILS(ioctl(s, GSTAMP_OLD, &old), ENOENT);
	CHECK(sendto(c, "s", 1, 0, (struct sockaddr *)&a, len) == 1 && recv(s, &byte, 1, 0) == 1);
	CHECK(ioctl(s, GSTAMP_OLD, &old) == 0 && near_now(old.sec, old.part, 1000000));
	CHECK(ioctl(s, GSTAMP_OLD + 1, &old) == 0 && near_now(old.sec, old.part, 1000000000));
	CHECK(ioctl(s, GSTAMP_NEW, &new) == 0 && near_now(new.sec, new.part, 1000000));
	CHECK_FAILS(ioctl(s, GSTAMP_OLD, (void *)8), EFAULT);
}

int main(void)
{
	limits(socket(AF_UNIX, SOCK_DGRAM, 0));
	stamps();
	last_stamp();
	puts("ok socket_times");
	return 0;
}
