/*
 * Keys: adding, reading, searching, describing, linking, revoking; sizes and errors.
 * qemu-arm 7.2 does not pass: it does not know add_key.
 */
#include "check.h"

#define SESSION -3
#define PROCESS -2

static long keyctl(int op, long a, long b, long c, long d)
{
	return syscall(SYS_keyctl, op, a, b, c, d);
}

int main(void)
{
	char buf[128], name[64];
	long key, ring, n;

	snprintf(name, sizeof(name), "xlate-check-%d", (int)getpid());
	ring = keyctl(1 /* JOIN_SESSION_KEYRING */, 0, 0, 0, 0);
	key = ring < 0 ? -1 : syscall(SYS_add_key, "user", name, "secret", 6, SESSION);
	if (key < 0) {
		CHECK(errno == ENOSYS || errno == EPERM || errno == EACCES || errno == EDQUOT);
		leave_out("keys");
		puts("ok keyrings");
		return 0;
	}
	CHECK(keyctl(11 /* READ */, key, 0, 0, 0) == 6 && keyctl(11, key, (long)buf, sizeof(buf), 0) == 6);
	CHECK(!memcmp(buf, "secret", 6));
	CHECK(keyctl(2 /* UPDATE */, key, (long)"changed it", 10, 0) == 0 && keyctl(11, key, (long)buf, 3, 0) == 10);
	n = keyctl(6 /* DESCRIBE */, key, (long)buf, sizeof(buf), 0);
	CHECK(n > 5 && n <= (long)sizeof(buf) && !strncmp(buf, "user;", 5) && strstr(buf, name));
	CHECK(keyctl(10 /* SEARCH */, SESSION, (long)"user", (long)name, 0) == key);
	CHECK(syscall(SYS_request_key, "user", name, NULL, 0) == key);
	ring = syscall(SYS_add_key, "keyring", "own ring", NULL, 0, PROCESS);
	CHECK(ring > 0 && keyctl(8 /* LINK */, key, ring, 0, 0) == 0 && keyctl(9 /* UNLINK */, key, ring, 0, 0) == 0);
	CHECK_FAILS(keyctl(9, key, ring, 0, 0), ENOENT);
	CHECK(keyctl(15 /* SET_TIMEOUT */, key, 1000, 0, 0) == 0);
	CHECK_FAILS(keyctl(10, SESSION, (long)"user", (long)"no such key", 0), ENOKEY);
	CHECK_FAILS(syscall(SYS_add_key, "no such type", name, "x", 1, SESSION), ENODEV);
	CHECK_FAILS(syscall(SYS_add_key, "user", name, (void *)8, 5, SESSION), EFAULT);
	CHECK_FAILS(keyctl(11, key, 8, 100, 0), EFAULT);
	CHECK(keyctl(3 /* REVOKE */, key, 0, 0, 0) == 0);
	CHECK_FAILS(keyctl(11, key, (long)buf, sizeof(buf), 0), EKEYREVOKED);
	CHECK_FAILS(keyctl(9999, 0, 0, 0, 0), EOPNOTSUPP);
	puts("ok keyrings");
	return 0;
}
