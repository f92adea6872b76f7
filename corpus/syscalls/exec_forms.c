/*
 * Ways to execute: by descriptor, relative to a folder, an empty name, a symbolic link refused; what the program is told
 * about its name; words and environment of unusual size.
 * qemu-arm does not pass where no binfmt handler is registered: it cannot execute ARM programs.
 */
#include "check.h"

#include <limits.h>
#include <sys/auxv.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

static char self[PATH_MAX];

/* The child's status after executing by `how`; 100 and more: the call failed. */
static int status_of(void (*how)(void))
{
	int status = in_child(how);

	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static char *const no_env[] = {"ONLY=this", NULL};

static void by_fd(void)
{
	char *const words[] = {"called-so", "fd", NULL};
	int fd = open(self, O_RDONLY | O_CLOEXEC);

	fexecve(fd, words, no_env);
	_exit(100);
}

static void by_path_fd(void)
{
	char *const words[] = {"called-so", "fd", NULL};
	int fd = open(self, O_PATH);

	syscall(SYS_execveat, fd, "", words, no_env, AT_EMPTY_PATH);
	_exit(100);
}

static void by_folder(void)
{
	char *const words[] = {"called-so", "fd", NULL};
	char *slash = strrchr(self, '/');
	int dir;

	*slash = 0;
	dir = open(self, O_PATH | O_DIRECTORY);
	CHECK(dir >= 0);
	syscall(SYS_execveat, dir, slash + 1, words, no_env, 0);
	_exit(100);
}

static void by_link(void)
{
	char *const words[] = {"called-so", "link", NULL};

	CHECK_FAILS(syscall(SYS_execveat, AT_FDCWD, "link", words, no_env, AT_SYMLINK_NOFOLLOW), ELOOP);
	CHECK_FAILS(syscall(SYS_execveat, AT_FDCWD, "", words, no_env, 0), ENOENT);
	CHECK_FAILS(syscall(SYS_execveat, AT_FDCWD, "link", words, no_env, 0x8000), EINVAL);
	CHECK_FAILS(syscall(SYS_execveat, 99, "link", words, no_env, 0), EBADF);
	execve("link", words, no_env);
	_exit(100);
}

static char huge[120000];

static void with_much(void)
{
	static char *words[2003], *env[502];
	char one[32] = "X=abcdefghijklmnopqrstuvwxyz";

	memset(huge, 'h', sizeof(huge) - 1);
	words[0] = "called-so";
	words[1] = "much";
	for (int i = 2; i < 2001; i++)
		words[i] = "word";
	words[2001] = huge;
	for (int i = 0; i < 500; i++)
		env[i] = one;
	execve(self, words, env);
	_exit(100);
}

static void with_too_much(void)
{
	static char large[140000];
	char *const words[] = {"called-so", large, NULL};

	memset(large, 'l', sizeof(large) - 1);
	CHECK_FAILS(execve(self, words, no_env), E2BIG);
}

static void with_empty_words(void)
{
	char *const words[] = {"", "empty", "", "", NULL};

	execve(self, words, no_env);
	_exit(100);
}

extern char **environ;

static int as_child(int argc, char **argv)
{
	const char *name = (const char *)getauxval(AT_EXECFN);
	char link[PATH_MAX];
	long n;
	int words = 0;

	CHECK(name && *name);
	if (!strcmp(argv[1], "fd") || !strcmp(argv[1], "link")) {
		CHECK(argc == 2 && !strcmp(argv[0], "called-so"));
		CHECK(environ[0] && !strcmp(environ[0], "ONLY=this") && !environ[1]);
		n = readlink("/proc/self/exe", link, sizeof(link) - 1);
		CHECK(n > 0 && link[0] == '/' && access("/proc/self/exe", X_OK) == 0);
		if (!strcmp(argv[1], "link"))
			CHECK(!strcmp(name, "link") && memmem(link, (size_t)n, "exec_forms", 0) == link);
		else
			CHECK(!strncmp(name, "/dev/fd/", 8));
		return 21;
	}
	if (!strcmp(argv[1], "empty"))
		return argc == 4 && !*argv[0] && !*argv[2] && !*argv[3] && !argv[4] ? 22 : 1;
	while (argv[words])
		words++;
	CHECK(argc == 2002 && words == argc && strlen(argv[2001]) == sizeof(huge) - 1 && argv[2001][77] == 'h');
	for (words = 0; environ[words]; words++)
		CHECK(!strncmp(environ[words], "X=abc", 5));
	return words == 500 ? 23 : 2;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return as_child(argc, argv);
	CHECK(realpath(argv[0], self));
	enter_scratch_folder();
	CHECK(symlink(self, "link") == 0);
	CHECK(status_of(by_fd) == 21);
	CHECK(status_of(by_path_fd) == 21);
	CHECK(status_of(by_folder) == 21);
	CHECK(status_of(by_link) == 21);
	CHECK(status_of(with_much) == 23);
	CHECK(status_of(with_too_much) == 0);
	CHECK(status_of(with_empty_words) == 22);
	puts("ok exec_forms");
	return 0;
}
