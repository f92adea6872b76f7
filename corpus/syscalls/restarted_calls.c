/* Calls that go on after a handler with SA_RESTART, and end with EINTR without it. */
#include "check.h"

#include <mqueue.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static volatile sig_atomic_t ticks;
static int ends[2], listener, fd, other_fd, event;
static struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};

static void on_alarm(int sig)
{
	(void)sig;
	ticks++;
}

static void install(int flags)
{
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = flags};

	CHECK(sigaction(SIGALRM, &sa, NULL) == 0);
}

static void timer(long us)
{
	struct itimerval it = {{0, us}, {0, us}};

	ticks = 0;
	CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
}

/* Wait by call(), which feed() in another process ends after several ticks. */
static void check_call(const char *name, int (*call)(void), void (*feed)(void), void (*drain)(void))
{
	int status, got;
	pid_t pid;

	fflush(stdout);
	install(0);
	timer(5000);
	got = call();
	timer(0);
	check_at(got == -1 && errno == EINTR, name, "without SA_RESTART", __LINE__);
	install(SA_RESTART);
	pid = fork();
	if (pid == 0) {
		usleep(50000);
		feed();
		_exit(0);
	}
	timer(5000);
	got = call();
	check_at(got >= 0 && ticks >= 2, name, "with SA_RESTART", __LINE__);
	timer(0);
	while (waitpid(pid, &status, 0) != pid)
		CHECK(errno == EINTR || errno == ECHILD);
	if (drain)
		drain();
}

static int reads(void)
{
	char c;

	return (int)read(ends[0], &c, 1);
}

static void feeds_pipe(void)
{
	CHECK(write(ends[1], "f", 1) == 1);
}

static int writes(void)
{
	static char page[4096];

	return (int)write(ends[1], page, sizeof(page));
}

static void empties_pipe(void)
{
	static char block[65536];

	CHECK(read(ends[0], block, sizeof(block)) > 0);
}

static int accepts(void)
{
	return accept(listener, NULL, NULL);
}

static void connects(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK(connect(s, (struct sockaddr *)&address, sizeof(address)) == 0);
}

static int locks(void)
{
	return flock(fd, LOCK_EX);
}

static void unlocks(void)
{
	CHECK(flock(other_fd, LOCK_UN) == 0);
}

static int record_locks(void)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1};

	return fcntl(fd, F_OFD_SETLKW, &l);
}

static void record_unlocks(void)
{
	struct flock l = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 100};

	CHECK(fcntl(other_fd, F_OFD_SETLK, &l) == 0);
}

static int reads_event(void)
{
	uint64_t n;

	return (int)read(event, &n, 8);
}

static void writes_event(void)
{
	uint64_t n = 1;

	CHECK(write(event, &n, 8) == 8);
}

static int opens_fifo(void)
{
	return open("fifo", O_RDONLY);
}

static void opens_other_end(void)
{
	close(open("fifo", O_WRONLY));
}

static pid_t sleeper;

static int waits(void)
{
	return waitpid(sleeper, NULL, 0);
}

static void kills(void)
{
	kill(sleeper, SIGKILL);
}

int main(void)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 100};

	enter_scratch_folder();
	CHECK(pipe(ends) == 0);
	check_call("read", reads, feeds_pipe, NULL);
	CHECK(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
	while (writes() > 0)
		continue;
	CHECK(fcntl(ends[1], F_SETFL, 0) == 0);
	check_call("write", writes, empties_pipe, NULL);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(listener, 5) == 0);
	check_call("accept", accepts, connects, NULL);
	make_file("file", "some text");
	fd = open("file", O_RDWR);
	other_fd = open("file", O_RDWR);
	CHECK(flock(other_fd, LOCK_EX) == 0);
	check_call("flock", locks, unlocks, NULL);
	CHECK(fcntl(other_fd, F_OFD_SETLK, &l) == 0);
	check_call("fcntl", record_locks, record_unlocks, NULL);
	event = eventfd(0, 0);
	check_call("eventfd", reads_event, writes_event, NULL);
	CHECK(mkfifo("fifo", 0600) == 0);
	check_call("open", opens_fifo, opens_other_end, NULL);
	sleeper = fork();
	if (sleeper == 0) {
		struct itimerval off = {{0, 0}, {0, 0}};

		setitimer(ITIMER_REAL, &off, NULL);
		for (;;)
			pause();
	}
	check_call("waitpid", waits, kills, NULL);
	puts("ok restarted_calls");
	return 0;
}
