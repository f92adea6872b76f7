/* System V semaphores: undoing at exit, waiting counts, listing, limits, several operations at once or none, permissions. */
#include "check.h"

#include <sys/ipc.h>
#include <sys/sem.h>

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

static int id;

static void takes_with_undo(void)
{
	struct sembuf op = {0, -3, SEM_UNDO};

	CHECK(semop(id, &op, 1) == 0 && semctl(id, 0, GETVAL) == 2);
}

static void waits_for_zero(void)
{
	struct sembuf op = {1, 0, 0};

	_exit(semop(id, &op, 1) == 0 ? 5 : 6);
}

int main(void)
{
	struct sembuf both[2] = {{0, -2, 0}, {1, -9, IPC_NOWAIT}}, op;
	struct semid_ds ds;
	struct seminfo info;
	union semun arg;
	key_t key = (key_t)(0x58000000 | getpid());
	int status, index, most, found = 0;
	pid_t pid;

	id = semget(key, 2, IPC_CREAT | IPC_EXCL | 0600);
	CHECK(id >= 0 && semget(key, 0, 0) == id);
	CHECK_FAILS(semget(key, 2, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	CHECK_FAILS(semget(key, 3, 0), EINVAL);
	arg.val = 5;
	CHECK(semctl(id, 0, SETVAL, arg) == 0);
	CHECK_FAILS(semop(id, both, 2), EAGAIN);
	CHECK(semctl(id, 0, GETVAL) == 5); /* the first was not done either */
	CHECK(semctl(id, 0, GETPID) == getpid());
	CHECK(in_child(takes_with_undo) == 0 && semctl(id, 0, GETVAL) == 5);
	arg.val = 1;
	CHECK(semctl(id, 1, SETVAL, arg) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		waits_for_zero();
	for (int i = 0; i < 500 && semctl(id, 1, GETZCNT) == 0; i++)
		usleep(5000);
	CHECK(semctl(id, 1, GETZCNT) == 1 && semctl(id, 1, GETNCNT) == 0);
	op = (struct sembuf){1, -1, 0};
	CHECK(semop(id, &op, 1) == 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
	arg.info = &info;
	most = semctl(0, 0, IPC_INFO, arg);
	CHECK(most >= 0 && info.semmsl > 0 && info.semvmx == 32767);
	most = semctl(0, 0, SEM_INFO, arg);
	CHECK(most >= 0 && info.semusz >= 1); /* how many sets there are */
	for (index = 0; index <= most; index++) {
		arg.buf = &ds;
		if (semctl(index, 0, SEM_STAT, arg) == id)
			found = ds.sem_nsems == 2 && ds.sem_perm.__key == key && ds.sem_perm.uid == geteuid();
	}
	CHECK(found);
	op = (struct sembuf){7, 1, 0};
	CHECK_FAILS(semop(id, &op, 1), EFBIG);
	op = (struct sembuf){0, 32767, 0};
	CHECK_FAILS(semop(id, &op, 1), ERANGE);
	CHECK_FAILS(semop(id, &op, 0), EINVAL);
	CHECK_FAILS(syscall(SYS_semget, IPC_PRIVATE, -1, 0600), EINVAL);
	CHECK_FAILS(semctl(id, 5, GETVAL), EINVAL);
	arg.val = -1;
	CHECK_FAILS(semctl(id, 0, SETVAL, arg), ERANGE);
	arg.array = (unsigned short *)8;
	CHECK_FAILS(semctl(id, 0, GETALL, arg), EFAULT);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		op = (struct sembuf){0, -30000, 0};
		errno = 0;
		_exit(semop(id, &op, 1) == -1 && errno == EIDRM ? 7 : 8);
	}
	for (int i = 0; i < 500 && semctl(id, 0, GETNCNT) == 0; i++)
		usleep(5000);
	CHECK(semctl(id, 0, IPC_RMID) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
	puts("ok sem_calls");
	return 0;
}
