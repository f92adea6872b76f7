/*
 * access, faccessat, faccessat2, fchmodat2, umask: real and effective ids, links, descriptors, flags.
 * qemu-arm 7.2 does not pass: it does not know fchmodat2.
 */
#include "check.h"

#define NR_FACCESSAT2 439
#define NR_FCHMODAT2 452

static long access2(int dir, const char *name, int mode, int flags)
{
	return syscall(NR_FACCESSAT2, dir, name, mode, flags);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	CHECK(lstat(name, &st) == 0);
	return st.st_mode & 07777;
}

static void as_nobody(void)
{
	CHECK(setgid(65534) == 0 && setuid(65534) == 0);
	CHECK_FAILS(access("secret", R_OK), EACCES);
	CHECK(access("secret", F_OK) == 0);
	CHECK_FAILS(open("secret", O_RDONLY), EACCES);
	CHECK_FAILS(chmod("secret", 0777), EPERM);
	CHECK_FAILS(chown("secret", 65534, 65534), EPERM);
	CHECK_FAILS(open("new", O_WRONLY | O_CREAT, 0600), EACCES);
}

int main(void)
{
	int fd, dir;

	enter_scratch_folder();
	umask(027);
	make_file("file", "");
	CHECK(mode_of("file") == 0640 && mkdir("dir", 0777) == 0 && mode_of("dir") == 0750);
	CHECK(mkfifo("fifo", 0666) == 0 && mode_of("fifo") == 0640);
	CHECK(chmod("file", 06755) == 0 && mode_of("file") == 06755);
	CHECK(symlink("missing", "broken") == 0 && symlink("file", "link") == 0);
	dir = open(".", O_RDONLY | O_DIRECTORY);
	fd = open("file", O_PATH);
	CHECK(access("link", R_OK | W_OK | X_OK) == 0);
	CHECK_FAILS(access("broken", F_OK), ENOENT);
	CHECK_FAILS(access("file", 8), EINVAL);
	CHECK(faccessat(dir, "file", X_OK, 0) == 0);
	CHECK_FAILS(faccessat(fd, "below", F_OK, 0), ENOTDIR);
	if (access2(dir, "broken", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		CHECK(access2(dir, "file", R_OK, AT_EACCESS) == 0 && access2(fd, "", X_OK, AT_EMPTY_PATH) == 0);
		CHECK_FAILS(access2(dir, "file", R_OK, 0x40), EINVAL);
	} else {
		CHECK(errno == ENOSYS);
		leave_out("faccessat2");
	}
	if (syscall(NR_FCHMODAT2, dir, "file", 0600, 0) == 0) {
		CHECK(mode_of("file") == 0600 && syscall(NR_FCHMODAT2, fd, "", 0604, AT_EMPTY_PATH) == 0);
		CHECK(mode_of("file") == 0604);
		CHECK_FAILS(syscall(NR_FCHMODAT2, dir, "link", 0600, AT_SYMLINK_NOFOLLOW), EOPNOTSUPP);
		CHECK_FAILS(syscall(NR_FCHMODAT2, dir, "file", 0600, 0x40), EINVAL);
	} else {
		CHECK(errno == ENOSYS);
		leave_out("fchmodat2");
	}
	CHECK_FAILS(fchmod(fd, 0600), EBADF); /* a place, not a file */
	CHECK(fchmodat(dir, "link", 0644, 0) == 0 && mode_of("file") == 0644);
	make_file("secret", "x");
	CHECK(chmod("secret", 0600) == 0 && chmod(".", 0755) == 0);
	if (geteuid() == 0)
		CHECK(in_child(as_nobody) == 0);
	else
		leave_out("another user");
	puts("ok access_modes");
	return 0;
}
