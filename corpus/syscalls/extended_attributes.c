/*
 * Extended attributes: sizes asked for, lists, creation and replacement, by path, link and descriptor, errors.
 * qemu-arm 7.2 does not pass: it looks at buffers before it looks at their lengths.
 */
#include "check.h"

#include <sys/xattr.h>

int main(void)
{
	char buf[256], long_name[300] = "user.";
	int fd, n;

	enter_scratch_folder();
	make_file("file", "");
	CHECK(symlink("file", "link") == 0);
	if (setxattr("file", "user.first", "value\0with zero", 15, 0) != 0) {
		CHECK(errno == EOPNOTSUPP || errno == EPERM);
		leave_out("extended attributes");
		puts("ok extended_attributes");
		return 0;
	}
	CHECK(getxattr("file", "user.first", NULL, 0) == 15);
	CHECK(getxattr("link", "user.first", buf, sizeof(buf)) == 15 && !memcmp(buf, "value\0with zero", 15));
	CHECK_FAILS(getxattr("file", "user.first", buf, 5), ERANGE);
	CHECK_FAILS(getxattr("file", "user.none", buf, 5), ENODATA);
	CHECK_FAILS(setxattr("file", "user.first", "x", 1, XATTR_CREATE), EEXIST);
	CHECK_FAILS(setxattr("file", "user.second", "x", 1, XATTR_REPLACE), ENODATA);
	fd = open("file", O_RDWR);
	CHECK(fsetxattr(fd, "user.second", "", 0, XATTR_CREATE) == 0 && fgetxattr(fd, "user.second", buf, 10) == 0);
	CHECK(lsetxattr("file", "user.first", "new", 3, XATTR_REPLACE) == 0);
	CHECK(lgetxattr("file", "user.first", buf, 10) == 3);
	n = (int)listxattr("file", NULL, 0);
	CHECK(n >= 11 + 12 && flistxattr(fd, buf, sizeof(buf)) == n && llistxattr("file", buf, sizeof(buf)) == n);
	CHECK(memmem(buf, (size_t)n, "user.first", 11) && memmem(buf, (size_t)n, "user.second", 12));
	CHECK_FAILS(listxattr("file", buf, 3), ERANGE);
	CHECK(removexattr("file", "user.first") == 0);
	CHECK_FAILS(lremovexattr("file", "user.first"), ENODATA);
	CHECK(fremovexattr(fd, "user.second") == 0);
	CHECK_FAILS(setxattr("file", "nonsense", "x", 1, 0), EOPNOTSUPP);
	memset(long_name + 5, 'n', sizeof(long_name) - 6);
	CHECK_FAILS(setxattr("file", long_name, "x", 1, 0), ERANGE);
	CHECK_FAILS(setxattr("file", "user.first", "x", 1, 0x80), EINVAL);
	CHECK_FAILS(setxattr("missing", "user.first", "x", 1, 0), ENOENT);
	CHECK_FAILS(syscall(SYS_setxattr, "file", "user.first", (void *)8, 10, 0), EFAULT);
	CHECK_FAILS(syscall(SYS_setxattr, "file", "user.first", buf, 100000, 0), E2BIG);
	CHECK_FAILS(lsetxattr("link", "user.first", "x", 1, 0), EPERM);
	puts("ok extended_attributes");
	return 0;
}
