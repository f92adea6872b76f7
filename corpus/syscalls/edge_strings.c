/*
 * Names that end exactly at the end of mapped memory, names that do not end there, structures that cross the edge.
 * qemu-arm 7.2 does not pass: it reads past the end of a structure that crosses into a hole as zeros.
 */
#include "check.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>

static char *edge;

/* text, its zero the last byte before the hole. */
static char *at_edge(const char *text)
{
	return memcpy(edge - strlen(text) - 1, text, strlen(text) + 1);
}

/* text without its zero. */
static char *cut(const char *text)
{
	return memcpy(edge - strlen(text), text, strlen(text));
}

int main(void)
{
	char *page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct stat64 st;
	struct stat64 *last;
	struct timespec *ts;
	int fd;

	edge = page + 8192;
	CHECK(munmap(edge, 4096) == 0);
	enter_scratch_folder();
	fd = open(at_edge("file"), O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0 && access(at_edge("file"), F_OK) == 0 && stat64(at_edge("file"), &st) == 0);
	CHECK_FAILS(access(cut("file"), F_OK), EFAULT);
	CHECK_FAILS(open(cut("file"), O_RDONLY), EFAULT);
	CHECK_FAILS(stat64(cut("file"), &st), EFAULT);
	CHECK_FAILS(unlink(cut("file")), EFAULT);
	CHECK_FAILS(mkdir(cut("dir"), 0700), EFAULT);
	CHECK_FAILS(rename("file", cut("other")), EFAULT);
	CHECK(symlink(at_edge("file"), "link") == 0);
	CHECK(readlink("link", edge - 4, 4) == 4 && !memcmp(edge - 4, "file", 4));
	CHECK_FAILS(readlink("link", edge - 3, 10), EFAULT);
	last = (struct stat64 *)(void *)edge - 1;
	CHECK(fstat64(fd, last) == 0 && last->st_ino == st.st_ino);
	CHECK(syscall(SYS_uname, edge - sizeof(struct utsname)) == 0);
	CHECK_FAILS(syscall(SYS_uname, edge - sizeof(struct utsname) + 1), EFAULT);
	ts = (struct timespec *)(void *)edge - 1;
	*ts = (struct timespec){0, 1};
	CHECK(nanosleep(ts, NULL) == 0);
	CHECK_FAILS(syscall(SYS_nanosleep, (char *)ts + 4, NULL), EFAULT);
	CHECK(getcwd(edge - 100, 100) || errno == ERANGE);
	CHECK(pwrite(fd, edge - 5, 5, 0) == 5 && pread(fd, edge - 5, 5, 0) == 5);
	CHECK_FAILS(execl(cut("./file"), "x", (char *)NULL), EFAULT);
	CHECK(syscall(SYS_getrandom, edge - 10, 10, 0) == 10);
	{
		struct sockaddr_un *a = (struct sockaddr_un *)(void *)(edge - 7);

		a->sun_family = AF_UNIX;
		memcpy(a->sun_path, "socke", 5);
		CHECK(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)a, 7) == 0);
		CHECK(access("socke", F_OK) == 0);
		CHECK_FAILS(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)a, 8), EFAULT);
	}
	puts("ok edge_strings");
	return 0;
}
