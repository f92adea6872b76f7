/* O_TMPFILE and names given later; files without names that live on; links through /proc. */
#include "check.h"

int main(void)
{
	struct stat st;
	char link[64], buf[8];
	int fd, again;

	enter_scratch_folder();
	make_file("gone", "still there");
	fd = open("gone", O_RDWR);
	CHECK(unlink("gone") == 0 && read(fd, buf, 5) == 5 && !memcmp(buf, "still", 5));
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	again = open(link, O_RDONLY);
	CHECK(again >= 0 && read(again, buf, 5) == 5 && !memcmp(buf, "still", 5));
	fd = open(".", O_TMPFILE | O_RDWR, 0640);
	if (fd < 0) {
		CHECK(errno == EOPNOTSUPP || errno == EISDIR);
		leave_out("O_TMPFILE");
		puts("ok unnamed_files");
		return 0;
	}
	CHECK(write(fd, "kept", 4) == 4 && fstat(fd, &st) == 0 && st.st_nlink == 0 && (st.st_mode & 0777) == 0640);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK(linkat(AT_FDCWD, link, AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0);
	CHECK(stat("named", &st) == 0 && st.st_size == 4 && st.st_nlink == 1);
	CHECK_FAILS(linkat(AT_FDCWD, link, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), EEXIST);
	CHECK((fcntl(fd, F_GETFL) & O_TMPFILE) == O_TMPFILE);
	fd = open(".", O_TMPFILE | O_WRONLY | O_EXCL, 0600);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK_FAILS(linkat(AT_FDCWD, link, AT_FDCWD, "other", AT_SYMLINK_FOLLOW), ENOENT);
	CHECK_FAILS(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
	CHECK_FAILS(open("named", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
	puts("ok unnamed_files");
	return 0;
}
