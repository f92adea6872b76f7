/*
 * Inode numbers of 64 bits: stat64, statx and getdents64 show them whole and alike; the old stat, whose field is too
 * small, says EOVERFLOW rather than cut the number.
 */
#include "check.h"

#include <dirent.h>
#include <sys/syscall.h>

#ifdef __arm__
struct old_stat {
	char bytes[64];
};
#endif

static void all_agree(int fd)
{
	struct stat64 st;
	struct statx x;

	CHECK(fstat64(fd, &st) == 0);
	CHECK(statx(fd, "", AT_EMPTY_PATH, STATX_INO, &x) == 0);
	CHECK(x.stx_mask & STATX_INO && x.stx_ino == st.st_ino && st.st_ino != 0);
#ifdef __arm__
	{
		struct old_stat old;
		uint32_t small;

		if (st.st_ino >> 32) {
			CHECK_FAILS(syscall(SYS_fstat, fd, &old), EOVERFLOW);
		} else {
			CHECK(syscall(SYS_fstat, fd, &old) == 0);
			memcpy(&small, old.bytes + 4, 4);
			CHECK(small == st.st_ino);
		}
	}
#endif
}

static void entries_agree(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent64 *d;
	struct stat64 st;
	int n = 0;

	CHECK(dir);
	while ((d = readdir64(dir))) {
		if (!strcmp(d->d_name, "..") || !strcmp(d->d_name, "."))
			continue;
		CHECK(fstatat64(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0);
		CHECK(st.st_ino == d->d_ino);
		n++;
	}
	CHECK(n > 0);
	closedir(dir);
}

int main(void)
{
	int fd;

	enter_scratch_folder();
	make_file("one", "");
	CHECK(mkdir("two", 0700) == 0);
	entries_agree(".");
	fd = open("one", O_RDONLY);
	all_agree(fd);
	fd = open("/proc/self/ns/uts", O_RDONLY);
	if (fd >= 0)
		all_agree(fd);
	else
		leave_out("name spaces");
	fd = (int)syscall(434 /* pidfd_open */, getpid(), 0);
	if (fd >= 0)
		all_agree(fd); /* newer kernels number processes beyond 32 bits */
	else
		leave_out("pidfd_open");
	fd = open("/dev/shm", O_RDONLY | O_DIRECTORY);
	if (fd >= 0)
		all_agree(fd);
	puts("ok large_inodes");
	return 0;
}
