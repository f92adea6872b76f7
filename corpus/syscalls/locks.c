/* Record locks in both widths, open-file locks, flock: seen from another process. */
#include "check.h"

#include <sys/file.h>
#include <sys/mman.h>

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

/* Only questions are answered in the structure: setting a lock does not write to it. */
static void constant_lock(void)
{
	static const int WIDE[] = {F_SETLK64, F_SETLKW64, F_OFD_SETLK, F_OFD_SETLKW};
	struct flock64 *l = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*l = (struct flock64){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 2000, .l_len = 1};
	CHECK(mprotect(l, 4096, PROT_READ) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(fcntl64(fd, WIDE[i], l) == 0);
	CHECK_FAILS(fcntl64(fd, F_GETLK64, l), EFAULT);
	CHECK_FAILS(fcntl64(fd, F_OFD_GETLK, l), EFAULT);
	CHECK(munmap(l, 4096) == 0);
	CHECK_FAILS(fcntl64(fd, F_SETLK64, l), EFAULT);
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
	constant_lock();
	puts("ok locks");
	return 0;
}
