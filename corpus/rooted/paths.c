/*
 * What a root folder shows: every call that takes a path, with every kind of path, as one line each. It prints what it
 * finds and judges nothing: the lines must be the same, however the root was made. Run it in /spot of that root.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const PATHS[] = {
	"", "/", ".", "..", "//", "/.", "/..", "/../..", "/spot", "/spot/", "/spot//a/./b", "a", "a/", "a/b/../file", "a/file",
	"a/file/", "a/file/.", "a/file/..", "a/none", "a/none/", "a/none/x", "../etc/motd", "../../../../../etc/motd",
	"/etc/motd", "absolute", "absolute/", "absolute/file", "relative", "relative/c", "above", "above/file", "out", "out/motd",
	"loop", "loop/x", "dangling", "dangling/", "far", "far/x", "filelink", "filelink/", "slashlink", "slashlink/..", "rootlink",
	"rootlink/..", "rootlink/etc/motd", "dotlink", "dotlink/a", "links/40", "links/41", "/tmp", "/tmp/", "/tmp/..", "/tmp/../etc/motd",
	"/tmp/../tmp/../spot/a/file", "tmplink", "tmplink/", "tmplink/..", "/proc", "/proc/self", "/proc/self/", "/proc/self/root",
	"/proc/self/root/etc/motd", "/proc/self/cwd", "/proc/self/cwd/a", "/proc/self/cwd/../etc", "/proc/self/fd/9",
	"/proc/self/fd/9/file", "/proc/self/fd/9/../b", "/proc/self/fd/8", "/proc/self/fd/8/", "/proc/self/exe", "/proc/self/exe/",
	"/proc/../etc/motd", "/proc/mounts/..", "toproc", "toproc/self/cwd", "../proc/self/cwd/a/file", "/sys/kernel", "/dev/null",
	"/dev/null/", "/dev/fd/8", "/dev/../etc/motd", "../tmp", "../tmp/../spot", "a/../../tmp/../etc/motd", "closed", "closed/x",
	"/etc/../proc/self/../../etc/motd", "fifo", "./a", "./proc", "../spot/./absolute/../absolute/b/c",
};

static void make_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd))
		_exit(3);
}

static void make_links(void)
{
	static const char *const links[][2] = {
		{"/spot/a", "absolute"}, {"a/b", "relative"}, {"../../../../spot/a", "above"}, {"/../../etc", "out"}, {"loop", "loop"},
		{"/spot/a/new", "dangling"}, {"/none/x", "far"}, {"a/file", "filelink"}, {"a/", "slashlink"}, {"/", "rootlink"},
		{".", "dotlink"}, {"/tmp", "tmplink"}, {"../proc", "toproc"},
	};

	for (size_t i = 0; i < COUNT(links); i++)
		if (symlink(links[i][0], links[i][1]))
			_exit(4);
}

/* As many as the kernel follows, and one more. They stay. */
static void make_chain(void)
{
	if (mkdir("links", 0755) && errno == EEXIST)
		return;
	if (symlink("../a/file", "links/1"))
		_exit(4);
	for (int i = 2; i <= 41; i++) {
		char to[16], from[16];

		snprintf(to, sizeof(to), "%d", i - 1);
		snprintf(from, sizeof(from), "links/%d", i);
		if (symlink(to, from))
			_exit(4);
	}
}

static void make_tree(void)
{
	if (mkdir("a", 0755) || mkdir("a/b", 0755) || mkdir("a/b/c", 0755) || mkdir("closed", 0) || mkfifo("fifo", 0600))
		_exit(5);
	make_file("a/file", "text");
	make_file("plain", "plain");
	make_links();
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Everything below folder but the chain: removed, or mixed into *sum. */
static void tree(const char *folder, unsigned *sum)
{
	struct dirent **list;
	int n = scandir(folder, &list, NULL, by_name);

	for (int i = 0; i < n; i++) {
		char name[600], text[300] = "";
		struct stat st;

		snprintf(name, sizeof(name), "%s/%s", folder, list[i]->d_name);
		free(list[i]);
		if (!strcmp(strrchr(name, '/'), "/.") || !strcmp(strrchr(name, '/'), "/..") || lstat(name, &st))
			continue;
		if (!strcmp(name, "/spot/links"))
			continue;
		if (S_ISLNK(st.st_mode) && readlink(name, text, sizeof(text) - 1) < 0)
			_exit(6);
		if (S_ISDIR(st.st_mode))
			tree(name, sum);
		for (const char *s = sum ? name : ""; *s; s++)
			*sum = *sum * 31 + (unsigned char)*s;
		for (const char *s = sum ? text : ""; *s; s++)
			*sum = *sum * 31 + (unsigned char)*s;
		if (sum)
			*sum = *sum * 31 + st.st_mode + (unsigned)st.st_nlink;
		else if (remove(name))
			_exit(7);
	}
	if (n >= 0)
		free(list);
}

static void say(const char *call, const char *path, long ret)
{
	int error = ret < 0 ? errno : 0;

	printf("%s %s = %ld", call, path, ret < 0 ? -1 : ret);
	if (error)
		printf(" %s", strerrorname_np(error));
}

/* --- calls that look ---------------------------------------------------------------------------------- */

static void say_status(const char *call, const char *path, long ret, const struct stat *st)
{
	say(call, path, ret);
	if (!ret)
		printf(" mode %o size %ld", st->st_mode, S_ISREG(st->st_mode) && st->st_size < 100 ? (long)st->st_size : 0l);
	puts("");
}

static void say_open(const char *call, const char *path, int fd)
{
	char text[8] = "", link[64], name[300] = "";
	struct stat st = {0};

	say(call, path, fd);
	if (fd >= 0) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (readlink(link, name, sizeof(name) - 1) < 0)
			_exit(8);
		fstat(fd, &st);
		if (S_ISREG(st.st_mode) && !(fcntl(fd, F_GETFL) & O_PATH))
			read(fd, text, 4);
		printf(" flags %x mode %o %s %s", fcntl(fd, F_GETFL), st.st_mode, strncmp(name, "/proc/", 6) ? name : "", text);
		close(fd);
	}
	puts("");
}

