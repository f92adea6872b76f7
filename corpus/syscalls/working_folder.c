/* chdir, fchdir, getcwd: deep folders, folders that are gone, descriptors as starting points, buffers that just fit. */
#include "check.h"

#include <limits.h>

/* Forty of these are as long as a path can be. */
#define LONG_NAME "a-folder-with-a-name-of-about-a-hundred-bytes-so-that-forty-of-them-are-as-long-as-a-path-can-be"

int main(void)
{
	char start[PATH_MAX], here[PATH_MAX], exact[PATH_MAX];
	struct stat st;
	long n;
	int top, deep;

	enter_scratch_folder();
	CHECK(getcwd(start, sizeof(start)));
	n = syscall(SYS_getcwd, here, sizeof(here));
	CHECK(n == (long)strlen(start) + 1 && !strcmp(here, start)); /* the raw call counts the zero */
	CHECK(syscall(SYS_getcwd, exact, n) == n);
	CHECK_FAILS(syscall(SYS_getcwd, exact, n - 1), ERANGE);
	CHECK_FAILS(syscall(SYS_getcwd, exact, 0), ERANGE);
	top = open(".", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 40; i++)
		CHECK(mkdir(LONG_NAME, 0700) == 0 && chdir(LONG_NAME) == 0);
	errno = 0;
	n = syscall(SYS_getcwd, here, sizeof(here));
	CHECK(n == -1 ? errno == ENAMETOOLONG : n > 3900); /* too long to be told, but a place to be */
	make_file("in-the-depth", "x");
	deep = open(".", O_RDONLY | O_DIRECTORY);
	CHECK(fchdir(top) == 0 && getcwd(here, sizeof(here)) && !strcmp(here, start));
	CHECK(fstatat(deep, "in-the-depth", &st, 0) == 0 && st.st_size == 1);
	CHECK(fchdir(deep) == 0 && access("in-the-depth", F_OK) == 0 && fchdir(top) == 0);
	CHECK(mkdir("gone", 0700) == 0 && chdir("gone") == 0 && rmdir("../gone") == 0);
	CHECK_FAILS(syscall(SYS_getcwd, here, sizeof(here)), ENOENT);
	CHECK_FAILS(open("new", O_WRONLY | O_CREAT, 0600), ENOENT);
	CHECK(stat(".", &st) == 0 && st.st_nlink == 0);
	CHECK(fchdir(top) == 0);
	make_file("file", "");
	CHECK_FAILS(chdir("file"), ENOTDIR);
	CHECK_FAILS(fchdir(open("file", O_RDONLY)), ENOTDIR);
	CHECK_FAILS(chdir("missing"), ENOENT);
	CHECK_FAILS(chdir(""), ENOENT);
	CHECK_FAILS(fchdir(-1), EBADF);
	CHECK_FAILS(syscall(SYS_chdir, (void *)8), EFAULT);
	CHECK(chdir("/..") == 0 && getcwd(here, sizeof(here)) && !strcmp(here, "/"));
	puts("ok working_folder");
	return 0;
}
