/*
 * process_vm_readv and process_vm_writev: another process's memory and one's own, several pieces, edges, errors.
 * qemu-arm 7.2 does not pass: it does not know the calls.
 */
#include "check.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

static char shown[64] = "the parent's text";
static volatile char flag;

static void own(void)
{
	char a[8], b[16];
	struct iovec here[2] = {{a, 4}, {b, 16}}, there[2] = {{shown, 6}, {shown + 11, 6}};

	CHECK(process_vm_readv(getpid(), here, 2, there, 2, 0) == 12);
	CHECK(!memcmp(a, "the ", 4) && !memcmp(b, "pas text", 8));
	CHECK(process_vm_readv(getpid(), here, 0, there, 2, 0) == 0);
	CHECK_FAILS(process_vm_readv(getpid(), here, 1, there, 1, 1), EINVAL);
	CHECK_FAILS(process_vm_readv(99999999, here, 1, there, 1, 0), ESRCH);
	CHECK_FAILS(syscall(SYS_process_vm_readv, getpid(), here, 1025, there, 1, 0), EINVAL);
	CHECK_FAILS(syscall(SYS_process_vm_readv, getpid(), (void *)8, 1, there, 1, 0), EFAULT);
}

static void edges(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), buf[64];
	struct iovec here = {buf, 64}, there[2] = {{page + 4096 - 10, 10}, {page + 4096, 10}};

	CHECK(munmap(page + 4096, 4096) == 0);
	memcpy(page + 4096 - 10, "last bytes", 10);
	CHECK(process_vm_readv(getpid(), &here, 1, there, 2, 0) == 10 && !memcmp(buf, "last bytes", 10));
	CHECK_FAILS(process_vm_readv(getpid(), &here, 1, there + 1, 1, 0), EFAULT);
	/* Protections hold for these calls too. */
	CHECK(mprotect(page, 4096, PROT_READ) == 0);
	there[0] = (struct iovec){page, 4};
	CHECK_FAILS(process_vm_writev(getpid(), &here, 1, there, 1, 0), EFAULT);
}

static void other(void)
{
	char buf[64] = "", c;
	struct iovec here = {buf, sizeof(buf)}, there = {shown, sizeof(shown)};
	int ends[2], back[2], status;
	pid_t pid;

	CHECK(pipe(ends) == 0 && pipe(back) == 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PTRACER, (unsigned long)-1, 0, 0, 0);
		strcpy(shown, "the child's own text");
		CHECK(write(ends[1], "r", 1) == 1 && read(back[0], &c, 1) == 1);
		_exit(flag == 'W' && !strcmp(shown, "the parent's hand was here") ? 0 : 1);
	}
	CHECK(read(ends[0], &c, 1) == 1);
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) == -1 && (errno == EPERM || errno == ENOSYS)) {
		leave_out("another process's memory");
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return;
	}
	CHECK(!strcmp(buf, "the child's own text") && !strcmp(shown, "the parent's text"));
	strcpy(buf, "the parent's hand was here");
	CHECK(process_vm_writev(pid, &here, 1, &there, 1, 0) == sizeof(shown));
	there = (struct iovec){(void *)&flag, 1};
	here = (struct iovec){"W", 1};
	CHECK(process_vm_writev(pid, &here, 1, &there, 1, 0) == 1 && flag == 0);
	CHECK(write(back[1], "g", 1) == 1 && waitpid(pid, &status, 0) == pid && status == 0);
	CHECK_FAILS(process_vm_readv(pid, &here, 1, &there, 1, 0), ESRCH);
}

int main(void)
{
	own();
	edges();
	other();
	puts("ok process_memory");
	return 0;
}
