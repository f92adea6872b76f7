/* fork and execve, and posix_spawn, from two threads, while a third allocates. */
#include "stress.h"

#include <spawn.h>

extern char **environ;

static volatile int stop;
static char *words[] = {NULL, "child", NULL};
static double end;

static void *allocates(void *arg)
{
	while (!stop)
		free(memset(malloc(1000), 1, 1000));
	return arg;
}

static void *starts(void *arg)
{
	for (int i = 0; i < 20 || now() < end; i++) {
		int status;
		pid_t pid;

		if (i & 1) {
			CHECK(posix_spawn(&pid, words[0], NULL, NULL, words, environ) == 0);
		} else {
			pid = fork();
			if (!pid) {
				execve(words[0], words, environ);
				_exit(1);
			}
		}
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 7 << 8);
	}
	return arg;
}

int main(int argc, char **argv)
{
	struct level before;
	pthread_t t[3];

	if (argc > 1 && !strcmp(argv[1], "child"))
		return 7;
	words[0] = realpath(argv[0], NULL);
	end = deadline(argc, argv);
	before = level_now();
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, i ? starts : allocates, NULL) == 0);
	for (int i = 1; i < 3; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	stop = 1;
	CHECK(pthread_join(t[0], NULL) == 0);
	check_level(before);
	puts("ok fork_exec");
	return 0;
}
