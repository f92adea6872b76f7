/*
 * Makes one system call of each kind that --strace decodes. As `traced exec` it forks, and the child executes it again
 * as `traced child`, which waits a little and ends with status 3; as `traced crash` it reads a null pointer.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void on_signal(int sig)
{
	(void)sig;
}

static void files(void)
{
	int fd = open("made", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	struct iovec v[2] = {{"one\n", 4}, {"\001two\0337", 6}};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 2};
	const struct timespec times[2] = {{5, 6}, {7, 8}};
	struct stat st;
	DIR *folder;
	char buf[16];
	int left;
	void *at;

	writev(fd, v, 2);
	lseek(fd, 0, SEEK_SET);
	read(fd, buf, sizeof(buf));
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETLK, &lock);
	stat("made", &st);
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	mprotect(at, 4096, PROT_NONE);
	access("/no/such", R_OK | X_OK);
	close(-1);
	ioctl(fd, FIONREAD, &left);
	futimens(fd, NULL);
	utimensat(AT_FDCWD, "made", times, 0);
	folder = opendir(".");
	while (readdir(folder))
		continue;
	closedir(folder);
	unlinkat(AT_FDCWD, "made", 0);
}

static void others(void)
{
	struct timespec t = {0, 1000000};
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(4711)};
	struct pollfd p = {.fd = -1, .events = POLLIN | POLLPRI};
	sigset_t set;
	fd_set fds;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1, ends[2];

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connect(fd, (struct sockaddr *)&in, sizeof(in));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGHUP);
	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	nanosleep(&t, NULL);
	poll(&p, 1, 0);
	pipe(ends);
	FD_ZERO(&fds);
	FD_SET(ends[0], &fds);
	FD_SET(ends[1], &fds);
	select(ends[1] + 1, NULL, &fds, NULL, NULL);
}

static int parent(char *name)
{
	char *argv[] = {name, "child", NULL}, *env[] = {"A=1", "B=2", NULL};
	int status, ready[2];
	char byte;
	pid_t pid;

	pipe(ready);
	pid = fork();
	if (pid == 0) {
		execve("/no/such", argv, env);
		execve(name, argv, env);
		_exit(1);
	}
	close(ready[1]);
	read(ready[0], &byte, 1);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "exec"))
		return parent(argv[0]);
	if (argc > 1 && !strcmp(argv[1], "child")) {
		usleep(20000);
		return 3;
	}
	if (argc > 1 && !strcmp(argv[1], "crash"))
		return *(volatile int *)(uintptr_t)(argc - 2);
	files();
	others();
	return 0;
}
