/* Positions, vectors, 64-bit offsets in register pairs, copies inside the kernel. */
#include "check.h"

#include <sys/sendfile.h>
#include <sys/uio.h>

#define FAR 6442450944ll

static void positions(int fd)
{
	char buf[16];
	off64_t at;

	CHECK(pwrite64(fd, "beyond", 6, FAR) == 6);
	CHECK(pread64(fd, buf, sizeof(buf), FAR) == 6 && !memcmp(buf, "beyond", 6));
	CHECK(pread64(fd, buf, sizeof(buf), FAR + 3) == 3 && !memcmp(buf, "ond", 3));
	CHECK(lseek64(fd, 0, SEEK_CUR) == 0);
	at = lseek64(fd, FAR + 1, SEEK_SET);
	CHECK(at == FAR + 1);
	CHECK(read(fd, buf, 2) == 2 && !memcmp(buf, "ey", 2));
	CHECK_FAILS(lseek64(fd, -1, SEEK_SET), EINVAL);
	CHECK(lseek64(fd, 0, SEEK_END) == FAR + 6);
	CHECK(posix_fadvise64(fd, 0, FAR, POSIX_FADV_RANDOM) == 0);
	CHECK(sync_file_range(fd, 0, FAR, SYNC_FILE_RANGE_WRITE) == 0);
	CHECK(fsync(fd) == 0 && fdatasync(fd) == 0);
	CHECK(readahead(fd, FAR, 4096) == 0);
}

static void vectors(int fd)
{
	char a[4], b[8], c[1];
	struct iovec out[3] = {{"one", 3}, {"", 0}, {"second", 6}};
	struct iovec in[3] = {{a, sizeof(a)}, {b, sizeof(b)}, {c, 0}};
	struct iovec many[1025];

	CHECK(ftruncate64(fd, 0) == 0 && lseek64(fd, 0, SEEK_SET) == 0);
	CHECK(writev(fd, out, 3) == 9);
	CHECK(lseek64(fd, 0, SEEK_SET) == 0);
	CHECK(readv(fd, in, 3) == 9);
	CHECK(!memcmp(a, "ones", 4) && !memcmp(b, "econd", 5));
	CHECK(pwritev64(fd, out, 3, FAR) == 9);
	CHECK(preadv64(fd, in, 2, FAR + 3) == 6 && !memcmp(a, "seco", 4) && !memcmp(b, "nd", 2));
	CHECK(preadv2(fd, in, 1, 0, 0) == 4 || errno == EOPNOTSUPP);
	for (int i = 0; i < 1025; i++)
		many[i] = (struct iovec){a, 1};
	CHECK(readv(fd, many, 1024) >= 0);
	CHECK_FAILS(readv(fd, many, 1025), EINVAL);
}

static void kernel_copies(void)
{
	char buf[32];
	int in = open("source", O_RDWR | O_CREAT | O_TRUNC, 0600);
	int out = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0600);
	off64_t from = 2, to = 1;
	off_t short_from = 1;
	int ends[2], ends2[2];
	struct iovec v = {"vector", 6};

	CHECK(write(in, "0123456789", 10) == 10);
	CHECK(sendfile64(out, in, &from, 4) == 4 && from == 6);
	CHECK(sendfile(out, in, &short_from, 2) == 2 && short_from == 3);
	CHECK(pread64(out, buf, sizeof(buf), 0) == 6 && !memcmp(buf, "234512", 6));
	from = 5;
	if (copy_file_range(in, &from, out, &to, 3, 0) == 3)
		CHECK(from == 8 && to == 4 && pread64(out, buf, 4, 0) == 4 && !memcmp(buf, "2567", 4));
	else
		leave_out("copy_file_range");
	CHECK(pipe(ends) == 0 && pipe(ends2) == 0);
	from = 7;
	CHECK(splice(in, &from, ends[1], NULL, 3, 0) == 3 && from == 10);
	CHECK(tee(ends[0], ends2[1], 3, 0) == 3);
	CHECK(read(ends[0], buf, sizeof(buf)) == 3 && !memcmp(buf, "789", 3));
	CHECK(read(ends2[0], buf, sizeof(buf)) == 3 && !memcmp(buf, "789", 3));
	CHECK(vmsplice(ends[1], &v, 1, 0) == 6);
	CHECK(read(ends[0], buf, sizeof(buf)) == 6 && !memcmp(buf, "vector", 6));
	CHECK(fallocate64(out, 0, 100, 50) == 0 || errno == EOPNOTSUPP);
}

int main(void)
{
	int fd;

	enter_scratch_folder();
	fd = open64("file", O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0);
	positions(fd);
	vectors(fd);
	kernel_copies();
	CHECK_FAILS(write(-1, "x", 1), EBADF);
	puts("ok read_write");
	return 0;
}
