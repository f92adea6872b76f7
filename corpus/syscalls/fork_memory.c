/* fork: private memory apart, shared memory together, descriptors and positions in common, many children, deep chains. */
#include "check.h"

#include <sys/mman.h>

#define MANY 60

static int chain(int depth)
{
	int status;
	pid_t pid;

	if (!depth)
		return 7;
	pid = fork();
	if (pid == 0)
		_exit(chain(depth - 1) + 1);
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

int main(void)
{
	volatile int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile int *own = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char buf[8], *heap = malloc(100000);
	int fd, ends[2], status, sum = 0;
	pid_t pids[MANY];

	enter_scratch_folder();
	make_file("file", "0123456789");
	fd = open("file", O_RDONLY);
	CHECK(pipe(ends) == 0);
	for (int i = 0; i < 1 << 18; i += 1024)
		own[i] = i;
	memset(heap, 'p', 100000);
	fflush(stdout);
	for (int i = 0; i < MANY; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			for (int k = 0; k < 1 << 18; k += 1024)
				CHECK(own[k] == k);
			own[0] = 1000 + i;
			heap[500] = 'c';
			shared[i] = getpid();
			CHECK(own[0] == 1000 + i && write(ends[1], "!", 1) == 1);
			_exit(i);
		}
	}
	for (int i = 0; i < MANY; i++) {
		CHECK(waitpid(pids[i], &status, 0) == pids[i] && WEXITSTATUS(status) == i && shared[i] == pids[i]);
		CHECK(read(ends[0], buf, 1) == 1);
		sum += i;
	}
	CHECK(own[0] == 0 && heap[500] == 'p' && sum == MANY * (MANY - 1) / 2);
	if (fork() == 0)
		_exit(lseek(fd, 4, SEEK_SET) == 4 ? 0 : 1);
	CHECK(wait(&status) > 0 && status == 0 && read(fd, buf, 1) == 1 && buf[0] == '4'); /* one position for both */
	CHECK(chain(30) == 37);
	CHECK_FAILS(wait(&status), ECHILD);
	puts("ok fork_memory");
	return 0;
}
