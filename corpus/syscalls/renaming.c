/* renameat2's flags, names that are the same file, folders, links of links, trailing slashes, limits of names. */
#include "check.h"

#include <limits.h>

#define NOREPLACE 1u
#define EXCHANGE 2u

static long rename2(const char *from, const char *to, unsigned flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static int holds(const char *name, const char *text)
{
	char buf[32];
	int fd = open(name, O_RDONLY);
	long n = read(fd, buf, sizeof(buf));

	close(fd);
	return n == (long)strlen(text) && !memcmp(buf, text, (size_t)n);
}

int main(void)
{
	char name[NAME_MAX + 2], path[PATH_MAX + 10];
	struct stat st;

	enter_scratch_folder();
	make_file("a", "A");
	make_file("b", "B");
	CHECK(mkdir("d", 0700) == 0 && mkdir("d/e", 0700) == 0);
	CHECK_FAILS(rename2("a", "b", NOREPLACE), EEXIST);
	CHECK(rename2("a", "b", EXCHANGE) == 0 && holds("a", "B") && holds("b", "A"));
	CHECK(rename2("a", "d", EXCHANGE) == 0 && holds("d", "B") && access("a/e", F_OK) == 0);
	CHECK(rename2("a", "d", EXCHANGE) == 0);
	CHECK_FAILS(rename2("a", "missing", EXCHANGE), ENOENT);
	CHECK_FAILS(rename2("a", "b", NOREPLACE | EXCHANGE), EINVAL);
	CHECK_FAILS(rename2("a", "b", 0x100), EINVAL);
	CHECK(rename2("a", "c", NOREPLACE) == 0 && access("a", F_OK) == -1);
	CHECK(link("c", "same") == 0 && rename("c", "same") == 0 && access("c", F_OK) == 0); /* nothing to do */
	CHECK_FAILS(rename("d", "d/e/f"), EINVAL);
	CHECK_FAILS(rename("c", "d"), EISDIR);
	CHECK_FAILS(rename("d", "c"), ENOTDIR);
	CHECK(mkdir("full", 0700) == 0 && rename("c", "full/c") == 0);
	CHECK_FAILS(rename("d", "full"), ENOTEMPTY);
	CHECK_FAILS(open("b/", O_RDONLY), ENOTDIR);
	CHECK_FAILS(mkdir("b", 0700), EEXIST);
	CHECK(symlink("b", "soft") == 0 && link("soft", "softer") == 0 && lstat("softer", &st) == 0);
	CHECK(S_ISLNK(st.st_mode));
	CHECK(linkat(AT_FDCWD, "soft", AT_FDCWD, "hard", AT_SYMLINK_FOLLOW) == 0 && lstat("hard", &st) == 0);
	CHECK(S_ISREG(st.st_mode) && st.st_nlink == 2);
	CHECK_FAILS(link("d", "other"), EPERM);
	CHECK_FAILS(linkat(AT_FDCWD, "b", AT_FDCWD, "x", 0x8000), EINVAL);
	CHECK_FAILS(unlink("d"), EISDIR);
	CHECK_FAILS(rmdir("b"), ENOTDIR);
	CHECK_FAILS(unlinkat(AT_FDCWD, "d", 0x8000), EINVAL);
	CHECK(unlinkat(AT_FDCWD, "d/e", AT_REMOVEDIR) == 0);
	CHECK_FAILS(rmdir("d/."), EINVAL);
	memset(name, 'n', sizeof(name) - 1);
	name[NAME_MAX + 1] = 0;
	CHECK_FAILS(mkdir(name, 0700), ENAMETOOLONG);
	name[NAME_MAX] = 0;
	CHECK(mkdir(name, 0700) == 0 && rmdir(name) == 0);
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	CHECK_FAILS(access(path, F_OK), ENAMETOOLONG);
	path[PATH_MAX] = 0;
	CHECK_FAILS(access(path, F_OK), ENAMETOOLONG);
	path[PATH_MAX - 1] = 0;
	CHECK(access(path, F_OK) == 0 && chdir(path) == 0);
	CHECK_FAILS(symlink("", "empty"), ENOENT);
	puts("ok renaming");
	return 0;
}
