/* System V semaphores, messages, shared memory; POSIX message queues. */
#include "check.h"

#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

static void semaphores(void)
{
	struct semid_ds ds;
	unsigned short values[3] = {5, 0, 7};
	struct sembuf op = {0, -2, IPC_NOWAIT}, wait_zero = {2, 0, 0};
	struct timespec ts = {0, 20000000};
	int id = semget(IPC_PRIVATE, 3, 0600);

	CHECK(id >= 0);
	CHECK(semctl(id, 0, SETALL, (union semun){.array = values}) == 0);
	CHECK(semop(id, &op, 1) == 0);
	CHECK(semctl(id, 0, GETVAL) == 3);
	CHECK(semctl(id, 1, SETVAL, (union semun){.val = 9}) == 0);
	memset(values, 0, sizeof(values));
	CHECK(semctl(id, 0, GETALL, (union semun){.array = values}) == 0);
	CHECK(values[0] == 3 && values[1] == 9 && values[2] == 7);
	CHECK_FAILS(semtimedop(id, &wait_zero, 1, &ts), EAGAIN);
	CHECK(semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}) == 0);
	CHECK(ds.sem_nsems == 3 && (ds.sem_perm.mode & 0777) == 0600 && labs((long)(ds.sem_otime - time(NULL))) < 10);
	ds.sem_perm.mode = 0640;
	CHECK(semctl(id, 0, IPC_SET, (union semun){.buf = &ds}) == 0);
	CHECK(semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}) == 0 && (ds.sem_perm.mode & 0777) == 0640);
	CHECK(semctl(id, 0, IPC_RMID) == 0);
	CHECK_FAILS(semop(id, &op, 1), EINVAL);
}

static void messages(void)
{
	struct {
		long type;
		char text[16];
	} out = {7, "a message"}, in;
	struct msqid_ds ds;
	int id = msgget(IPC_PRIVATE, 0600);

	CHECK(id >= 0);
	CHECK(msgsnd(id, &out, 10, 0) == 0);
	out.type = 8;
	CHECK(msgsnd(id, &out, 4, 0) == 0);
	CHECK(msgctl(id, IPC_STAT, &ds) == 0 && ds.msg_qnum == 2 && ds.msg_lspid == getpid());
	memset(&in, 0, sizeof(in));
	CHECK(msgrcv(id, &in, sizeof(in.text), 8, 0) == 4 && in.type == 8);
	CHECK(msgrcv(id, &in, sizeof(in.text), 0, 0) == 10 && in.type == 7 && !strcmp(in.text, "a message"));
	CHECK_FAILS(msgrcv(id, &in, sizeof(in.text), 0, IPC_NOWAIT), ENOMSG);
	CHECK(msgctl(id, IPC_RMID, NULL) == 0);
}

static void shared_memory(void)
{
	struct shmid_ds ds;
	int id = shmget(IPC_PRIVATE, 10000, 0600);
	char *p, *again;

	CHECK(id >= 0);
	p = shmat(id, NULL, 0);
	CHECK(p != (char *)-1);
	strcpy(p, "shared");
	again = shmat(id, NULL, SHM_RDONLY);
	CHECK(again != (char *)-1 && again != p && !strcmp(again, "shared"));
	CHECK(shmctl(id, IPC_STAT, &ds) == 0);
	CHECK(ds.shm_segsz == 10000 && ds.shm_nattch == 2 && ds.shm_cpid == getpid());
	CHECK(shmdt(again) == 0);
	CHECK_FAILS(shmdt(again), EINVAL);
	if (fork() == 0) {
		strcpy(p, "child");
		_exit(0);
	}
	wait(NULL);
	CHECK(!strcmp(p, "child"));
	CHECK(shmctl(id, IPC_RMID, NULL) == 0 && shmdt(p) == 0);
}

static void queues(void)
{
	struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = 64}, got;
	struct timespec past = {1, 0};
	char name[64], buf[64];
	unsigned prio = 0;
	mqd_t q;

	snprintf(name, sizeof(name), "/xlate-check-%d", (int)getpid());
	q = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	if (q == (mqd_t)-1) {
		leave_out("POSIX message queues");
		return;
	}
	CHECK(mq_unlink(name) == 0);
	CHECK(mq_getattr(q, &got) == 0 && got.mq_maxmsg == 4 && got.mq_msgsize == 64 && got.mq_curmsgs == 0);
	CHECK(mq_send(q, "low", 3, 1) == 0 && mq_send(q, "high", 4, 30) == 0);
	CHECK(mq_receive(q, buf, sizeof(buf), &prio) == 4 && prio == 30 && !memcmp(buf, "high", 4));
	CHECK(mq_timedreceive(q, buf, sizeof(buf), &prio, &past) == 3 && prio == 1);
	CHECK_FAILS(mq_timedreceive(q, buf, sizeof(buf), &prio, &past), ETIMEDOUT);
	mq_close(q);
}

int main(void)
{
	semaphores();
	messages();
	shared_memory();
	queues();
	puts("ok ipc_calls");
	return 0;
}
