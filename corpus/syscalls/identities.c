/* User and group ids: real, effective and saved ones, file system ids, groups, the 16-bit calls, capabilities. */
#include "check.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

static void drops_for_good(void)
{
	uid_t r, e, s;
	gid_t list[3] = {7, 70000, 9}, got[8];

	CHECK(setgroups(3, list) == 0 && getgroups(0, NULL) == 3 && getgroups(8, got) == 3);
	CHECK(got[0] + got[1] + got[2] == 70016);
	CHECK_FAILS(getgroups(2, got), EINVAL);
#ifdef __arm__
	{
		uint16_t small[3];

		CHECK(syscall(SYS_getgroups, 3, small) == 3);
		CHECK(small[0] + small[1] + small[2] == 7 + 9 + 65534); /* what does not fit */
		CHECK(syscall(SYS_setgroups, 2, (uint16_t[]){3, 4}) == 0 && getgroups(8, got) == 2);
		CHECK(syscall(SYS_setresuid, 0xffff, 70000 & 0xffff, 0xffff) == 0 && geteuid() == (70000 & 0xffff));
		CHECK(syscall(SYS_setresuid, 0xffff, 0, 0xffff) == 0);
	}
#endif
	CHECK(setgroups(0, NULL) == 0);
	CHECK(setresgid(100, 200, 300) == 0 && getgid() == 100 && getegid() == 200);
	CHECK(setfsuid(1234) == 0 && setfsuid((uid_t)-1) == 1234 && setfsuid(0) == 1234);
	CHECK(setresuid(100000, 200000, 300000) == 0);
	CHECK(getresuid(&r, &e, &s) == 0 && r == 100000 && e == 200000 && s == 300000);
	CHECK(getuid() == 100000 && geteuid() == 200000);
#ifdef __arm__
	CHECK(syscall(SYS_getuid) == 65534 && syscall(SYS_geteuid) == 65534);
#endif
	CHECK(seteuid(300000) == 0 && geteuid() == 300000 && setreuid((uid_t)-1, 100000) == 0);
	CHECK_FAILS(setuid(0), EPERM);
	CHECK_FAILS(setgid(5), EPERM);
	CHECK_FAILS(setgroups(0, NULL), EPERM);
	CHECK_FAILS(chroot("/"), EPERM);
	CHECK_FAILS(sethostname("x", 1), EPERM);
	CHECK_FAILS(setresuid(0, (uid_t)-1, (uid_t)-1), EPERM);
}

static void capabilities(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2], old[2];

	CHECK(syscall(SYS_capget, &head, old) == 0);
	head.pid = getpid();
	CHECK(syscall(SYS_capget, &head, old) == 0 && head.pid == getpid());
	head.pid = 0;
	memcpy(data, old, sizeof(data));
	data[0].effective &= ~(1u << CAP_KILL);
	CHECK(syscall(SYS_capset, &head, data) == 0);
	CHECK(syscall(SYS_capget, &head, data) == 0 && !(data[0].effective & 1u << CAP_KILL));
	CHECK(prctl(PR_CAPBSET_READ, CAP_CHOWN, 0, 0, 0) >= 0);
	CHECK_FAILS(prctl(PR_CAPBSET_READ, 200, 0, 0, 0), EINVAL);
	head.version = 1;
	CHECK(syscall(SYS_capget, &head, NULL) == 0 || errno == EINVAL);
	CHECK(head.version == _LINUX_CAPABILITY_VERSION_3);
	head.pid = 99999999;
	CHECK_FAILS(syscall(SYS_capget, &head, data), ESRCH);
}

int main(void)
{
	CHECK(in_child(capabilities) == 0);
	if (geteuid() == 0 && in_child(drops_for_good) != 0)
		CHECK(!"ids");
	if (geteuid() != 0)
		leave_out("changing ids");
	puts("ok identities");
	return 0;
}
