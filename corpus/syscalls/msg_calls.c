/* System V messages: types wanted and not wanted, too long ones, limits of a queue, listing, removal while waiting. */
#include "check.h"

#include <sys/ipc.h>
#include <sys/msg.h>

static struct {
	long type;
	char text[9000];
} m;

static int id;

static int receive(size_t size, long type, int flags)
{
	memset(&m, 0, sizeof(m));
	return (int)msgrcv(id, &m, size, type, flags | IPC_NOWAIT);
}

static void post(long type, const char *text)
{
	m.type = type;
	strcpy(m.text, text);
	CHECK(msgsnd(id, &m, strlen(text), IPC_NOWAIT) == 0);
}

int main(void)
{
	struct msqid_ds ds;
	struct msginfo info;
	int status, most, found = 0;
	pid_t pid;

	id = msgget(IPC_PRIVATE, 0600);
	CHECK(id >= 0);
	post(5, "five");
	post(2, "two");
	post(0x7fffffff, "largest");
	post(2, "two again");
	CHECK(receive(100, -4, 0) == 3 && m.type == 2 && !strcmp(m.text, "two"));
	CHECK(receive(100, 5, MSG_EXCEPT) == 7 && m.type == 0x7fffffff);
	CHECK_FAILS(receive(3, 5, 0), E2BIG);
	CHECK(receive(3, 5, MSG_NOERROR) == 3 && !strcmp(m.text, "fiv"));
	CHECK(receive(100, 0, 0) == 9 && m.type == 2);
	CHECK_FAILS(receive(100, 0, 0), ENOMSG);
	post(7, "");
	CHECK(receive(0, 0, 0) == 0 && m.type == 7);
	m.type = 0;
	CHECK_FAILS(msgsnd(id, &m, 1, 0), EINVAL);
	m.type = -1;
	CHECK_FAILS(msgsnd(id, &m, 1, 0), EINVAL);
	m.type = 1;
	CHECK_FAILS(msgsnd(id, &m, (size_t)-1, 0), EINVAL);
	CHECK_FAILS(syscall(SYS_msgsnd, id, (void *)8, 1, 0), EFAULT);
	CHECK(msgctl(id, IPC_STAT, &ds) == 0 && ds.msg_qnum == 0 && ds.msg_lrpid == getpid());
	CHECK(ds.msg_perm.uid == geteuid() && (ds.msg_perm.mode & 0777) == 0600 && ds.msg_qbytes >= 8192);
	ds.msg_perm.mode = 0620;
	ds.msg_qbytes = 10;
	CHECK(msgctl(id, IPC_SET, &ds) == 0 && msgctl(id, IPC_STAT, &ds) == 0);
	CHECK(ds.msg_qbytes == 10 && (ds.msg_perm.mode & 0777) == 0620 && labs((long)(ds.msg_ctime - time(NULL))) < 60);
	post(1, "12345678");
	m.type = 1;
	CHECK_FAILS(msgsnd(id, &m, 8, IPC_NOWAIT), EAGAIN);
	CHECK(receive(100, 0, 0) == 8);
	most = msgctl(0, IPC_INFO, (struct msqid_ds *)&info);
	CHECK(most >= 0 && info.msgmax > 0 && info.msgmnb > 0);
	most = msgctl(0, MSG_INFO, (struct msqid_ds *)&info);
	CHECK(most >= 0 && info.msgpool >= 1);
	for (int i = 0; i <= most; i++)
		found |= msgctl(i, MSG_STAT, &ds) == id && ds.msg_qbytes == 10;
	CHECK(found);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		errno = 0;
		_exit(msgrcv(id, &m, 100, 0, 0) == -1 && errno == EIDRM ? 4 : 5);
	}
	usleep(50000);
	CHECK(msgctl(id, IPC_RMID, NULL) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && (WEXITSTATUS(status) == 4));
	CHECK_FAILS(msgrcv(id, &m, 100, 0, 0), EINVAL);
	puts("ok msg_calls");
	return 0;
}
