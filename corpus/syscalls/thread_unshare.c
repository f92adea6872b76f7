/*
 * What a thread stops sharing is its own from then on: descriptors, working folder and umask; signals, memory and the
 * process stay shared. Threads cannot leave a process's memory or dispositions.
 */
#include "check.h"

#include <pthread.h>
#include <sched.h>

static pthread_barrier_t turn;
static int pipe_ends[2];

static void *apart(void *arg)
{
	char name[4096], byte = 'x';
	struct stat st;

	CHECK(unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM) == 0);
	CHECK(mkdir("inner", 0755) == 0 && chdir("inner") == 0);
	umask(027);
	CHECK(close(pipe_ends[0]) == 0);
	CHECK(open("file", O_RDWR | O_CREAT | O_EXCL, 0666) == pipe_ends[0]);
	CHECK(stat("file", &st) == 0 && (st.st_mode & 0777) == 0640);
	pthread_barrier_wait(&turn);
	CHECK(write(pipe_ends[1], &byte, 1) == 1);
	pthread_barrier_wait(&turn);
	CHECK(close(pipe_ends[1]) == 0);
	CHECK(getcwd(name, sizeof(name)) && strlen(name) > 6 && !strcmp(name + strlen(name) - 6, "/inner"));
	pthread_barrier_wait(&turn);
	return arg;
}

static void child_of_a_thread(void)
{
	char byte;

	CHECK(read(pipe_ends[0], &byte, 1) == 0); /* all writers are gone */
}

int main(void)
{
	char here[4096], name[4096], byte;
	struct stat st;
	pthread_t t;
	mode_t mask;

	enter_scratch_folder();
	mask = umask(022);
	CHECK(getcwd(here, sizeof(here)) && pipe(pipe_ends) == 0);
	CHECK(pthread_barrier_init(&turn, NULL, 2) == 0);
	CHECK(pthread_create(&t, NULL, apart, NULL) == 0);
	CHECK_FAILS(unshare(CLONE_VM), EINVAL);
	CHECK_FAILS(unshare(CLONE_SIGHAND), EINVAL);
	CHECK_FAILS(unshare(CLONE_THREAD), EINVAL);
	CHECK_FAILS(unshare(0x40), EINVAL);
	CHECK(unshare(0) == 0);
	pthread_barrier_wait(&turn);
	CHECK(read(pipe_ends[0], &byte, 1) == 1 && byte == 'x');
	CHECK(getcwd(name, sizeof(name)) && !strcmp(name, here));
	CHECK(open("file", O_RDONLY) == -1 && errno == ENOENT);
	CHECK(umask(022) == 022);
	CHECK(stat("inner/file", &st) == 0);
	pthread_barrier_wait(&turn);
	CHECK(fcntl(pipe_ends[1], F_GETFD) == 0); /* closed there, not here */
	CHECK(close(pipe_ends[1]) == 0);
	pthread_barrier_wait(&turn);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(in_child(child_of_a_thread) == 0);
	CHECK(unlink("inner/file") == 0 && rmdir("inner") == 0);
	CHECK(chdir("..") == 0 && rmdir(here) == 0);
	umask(mask);
	puts("ok thread_unshare");
	return 0;
}
