/*
 * Members behind 64-bit ones: ARM aligns them on eight bytes, other 32-bit machines do not. Each structure is filled by the
 * kernel and its last members looked at.
 */
#include "check.h"

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>

int main(void)
{
	struct flock64 l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x100000001ll, .l_len = 0x100000002ll}, got;
	struct epoll_event ev[3];
	struct stat64 st;
	struct rlimit64 r, old;
	struct statfs64 fs;
	int fd, ep, e[2];
	pid_t pid;
	int status;

	enter_scratch_folder();
#ifdef __arm__
	CHECK(offsetof(struct flock64, l_start) == 8 && offsetof(struct flock64, l_pid) == 24 && sizeof(l) == 32);
	CHECK(offsetof(struct epoll_event, data) == 8 && sizeof(ev[0]) == 16);
	CHECK(offsetof(struct stat64, st_size) == 48 && sizeof(st) == 104);
#endif
	fd = open64("file", O_RDWR | O_CREAT, 0600);
	CHECK(fcntl64(fd, F_SETLK64, &l) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		got = (struct flock64){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
		CHECK(fcntl64(fd, F_GETLK64, &got) == 0);
		CHECK(got.l_start == 0x100000001ll && got.l_len == 0x100000002ll && got.l_pid == getppid());
		CHECK(got.l_type == F_WRLCK);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	ep = epoll_create1(0);
	for (int i = 0; i < 2; i++) {
		e[i] = eventfd(1, 0);
		ev[0] = (struct epoll_event){.events = EPOLLIN | EPOLLOUT, .data.u64 = 0x1111111100000000ull + (unsigned)i};
		CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, e[i], &ev[0]) == 0);
	}
	memset(ev, 0x77, sizeof(ev));
	CHECK(epoll_wait(ep, ev, 2, 0) == 2 && ev[0].events == (EPOLLIN | EPOLLOUT));
	CHECK(ev[1].events == (EPOLLIN | EPOLLOUT));
	CHECK(ev[0].data.u64 >> 32 == 0x11111111 && ev[1].data.u64 >> 32 == 0x11111111);
	CHECK(ev[0].data.u64 != ev[1].data.u64);
	CHECK(ev[2].events == 0x77777777);
	CHECK(ftruncate64(fd, 0x1234567890ll) == 0 && fstat64(fd, &st) == 0);
	CHECK(st.st_size == 0x1234567890ll && st.st_blksize >= 512 && st.st_blocks < 10000);
	CHECK(st.st_mode == (S_IFREG | 0600));
	CHECK(st.st_mtim.tv_sec - time(NULL) < 10 && st.st_mtim.tv_nsec < 1000000000 && st.st_ino != 0);
	CHECK(st.st_uid == geteuid());
	CHECK(prlimit64(0, RLIMIT_CORE, NULL, &old) == 0);
	r = (struct rlimit64){0x5ull << 31, old.rlim_max};
	if (old.rlim_max >= r.rlim_cur) {
		CHECK(prlimit64(0, RLIMIT_CORE, &r, NULL) == 0 && prlimit64(0, RLIMIT_CORE, NULL, &r) == 0);
		CHECK(r.rlim_cur == 0x5ull << 31 && r.rlim_max == old.rlim_max);
	}
	memset(&fs, 0x55, sizeof(fs));
	CHECK(statfs64(".", &fs) == 0 && fs.f_frsize > 0 && fs.f_frsize < 1 << 20 && fs.f_namelen >= 64);
	CHECK(fs.f_namelen < 5000);
	puts("ok struct_layouts");
	return 0;
}
