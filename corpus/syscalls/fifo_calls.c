/* Named pipes: who waits for whom, ends that open and close, SIGPIPE and EPIPE, readiness, sizes. */
#include "check.h"

#include <poll.h>
#include <sys/ioctl.h>

static volatile sig_atomic_t broken;

static void on_pipe(int sig)
{
	(void)sig;
	broken++;
}

int main(void)
{
	char buf[8192] = "";
	struct pollfd p;
	int r, w, n, status;
	pid_t pid;

	enter_scratch_folder();
	CHECK(mkfifo("fifo", 0600) == 0);
	CHECK_FAILS(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	r = open("fifo", O_RDONLY | O_NONBLOCK);
	CHECK(r >= 0 && read(r, buf, 1) == 0); /* no writer yet */
	p = (struct pollfd){r, POLLIN, 0};
	CHECK(poll(&p, 1, 0) == 0);
	w = open("fifo", O_WRONLY | O_NONBLOCK);
	CHECK(w >= 0);
	CHECK_FAILS(read(r, buf, 1), EAGAIN);
	CHECK(fcntl(w, F_SETPIPE_SZ, 4096) == 4096 && fcntl(r, F_GETPIPE_SZ) == 4096);
	CHECK(write(w, buf, 4000) == 4000);
	CHECK_FAILS(write(w, buf, 200), EAGAIN); /* at most PIPE_BUF: whole or not at all */
	CHECK(ioctl(r, FIONREAD, &n) == 0 && n == 4000);
	CHECK_FAILS(fcntl(w, F_SETPIPE_SZ, -1), EINVAL);
	CHECK(fcntl(w, F_SETPIPE_SZ, 10000) == 16384 && write(w, buf, 8192) == 8192);
	close(w);
	CHECK(poll(&p, 1, 0) == 1 && p.revents == (POLLIN | POLLHUP));
	CHECK(read(r, buf, 8192) == 8192 && read(r, buf, 8192) == 4000 && read(r, buf, 1) == 0);
	CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLHUP);
	w = open("fifo", O_WRONLY);
	close(r);
	signal(SIGPIPE, on_pipe);
	CHECK_FAILS(write(w, "x", 1), EPIPE);
	CHECK(broken == 1);
	signal(SIGPIPE, SIG_IGN);
	CHECK_FAILS(write(w, "x", 1), EPIPE);
	p = (struct pollfd){w, POLLOUT, 0};
	CHECK(poll(&p, 1, 0) == 1 && p.revents == (POLLOUT | POLLERR));
	close(w);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		w = open("fifo", O_WRONLY);
		signal(SIGPIPE, SIG_DFL);
		_exit(write(w, "meet", 4) == 4 ? 0 : 1);
	}
	r = open("fifo", O_RDONLY); /* each waits for the other */
	CHECK(read(r, buf, 4) == 4 && !memcmp(buf, "meet", 4) && waitpid(pid, &status, 0) == pid && status == 0);
	r = open("fifo", O_RDWR);
	CHECK(write(r, "own", 3) == 3 && read(r, buf, 3) == 3);
	CHECK_FAILS(lseek(r, 0, SEEK_CUR), ESPIPE);
	puts("ok fifo_calls");
	return 0;
}
