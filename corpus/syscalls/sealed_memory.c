/* memfd_create: names, sealing and what it forbids, mappings, execution refused, sharing by descriptor. */
#include "check.h"

#include <sys/mman.h>

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#define F_SEAL_SEAL 1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW 4
#define F_SEAL_WRITE 8
#endif

int main(void)
{
	char link[64], name[128], long_name[300], *p;
	int fd, status;
	pid_t pid;
	long n;

	fd = (int)syscall(SYS_memfd_create, "a name", 3u /* CLOEXEC, ALLOW_SEALING */);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, name, sizeof(name) - 1);
	CHECK(n > 0);
	name[n] = 0;
	CHECK(!strcmp(name, "/memfd:a name (deleted)"));
	CHECK(ftruncate(fd, 8192) == 0 && pwrite(fd, "text", 4, 4096) == 4);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED && !memcmp(p + 4096, "text", 4));
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		strcpy(p, "written by the child");
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !strcmp(p, "written by the child"));
	CHECK(fcntl(fd, F_GET_SEALS) == 0);
	CHECK_FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY); /* while a writable mapping is there */
	CHECK(munmap(p, 8192) == 0);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
	CHECK_FAILS(ftruncate(fd, 4096), EPERM);
	CHECK_FAILS(ftruncate(fd, 16384), EPERM);
	CHECK(pwrite(fd, "still", 5, 0) == 5);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) == 0);
	CHECK_FAILS(pwrite(fd, "x", 1, 0), EPERM);
	CHECK_FAILS((intptr_t)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
	CHECK((p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0)) != MAP_FAILED);
	CHECK(!memcmp(p, "still", 5));
	p[0] = 'S';
	CHECK_FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	CHECK((fcntl(fd, F_GET_SEALS) & 15) == 15);
	fd = (int)syscall(SYS_memfd_create, "", 0u);
	CHECK(fd >= 0 && fcntl(fd, F_GET_SEALS) == F_SEAL_SEAL);
	CHECK_FAILS(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	CHECK_FAILS(fcntl(open("/dev/null", O_RDWR), F_GET_SEALS), EINVAL);
	CHECK_FAILS(syscall(SYS_memfd_create, "x", 0x8000u), EINVAL);
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	CHECK_FAILS(syscall(SYS_memfd_create, long_name, 0u), EINVAL);
	CHECK_FAILS(syscall(SYS_memfd_create, (void *)8, 0u), EFAULT);
	puts("ok sealed_memory");
	return 0;
}
