/*
 * Rooms said to be far larger than they are: where the kernel writes only what there is, nobody minds. A length of an
 * address that was never set is the common case.
 */
#include "check.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <limits.h>
#include <sys/select.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

#define LARGE 0x7fffff00

/* The compiler knows rooms as well, and shall not. */
static volatile size_t large = LARGE, largest = (size_t)-1;
static volatile int most = INT_MAX, least = -1;

static void addresses(void)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, got;
	int listener = socket(AF_INET, SOCK_STREAM, 0), out = socket(AF_INET, SOCK_STREAM, 0), in;
	socklen_t size = LARGE;

	CHECK(bind(listener, (struct sockaddr *)&name, sizeof(name)) == 0 && listen(listener, 5) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&name, &size) == 0 && size == sizeof(name));
	CHECK(connect(out, (struct sockaddr *)&name, sizeof(name)) == 0);
	size = LARGE;
	in = accept(listener, (struct sockaddr *)&got, &size);
	CHECK(in >= 0 && size == sizeof(got) && got.sin_family == AF_INET);
	size = LARGE;
	CHECK(getpeername(in, (struct sockaddr *)&name, &size) == 0 && size == sizeof(name));
	CHECK(name.sin_port == got.sin_port);
	size = (socklen_t)-1;
	CHECK_FAILS(getpeername(in, (struct sockaddr *)&name, &size), EINVAL);
	CHECK(close(in) == 0 && close(out) == 0 && close(listener) == 0);
}

static void messages(void)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, got;
	struct sockaddr_storage room;
	static char bytes[16];
	struct iovec v = {bytes, 4};
	struct msghdr h = {.msg_name = &room, .msg_namelen = LARGE, .msg_iov = &v, .msg_iovlen = 1};
	int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t size = sizeof(name);

	CHECK(bind(in, (struct sockaddr *)&name, sizeof(name)) == 0);
	CHECK(getsockname(in, (struct sockaddr *)&name, &size) == 0);
	memset(&room, 0, sizeof(room));
	memcpy(&room, &name, sizeof(name));
	CHECK(sendmsg(out, &h, 0) == 4);
	size = LARGE;
	CHECK(recvfrom(in, bytes, sizeof(bytes), 0, (struct sockaddr *)&got, &size) == 4 && size == sizeof(got));
	CHECK(sendmsg(out, &h, 0) == 4);
	h.msg_namelen = LARGE;
	CHECK(recvmsg(in, &h, 0) == 4 && h.msg_namelen == sizeof(got));
	CHECK_FAILS(sendto(out, bytes, 4, 0, (struct sockaddr *)&name, (socklen_t)large), EINVAL);
	CHECK(sendto(out, bytes, 4, 0, (struct sockaddr *)&name, sizeof(name)) == 4);
	CHECK(recv(in, bytes, large, 0) == 4);
	CHECK(close(in) == 0 && close(out) == 0);
}

static void options(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), value = 0;
	struct timeval tv;
	socklen_t size = LARGE;

	CHECK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size) == 0 && size == 4 && value == SOCK_STREAM);
	size = LARGE;
	CHECK(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &size) == 0 && size == sizeof(tv));
	size = LARGE;
	CHECK(getsockopt(fd, IPPROTO_IP, 2 /* IP_TTL */, &value, &size) == 0 && size == 4 && value > 0);
	size = LARGE;
	CHECK(getsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &value, &size) == 0 && size == 4);
	CHECK_FAILS(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, (socklen_t)-1), EINVAL);
	size = (socklen_t)-4;
	CHECK_FAILS(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size), EINVAL);
	CHECK(close(fd) == 0);
}

static void names(void)
{
	char here[PATH_MAX], again[PATH_MAX];
	int fd = open(".", O_RDONLY | O_DIRECTORY), seen = 0;
	static char entries[4096];
	long n;

	CHECK(getcwd(here, sizeof(here)));
	CHECK(syscall(SYS_getcwd, again, LARGE) == (long)strlen(here) + 1 && !strcmp(here, again));
	CHECK(syscall(SYS_getcwd, again, 0x80000000u) == (long)strlen(here) + 1);
	CHECK(symlink("nowhere", "link") == 0);
	CHECK(syscall(SYS_readlinkat, AT_FDCWD, "link", again, LARGE) == 7);
	CHECK_FAILS(syscall(SYS_readlinkat, AT_FDCWD, "link", again, -1), EINVAL);
	while ((n = syscall(SYS_getdents64, fd, entries, LARGE)) > 0)
		seen = 1;
	CHECK(n == 0 && seen);
	CHECK(close(fd) == 0);
}

static void attributes(void)
{
	char got[16];

	make_file("file", "x");
	CHECK(listxattr("file", got, large) >= 0 || errno == ENOTSUP || errno == ERANGE);
	if (setxattr("file", "user.name", "value", 5, 0)) {
		leave_out("user attributes");
		return;
	}
	CHECK(getxattr("file", "user.name", got, large) == 5 && !memcmp(got, "value", 5));
	CHECK(getxattr("file", "user.name", got, largest) == 5);
	CHECK(listxattr("file", got, large) == 10);
	CHECK(listxattr("file", got, largest) == 10);
	CHECK_FAILS(setxattr("file", "user.name", "value", large, 0), E2BIG);
}

static void sets(void)
{
	static gid_t groups[65536];
	int count = getgroups(0, NULL), ends[2];
	fd_set in;
	struct timeval none = {0, 0};

	CHECK(getgroups(most, groups) == count);
	CHECK_FAILS(getgroups(least, groups), EINVAL);
	CHECK(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
	FD_ZERO(&in);
	FD_SET(ends[0], &in);
	CHECK(select(most, &in, NULL, NULL, &none) == 1 && FD_ISSET(ends[0], &in));
	memset(&in, 0xff, sizeof(in)); /* nobody has so many: what stands there is something else */
	memset(&in, 0, 32);
	FD_SET(ends[0], &in);
	CHECK(select(20000, &in, NULL, NULL, &none) == 1 && FD_ISSET(ends[0], &in));
	CHECK_FAILS(select(least, &in, NULL, NULL, &none), EINVAL);
}

static void queues(void)
{
	struct {
		long type;
		char text[8];
	} m = {1, "seven"};
	int id = msgget(IPC_PRIVATE, 0600);
	unsigned long cpus[64];

	CHECK(id >= 0 && msgsnd(id, &m, 8, 0) == 0);
	memset(&m, 0, sizeof(m));
	CHECK(msgrcv(id, &m, large, 0, 0) == 8 && !strcmp(m.text, "seven"));
	CHECK_FAILS(msgsnd(id, &m, large, 0), EINVAL);
	CHECK(msgctl(id, IPC_RMID, NULL) == 0);
	CHECK(syscall(SYS_sched_getaffinity, 0, 0x7ffffff8, cpus) > 0);
}

int main(void)
{
	enter_scratch_folder();
	addresses();
	messages();
	options();
	names();
	attributes();
	sets();
	queues();
	puts("ok large_rooms");
	return 0;
}