static void look(const char *path)
{
	char text[300] = "";
	struct stat st;
	struct statfs fs;
	long ret;

	say_status("stat", path, stat(path, &st), &st);
	say_status("lstat", path, lstat(path, &st), &st);
	say_status("fstatat", path, fstatat(9, path, &st, 0), &st);
	say_status("fstatat nofollow", path, fstatat(9, path, &st, AT_SYMLINK_NOFOLLOW), &st);
	say_status("fstatat empty", path, fstatat(9, path, &st, AT_EMPTY_PATH), &st);
	say("access", path, access(path, R_OK)), puts("");
	say("faccessat", path, syscall(SYS_faccessat2, 9, path, X_OK, AT_SYMLINK_NOFOLLOW)), puts("");
	ret = readlink(path, text, sizeof(text));
	if (strstr(path, "/self") || strstr(path, "/dev"))
		memset(text, 0, ret > 0 && text[0] != '/' ? 300 : 0), ret = ret > 0 ? 1 : ret; /* numbers of processes */
	say("readlink", path, ret), printf(" %s\n", text);
	ret = statfs(path, &fs);
	say("statfs", path, ret), printf(" %lx\n", ret ? 0 : (long)fs.f_type);
	say("getxattr", path, getxattr(path, "user.none", text, 8)), puts("");
	say("lgetxattr", path, lgetxattr(path, "user.none", text, 8)), puts("");
}

static void look_open(const char *path)
{
	int at = inotify_init1(IN_CLOEXEC), here = open(".", O_PATH);
	char name[300];
	long ret;

	say_open("open", path, open(path, O_RDONLY | O_NONBLOCK));
	say_open("open folder", path, open(path, O_RDONLY | O_DIRECTORY));
	say_open("open nofollow", path, open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
	say_open("open path", path, open(path, O_PATH));
	say_open("open link", path, open(path, O_PATH | O_NOFOLLOW));
	say_open("openat", path, openat(9, path, O_RDONLY | O_NONBLOCK));
	say_open("open write", path, open(path, O_WRONLY | O_NONBLOCK));
	ret = inotify_add_watch(at, path, IN_CREATE);
	say("inotify", path, ret > 0 ? 0 : ret), puts("");
	ret = inotify_add_watch(at, path, IN_CREATE | IN_DONT_FOLLOW);
	say("inotify nofollow", path, ret > 0 ? 0 : ret), puts("");
	ret = chdir(path);
	say("chdir", path, ret);
	printf(" %s\n", ret || !getcwd(name, sizeof(name)) ? "" : strncmp(name, "/proc/", 6) ? name : "a process");
	fchdir(here);
	close(here);
	close(at);
}

/* --- calls that change ------------------------------------------------------------------------------- */

static long do_create(const char *path) { return close(open(path, O_WRONLY | O_CREAT | O_NONBLOCK, 0600)); }
static long do_exclusive(const char *path) { return close(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600)); }
static long do_nofollow(const char *path) { return close(open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600)); }
static long do_unnamed(const char *path) { return close(open(path, O_WRONLY | O_TMPFILE, 0600)); }
static long do_mkdir(const char *path) { return mkdir(path, 0700); }
static long do_mkdirat(const char *path) { return mkdirat(9, path, 0700); }
static long do_rmdir(const char *path) { return rmdir(path); }
static long do_unlink(const char *path) { return unlink(path); }
static long do_unlinkat(const char *path) { return unlinkat(9, path, AT_REMOVEDIR); }
static long do_mknod(const char *path) { return mknod(path, S_IFIFO | 0600, 0); }
static long do_symlink(const char *path) { return symlink("text", path); }
static long do_link(const char *path) { return link("plain", path); }
static long do_link_from(const char *path) { return link(path, "new"); }
static long do_linkat(const char *path) { return linkat(AT_FDCWD, path, 9, "new", AT_SYMLINK_FOLLOW); }
static long do_rename(const char *path) { return rename(path, "new"); }
static long do_rename_to(const char *path) { return rename("closed", path); }
static long do_exchange(const char *path) { return renameat2(AT_FDCWD, "plain", AT_FDCWD, path, RENAME_EXCHANGE); }
static long do_chmod(const char *path) { return chmod(path, 0711); }
static long do_chown(const char *path) { return chown(path, -1, -1); }
static long do_lchown(const char *path) { return lchown(path, -1, -1); }
static long do_times(const char *path) { return utimensat(9, path, (struct timespec[2]){{1, 2}, {3, 4}}, 0); }
static long do_ltimes(const char *path) { return utimensat(9, path, (struct timespec[2]){{1, 2}, {3, 4}}, AT_SYMLINK_NOFOLLOW); }
static long do_truncate(const char *path) { return truncate(path, 2); }
static long do_setxattr(const char *path) { return setxattr(path, "user.x", "y", 1, XATTR_REPLACE); }

