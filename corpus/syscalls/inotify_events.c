/* inotify: moves with their cookies, folders, watches that end, names' padding, short buffers, masks. */
#include "check.h"

#include <sys/inotify.h>
#include <sys/ioctl.h>

static char buf[8192] __attribute__((aligned(8)));
static long have, at;
static int fd;

static const struct inotify_event *next(void)
{
	const struct inotify_event *e;

	if (at == have) {
		have = read(fd, buf, sizeof(buf));
		CHECK(have > 0);
		at = 0;
	}
	e = (const struct inotify_event *)(buf + at);
	at += (long)sizeof(*e) + e->len;
	CHECK(at <= have && e->len % sizeof(*e) == 0);
	return e;
}

static int is(const struct inotify_event *e, int wd, uint32_t mask, const char *name)
{
	return e->wd == wd && e->mask == mask && (name ? e->len && !strcmp(e->name, name) : !e->len);
}

int main(void)
{
	const struct inotify_event *e;
	uint32_t cookie;
	int a, b, f, n = 0;

	CHECK(sizeof(*e) == 16);
	enter_scratch_folder();
	CHECK(mkdir("a", 0700) == 0 && mkdir("b", 0700) == 0);
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	a = inotify_add_watch(fd, "a", IN_MOVE | IN_CREATE | IN_DELETE | IN_DELETE_SELF);
	b = inotify_add_watch(fd, "b", IN_MOVED_TO | IN_ONLYDIR);
	CHECK(a >= 0 && b > a);
	make_file("a/x", "");
	CHECK(is(next(), a, IN_CREATE, "x"));
	CHECK(rename("a/x", "b/a-longer-name-here") == 0);
	e = next();
	cookie = e->cookie;
	CHECK(is(e, a, IN_MOVED_FROM, "x") && cookie);
	e = next();
	CHECK(is(e, b, IN_MOVED_TO, "a-longer-name-here") && e->cookie == cookie);
	CHECK(mkdir("a/sub", 0700) == 0 && is(next(), a, IN_CREATE | IN_ISDIR, "sub"));
	CHECK(rmdir("a/sub") == 0 && is(next(), a, IN_DELETE | IN_ISDIR, "sub"));
	f = inotify_add_watch(fd, "b/a-longer-name-here", IN_MODIFY | IN_CLOSE_WRITE | IN_OPEN | IN_ATTRIB);
	make_file("b/a-longer-name-here", "text");
	CHECK(is(next(), f, IN_OPEN, NULL));
	e = next(); /* an open that cuts may have modified it */
	CHECK(is(e, f, IN_MODIFY, NULL));
	while ((e = next())->mask == IN_MODIFY)
		continue;
	CHECK(is(e, f, IN_CLOSE_WRITE, NULL));
	CHECK(chmod("b/a-longer-name-here", 0600) == 0);
	CHECK(ioctl(fd, FIONREAD, &n) == 0 && n == 16);
	CHECK_FAILS(read(fd, buf, 10), EINVAL);
	CHECK(is(next(), f, IN_ATTRIB, NULL));
	CHECK(inotify_rm_watch(fd, b) == 0 && is(next(), b, IN_IGNORED, NULL));
	CHECK_FAILS(inotify_rm_watch(fd, b), EINVAL);
	CHECK(rmdir("a") == 0 && is(next(), a, IN_DELETE_SELF, NULL) && is(next(), a, IN_IGNORED, NULL));
	CHECK_FAILS(read(fd, buf, sizeof(buf)), EAGAIN);
	CHECK_FAILS(inotify_add_watch(fd, "missing", IN_CREATE), ENOENT);
	CHECK_FAILS(inotify_add_watch(fd, "b", 0), EINVAL);
	CHECK_FAILS(inotify_add_watch(fd, "b/a-longer-name-here", IN_CREATE | IN_ONLYDIR), ENOTDIR);
	CHECK_FAILS(inotify_add_watch(0, "b", IN_CREATE), fcntl(0, F_GETFD) < 0 ? EBADF : EINVAL);
	puts("ok inotify_events");
	return 0;
}
