/* The first thread ends while others go on; the status is exit()'s of another thread, or that of one of them. */
#include "check.h"

#include <pthread.h>

static void *exits(void *arg)
{
	usleep(20000);
	exit((int)(long)arg);
}

static void *ends(void *arg)
{
	usleep(20000);
	return arg;
}

static void leaves_exit_to_another(void)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, exits, (void *)42L) == 0);
	pthread_exit(NULL);
}

static void all_end_by_themselves(void)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, ends, NULL) == 0);
	pthread_exit(NULL);
}

static void *raw_exit(void *arg)
{
	usleep(20000);
	syscall(SYS_exit, 9);
	return arg;
}

static void first_one_s_status(void)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, raw_exit, NULL) == 0);
	syscall(SYS_exit, 5);
}

int main(void)
{
	int status;

	CHECK(in_child(leaves_exit_to_another) == 42 << 8);
	CHECK(in_child(all_end_by_themselves) == 0);
	status = in_child(first_one_s_status);
	CHECK(status == 5 << 8 || status == 9 << 8); /* the first one's on older kernels, the last one's on newer */
	puts("ok thread_leader_exit");
	return 0;
}
