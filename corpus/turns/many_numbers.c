/*
 * More threads and processes than there are numbers, one after the other: numbers of those that are gone are given
 * again. All at once there are not enough, which is said, and no harm done. Prints the numbers, which must repeat.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AFTER_ANOTHER = 500, AT_ONCE = 400 };

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static pthread_t threads[AT_ONCE];
static long numbers[AT_ONCE];

static void fail(const char *what)
{
	printf("FAILED %s, errno %d\n", what, errno);
	exit(1);
}

static void *tells(void *at)
{
	*(long *)at = syscall(SYS_gettid);
	pthread_mutex_lock(&held);
	pthread_mutex_unlock(&held);
	return NULL;
}

static void one_after_another(void)
{
	long sum = 0;
	int status;

	for (int i = 0; i < AFTER_ANOTHER; i++) {
		pid_t pid;

		if (pthread_create(&threads[0], NULL, tells, &numbers[0]) || pthread_join(threads[0], NULL))
			fail("a thread");
		if (syscall(SYS_tgkill, getpid(), numbers[0], 0) == 0)
			fail("a thread that is gone has no number");
		sum = sum * 3 + numbers[0];
		if (i % 4)
			continue;
		pid = fork();
		if (!pid)
			_exit(getpid() == getppid());
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status || waitpid(pid, NULL, 0) != -1)
			fail("a process");
		sum = sum * 3 + pid;
	}
	printf("%ld\n", sum);
}

/* How many there were; all numbers differ. */
static int all_at_once(void)
{
	int made = 0;

	pthread_mutex_lock(&held);
	while (made < AT_ONCE && !pthread_create(&threads[made], NULL, tells, &numbers[made]))
		made++;
	if (made == AT_ONCE)
		fail("there are more numbers than threads");
	if (fork() != -1 || errno != EAGAIN)
		fail("fork says that there is no number");
	pthread_mutex_unlock(&held);
	for (int i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < made; i++)
		for (int k = 0; k < i; k++)
			if (numbers[i] == numbers[k] || numbers[i] <= 0)
				fail("two have one number");
	return made;
}

int main(void)
{
	one_after_another();
	printf("%d\n", all_at_once());
	one_after_another();
	printf("%d\n", all_at_once());
	return 0;
}
