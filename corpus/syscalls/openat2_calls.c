/*
 * openat2: the structure's size and unknown bits, flags at their ARM places, resolution limits.
 * qemu-arm 7.2 does not pass: it does not know the call.
 */
#include "check.h"

#define NR_OPENAT2 437

struct how {
	uint64_t flags;
	uint64_t mode;
	uint64_t resolve;
	uint64_t more;
};

enum {
	NO_XDEV = 1,
	NO_MAGICLINKS = 2,
	NO_SYMLINKS = 4,
	BENEATH = 8,
	IN_ROOT = 16,
};

static int open2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct how how = {flags, mode, resolve, 0};

	return (int)syscall(NR_OPENAT2, dir, path, &how, 24);
}

int main(void)
{
	struct how how = {O_RDONLY, 0, 0, 0};
	struct stat st;
	int dir, fd;

	enter_scratch_folder();
	CHECK(mkdir("sub", 0700) == 0 && symlink("../outside", "sub/up") == 0 && symlink("inside", "sub/same") == 0);
	make_file("outside", "out");
	make_file("sub/inside", "in");
	dir = open("sub", O_RDONLY | O_DIRECTORY);
	fd = open2(dir, "inside", O_RDONLY, 0, 0);
	if (fd == -1 && errno == ENOSYS) {
		leave_out("openat2");
		puts("ok openat2_calls");
		return 0;
	}
	CHECK(fd >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	fd = open2(dir, "new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640, 0);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0640);
	CHECK_FAILS(open2(dir, "new", O_RDONLY | O_DIRECTORY, 0, 0), ENOTDIR);
	CHECK_FAILS(open2(dir, "same", O_RDONLY | O_NOFOLLOW, 0, 0), ELOOP);
	CHECK_FAILS(open2(dir, "../outside", O_RDONLY, 0, BENEATH), EXDEV);
	CHECK_FAILS(open2(dir, "up", O_RDONLY, 0, BENEATH), EXDEV);
	CHECK(open2(dir, "same", O_RDONLY, 0, BENEATH) >= 0);
	CHECK_FAILS(open2(dir, "same", O_RDONLY, 0, NO_SYMLINKS), ELOOP);
	CHECK_FAILS(open2(dir, "up", O_RDONLY, 0, IN_ROOT), ENOENT);
	CHECK(open2(dir, "/inside", O_RDONLY, 0, IN_ROOT) >= 0);
	CHECK_FAILS(open2(AT_FDCWD, "/proc/self/fd/0", O_RDONLY, 0, NO_MAGICLINKS), ELOOP);
	CHECK_FAILS(open2(AT_FDCWD, "/proc/self", O_RDONLY, 0, NO_XDEV), EXDEV);
	/* What open() ignores is an error here. */
	CHECK_FAILS(open2(dir, "inside", O_RDONLY, 0600, 0), EINVAL);
	CHECK_FAILS(open2(dir, "inside", 1ull << 40, 0, 0), EINVAL);
	CHECK_FAILS(open2(dir, "inside", O_RDONLY, 0, 1ull << 40), EINVAL);
	CHECK_FAILS(syscall(NR_OPENAT2, dir, "inside", &how, 8), EINVAL);
	CHECK(syscall(NR_OPENAT2, dir, "inside", &how, sizeof(how)) >= 0); /* zeros beyond what is known */
	how.more = 1;
	CHECK_FAILS(syscall(NR_OPENAT2, dir, "inside", &how, sizeof(how)), E2BIG);
	CHECK_FAILS(syscall(NR_OPENAT2, dir, "inside", &how, 25), E2BIG);
	CHECK_FAILS(syscall(NR_OPENAT2, dir, "inside", (void *)16, 24), EFAULT);
	puts("ok openat2_calls");
	return 0;
}