static const struct {
	const char *name;
	long (*call)(const char *path);
} CHANGES[] = {
	{"create", do_create}, {"create new", do_exclusive}, {"create nofollow", do_nofollow}, {"unnamed", do_unnamed},
	{"mkdir", do_mkdir}, {"mkdirat", do_mkdirat}, {"rmdir", do_rmdir}, {"unlink", do_unlink}, {"unlinkat", do_unlinkat},
	{"mknod", do_mknod}, {"symlink", do_symlink}, {"link", do_link}, {"link from", do_link_from}, {"linkat", do_linkat},
	{"rename", do_rename}, {"rename to", do_rename_to}, {"exchange", do_exchange}, {"chmod", do_chmod}, {"chown", do_chown},
	{"lchown", do_lchown}, {"utimensat", do_times}, {"utimensat nofollow", do_ltimes}, {"truncate", do_truncate},
	{"setxattr", do_setxattr},
};

/* What belongs to the machine, to the root of the root or to the chain stays as it is. */
static int is_ours(const char *path)
{
	return strncmp(path, "/dev", 4) && strncmp(path, "/sys", 4) && !strstr(path, "proc") && !strstr(path, "motd") &&
	       !strstr(path, "fifo") && !strstr(path, "links");
}

static void change(const char *path)
{
	unsigned before = 0;

	tree("/spot", &before);
	for (size_t i = 0; i < COUNT(CHANGES); i++) {
		unsigned sum = 0;
		struct stat st;
		int tmp = !strncmp(path, "/tmp", 4) || strstr(path, "tmplink") || strstr(path, "../tmp");

		if (tmp && CHANGES[i].call != do_mkdir)
			continue; /* a mount or not: not every errno is the same */
		if (!stat(path, &st) && st.st_ino != 0 && !access("/spot", F_OK) && CHANGES[i].call == do_chmod &&
		    (strspn(path, "/.") == strlen(path) || strstr(path, "root") || strstr(path, "out")))
			continue;
		dup3(open("a", O_RDONLY | O_DIRECTORY), 9, O_CLOEXEC), close(3);
		say(CHANGES[i].name, path, CHANGES[i].call(path));
		tree("/spot", &sum);
		printf(" tree %x\n", sum);
		if (sum != before) {
			tree("/spot", NULL);
			make_tree();
			before = 0;
			tree("/spot", &before);
		}
	}
}

/* --- what is told in other ways ---------------------------------------------------------------------- */

static void list(const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, by_name);

	printf("list %s:", path);
	for (int i = 0; i < n; i++)
		printf(" %s", names[i]->d_name);
	puts("");
}

static void say_address(const char *call, int fd, int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_un un = {0};
	socklen_t len = sizeof(un);
	int ret = get(fd, (struct sockaddr *)&un, &len);

	printf("%s = %d %u %s\n", call, ret, (unsigned)len, un.sun_path);
}

