/* Which host file stands for an absolute guest path under -L; see sysroot.h. */
#include "sysroot.h"

#include "host.h"
#include "string.h"
#include "thread.h"

static bool exists(const char *path)
{
	u64 stat[18]; /* struct stat; only whether it can be filled matters */

	return !host_syscall4(__NR_newfstatat, (u64)AT_FDCWD, (u64)path, (u64)stat, AT_SYMLINK_NOFOLLOW);
}

const char *sysroot_path(const char *path, char *buf, size_t size)
{
	struct text b;

	if (!process.opt.sysroot || path[0] != '/')
		return path;
	b = text_begin(buf, size);
	text_str(&b, process.opt.sysroot);
	text_str(&b, path);
	return b.at < b.end && exists(buf) ? buf : path;
}
