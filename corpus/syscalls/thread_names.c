/* Names, numbers, lists of threads and where they may run are each thread's own. */
#include "check.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

static pthread_barrier_t barrier;
static volatile pid_t tid;

static void *works(void *arg)
{
	char name[16], path[64], text[32] = "";
	FILE *f;

	CHECK(prctl(PR_SET_NAME, "second one") == 0);
	tid = (pid_t)syscall(SYS_gettid);
	CHECK(tid != getpid());
	CHECK(pthread_getname_np(pthread_self(), name, sizeof(name)) == 0 && !strcmp(name, "second one"));
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid);
	f = fopen(path, "r");
	CHECK(f && fgets(text, sizeof(text), f) && !strcmp(text, "second one\n"));
	fclose(f);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return arg;
}

int main(void)
{
	int listed = 0, found = 0, tries = 0;
	long alive;
	struct dirent *e;
	char name[16];
	cpu_set_t set;
	pthread_t t;
	DIR *d;

	CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
	CHECK(prctl(PR_SET_NAME, "first one") == 0);
	CHECK(pthread_create(&t, NULL, works, NULL) == 0);
	pthread_barrier_wait(&barrier);
	CHECK(prctl(PR_GET_NAME, name) == 0 && !strcmp(name, "first one"));
	CHECK((d = opendir("/proc/self/task")));
	while ((e = readdir(d))) {
		listed += e->d_name[0] != '.';
		found += atoi(e->d_name) == tid;
	}
	closedir(d);
	CHECK(listed == 2 && found == 1);
	CPU_ZERO(&set);
	CHECK(sched_getaffinity(tid, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0);
	CHECK(syscall(SYS_tgkill, getpid(), tid, 0) == 0);
	pthread_barrier_wait(&barrier);
	CHECK(pthread_join(t, NULL) == 0);
	/* It may still be on its way out. */
	while ((alive = syscall(SYS_tgkill, getpid(), tid, 0)) == 0 && tries++ < 10000)
		usleep(1000);
	CHECK(alive == -1 && errno == ESRCH);
	puts("ok thread_names");
	return 0;
}
