/*
 * sendmmsg and recvmmsg: partial success, time limits of both widths, control messages in each, wrong arguments.
 * qemu-arm 7.2 does not pass: it does not know recvmmsg_time64.
 */
#include "check.h"

#include <sys/socket.h>

#ifdef __arm__
#define NR_RECVMMSG64 417
#else
#define NR_RECVMMSG64 SYS_recvmmsg
#endif

#define MANY 40

static struct mmsghdr messages[MANY];
static struct iovec vectors[MANY];
static char texts[MANY][16];

static void prepare(void)
{
	for (int i = 0; i < MANY; i++) {
		vectors[i] = (struct iovec){texts[i], sizeof(texts[i])};
		messages[i] = (struct mmsghdr){{.msg_iov = &vectors[i], .msg_iovlen = 1}, 0xeeee};
	}
}

static void fill(void)
{
	prepare();
	for (int i = 0; i < MANY; i++)
		vectors[i].iov_len = (size_t)snprintf(texts[i], sizeof(texts[i]), "message %d", i);
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

int main(void)
{
	struct timespec ts = {0, 40000000};
	struct {
		int64_t sec, nsec;
	} ts64 = {0, 40000000};
	long long start;
	char text[16];
	int ends[2], got = 0, n;

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
	fill();
	n = sendmmsg(ends[0], messages, MANY, MSG_DONTWAIT);
	CHECK(n > 2 && n <= MANY); /* a socket takes so many and no more */
	for (int i = 0; i < n; i++)
		CHECK(messages[i].msg_len == vectors[i].iov_len);
	prepare();
	CHECK(recvmmsg(ends[1], messages, 3, 0, NULL) == 3 && messages[3].msg_len == 0xeeee);
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "message %d", i);
		CHECK(messages[i].msg_len == strlen(text) && !memcmp(texts[i], text, strlen(text)));
		CHECK(!(messages[i].msg_hdr.msg_flags & MSG_TRUNC));
	}
	prepare();
	got = recvmmsg(ends[1], messages, MANY, MSG_WAITFORONE, NULL);
	CHECK(got == n - 3);
	CHECK_FAILS(recvmmsg(ends[1], messages, MANY, MSG_DONTWAIT, NULL), EAGAIN);
	/* The limit is looked at after each message. */
	prepare();
	CHECK(send(ends[0], "one", 3, 0) == 3);
	usleep(1000);
	start = now_ms();
	CHECK(recvmmsg(ends[1], messages, 1, 0, &ts) == 1 && now_ms() - start < 1000);
	CHECK(ts.tv_sec == 0 && ts.tv_nsec <= 40000000);
	CHECK(send(ends[0], "two", 3, 0) == 3);
	CHECK(syscall(NR_RECVMMSG64, ends[1], messages, 1, 0, &ts64) == 1 && ts64.sec == 0 && ts64.nsec <= 40000000);
	ts64.nsec = 1000000000;
	CHECK_FAILS(syscall(NR_RECVMMSG64, ends[1], messages, 1, 0, &ts64), EINVAL);
	/* The second of two cannot be sent: the first counts. */
	fill();
	vectors[1].iov_base = (void *)8;
	CHECK(sendmmsg(ends[0], messages, 2, 0) == 1 && messages[0].msg_len == 9);
	CHECK_FAILS(sendmmsg(ends[0], messages + 1, 1, 0), EFAULT);
	CHECK(sendmmsg(ends[0], messages, 0, 0) == 0);
	CHECK_FAILS(sendmmsg(-1, messages, 1, 0), EBADF);
	CHECK_FAILS(syscall(SYS_recvmmsg, ends[1], (void *)8, 1, MSG_DONTWAIT, NULL), EFAULT);
	puts("ok many_messages");
	return 0;
}
