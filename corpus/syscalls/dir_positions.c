/*
 * Positions in folders: every d_off that getdents64 gives can be sought to, by lseek and _llseek, in a folder large
 * enough to be hashed, on this file system and on a memory file system; positions belong to the open file.
 * qemu-arm 7.2 does not pass on ext4: it shows 64-bit positions, which lseek of a 32-bit program cannot hold.
 */
#include "check.h"

#include <dirent.h>

#define FILES 1500

struct record {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

static struct {
	long long after;	/* position behind this entry */
	char name[32];
} seen[FILES + 2];

static int read_all(int fd, int from)
{
	char buf[4096] __attribute__((aligned(8)));
	int n = from;
	long len;

	while ((len = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < len;) {
			struct record *r = (struct record *)(buf + at);

			CHECK(n < FILES + 2 && r->ino != 0 && r->reclen % 8 == 0);
			CHECK(strlen(r->name) < sizeof(seen[n].name));
			seen[n].after = r->off;
			strcpy(seen[n++].name, r->name);
			at += r->reclen;
		}
	}
	CHECK(len == 0);
	return n;
}

/* The first entry at the descriptor's position is the one called name. */
static void next_is(int fd, const char *name)
{
	char buf[280] __attribute__((aligned(8)));

	CHECK(syscall(SYS_getdents64, fd, buf, sizeof(buf)) > 0);
	CHECK(!strcmp(((struct record *)buf)->name, name));
}

static void in_folder(void)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY), other, copy;
	char name[32];
	int n;

	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "a-file-%d", i);
		make_file(name, "");
	}
	n = read_all(fd, 0);
	CHECK(n == FILES + 2);
	for (int i = 0; i < n - 1; i += 7) {
		if (sizeof(long) == 4)
			CHECK(seen[i].after <= 0x7fffffff);
		CHECK(lseek(fd, (off_t)seen[i].after, SEEK_SET) == (off_t)seen[i].after);
		next_is(fd, seen[i + 1].name);
		CHECK(lseek64(fd, seen[n - 2 - i].after, SEEK_SET) == seen[n - 2 - i].after);
		next_is(fd, seen[n - 1 - i].name);
	}
	other = open(".", O_RDONLY | O_DIRECTORY);
	copy = dup(fd);
	CHECK(lseek64(fd, seen[100].after, SEEK_SET) == seen[100].after);
	CHECK(lseek64(copy, 0, SEEK_CUR) == seen[100].after && lseek64(other, 0, SEEK_CUR) == 0);
	next_is(copy, seen[101].name);
	next_is(other, seen[0].name);
	CHECK(lseek(fd, 0, SEEK_SET) == 0 && read_all(fd, 0) == n);
	CHECK(syscall(SYS_getdents64, fd, name, sizeof(name)) == 0); /* at the end */
	lseek(fd, 0, SEEK_SET);
	CHECK_FAILS(syscall(SYS_getdents64, fd, name, 10), EINVAL);
	for (int i = 0; i < n; i++)
		if (seen[i].name[0] == 'a')
			CHECK(unlink(seen[i].name) == 0);
}

int main(void)
{
	char here[4096];
	int fd;

	enter_scratch_folder();
	CHECK(getcwd(here, sizeof(here)));
	in_folder();
	if (chdir("/dev/shm") == 0 && access(".", W_OK) == 0) {
		enter_scratch_folder();
		in_folder();
	} else {
		leave_out("a memory file system");
	}
	fd = open("/dev/null", O_RDONLY);
	CHECK_FAILS(syscall(SYS_getdents64, fd, here, sizeof(here)), ENOTDIR);
	CHECK_FAILS(syscall(SYS_getdents64, -1, here, sizeof(here)), EBADF);
	puts("ok dir_positions");
	return 0;
}
