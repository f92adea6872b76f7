/*
 * fanotify: the mask as a register pair, events with their descriptors, wrong arguments. Needs privileges.
 * qemu-arm 7.2 does not pass: it does not know the calls.
 */
#include "check.h"

#include <sys/fanotify.h>

int main(void)
{
	struct fanotify_event_metadata ev[8];
	char link[64], name[4096], here[4096];
	long n;
	int fd, file;

	enter_scratch_folder();
	fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_LARGEFILE);
	if (fd < 0) {
		CHECK(errno == EPERM || errno == ENOSYS || errno == EINVAL);
		leave_out("fanotify");
		puts("ok fanotify_marks");
		return 0;
	}
	CHECK(getcwd(here, sizeof(here)));
	make_file("watched", "");
	CHECK(sizeof(ev[0]) == 24);
	if (fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN | FAN_CLOSE_WRITE | FAN_EVENT_ON_CHILD, AT_FDCWD, ".") != 0) {
		CHECK(errno == EPERM || errno == ENODEV || errno == EXDEV || errno == EOPNOTSUPP);
		leave_out("fanotify marks here");
		puts("ok fanotify_marks");
		return 0;
	}
	file = open("watched", O_WRONLY);
	n = read(fd, ev, sizeof(ev));
	CHECK(n == sizeof(ev[0]) && ev[0].event_len == sizeof(ev[0]) && ev[0].vers == FANOTIFY_METADATA_VERSION);
	CHECK(ev[0].mask == FAN_OPEN && ev[0].pid == getpid() && ev[0].fd >= 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", ev[0].fd);
	n = readlink(link, name, sizeof(name) - 1);
	CHECK(n > 0);
	name[n] = 0;
	CHECK(!strncmp(name, here, strlen(here)) && !strcmp(name + strlen(here), "/watched"));
	close(ev[0].fd);
	close(file);
	n = read(fd, ev, sizeof(ev));
	CHECK(n == sizeof(ev[0]) && ev[0].mask == FAN_CLOSE_WRITE);
	close(ev[0].fd);
	CHECK(fanotify_mark(fd, FAN_MARK_REMOVE, FAN_OPEN | FAN_CLOSE_WRITE | FAN_EVENT_ON_CHILD, AT_FDCWD, ".") == 0);
	close(open("watched", O_RDONLY));
	CHECK_FAILS(read(fd, ev, sizeof(ev)), EAGAIN);
	CHECK_FAILS(fanotify_mark(fd, FAN_MARK_ADD, 1ull << 60, AT_FDCWD, "."), EINVAL); /* the upper half counts */
	CHECK_FAILS(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "missing"), ENOENT);
	CHECK_FAILS(fanotify_mark(0, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "."), fcntl(0, F_GETFD) < 0 ? EBADF : EINVAL);
	puts("ok fanotify_marks");
	return 0;
}
