/*
 * getdents64 (through readdir) and the old getdents, seeking in folders, getcwd, rename and link calls.
 * qemu-arm 7.2 does not pass on ext4: it shows 64-bit positions, which telldir of a 32-bit library cannot hold.
 */
#include "check.h"

#include <dirent.h>
#include <limits.h>

#define FILES 500

struct old_dirent {
	unsigned long ino;
	unsigned long off;
	unsigned short reclen;
	char name[];
};

static int count_by_readdir(void)
{
	DIR *dir = opendir(".");
	struct dirent64 *d;
	int n = 0;

	CHECK(dir);
	for (errno = 0; (d = readdir64(dir)); n++) {
		CHECK(strlen(d->d_name) > 0);
		if (!strncmp(d->d_name, "file", 4))
			CHECK(d->d_type == DT_REG || d->d_type == DT_UNKNOWN);
	}
	CHECK(errno == 0);
	closedir(dir);
	return n;
}

/* The structure without 64-bit members, whose positions must fit a long. */
static int count_by_small_readdir(void)
{
	DIR *dir = opendir(".");
	int n = 0;

	CHECK(dir);
	for (errno = 0; readdir(dir); n++)
		continue;
	CHECK(errno == 0);
	closedir(dir);
	return n;
}

static int count_by_old_getdents(void)
{
	char buf[1000] __attribute__((aligned(8)));
	int fd = open(".", O_RDONLY | O_DIRECTORY);
	int n = 0;
	long len;

	while ((len = syscall(SYS_getdents, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < len; n++) {
			struct old_dirent *d = (struct old_dirent *)(buf + at);
			char type = buf[at + d->reclen - 1];

			CHECK(d->reclen % sizeof(long) == 0);
			if (!strncmp(d->name, "file", 4))
				CHECK(type == DT_REG || type == DT_UNKNOWN);
			at += d->reclen;
		}
	}
	CHECK(len == 0);
	close(fd);
	return n;
}

static void seeking(void)
{
	DIR *dir = opendir(".");
	struct dirent64 *d;
	char name[NAME_MAX + 1];
	long place = 0;

	CHECK(dir);
	for (int i = 0; i < 100; i++) {
		place = telldir(dir);
		CHECK((d = readdir64(dir)));
	}
	strcpy(name, d->d_name);
	for (int i = 0; i < 50; i++)
		CHECK(readdir64(dir));
	seekdir(dir, place);
	CHECK((d = readdir64(dir)));
	CHECK(!strcmp(name, d->d_name));
	closedir(dir);
}

int main(void)
{
	char name[32], path[PATH_MAX];

	enter_scratch_folder();
	CHECK(getcwd(path, sizeof(path)));
	CHECK(path[0] == '/' && strstr(path, "/xlate-check-"));
	CHECK_FAILS(getcwd(path, 4) ? 0 : -1, ERANGE);
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		make_file(name, "");
	}
	CHECK(count_by_readdir() == FILES + 2);
	CHECK(count_by_old_getdents() == FILES + 2);
	seeking();
	CHECK(count_by_small_readdir() == FILES + 2);
	CHECK(mkdir("folder", 0700) == 0);
	CHECK(rename("file0", "folder/moved") == 0);
	CHECK(renameat2(AT_FDCWD, "file1", AT_FDCWD, "file2", RENAME_EXCHANGE) == 0 || errno == EINVAL);
	CHECK(link("file3", "hard") == 0);
	CHECK(linkat(AT_FDCWD, "file3", AT_FDCWD, "hard2", 0) == 0);
	CHECK(unlinkat(AT_FDCWD, "hard", 0) == 0);
	CHECK_FAILS(rmdir("folder"), ENOTEMPTY);
	CHECK_FAILS(unlink("missing"), ENOENT);
	CHECK(symlinkat("target", AT_FDCWD, "soft") == 0);
	CHECK(readlink("soft", path, sizeof(path)) == 6 && !memcmp(path, "target", 6));
	CHECK(readlinkat(AT_FDCWD, "soft", path, 3) == 3);
	CHECK_FAILS(readlink("file5", path, sizeof(path)), EINVAL);
	CHECK(access("file4", R_OK | W_OK) == 0);
	CHECK_FAILS(access("missing", F_OK), ENOENT);
	CHECK(faccessat(AT_FDCWD, "file4", F_OK, 0) == 0);
	puts("ok directory");
	return 0;
}
