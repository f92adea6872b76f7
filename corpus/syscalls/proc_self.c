/*
 * What /proc says about the process itself is about the guest: its program, its words, its memory, its processor.
 * qemu-arm does not pass where no binfmt handler is registered: it cannot execute ARM programs.
 */
#include "check.h"

#include <elf.h>
#include <limits.h>
#include <sys/auxv.h>

static long read_all(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	long n, len = 0;

	CHECK(fd >= 0);
	while ((n = read(fd, buf + len, size - 1 - (size_t)len)) > 0)
		len += n;
	CHECK(n == 0);
	close(fd);
	buf[len] = 0;
	return len;
}

static void program(const char *argv0)
{
	char link[PATH_MAX], real[PATH_MAX], own[64];
	unsigned char head[20];
	long n = readlink("/proc/self/exe", link, sizeof(link) - 1);
	struct stat a, b;
	int fd;

	CHECK(n > 0);
	link[n] = 0;
	CHECK(realpath(argv0, real) && !strcmp(link, real));
	CHECK(stat("/proc/self/exe", &a) == 0 && stat(real, &b) == 0 && a.st_ino == b.st_ino);
	CHECK(lstat("/proc/self/exe", &a) == 0 && S_ISLNK(a.st_mode));
	fd = open("/proc/self/exe", O_RDONLY);
	CHECK(fd >= 0 && read(fd, head, sizeof(head)) == sizeof(head) && !memcmp(head, ELFMAG, SELFMAG));
#ifdef __arm__
	CHECK(head[18] == EM_ARM);
#endif
	snprintf(own, sizeof(own), "/proc/%d/exe", (int)getpid());
	CHECK(readlink(own, link, sizeof(link)) == n);
}

static void words(const char *argv0)
{
	char buf[8192];
	long len = read_all("/proc/self/cmdline", buf, sizeof(buf));

	CHECK(len == (long)strlen(argv0) + 1 + 4 + 1 && !strcmp(buf, argv0) && !strcmp(buf + strlen(argv0) + 1, "word"));
	len = read_all("/proc/self/environ", buf, sizeof(buf));
	CHECK(memmem(buf, (size_t)len, "CHECK_MARK=set", 15));
}

static void vector(void)
{
	unsigned long pairs[64][2];
	long len = read_all("/proc/self/auxv", (char *)pairs, sizeof(pairs));
	int seen = 0;

	for (int i = 0; i < len / (long)sizeof(pairs[0]) && pairs[i][0] != AT_NULL; i++) {
		/* Others (hwcap, platform) a library may answer with its own idea. */
		if (strchr("\3\4\5\6\11\31\37", (int)pairs[i][0])) {
			CHECK(getauxval(pairs[i][0]) == pairs[i][1]);
			seen++;
		}
	}
	CHECK(seen == 7); /* AT_PHDR PHENT PHNUM PAGESZ ENTRY RANDOM EXECFN */
}

static int global;

static void memory(void)
{
	static char buf[65536];
	int local, code = 0, data = 0, stack = 0;
	char *line, *next;

	read_all("/proc/self/maps", buf, sizeof(buf));
	for (line = buf; *line; line = next) {
		unsigned long start, end;
		char perms[5];

		next = strchr(line, '\n');
		CHECK(next);
		*next++ = 0;
		CHECK(sscanf(line, "%lx-%lx %4s", &start, &end, perms) == 3 && start < end);
		if (start <= (unsigned long)&memory && (unsigned long)&memory < end)
			code = perms[2] == 'x' && perms[0] == 'r';
		if (start <= (unsigned long)&global && (unsigned long)&global < end)
			data = !strncmp(perms, "rw", 2);
		if (start <= (unsigned long)&local && (unsigned long)&local < end)
			stack = !strncmp(perms, "rw", 2) && strstr(line, "[stack]");
	}
	CHECK(code && data && stack);
}

int main(int argc, char **argv)
{
	char buf[65536];

	if (argc == 1) {
		setenv("CHECK_MARK", "set", 1);
		execl("/proc/self/exe", argv[0], "word", (char *)NULL);
		CHECK(!"execl of /proc/self/exe");
	}
	program(argv[0]);
	words(argv[0]);
	vector();
	memory();
	read_all("/proc/cpuinfo", buf, sizeof(buf));
#ifdef __arm__
	CHECK(strstr(buf, "CPU architecture: 7") && strstr(buf, " neon ") && getauxval(AT_HWCAP) & 1 << 12);
	CHECK(strstr(buf, " aes pmull sha1 sha2 crc32 ") && getauxval(AT_HWCAP2) == 0x1f);
#endif
	puts("ok proc_self");
	return 0;
}
