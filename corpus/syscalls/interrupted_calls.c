/*
 * Calls that a handler ends with EINTR even with SA_RESTART: waits for time, readiness, messages.
 * qemu-arm 7.2 does not pass: it refuses messages by the host's limit for its own structure.
 */
#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/time.h>

static volatile sig_atomic_t ticks;

static void on_alarm(int sig)
{
	(void)sig;
	ticks++;
}

static void soon(void)
{
	struct itimerval it = {{0, 50000}, {0, 10000}}; /* again, should the first come before the wait */

	ticks = 0;
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
}

#define INTERRUPTED(call) \
	do { \
		soon(); \
		CHECK_FAILS(call, EINTR); \
		CHECK(ticks > 0); \
	} while (0)

static void messages_and_semaphores(void)
{
	struct {
		long type;
		char text[8];
	} m = {1, ""};
	struct sembuf take = {0, -1, 0};
	int q = msgget(IPC_PRIVATE, 0600), s = semget(IPC_PRIVATE, 1, 0600);
	struct msqid_ds ds;

	CHECK(q >= 0 && s >= 0);
	INTERRUPTED(msgrcv(q, &m, 8, 0, 0));
	INTERRUPTED(semop(s, &take, 1));
	INTERRUPTED(semtimedop(s, &take, 1, &(struct timespec){100, 0}));
	CHECK(msgctl(q, IPC_STAT, &ds) == 0);
	ds.msg_qbytes = 16;
	CHECK(msgctl(q, IPC_SET, &ds) == 0);
	CHECK(msgsnd(q, &m, 8, 0) == 0 && msgsnd(q, &m, 8, 0) == 0);
	INTERRUPTED(msgsnd(q, &m, 8, 0));
	CHECK(msgctl(q, IPC_RMID, NULL) == 0 && semctl(s, 0, IPC_RMID) == 0);
}

static void with_timeouts(void)
{
	struct timeval tv = {100, 0};
	int ends[2];
	char c, block[65536] = "";

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	CHECK(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	CHECK(setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
	INTERRUPTED(recv(ends[0], &c, 1, 0));
	while (send(ends[0], block, sizeof(block), MSG_DONTWAIT) > 0)
		continue;
	INTERRUPTED(send(ends[0], block, sizeof(block), 0));
}

int main(void)
{
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct timeval tv = {100, 0};
	struct timespec ts = {100, 0}, rest;
	struct epoll_event ev;
	sigset_t set;
	int ep = epoll_create1(0);

	CHECK(sigaction(SIGALRM, &sa, NULL) == 0);
	sigemptyset(&set);
	INTERRUPTED(pause());
	INTERRUPTED(poll(NULL, 0, 100000));
	INTERRUPTED(ppoll(NULL, 0, &ts, NULL));
	INTERRUPTED(select(0, NULL, NULL, NULL, &tv));
	INTERRUPTED(pselect(0, NULL, NULL, NULL, &ts, NULL));
	INTERRUPTED(epoll_wait(ep, &ev, 1, 100000));
	INTERRUPTED(epoll_pwait(ep, &ev, 1, -1, &set));
	INTERRUPTED(nanosleep(&ts, &rest));
	CHECK(rest.tv_sec == 99);
	soon();
	CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &rest) == EINTR && rest.tv_sec == 99);
	INTERRUPTED(sigsuspend(&set));
	sigaddset(&set, SIGUSR1);
	INTERRUPTED(sigtimedwait(&set, NULL, &ts));
	INTERRUPTED(sigwaitinfo(&set, NULL));
	messages_and_semaphores();
	with_timeouts();
	puts("ok interrupted_calls");
	return 0;
}
