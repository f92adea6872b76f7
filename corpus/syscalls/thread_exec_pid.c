/* After execve by another thread than the first, the program has the process's number and one thread. */
#include "check.h"

#include <dirent.h>
#include <pthread.h>

static char *words[] = {NULL, "again", NULL};

static void *executes(void *arg)
{
	char number[20];

	snprintf(number, sizeof(number), "%d", getpid());
	setenv("CHECK_PID", number, 1);
	CHECK(syscall(SYS_gettid) != getpid());
	execv(words[0], words);
	return arg;
}

static int threads(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = 0;

	CHECK(d);
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	pthread_t t;

	if (argc > 1) {
		CHECK(atoi(getenv("CHECK_PID")) == getpid() && syscall(SYS_gettid) == getpid());
		CHECK(threads() == 1);
		puts("ok thread_exec_pid");
		return 0;
	}
	words[0] = realpath(argv[0], NULL);
	CHECK(pthread_create(&t, NULL, executes, NULL) == 0);
	CHECK(threads() == 2);
	pthread_join(t, NULL);
	return 1;
}
