/*
 * System V shared memory: addresses asked for, rounding, over mappings, protections, counts across fork, listing.
 * qemu-arm 7.2 does not pass: it does not round an address with SHM_RND.
 */
#include "check.h"

#include <setjmp.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

static sigjmp_buf back;

static void on_fault(int sig)
{
	siglongjmp(back, sig);
}

static int faults(volatile char *p, int write)
{
	if (sigsetjmp(back, 1))
		return 1;
	if (write)
		*p = 1;
	else
		(void)*p;
	return 0;
}

static long attached(int id)
{
	struct shmid_ds ds;

	CHECK(shmctl(id, IPC_STAT, &ds) == 0);
	return (long)ds.shm_nattch;
}

int main(void)
{
	struct sigaction sa = {.sa_handler = on_fault};
	struct shmid_ds ds;
	int id = shmget(IPC_PRIVATE, 3 * 16384, 0700), most, found = 0, ends[2];
	char *area = mmap(NULL, 16 * 16384, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), *p, *q, c;
	char *place = (char *)(((uintptr_t)area + 32767) & ~16383ul); /* a multiple of SHMLBA of either machine */
	pid_t pid;

	CHECK(id >= 0 && area != MAP_FAILED);
	sigaction(SIGSEGV, &sa, NULL);
	CHECK_FAILS((intptr_t)shmat(id, place, 0), EINVAL); /* something is mapped there */
	CHECK(shmat(id, place, SHM_REMAP) == place && !faults(place, 1) && !faults(place + 3 * 16384 - 1, 1));
	CHECK(faults(place + 3 * 16384, 0) && faults(place - 1, 0));
	CHECK(munmap(area, 16 * 16384) == 0 && attached(id) == 0 && faults(place, 0));
	CHECK(shmat(id, place + 100, SHM_RND) == place);
	CHECK_FAILS((intptr_t)shmat(id, place + 16384 * 4 + 100, 0), EINVAL);
	p = shmat(id, NULL, SHM_RDONLY);
	CHECK(p != (char *)-1 && p != place && !faults(p, 0) && faults(p, 1));
	strcpy(place + 5000, "seen twice");
	CHECK(!strcmp(p + 5000, "seen twice") && attached(id) == 2);
	CHECK(mprotect(p, 4096, PROT_READ | PROT_WRITE) == 0 || errno == EACCES);
	CHECK(pipe(ends) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		strcpy(place + 9000, "by the child");
		CHECK(write(ends[1], "d", 1) == 1);
		pause();
		_exit(0);
	}
	CHECK(read(ends[0], &c, 1) == 1 && !strcmp(p + 9000, "by the child") && attached(id) == 4);
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid && attached(id) == 2);
	/* A hole in an attachment, then detaching the rest. */
	CHECK(munmap(place + 16384, 16384) == 0 && faults(place + 16384, 0) && !faults(place + 2 * 16384, 0));
	CHECK(shmdt(place) == 0 && faults(place, 0) && faults(place + 2 * 16384, 0));
	CHECK_FAILS(shmdt(place), EINVAL);
	CHECK_FAILS(shmdt(p + 4096), EINVAL);
	q = shmat(id, NULL, SHM_EXEC);
	CHECK(q != (char *)-1 && !strcmp(q + 5000, "seen twice") && shmdt(q) == 0);
	most = shmctl(0, SHM_INFO, &ds);
	CHECK(most >= 0);
	for (int i = 0; i <= most; i++)
		found |= shmctl(i, SHM_STAT, &ds) == id && ds.shm_segsz == 3 * 16384 && ds.shm_lpid == getpid();
	CHECK(found);
	CHECK(shmctl(id, SHM_LOCK, NULL) == 0 || errno == EPERM || errno == ENOMEM);
	CHECK(shmctl(id, IPC_RMID, NULL) == 0 && !strcmp(p + 5000, "seen twice")); /* until the last detaches */
	CHECK(shmctl(id, IPC_STAT, &ds) == 0 && ds.shm_perm.mode & 01000 /* SHM_DEST */);
	CHECK(shmdt(p) == 0);
	CHECK_FAILS(shmctl(id, IPC_STAT, &ds), EINVAL);
	CHECK_FAILS((intptr_t)shmat(id, NULL, 0), EINVAL);
	CHECK_FAILS(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
	puts("ok shm_calls");
	return 0;
}