static void sockets(const char *at, const char *to)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX}, from = {0};
	socklen_t size = sizeof(from);
	int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct iovec io = {"hello", 5};
	struct msghdr m = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &io, .msg_iovlen = 1};
	char text[8] = "";

	strcpy(un.sun_path, at);
	say("bind", at, bind(a, (struct sockaddr *)&un, sizeof(un))), puts("");
	say_address("getsockname", a, getsockname);
	strcpy(un.sun_path, "/spot/answers");
	say("bind", un.sun_path, bind(b, (struct sockaddr *)&un, sizeof(un))), puts("");
	strcpy(un.sun_path, to);
	say("sendto", to, sendto(b, "abc", 3, 0, (struct sockaddr *)&un, sizeof(un))), puts("");
	say("recvfrom", to, recvfrom(a, text, sizeof(text), MSG_DONTWAIT, (struct sockaddr *)&from, &size));
	printf(" %s %u %s\n", text, (unsigned)size, from.sun_path);
	say("answer", from.sun_path, sendto(a, "def", 3, 0, (struct sockaddr *)&from, size)), puts("");
	memcpy(&from, &un, sizeof(un));
	say("sendmsg", to, sendmsg(b, &m, 0)), puts("");
	io.iov_base = text;
	memset(&from, 0, sizeof(from));
	say("recvmsg", to, recvmsg(a, &m, MSG_DONTWAIT)), printf(" %.5s %u %s\n", text, (unsigned)m.msg_namelen, from.sun_path);
	say("connect", to, connect(b, (struct sockaddr *)&un, sizeof(un))), puts("");
	say_address("getpeername", b, getpeername);
	close(a), close(b);
	unlink(at), unlink("/spot/answers");
}

static void run(const char *path, const char *argument)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		execl(path, path, argument, NULL);
		printf("%s\n", strerrorname_np(errno));
		fflush(stdout);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	printf("run %s = %x\n", path, status);
}

static void programs(void)
{
	make_file("script", "#!/bin/paths\n");
	make_file("near", "#!link\n");
	make_file("lost", "#!/none\n");
	chmod("script", 0755), chmod("near", 0755), chmod("lost", 0755);
	symlink("/bin/paths", "link");
	symlink("/spot/script", "a/to-script");
	run("/bin/paths", "say");
	run("link", "say");
	run("./script", "say");
	run("a/to-script", "say");
	run("absolute/to-script", "say");
	run("near", "say");
	run("lost", "say");
	run("/proc/self/exe", "say");
	run("/proc/self/cwd/script", "say");
	run("plain", "say");
	run("a", "say");
	run("none", "say");
}

/* As a program that was started: who am I? */
static int say_self(int argc, char **argv)
{
	char text[300] = "", line[600];
	FILE *maps = fopen("/proc/self/maps", "r");

	readlink("/proc/self/exe", text, sizeof(text) - 1);
	printf("  exe %s cwd %s words", text, getcwd(line, sizeof(line)));
	for (int i = 0; i < argc; i++)
		printf(" %s", argv[i]);
	while (maps && fgets(line, sizeof(line), maps))
		if (strchr(line, '/')) {
			printf(" maps %s", strchr(line, '/'));
			break;
		}
	return 0;
}

static void numbers(void)
{
	int a, b;

	close(0);
	a = open("absolute/file", O_RDONLY);
	b = open("/etc/motd", O_RDONLY);
	printf("lowest %d", a);
	close(0);
	printf(" %d", open("above/b/../file", O_RDWR | O_CREAT, 0600));
	close(0);
	printf(" %d", open("../etc/../etc/motd", O_RDONLY));
	close(b);
	printf(" %d\n", open("/proc/self/fd/0", O_RDONLY) == b);
	close(b);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (argc > 1)
		return say_self(argc, argv);
	umask(022);
	tree("/spot", NULL);
	make_tree();
	make_chain();
	dup3(open("a", O_RDONLY | O_DIRECTORY), 9, O_CLOEXEC), close(3);
	dup3(open("a/file", O_RDONLY), 8, O_CLOEXEC), close(3);
	for (size_t i = 0; i < COUNT(PATHS); i++)
		look(PATHS[i]), look_open(PATHS[i]);
	puts("in /");
	chdir("/");
	for (size_t i = 0; i < COUNT(PATHS); i++)
		look(PATHS[i]), look_open(PATHS[i]);
	puts("in /spot/a/b");
	chdir("/spot/a/b");
	for (size_t i = 0; i < COUNT(PATHS); i++)
		look(PATHS[i]), look_open(PATHS[i]);
	chdir("/spot");
	list("/"), list("/spot"), list("rootlink/etc"), list("/tmp/../spot/a");
	sockets("/spot/a/socket", "absolute/socket");
	sockets("socket", "/spot/./socket");
	sockets("/none/socket", "/none/socket");
	numbers();
	programs();
	tree("/spot", NULL);
	make_tree();
	for (size_t i = 0; i < COUNT(PATHS); i++)
		if (is_ours(PATHS[i]))
			change(PATHS[i]);
	return 0;
}
