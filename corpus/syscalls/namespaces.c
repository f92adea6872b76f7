/*
 * unshare and setns: names of the host, users, mounts; what a process without rights may have of its own.
 * qemu-arm 7.2 does not pass: it has threads of its own, so it cannot leave a user name space.
 */
#include "check.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/utsname.h>

static void own_name(void)
{
	struct utsname u, before;
	int old = open("/proc/self/ns/uts", O_RDONLY);

	CHECK(old >= 0 && uname(&before) == 0);
	CHECK(unshare(CLONE_NEWUTS) == 0 && sethostname("elsewhere", 9) == 0);
	CHECK(uname(&u) == 0 && !strcmp(u.nodename, "elsewhere") && setdomainname("home", 4) == 0);
	CHECK(uname(&u) == 0 && !strcmp(u.domainname, "home"));
	CHECK(setns(old, CLONE_NEWUTS) == 0 && uname(&u) == 0 && !strcmp(u.nodename, before.nodename));
	CHECK_FAILS(setns(old, CLONE_NEWNET), EINVAL);
	CHECK_FAILS(setns(0, 0), fcntl(0, F_GETFD) < 0 ? EBADF : EINVAL);
	CHECK_FAILS(syscall(SYS_sethostname, "x", -1), EINVAL);
	CHECK_FAILS(unshare(0x1), EINVAL);
}

static void own_mounts(void)
{
	char text[8];
	int fd;

	CHECK(unshare(CLONE_NEWNS) == 0);
	CHECK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	if (mount("tmp", "place", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=0700") != 0)
		_exit(77);
	make_file("place/file", "mounted");
	CHECK(mkdir("second", 0700) == 0 && mount("place", "second", NULL, MS_BIND, NULL) == 0);
	fd = open("second/file", O_RDONLY);
	CHECK(fd >= 0 && read(fd, text, 7) == 7 && !memcmp(text, "mounted", 7) && close(fd) == 0);
	CHECK(mount(NULL, "second", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0);
	CHECK_FAILS(open("second/new", O_WRONLY | O_CREAT, 0600), EROFS);
	CHECK_FAILS(umount2("missing", 0), ENOENT);
	CHECK(umount2("second", MNT_DETACH) == 0 && umount("place") == 0 && access("place/file", F_OK) == -1);
	CHECK_FAILS(mount("x", "place", "no-such-system", 0, NULL), ENODEV);
}

static void own_root(void)
{
	char here[64];

	CHECK(chroot("jail") == 0 && chdir("/") == 0);
	CHECK(access("/inner", F_OK) == 0 && access("/../inner", F_OK) == 0);
	CHECK_FAILS(access("/proc/self", F_OK), ENOENT);
	CHECK(getcwd(here, sizeof(here)) && !strcmp(here, "/"));
}

static void own_users(void)
{
	int fd;
	char map[64];
	uid_t was = getuid();

	if (unshare(CLONE_NEWUSER) != 0)
		_exit(77);
	CHECK(getuid() == 65534 || getuid() == was);
	fd = open("/proc/self/uid_map", O_WRONLY);
	snprintf(map, sizeof(map), "0 %u 1", (unsigned)was);
	if (fd < 0 || write(fd, map, strlen(map)) < 0)
		_exit(77);
	CHECK(getuid() == 0 && geteuid() == 0);
}

static void may(void (*body)(void), const char *what)
{
	int status = in_child(body);

	CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77));
	if (WEXITSTATUS(status) == 77)
		leave_out(what);
}

int main(void)
{
	enter_scratch_folder();
	CHECK(mkdir("place", 0700) == 0 && mkdir("jail", 0755) == 0);
	make_file("jail/inner", "");
	may(own_users, "user name spaces");
	if (geteuid() == 0 && access("/proc/self/ns/uts", R_OK) == 0 && unshare(CLONE_FS) == 0) {
		CHECK(in_child(own_name) == 0);
		may(own_mounts, "mounts");
		CHECK(in_child(own_root) == 0);
	} else {
		leave_out("name spaces without rights");
	}
	puts("ok namespaces");
	return 0;
}
