/*
 * name_to_handle_at and open_by_handle_at: sizes asked for, the same file again, flags, what needs privileges.
 * qemu-arm 7.2 does not pass: it does not convert flags of open_by_handle_at.
 */
#include "check.h"

int main(void)
{
	struct {
		struct file_handle head;
		unsigned char room[128];
	} h, other;
	struct stat64 a, b;
	int mount_id = -1, mount_id2 = -1, fd, here;

	enter_scratch_folder();
	make_file("file", "by handle");
	h.head.handle_bytes = 0;
	if (name_to_handle_at(AT_FDCWD, "file", &h.head, &mount_id, 0) != -1 || errno != EOVERFLOW) {
		CHECK(errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM);
		leave_out("file handles");
		puts("ok file_handles");
		return 0;
	}
	CHECK(h.head.handle_bytes > 0 && h.head.handle_bytes <= 128);
	CHECK(name_to_handle_at(AT_FDCWD, "file", &h.head, &mount_id, 0) == 0 && mount_id >= 0);
	other.head.handle_bytes = 128;
	fd = open("file", O_RDONLY);
	CHECK(name_to_handle_at(fd, "", &other.head, &mount_id2, AT_EMPTY_PATH) == 0);
	CHECK(mount_id == mount_id2 && other.head.handle_bytes == h.head.handle_bytes);
	CHECK(other.head.handle_type == h.head.handle_type);
	CHECK(!memcmp(h.head.f_handle, other.head.f_handle, h.head.handle_bytes));
	CHECK_FAILS(name_to_handle_at(AT_FDCWD, "missing", &h.head, &mount_id, 0), ENOENT);
	CHECK_FAILS(name_to_handle_at(AT_FDCWD, "file", &h.head, &mount_id, 0x80), EINVAL);
	CHECK_FAILS(name_to_handle_at(AT_FDCWD, "file", (struct file_handle *)8, &mount_id, 0), EFAULT);
	other.head.handle_bytes = 1000;
	CHECK_FAILS(name_to_handle_at(AT_FDCWD, "file", &other.head, &mount_id, 0), EINVAL);
	close(fd);
	here = open(".", O_RDONLY | O_DIRECTORY);
	CHECK(rename("file", "elsewhere") == 0);
	fd = open_by_handle_at(here, &h.head, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		CHECK(errno == EPERM);
		leave_out("opening by handle");
	} else {
		CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && fstat64(fd, &a) == 0 && stat64("elsewhere", &b) == 0);
		CHECK(a.st_ino == b.st_ino);
		CHECK_FAILS(open_by_handle_at(here, &h.head, O_RDONLY | O_DIRECTORY), ENOTDIR);
		close(fd);
		CHECK(unlink("elsewhere") == 0);
		CHECK_FAILS(open_by_handle_at(here, &h.head, O_RDONLY), ESTALE);
	}
	puts("ok file_handles");
	return 0;
}
