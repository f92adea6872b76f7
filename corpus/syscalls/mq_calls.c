/*
 * POSIX message queues: priorities, blocking, notification by signal, attributes, times of both widths, errors.
 * qemu-arm 7.2 does not pass: it does not know mq_notify and the calls with times of 64 bits.
 */
#include "check.h"

#include <mqueue.h>
#include <poll.h>

#ifdef __arm__
#define NR_SEND64 418
#define NR_RECEIVE64 419
#else
#define NR_SEND64 SYS_mq_timedsend
#define NR_RECEIVE64 SYS_mq_timedreceive
#endif

static volatile int got, code;

static void note(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	got = info->si_value.sival_int;
	code = info->si_code;
}

static void notification(mqd_t q)
{
	struct sigaction sa = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 777};
	char buf[64];

	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	CHECK(mq_notify(q, &ev) == 0);
	CHECK_FAILS(mq_notify(q, &ev), EBUSY);
	CHECK(mq_send(q, "n", 1, 0) == 0);
	CHECK(got == 777 && code == SI_MESGQ);
	got = 0;
	CHECK(mq_send(q, "n", 1, 0) == 0 && got == 0); /* once only */
	CHECK(mq_receive(q, buf, 64, NULL) == 1 && mq_receive(q, buf, 64, NULL) == 1);
	ev.sigev_notify = SIGEV_NONE;
	CHECK(mq_notify(q, &ev) == 0 && mq_notify(q, NULL) == 0);
	ev.sigev_signo = 100;
	ev.sigev_notify = SIGEV_SIGNAL;
	CHECK_FAILS(mq_notify(q, &ev), EINVAL);
}

int main(void)
{
	struct mq_attr attr = {.mq_maxmsg = 3, .mq_msgsize = 64}, now;
	struct {
		int64_t sec, nsec;
	} past = {1, 0}, wrong = {1, 1000000000};
	struct timespec soon;
	struct pollfd p;
	unsigned prio;
	char name[64], buf[64];
	mqd_t q;
	int status;
	pid_t pid;

	snprintf(name, sizeof(name), "/xlate-mq-%d", (int)getpid());
	q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	if (q == (mqd_t)-1) {
		leave_out("POSIX message queues");
		puts("ok mq_calls");
		return 0;
	}
	CHECK_FAILS(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr), EEXIST);
	for (unsigned i = 0; i < 3; i++)
		CHECK(mq_send(q, (char[]){(char)('a' + i)}, 1, i * 1000) == 0);
	CHECK_FAILS(syscall(NR_SEND64, q, "x", 1, 0, &past), ETIMEDOUT);
	CHECK_FAILS(syscall(NR_SEND64, q, "x", 1, 0, &wrong), EINVAL);
	CHECK_FAILS(mq_send(q, "x", 1, 32768), EINVAL);
	CHECK_FAILS(mq_send(q, buf, 65, 1), EMSGSIZE);
	p = (struct pollfd){(int)q, POLLIN | POLLOUT, 0};
	CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLIN);
	attr.mq_flags = O_NONBLOCK;
	CHECK(mq_setattr(q, &attr, &now) == 0 && now.mq_flags == 0 && now.mq_curmsgs == 3 && now.mq_maxmsg == 3);
	CHECK_FAILS(mq_send(q, "x", 1, 0), EAGAIN);
	CHECK(fcntl((int)q, F_GETFL) & O_NONBLOCK);
	attr.mq_flags = 0;
	CHECK(mq_setattr(q, &attr, &now) == 0 && now.mq_flags == O_NONBLOCK);
	CHECK_FAILS(mq_receive(q, buf, 10, &prio), EMSGSIZE);
	for (int i = 2; i >= 0; i--)
		CHECK(syscall(NR_RECEIVE64, q, buf, 64, &prio, &past) == 1 && buf[0] == 'a' + i &&
		      prio == (unsigned)i * 1000);
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 20000000;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_sec++;
		soon.tv_nsec -= 1000000000;
	}
	CHECK_FAILS(mq_timedreceive(q, buf, 64, &prio, &soon), ETIMEDOUT);
	notification(q);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		usleep(20000);
		_exit(mq_send(q, "from child", 10, 9) == 0 ? 0 : 1);
	}
	CHECK(mq_receive(q, buf, 64, &prio) == 10 && prio == 9 && !memcmp(buf, "from child", 10));
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(mq_unlink(name) == 0);
	CHECK_FAILS(mq_unlink(name), ENOENT);
	CHECK_FAILS(mq_open(name, O_RDWR), ENOENT);
	CHECK_FAILS(mq_open("/a/b", O_RDWR), EACCES);
	CHECK_FAILS(mq_send((mqd_t)0, "x", 1, 0), EBADF);
	puts("ok mq_calls");
	return 0;
}
