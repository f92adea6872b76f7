/*
 * A program that may be carried in a standalone executable: `names` prints what it is called, `maps` which files it has
 * mapped, `self` whether /proc/self/exe begins as an ARM program and can be opened twice, `same` whether a library that
 * is loaded by two names is one, `exec PATH WORDS...` runs a program in a child, `hello` says so.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef WITH_LIBRARY
int twice(int n);
#else
static int twice(int n) { return 2 * n; }
#endif

static void names(char **argv)
{
	char exe[4096] = "?";
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n > 0 ? n : 0] = 0;
	printf("argv[0] %s\nexecfn %s\nexe %s\n", argv[0], (const char *)getauxval(AT_EXECFN), exe);
}

static int maps(void)
{
	char line[4200];
	FILE *f = fopen("/proc/self/maps", "r");

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, " r-xp ") && strchr(line, '/'))
			fputs(strchr(line, '/'), stdout);
	return f ? fclose(f) : 1;
}

static int self(void)
{
	Elf32_Ehdr one, other;
	struct stat st;
	int a = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), b = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (read(a, &one, sizeof(one)) != sizeof(one) || read(b, &other, sizeof(other)) != sizeof(other))
		return 1;
	if (memcmp(&one, &other, sizeof(one)) || one.e_machine != EM_ARM || stat("/proc/self/exe", &st))
		return 2;
	printf("%d %d %d\n", S_ISREG(st.st_mode), (st.st_mode & 0111) != 0, write(a, "", 1) < 0);
	return 0;
}

static int same(char **paths)
{
	void *one = dlopen(paths[0], RTLD_NOW), *other = dlopen(paths[1], RTLD_NOW);

	printf("%d\n", one && one == other);
	return 0;
}

static int run(char **words)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execv(words[0], words);
		perror(words[0]);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IONBF, 0);
	if (!strcmp(what, "names"))
		names(argv);
	else if (!strcmp(what, "maps"))
		return maps();
	else if (!strcmp(what, "self"))
		return self();
	else if (!strcmp(what, "same"))
		return same(argv + 2);
	else if (!strcmp(what, "exec"))
		return run(argv + 2);
	else
		printf("hello %d:", twice(21));
	for (int i = 2; i < argc; i++)
		printf(" %s", argv[i]);
	printf("\n");
	return 0;
}
