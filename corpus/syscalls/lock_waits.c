/* Record locks that wait: until another process unlocks or ends, deadlocks found, open-file locks, 64-bit ranges. */
#include "check.h"

#include <sys/file.h>

#define FAR 0x180000000ll

static int fd, ends[2];

static int lock(int file, int cmd, int type, off64_t start, off64_t len)
{
	struct flock64 l;

	memset(&l, 0, sizeof(l)); /* open-file locks want no process */
	l.l_type = (short)type;
	l.l_whence = SEEK_SET;
	l.l_start = start;
	l.l_len = len;
	return fcntl64(file, cmd, &l);
}

static void child_waits(void)
{
	char c;

	CHECK(lock(fd, F_SETLK64, F_WRLCK, FAR + 100, 10) == 0);
	CHECK(write(ends[1], "r", 1) == 1);
	CHECK(lock(fd, F_SETLKW64, F_WRLCK, FAR, 10) == 0); /* until the parent lets go */
	CHECK(read(ends[0], &c, 1) == 1 && c == 'u');
}

int main(void)
{
	struct flock64 l;
	int other, status;
	pid_t pid;
	char c;

	enter_scratch_folder();
	fd = open64("file", O_RDWR | O_CREAT, 0600);
	CHECK(pipe(ends) == 0 && lock(fd, F_SETLK64, F_WRLCK, FAR, 100) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		child_waits();
		_exit(0);
	}
	CHECK(read(ends[0], &c, 1) == 1 && c == 'r');
	usleep(50000);
	CHECK_FAILS(lock(fd, F_SETLKW64, F_WRLCK, FAR + 105, 1), EDEADLK); /* each would wait for the other */
	CHECK(lock(fd, F_SETLK64, F_RDLCK, FAR + 105, 1) == -1 && (errno == EAGAIN || errno == EACCES));
	CHECK(write(ends[1], "u", 1) == 1 && lock(fd, F_SETLK64, F_UNLCK, FAR, 10) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(lock(fd, F_SETLK64, F_WRLCK, FAR + 100, 10) == 0); /* its locks ended with it */
	/* A piece out of the middle splits a lock. */
	CHECK(lock(fd, F_SETLK64, F_WRLCK, 0, 100) == 0 && lock(fd, F_SETLK64, F_UNLCK, 40, 20) == 0);
	other = open64("file", O_RDWR);
	CHECK(lock(other, F_OFD_SETLK, F_WRLCK, 45, 10) == 0);
	CHECK_FAILS(lock(other, F_OFD_SETLK, F_WRLCK, 35, 10), EAGAIN);
	l = (struct flock64){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
	CHECK(fcntl64(other, F_OFD_GETLK, &l) == 0 && l.l_type == F_WRLCK && l.l_pid == getpid());
	CHECK(l.l_start == 0 && l.l_len == 40);
	l = (struct flock64){.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = 10, .l_len = -5, .l_pid = 0};
	CHECK(fcntl64(fd, F_SETLK64, &l) == 0);
	l.l_pid = 1;
	CHECK_FAILS(fcntl64(other, F_OFD_SETLK, &l), EINVAL);
	CHECK_FAILS(lock(fd, F_SETLK64, 77, 0, 1), EINVAL);
	CHECK_FAILS(lock(fd, F_SETLK64, F_WRLCK, -1, 1), EINVAL);
	CHECK_FAILS(lock(fd, F_SETLK64, F_WRLCK, 0x7fffffffffffffffll, 10), EOVERFLOW);
	CHECK_FAILS(lock(open("file", O_RDONLY), F_SETLK64, F_WRLCK, 0, 1), EBADF);
	CHECK_FAILS(fcntl(fd, F_SETLK, (void *)8), EFAULT);
	puts("ok lock_waits");
	return 0;
}
