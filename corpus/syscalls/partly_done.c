/*
 * Calls over several pieces of which one is wrong: what came before it is done and told, and nothing behind it is.
 */
#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static char *page, *bad;

static void messages(void)
{
	char got[8] = "";
	struct iovec in[3] = {{got, 4}, {got + 4, 4}, {bad, 4}}, out[3] = {{"one", 4}, {"two", 4}, {bad, 4}};
	struct mmsghdr to[3] = {0}, from[3] = {0};
	int s[2];

	for (int i = 0; i < 3; i++) {
		to[i].msg_hdr = (struct msghdr){.msg_iov = &out[i], .msg_iovlen = 1};
		from[i].msg_hdr = (struct msghdr){.msg_iov = &in[i], .msg_iovlen = 1};
		to[i].msg_len = from[i].msg_len = 77;
	}
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
	CHECK(sendmmsg(s[1], to, 3, 0) == 2 && to[0].msg_len == 4 && to[1].msg_len == 4 && to[2].msg_len == 77);
	CHECK_FAILS(sendmmsg(s[1], to + 2, 1, 0), EFAULT);
	CHECK(send(s[1], "last", 4, 0) == 4);
	CHECK(recvmmsg(s[0], from, 3, MSG_DONTWAIT, NULL) == 2);
	CHECK(!strcmp(got, "one") && !strcmp(got + 4, "two") && from[1].msg_len == 4 && from[2].msg_len == 77);
	CHECK(recvmmsg(s[0], from, 3, MSG_DONTWAIT, NULL) == -1); /* what could not be taken is gone */
	CHECK_FAILS(recvmmsg(s[0], from, 3, MSG_DONTWAIT, NULL), EAGAIN);
	CHECK(sendmmsg(s[1], to, 0, 0) == 0);
	CHECK(close(s[0]) == 0 && close(s[1]) == 0);
}

static void vectors(void)
{
	struct iovec v[3] = {{page, 4}, {bad - 2, 8}, {page + 8, 4}}, none[1] = {{bad, 0}};
	char got[16] = "";
	int ends[2], fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	memcpy(page, "abcd", 4);
	memcpy(bad - 2, "ef", 2);
	CHECK(writev(fd, v, 3) == 6 && pread(fd, got, sizeof(got), 0) == 6 && !memcmp(got, "abcdef", 6));
	CHECK(pwritev(fd, v, 3, 10) == 6 && lseek(fd, 0, SEEK_END) == 16);
	memset(page, 0, 16);
	CHECK(preadv(fd, v, 3, 0) == 6 && !memcmp(page, "abcd", 4) && !memcmp(bad - 2, "ef", 2) && !page[8]);
	CHECK(pipe(ends) == 0);
	CHECK(writev(ends[1], none, 1) == 0 && readv(ends[0], none, 1) == 0);
	CHECK(writev(ends[1], v, 0) == 0);
	CHECK_FAILS(syscall(SYS_writev, ends[1], v, -1), EINVAL);
	v[2].iov_len = (size_t)-1;
	CHECK_FAILS(writev(fd, v, 3), EINVAL); /* before anything */
	CHECK(lseek(fd, 0, SEEK_END) == 16);
	CHECK(close(ends[0]) == 0 && close(ends[1]) == 0 && close(fd) == 0);
}

static void positions(void)
{
	int in = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), out = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0600);
	loff_t from = 2, to = 100;
	off_t start = 3;

	CHECK(write(in, "0123456789", 10) == 10);
	CHECK(sendfile(out, in, &start, 100) == 7 && start == 10 && lseek(in, 0, SEEK_CUR) == 10);
	CHECK_FAILS(sendfile(out, in, (off_t *)bad, 4), EFAULT);
	start = -1;
	CHECK_FAILS(sendfile(out, in, &start, 4), EINVAL);
	if (copy_file_range(in, &from, out, &to, 3, 0) == 3)
		CHECK(from == 5 && to == 103);
	else
		leave_out("copy_file_range");
	CHECK_FAILS(copy_file_range(in, (loff_t *)bad, out, NULL, 3, 0), EFAULT);
	CHECK(close(in) == 0 && close(out) == 0);
}

static void watching(void)
{
	struct epoll_event *last = (struct epoll_event *)(void *)(bad - sizeof(struct epoll_event)), e = {.events = EPOLLIN};
	struct pollfd *p = (struct pollfd *)(void *)(bad - sizeof(struct pollfd));
	int epoll = epoll_create1(0), a[2], b[2];

	CHECK(pipe(a) == 0 && pipe(b) == 0 && write(a[1], "x", 1) == 1 && write(b[1], "x", 1) == 1);
	CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, a[0], &e) == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, b[0], &e) == 0);
	CHECK(epoll_wait(epoll, last, 2, 0) == 1); /* the other one is kept */
	CHECK(epoll_wait(epoll, last, 1, 0) == 1);
	*p = (struct pollfd){a[0], POLLIN, 0};
	CHECK(poll(p, 1, 0) == 1 && p->revents == POLLIN);
	CHECK_FAILS(poll(p, 2, 0), EFAULT);
	CHECK(close(epoll) == 0 && close(a[0]) == 0 && close(a[1]) == 0 && close(b[0]) == 0 && close(b[1]) == 0);
}

static void other_memory(void)
{
	char got[16] = "";
	struct iovec local = {got, 16}, remote[2] = {{page, 4}, {bad, 4}};

	memcpy(page, "abcd", 4);
	CHECK(process_vm_readv(getpid(), &local, 1, remote, 2, 0) == 4 && !strcmp(got, "abcd"));
	CHECK_FAILS(process_vm_readv(getpid(), &local, 1, remote + 1, 1, 0), EFAULT);
	CHECK(process_vm_writev(getpid(), &local, 1, remote, 2, 0) == 4);
}

int main(void)
{
	enter_scratch_folder();
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bad = page + 4096;
	CHECK(page != MAP_FAILED && munmap(bad, 4096) == 0);
	messages();
	vectors();
	positions();
	watching();
	other_memory();
	puts("ok partly_done");
	return 0;
}
