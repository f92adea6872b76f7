/*
 * Addresses of local sockets: names, abstract names, none, lengths given and wanted, chosen by the kernel.
 * qemu-arm 7.2 does not pass: it refuses lengths before it looks at the socket's state.
 */
#include "check.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define BASE offsetof(struct sockaddr_un, sun_path)

static socklen_t name_of(int s, struct sockaddr_un *a)
{
	socklen_t len = sizeof(*a);

	memset(a, 0xee, sizeof(*a));
	CHECK(getsockname(s, (struct sockaddr *)a, &len) == 0 && a->sun_family == AF_UNIX);
	return len;
}

/* An address that cannot be told costs the connection, and no descriptor. */
static void accept_without_room(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "listening"};
	struct sockaddr *nowhere = (struct sockaddr *)(uintptr_t)16;
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), next;
	socklen_t len = sizeof(a);
	char byte;

	CHECK(bind(s, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(s, 1) == 0);
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) == 0);
	next = dup(s);
	CHECK(next >= 0 && close(next) == 0);
	CHECK_FAILS(accept(s, nowhere, &len), EFAULT);
	CHECK(dup(s) == next && close(next) == 0);
	CHECK(read(c, &byte, 1) == 0 || errno == ECONNRESET);
}

int main(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX}, got;
	char text[16], small[4];
	socklen_t len;
	int s = socket(AF_UNIX, SOCK_DGRAM, 0), c = socket(AF_UNIX, SOCK_DGRAM, 0), t;

	enter_scratch_folder();
	CHECK(name_of(s, &got) == BASE);
	strcpy(a.sun_path, "named");
	CHECK(bind(s, (struct sockaddr *)&a, (socklen_t)(BASE + 6)) == 0);
	CHECK(name_of(s, &got) == BASE + 6 && !strcmp(got.sun_path, "named"));
	/* An abstract name has no end mark: its length is part of it, zeros included. */
	memcpy(a.sun_path, "\0ab\0cd", 6);
	snprintf(a.sun_path + 6, 20, "%d", (int)getpid());
	len = (socklen_t)(BASE + 6 + strlen(a.sun_path + 6));
	CHECK(bind(c, (struct sockaddr *)&a, len) == 0 && name_of(c, &got) == len);
	CHECK(!memcmp(got.sun_path, a.sun_path, len - BASE));
	CHECK(sendto(s, "from name", 9, 0, (struct sockaddr *)&a, len) == 9);
	len = sizeof(got);
	CHECK(recvfrom(c, text, sizeof(text), 0, (struct sockaddr *)&got, &len) == 9);
	CHECK(len == BASE + 6 && !strcmp(got.sun_path, "named"));
	/* Into a buffer that is too small: cut, but the true length is told. */
	CHECK(sendto(c, "x", 1, 0, (struct sockaddr *)&got, len) == 1);
	len = sizeof(small);
	CHECK(recvfrom(s, text, 1, 0, (struct sockaddr *)(void *)small, &len) == 1 && len > BASE + 6);
	len = 3;
	memset(small, 0x55, sizeof(small));
	CHECK(getsockname(s, (struct sockaddr *)(void *)small, &len) == 0 && len == BASE + 6 && small[3] == 0x55);
	len = (socklen_t)-1;
	CHECK_FAILS(getsockname(s, (struct sockaddr *)&got, &len), EINVAL);
	/* Only the family: the kernel chooses an abstract name. */
	t = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(bind(t, (struct sockaddr *)&a, BASE) == 0 && name_of(t, &got) == BASE + 6 && got.sun_path[0] == 0);
	CHECK(bind(t, (struct sockaddr *)&a, BASE) == 0); /* it has one */
	CHECK_FAILS(bind(t, (struct sockaddr *)&a, BASE + 3), EINVAL);
	t = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(a.sun_path, "named");
	CHECK_FAILS(bind(t, (struct sockaddr *)&a, sizeof(a)), EADDRINUSE);
	CHECK_FAILS(connect(t, (struct sockaddr *)&a, sizeof(a)), EPROTOTYPE);
	strcpy(a.sun_path, "nobody");
	CHECK_FAILS(connect(t, (struct sockaddr *)&a, sizeof(a)), ENOENT);
	CHECK_FAILS(bind(t, (struct sockaddr *)&a, 500), EINVAL);
	CHECK_FAILS(bind(t, (struct sockaddr *)&a, 1), EINVAL);
	a.sun_family = AF_INET;
	CHECK_FAILS(connect(t, (struct sockaddr *)&a, sizeof(a)), EINVAL);
	a.sun_family = AF_UNSPEC;
	CHECK(connect(c, (struct sockaddr *)&a, sizeof(a)) == 0); /* undoes a connection */
	CHECK_FAILS(send(c, "x", 1, 0), ENOTCONN);
	CHECK_FAILS(getpeername(c, (struct sockaddr *)&got, &len), ENOTCONN);
	accept_without_room();
	puts("ok unix_addresses");
	return 0;
}
