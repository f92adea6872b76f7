/* Record locks in both widths, open-file locks, flock: seen from another process. */
#include "check.h"

#include <sys/file.h>

#define FAR 5000000000ll

static int fd;

static void sees_lock(void)
{
	struct flock64 l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = FAR, .l_len = 10};

	CHECK(fcntl64(fd, F_GETLK64, &l) == 0);
	CHECK(l.l_type == F_WRLCK && l.l_start == FAR + 2 && l.l_len == 4 && l.l_pid == getppid());
	l = (struct flock64){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = FAR, .l_len = 10};
	CHECK(fcntl64(fd, F_SETLK64, &l) == -1 && (errno == EAGAIN || errno == EACCES));
	l = (struct flock64){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
	CHECK(fcntl64(fd, F_SETLK64, &l) == 0);
}

static void sees_flock(void)
{
	int other = open("file", O_RDWR);

	CHECK_FAILS(flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK(flock(other, LOCK_SH | LOCK_NB) == -1);
}

static void sees_small_lock(void)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 1};

	CHECK(fcntl(fd, F_GETLK, &l) == 0);
	CHECK(l.l_type == F_RDLCK && l.l_start == 90 && l.l_len == 20 && l.l_pid == getppid());
}

int main(void)
{
	struct flock64 l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = FAR + 2, .l_len = 4};
	struct flock small = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 90, .l_len = 20};

	enter_scratch_folder();
	fd = open("file", O_RDWR | O_CREAT, 0600);
	CHECK(fcntl64(fd, F_SETLK64, &l) == 0);
	CHECK(in_child(sees_lock) == 0);
	l.l_type = F_UNLCK;
	CHECK(fcntl64(fd, F_SETLKW64, &l) == 0);
	CHECK(fcntl(fd, F_SETLK, &small) == 0);
	CHECK(in_child(sees_small_lock) == 0);
	CHECK(flock(fd, LOCK_EX) == 0);
	CHECK(in_child(sees_flock) == 0);
	l = (struct flock64){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1000, .l_len = 1};
	CHECK(fcntl64(fd, F_OFD_SETLK, &l) == 0);
	l = (struct flock64){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1000, .l_len = 1};
	CHECK(fcntl64(open("file", O_RDWR), F_OFD_GETLK, &l) == 0 && l.l_type == F_WRLCK && l.l_pid == -1);
	puts("ok locks");
	return 0;
}
