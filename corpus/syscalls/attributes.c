/* Extended attributes, memory files and seals, owners. */
#include "check.h"

#include <sys/mman.h>
#include <sys/xattr.h>

static void extended(void)
{
	char buf[64];

	if (setxattr("file", "user.mark", "value", 5, 0) != 0) {
		leave_out("extended attributes");
		return;
	}
	CHECK(getxattr("file", "user.mark", buf, sizeof(buf)) == 5 && !memcmp(buf, "value", 5));
	CHECK(getxattr("file", "user.mark", NULL, 0) == 5);
	CHECK_FAILS(getxattr("file", "user.mark", buf, 2), ERANGE);
	CHECK(listxattr("file", buf, sizeof(buf)) >= 10);
	CHECK_FAILS(setxattr("file", "user.mark", "x", 1, XATTR_CREATE), EEXIST);
	CHECK(removexattr("file", "user.mark") == 0);
	CHECK_FAILS(getxattr("file", "user.mark", buf, sizeof(buf)), ENODATA);
}

static void memory_file(void)
{
	int fd = memfd_create("name", MFD_ALLOW_SEALING);

	CHECK(fd >= 0 && ftruncate(fd, 100) == 0);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE) == 0);
	CHECK(fcntl(fd, F_GET_SEALS) == (F_SEAL_SHRINK | F_SEAL_WRITE));
	CHECK_FAILS(ftruncate(fd, 50), EPERM);
	CHECK_FAILS(write(fd, "x", 1), EPERM);
}

int main(void)
{
	struct stat st;

	enter_scratch_folder();
	make_file("file", "x");
	extended();
	memory_file();
	CHECK(chown("file", (uid_t)-1, (gid_t)-1) == 0);
	CHECK(fchownat(AT_FDCWD, "file", getuid(), getgid(), 0) == 0);
	CHECK(stat("file", &st) == 0 && st.st_uid == getuid());
	CHECK(fchmodat(AT_FDCWD, "file", 0400, 0) == 0 && stat("file", &st) == 0 && (st.st_mode & 0777) == 0400);
	CHECK(mkfifo("fifo", 0600) == 0 && stat("fifo", &st) == 0 && S_ISFIFO(st.st_mode));
	puts("ok attributes");
	return 0;
}
